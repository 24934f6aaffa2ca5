"""What the animal was shown, and when: the tables of intervals of a file, as runs of one stimulus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pynwb.epoch import TimeIntervals

from miniscope_to_nwb_zarr.aind_data_schema.allen_facts import Epoch
from miniscope_to_nwb_zarr.aind_data_schema.placeholders import stands_for_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from pynwb import NWBFile

_SUFFIX = "_presentations"
_LIGHT = "optogenetic_stimulation"
_STATES = {True: "the animal could earn rewards", False: "replayed, without rewards"}
# of the Allen stimuli; their values are listed where they are few
_PARAMETERS = (
    "orientation",
    "spatial_frequency",
    "temporal_frequency",
    "contrast",
    "phase",
    "size",
    "color",
    "speed",
    "level",
    "condition",
)
_LISTED = 12


def epochs_of(nwbfile: NWBFile) -> tuple[Epoch, ...]:
    """The runs of each stimulus, in the order of their starts; none where the file has no such table.

    A run is a block of presentations (``stimulus_block``), and ends where rewards begin or end (``active``). A file
    without tables of presentations has its runs in ``epochs``.
    """
    found: list[Epoch] = []
    for name, table in (nwbfile.intervals or {}).items():
        if name.endswith(_SUFFIX):
            found += _runs(table, name.removesuffix(_SUFFIX).replace("_", " "))
    light = (nwbfile.intervals or {}).get(_LIGHT)
    module = nwbfile.processing.get("optotagging")
    if light is None and module is not None:
        light = module.data_interfaces.get(_LIGHT)
    if isinstance(light, TimeIntervals):
        found += _whole(light, "optotagging", is_light=True)
    if not found and nwbfile.epochs is not None:
        found += _rows(nwbfile.epochs)
    return tuple(sorted(found, key=lambda epoch: (epoch.start_s, epoch.stop_s, epoch.name)))


def _runs(table: TimeIntervals, name: str) -> Iterator[Epoch]:
    starts, stops = _times(table)
    states = {column: _column(table, column) for column in ("stimulus_block", "active")}
    order = np.argsort(starts, kind="stable")
    keys = [tuple(None if values is None else values[k] for values in states.values()) for k in order]
    firsts = [k for k, key in enumerate(keys) if k == 0 or key != keys[k - 1]]
    for first, end in zip(firsts, [*firsts[1:], len(keys)], strict=True):
        rows = order[first:end]
        if not np.isfinite(starts[rows]).all() or not np.isfinite(stops[rows]).all():
            continue
        active = keys[first][1]
        said = [] if active is None else [f"{_STATES[bool(active)]}".capitalize()]
        notes = ". ".join([*said, *_parameters(table, rows)])
        yield Epoch(name, float(starts[rows].min()), float(stops[rows].max()), notes=f"{notes}." if notes else "")


def _whole(table: TimeIntervals, name: str, *, is_light: bool) -> Iterator[Epoch]:
    starts, stops = _times(table)
    if len(starts) and np.isfinite(starts).all() and np.isfinite(stops).all():
        notes = ". ".join(_parameters(table, np.arange(len(starts))))
        yield Epoch(name, float(starts.min()), float(stops.max()), is_light, f"{notes}." if notes else "")


def _rows(table: TimeIntervals) -> Iterator[Epoch]:
    starts, stops = _times(table)
    names = _column(table, "stimulus_type")
    for k, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        if names is not None and np.isfinite(start) and np.isfinite(stop):
            yield Epoch(str(names[k]).replace("_", " "), float(start), float(stop))


def _times(table: TimeIntervals) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    starts, stops = (np.asarray(table[name].data[:], np.float64) for name in ("start_time", "stop_time"))
    return starts, stops


def _column(table: TimeIntervals, name: str) -> list[Any] | None:
    """The values of a plain column; None where there is none, or one with several values in a row."""
    if name not in table.colnames or hasattr(table[name], "target"):
        return None
    stored = np.asarray(table[name].data[:])
    if stored.ndim != 1:
        return None
    # NaN is not equal to itself, and would end a run in every row
    return [None if value != value else value for value in stored.tolist()]  # noqa: PLR0124


def _parameters(table: TimeIntervals, rows: Sequence[int] | NDArray[np.int64]) -> Iterator[str]:
    for name in _PARAMETERS:
        values = _column(table, name)
        given = {values[k] for k in rows} if values else set()
        told = sorted((one for one in given if not stands_for_nothing(str(one))), key=str)
        numbers = all(isinstance(value, (int, float)) for value in told)
        if 0 < len(told) <= _LISTED:
            listed = sorted(told) if numbers else told
            yield f"{name}: {', '.join(f'{v:g}' if isinstance(v, float) else str(v) for v in listed)}"
