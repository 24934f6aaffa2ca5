"""instrument.json of a session of an Allen data set: the setup as the rig table gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aind_data_schema.core.instrument import Instrument
from pydantic import ValidationError

from miniscope_to_nwb_zarr.aind_data_schema import allen_acquisition
from miniscope_to_nwb_zarr.aind_data_schema.missing import not_there
from miniscope_to_nwb_zarr.core.errors import InputError

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.aind_data_schema.allen_facts import AllenFacts
    from miniscope_to_nwb_zarr.core.findings import Finding

FILE = "instrument.json"
_TABLE = "rigs.csv of --aind_records"


def make(known: AllenFacts) -> tuple[Instrument | None, tuple[Finding, ...]]:
    """The setup, or None and what is lacking.

    Raises
    ------
    InputError
        The file that the rig table names is no instrument of the schema.
    """
    if known.lacks or known.span_s is None:
        # no setup without a session that it is of
        reason = "when or with which animal the session was is not known"
        return None, (not_there(FILE, "session", reason, "see the message on acquisition.json"),)
    if known.rig is None:
        reason = f"the setup{f' {known.rig_name}' if known.rig_name else ''} is not known"
        return None, (not_there(FILE, "rig", reason, f"add a row for this session to {_TABLE}"),)
    lacking = allen_acquisition.unconfigured(known)
    if lacking:
        reason = f"how its devices were set is not known, which the schema requires for {', '.join(lacking)}"
        remedy = f"name a file with `active_devices` and `configurations` in the column data_stream of {_TABLE}"
        return None, (not_there(FILE, "rig.configurations", reason, remedy),)
    try:
        return Instrument.model_validate_json(known.rig.instrument.text), ()
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
        raise InputError(
            f"{known.rig.instrument.source}: is not an instrument of aind-data-schema ({said}); expected an "
            "instrument.json"
        ) from error
