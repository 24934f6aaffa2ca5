"""acquisition.json of a session of an Allen data set: when it ran, what was recorded, what the animal was shown."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aind_data_schema.core.acquisition import (
    CONFIG_REQUIREMENTS,
    Acquisition,
    AcquisitionSubjectDetails,
    DataStream,
    ExternalDataStream,
    StimulusEpoch,
)
from aind_data_schema_models.stimulus_modality import StimulusModality
from aind_data_schema_models.units import VolumeUnit
from pydantic import ValidationError

from miniscope_to_nwb_zarr.aind_data_schema import allen_modalities, facts, needed
from miniscope_to_nwb_zarr.aind_data_schema.acquisition import later
from miniscope_to_nwb_zarr.aind_data_schema.missing import inexpressible, not_there, part_left_out
from miniscope_to_nwb_zarr.aind_data_schema.protocols import doi, without_doi
from miniscope_to_nwb_zarr.core.errors import InputError

if TYPE_CHECKING:
    import datetime as dt

    from miniscope_to_nwb_zarr.aind_data_schema.allen_facts import AllenFacts, Epoch, Rig
    from miniscope_to_nwb_zarr.core.findings import Finding

FILE = "acquisition.json"
_LONGEST_S = 366 * 86_400.0


def make(known: AllenFacts) -> tuple[Acquisition | None, tuple[Finding, ...]]:
    """The acquisition, or None and the facts that it lacks.

    Raises
    ------
    InputError
        The rig table's devices and configurations are not as the schema has them.
    """
    session, sidecar = known.session, known.sidecar
    lacking = [not_there(FILE, lack.fact, lack.reason, lack.remedy) for lack in known.lacks]
    obstacles = [*lacking, *needed.for_acquisition(session, sidecar), *_time_obstacles(known)]
    animal, given = facts.animal(session, sidecar), sidecar.session
    if obstacles or animal is None or known.span_s is None or not given.acquisition_type:
        return None, tuple(obstacles)
    zone = facts.zone_of(session, sidecar)
    first, last = (later(session.start, max(0.0, seconds), zone) for seconds in known.span_s)
    acquisition = Acquisition(
        subject_id=animal,
        acquisition_start_time=facts.local(session.start, zone),
        acquisition_start_tz=getattr(zone, "key", None),
        acquisition_end_time=last,
        experimenters=list(facts.experimenters(session, sidecar)),
        ethics_review_id=list(given.ethics_review_id) or None,
        protocol_id=[named] if (named := doi(given.protocol)) else None,
        instrument_id=_instrument_id(known),
        acquisition_type=given.acquisition_type,
        notes=" ".join([*([given.notes] if given.notes else []), *without_doi(given.protocol)]) or None,
        data_streams=[_stream(known, first, last)],
        stimulus_epochs=[_epoch(one, session.start, zone) for one in known.epochs],
        subject_details=AcquisitionSubjectDetails(
            animal_weight_prior=sidecar.subject.weight_g,
            mouse_platform_name=given.mouse_platform or "",
            reward_consumed_total=None if known.reward_ml is None else Decimal(f"{known.reward_ml:.6f}").normalize(),
            reward_consumed_unit=None if known.reward_ml is None else VolumeUnit.ML,
        ),
    )
    return acquisition, tuple(_advised(known))


def unconfigured(known: AllenFacts) -> list[str]:
    """The modalities of which the schema wants the settings of devices, and the rig table does not give any."""
    if known.rig is not None and known.rig.stream is not None:
        return []
    return [name for name in known.modalities if name in CONFIG_REQUIREMENTS]


def _instrument_id(known: AllenFacts) -> str | None:
    if known.rig is None:
        return known.rig_name
    return str(json.loads(known.rig.instrument.text).get("instrument_id"))


def _stream(known: AllenFacts, first: dt.datetime, last: dt.datetime) -> DataStream | ExternalDataStream:
    recorded = allen_modalities.entries(known.modalities)
    if known.rig is None or unconfigured(known):
        devices = ", ".join(known.devices)
        return ExternalDataStream(
            stream_start_time=first,
            stream_end_time=last,
            modalities=recorded,
            notes=f"{f'Devices in the NWB file: {devices}. ' if devices else ''}The setup was not described.",
        )
    return _described(known.rig, {"stream_start_time": first, "stream_end_time": last, "modalities": recorded})


def _described(rig: Rig, values: dict[str, Any]) -> DataStream:
    """The stream with the devices and settings of the rig table, and the times and modalities of the data."""
    given: dict[str, Any] = {"active_devices": [], "configurations": []}
    source = rig.instrument.source
    if rig.stream is not None:
        source, given = rig.stream.source, json.loads(rig.stream.text)
    try:
        return DataStream.model_validate({**given, **values})
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
        raise InputError(
            f"{source}: is not a data stream of aind-data-schema ({said}); expected `active_devices` and "
            "`configurations` as an acquisition.json has them"
        ) from error


def _epoch(epoch: Epoch, start: dt.datetime, zone: dt.tzinfo) -> StimulusEpoch:
    return StimulusEpoch(
        stimulus_start_time=later(start, max(0.0, epoch.start_s), zone),
        stimulus_end_time=later(start, max(0.0, epoch.stop_s), zone),
        stimulus_name=epoch.name,
        stimulus_modalities=[StimulusModality.OPTOGENETICS if epoch.is_light else StimulusModality.VISUAL],
        notes=epoch.notes or None,
    )


def _time_obstacles(known: AllenFacts) -> list[Finding]:
    if known.span_s is None or known.span_s[1] < 0:
        reason = "nothing in the file has a time after its start, so its end is not known"
        return [inexpressible(FILE, "acquisition_end_time", reason)]
    if known.span_s[1] > _LONGEST_S:
        reason = f"the last time in the file lies {known.span_s[1] / 86_400:.0f} days after its start"
        return [inexpressible(FILE, "acquisition_end_time", reason)]
    return []


def _advised(known: AllenFacts) -> list[Finding]:
    session, sidecar = known.session, known.sidecar
    given = {
        "session.experimenters": facts.experimenters(session, sidecar),
        "session.ethics_review_id": sidecar.session.ethics_review_id,
    }
    words = {"session.experimenters": "the people", "session.ethics_review_id": "the animal licence"}
    return [part_left_out(FILE, words[fact], fact) for fact, value in given.items() if not value]
