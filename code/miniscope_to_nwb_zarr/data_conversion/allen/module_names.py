"""What the files keep in processing modules of their own goes where NWB has a place for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pynwb import TimeSeries
from pynwb.base import TimeSeriesReference, TimeSeriesReferenceVectorData
from pynwb.behavior import BehavioralTimeSeries

from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change, Move

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynwb import NWBFile
    from pynwb.epoch import TimeIntervals
    from pynwb.file import ProcessingModule

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

MODULE_NAMES = "module_names"
OPTOTAGGING = "optotagging"
_TABLE = "optogenetic_stimulation"
_BEHAVIOR_PATH = "/processing/behavior"
# Modules of the files that hold behaviour, and what it was measured with. The module `stimulus` keeps its name: it
# holds the times of the monitor's frames, to which the tables of presentations refer. They are no behaviour, and NWB
# has no agreed name for a module of them.
_BEHAVIOR = ("running", "licking", "rewards", "eye_tracking", "eye_tracking_rig_metadata")


def behavior_module(nwbfile: NWBFile, context: Context) -> Sequence[Change]:
    """Move running, licking, rewards and eye tracking into ``processing/behavior``, series in a group of that name.

    The series keep their names, and all that refers to them still does. A name that is taken there stays where it is.
    """
    changes = []
    for name in (each for each in _BEHAVIOR if each in nwbfile.processing):
        former = nwbfile.processing[name]
        series = [each for each in former.data_interfaces.values() if isinstance(each, TimeSeries)]
        others = [each for each in former.data_interfaces.values() if not isinstance(each, TimeSeries)]
        moved = {name, *(each.name for each in others)} if series else {each.name for each in others}
        taken = nwbfile.processing["behavior"].data_interfaces if "behavior" in nwbfile.processing else {}
        if moved & set(taken):
            continue
        made = [] if "behavior" in nwbfile.processing else [_BEHAVIOR_PATH]
        module = _module(nwbfile, "behavior", "What the animal did, and what it was given.")
        for each in (*series, *others):
            former.data_interfaces.pop(each.name)
        nwbfile.processing.pop(name)
        if series:
            group = BehavioralTimeSeries(name=name)
            for each in series:
                group.add_timeseries(each)
            module.add(group)
            made.append(f"{_BEHAVIOR_PATH}/{name}")
        for each in others:
            module.add(each)
        former_path, file = f"/processing/{name}", context.path.name
        moves = [
            *(Move(file, f"{former_path}/{each.name}", f"{_BEHAVIOR_PATH}/{name}/{each.name}") for each in series),
            *(Move(file, f"{former_path}/{each.name}", f"{_BEHAVIOR_PATH}/{each.name}") for each in others),
        ]
        sentence = f"what the processing module {name} held is in the module behavior now"
        changes.append(Change(MODULE_NAMES, former_path, sentence, moved=tuple(moves), made=tuple(made)))
    return changes


def optotagging_intervals(nwbfile: NWBFile, context: Context) -> Sequence[Change]:
    """Move the table of light pulses among the intervals, and the rest of the module to ``processing/ogen``."""
    former = nwbfile.processing.get("optotagging")
    if former is None:
        return []
    path = "/processing/optotagging"
    changes = [Change(OPTOTAGGING, path, "the processing module was taken apart, see below")]
    sentence = "moved from the processing module optotagging"
    table = former.data_interfaces.get(_TABLE)
    if table is not None:
        _load_references(table)
        former.data_interfaces.pop(_TABLE)
        nwbfile.add_time_intervals(table)
        move = Move(context.path.name, f"{path}/{_TABLE}", f"/intervals/{_TABLE}")
        changes.append(Change(OPTOTAGGING, move.now, sentence, moved=(move,)))
    held = list(former.data_interfaces.values())
    nwbfile.processing.pop("optotagging")
    made = () if "ogen" in nwbfile.processing else ("/processing/ogen",)
    module = _module(nwbfile, "ogen", former.description) if held else None
    for each in held:
        former.data_interfaces.pop(each.name)
        if module is not None:
            module.add(each)
        move = Move(context.path.name, f"{path}/{each.name}", f"/processing/ogen/{each.name}")
        changes.append(Change(OPTOTAGGING, move.now, sentence, moved=(move,), made=made))
    return changes


def _load_references(table: TimeIntervals) -> None:
    """Turn what a table says of time series into objects, which may be moved: in the file these are paths."""
    for column in table.columns:
        if isinstance(column, TimeSeriesReferenceVectorData):
            column.transform(_as_objects)
            column.set_modified()


def _as_objects(rows: Sequence[Sequence[Any]]) -> list[TimeSeriesReference]:
    return [TimeSeriesReference(int(first), int(count), series) for first, count, series in rows[:]]


def _module(nwbfile: NWBFile, name: str, description: str) -> ProcessingModule:
    if name in nwbfile.processing:
        return nwbfile.processing[name]
    return nwbfile.create_processing_module(name=name, description=description)
