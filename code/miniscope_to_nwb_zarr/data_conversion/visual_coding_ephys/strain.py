"""The animal's strain, which the files hold where today's schema does not look for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import set_field
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

if TYPE_CHECKING:
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

STRAIN = "strain"
_SUBJECT = "general/subject"


def keep_strain(nwbfile: NWBFile, _context: Context) -> list[Change]:
    """Read the strain where it is an attribute, and keep it where the core schema has it.

    `EcephysSpecimen` 0.2.0 has it as an attribute; since the core schema has a dataset of that name, pynwb reads
    neither (reference allen-datasets 2.7).
    """
    if nwbfile.subject is None or nwbfile.subject.strain is not None:
        return []
    strain = nwbfile.read_io.read_builder()["general"]["subject"].attributes.get(STRAIN)
    if strain is None:
        return []
    text = strain.decode("utf-8", "replace") if isinstance(strain, bytes) else str(strain)
    set_field(nwbfile.subject, STRAIN, text)
    where = f"/{_SUBJECT}/{STRAIN}"
    sentence = "an attribute of that name in the source, now the dataset of the schema"
    return [Change(STRAIN, where, sentence, (f"/{_SUBJECT}@{STRAIN}",))]
