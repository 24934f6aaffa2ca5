"""A recording of the older package Bonsai.ONIX: a video and the computer's time of each frame (formats 3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import TimeTable
from miniscope_to_nwb_zarr.layouts.onix.scope import Parts, read_scope
from miniscope_to_nwb_zarr.layouts.onix.sets import Kind
from miniscope_to_nwb_zarr.sources.image_time_csv import read_image_times
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.layouts.onix.sets import OnixSet


def read_older(one: OnixSet, findings: list[Finding]) -> Parts:
    """Read a recording; what is found is added to `findings` as it is found.

    Raises
    ------
    InputError
        Its frames cannot be placed in time, or there is no video.
    """
    where = shown(one.clock.name)
    times, more = read_image_times(one.clock, where)
    findings += more
    if times is None:
        problem = more[-1].sentence if more else "cannot be read"
        raise InputError(f"{where}: {problem}. It tells when the frames were taken; put the original back")
    sentence = (
        "the rate of the acquisition clock is not recorded: frames have the times at which the computer received them, "
        "and start at the first of them; the clock is kept as a series"
    )
    findings.append(Finding(Code.TABLE_FORMAT, Severity.INFO, where, sentence))
    findings.append(_orientation(one))
    table = TimeTable(
        path=one.clock,
        time_s=times.time_s,
        frame_number=np.arange(len(times.time_s)),
        extra={"Clock": times.clock},
    )
    return Parts(read_scope(one, table, {}, findings), times.start, where)


def _orientation(one: OnixSet) -> Finding:
    """Why there is no head orientation."""
    path = one.chosen.get(Kind.INERTIAL)
    where = shown(path.name) if path else "."
    sentence = (
        "the columns of this table are not known for the older package Bonsai.ONIX: it is kept and not read"
        if path
        else "the recording has no table of the inertial sensor (bno055)"
    )
    return Finding(Code.ORIENTATION_INCOMPLETE, Severity.WARNING, where, f"{sentence}; there is no head orientation")
