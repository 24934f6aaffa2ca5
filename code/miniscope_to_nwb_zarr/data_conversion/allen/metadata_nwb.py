"""What an NWB file of an Allen data set says of its session, read without its large arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pynwb import TimeSeries
from pynwb.epoch import TimeIntervals

from miniscope_to_nwb_zarr.data_conversion.allen.metadata_epochs import epochs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.aind_data_schema.allen_facts import Epoch

# names of what is in a file only where a wheel turned, a spout was licked, or a camera looked at the eye
_BEHAVIOR = frozenset({"running", "running_speed", "licking", "licks", "raw_running_wheel_rotation"})
_WHEEL = frozenset({"running", "running_speed", "raw_running_wheel_rotation"})
_EYE = frozenset({"EyeTracking", "eye_tracking", "PupilTracking", "pupil_tracking", "raw_gaze_mapping"})
_MODALITIES = ("ecephys", "pophys", "behavior", "behavior-videos")
_SUBJECT = ("subject_id", "species", "sex", "genotype", "strain", "age")
# stamps beyond this many are not all read: they are in order, but for a few
_WHOLE = 100_000
_ENDS = 1_000


@dataclass(frozen=True, slots=True)
class NwbFacts:
    """Plain values, as the file has them."""

    start: datetime
    session_description: str
    stimulus_notes: str | None
    protocol: str | None
    institution: str | None
    experimenters: tuple[str, ...]
    subject: Mapping[str, str]
    """What is said of the animal, by pynwb's names; nothing where there is no animal."""
    equipment: str | None
    """Name of the setup."""
    devices: tuple[str, ...]
    modalities: tuple[str, ...]
    has_wheel: bool
    span_s: tuple[float, float] | None
    epochs: tuple[Epoch, ...] = ()
    reward_ml: float | None = None


def read_facts(nwbfile: NWBFile) -> NwbFacts:
    """What a file says of its session, whether it was changed in memory or not."""
    objects = list(nwbfile.all_children())
    names = {each.name for each in objects}
    experimenters = nwbfile.experimenter
    return NwbFacts(
        start=nwbfile.session_start_time,
        session_description=str(nwbfile.session_description or ""),
        stimulus_notes=nwbfile.stimulus_notes,
        protocol=nwbfile.protocol,
        institution=nwbfile.institution,
        experimenters=() if experimenters is None else tuple(str(name) for name in experimenters[:]),
        subject=_subject(nwbfile),
        equipment=_equipment(nwbfile),
        devices=tuple(sorted(nwbfile.devices)),
        modalities=tuple(_modalities(nwbfile, names)),
        has_wheel=bool(names & _WHEEL),
        span_s=_span(objects),
        epochs=epochs_of(nwbfile),
        reward_ml=_reward(nwbfile),
    )


def together(base: NwbFacts, other: NwbFacts) -> NwbFacts:
    """What two files of one session say: the base file's word, and what the other adds to times and modalities."""
    spans = [span for span in (base.span_s, other.span_s) if span is not None]
    return replace(
        base,
        devices=tuple(sorted({*base.devices, *other.devices})),
        modalities=tuple(name for name in _MODALITIES if name in {*base.modalities, *other.modalities}),
        span_s=(min(first for first, _ in spans), max(last for _, last in spans)) if spans else None,
    )


def _modalities(nwbfile: NWBFile, names: set[str]) -> Iterator[str]:
    """Abbreviations of what the file holds data of; of videos it holds what was seen in them."""
    found = {
        "ecephys": nwbfile.units is not None or nwbfile.electrodes is not None,
        "pophys": bool(nwbfile.imaging_planes),
        "behavior": nwbfile.trials is not None or bool(names & _BEHAVIOR),
        "behavior-videos": bool(names & _EYE),
    }
    return (name for name, is_there in found.items() if is_there)


def _subject(nwbfile: NWBFile) -> dict[str, str]:
    animal = nwbfile.subject
    if animal is None:
        return {}
    return {name: str(value) for name in _SUBJECT if (value := getattr(animal, name, None))}


def _equipment(nwbfile: NWBFile) -> str | None:
    """The setup's name in the extension's metadata, which each plane has where there are several."""
    names = (getattr(data, "equipment_name", None) for data in nwbfile.lab_meta_data.values())
    return next((str(name) for name in names if name), None)


def _reward(nwbfile: NWBFile) -> float | None:
    """All water that was given, in mL; None where the file does not say."""
    trials = nwbfile.trials
    if trials is None or "reward_volume" not in trials.colnames:
        return None
    total = float(np.nansum(np.asarray(trials["reward_volume"].data[:], np.float64)))
    return total if total > 0 else None


def _span(objects: list[Any]) -> tuple[float, float] | None:
    """First and last moment that anything in the file has."""
    moments = [moment for each in objects for moment in _moments(each)]
    finite = [moment for moment in moments if np.isfinite(moment)]
    return (min(finite), max(finite)) if finite else None


def _moments(each: Any) -> Iterator[float]:  # noqa: ANN401 - any object of the file
    if isinstance(each, TimeIntervals):
        for column in ("start_time", "stop_time"):
            yield from _ends(each[column].data)
    elif isinstance(each, TimeSeries) and each.timestamps is not None:
        yield from _ends(each.timestamps)
    elif isinstance(each, TimeSeries) and each.rate:
        first = each.starting_time or 0.0
        yield first
        yield first + max(0, _length(each.data) - 1) / each.rate


def _length(data: Any) -> int:  # noqa: ANN401 - an array of any kind
    shape = getattr(data, "shape", None)
    return int(shape[0]) if shape else len(data or ())


def _ends(stamps: Any) -> Iterator[float]:  # noqa: ANN401 - an array of any kind
    """The smallest and largest stamp; of very many those at both ends are looked at."""
    count = _length(stamps)
    parts = [stamps[:]] if count <= _WHOLE else [stamps[:_ENDS], stamps[count - _ENDS :]]
    for part in parts:
        values = np.asarray(part, np.float64)
        values = values[np.isfinite(values)]
        if values.size:
            yield float(values.min())
            yield float(values.max())
