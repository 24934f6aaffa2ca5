"""What the time table of one device tells, without looking at a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.missing import n_missing
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.core.timing import count_dropped, find_gaps, rate_hz
from miniscope_to_nwb_zarr.qc.measure import Aspect, Measure, Verdict, verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Orientation, Stream, TimeTable


def aspect_of(stream: Stream) -> Aspect:
    """What the frames of a stream are about."""
    return Aspect.SCOPE if stream.device.kind is DeviceKind.SCOPE else Aspect.CAMERA


def stream_measures(stream: Stream, findings: Sequence[Finding]) -> Iterator[Measure]:
    """The measures of one device in one recording.

    Parameters
    ----------
    stream : Stream
    findings : sequence of Finding
        Those of this device in this recording.
    """
    aspect, table = aspect_of(stream), stream.table
    yield _frames_and_rows(stream, findings, aspect)
    yield _frame_numbers(table, aspect)
    yield _order(table, findings, aspect)
    yield _rate(stream, findings, aspect)
    yield _gaps(stream, aspect)
    if table.queue_depth is not None and table.n_rows:
        yield _queue(table, findings, aspect)
    if table.hardware_count is not None and table.n_rows:
        yield _dropped(table, findings, aspect)
    if stream.orientation is not None and len(stream.orientation.time_s):
        yield _orientation(stream.orientation, findings)


def _frames_and_rows(stream: Stream, findings: Sequence[Finding], aspect: Aspect) -> Measure:
    without_row = sum(int(f.numbers.get("frames", 0)) for f in findings if f.code is Code.FRAMES_WITHOUT_STAMP)
    without_frame = stream.table.n_rows - stream.n_frames
    return Measure(
        "Frames and rows",
        "Passes where every row of the time table has a frame in the video files, and every frame a row; fails "
        "otherwise.",
        {
            "frames": stream.n_frames + without_row,
            "rows": stream.table.n_rows,
            "frames_without_row": without_row,
            "rows_without_frame": without_frame,
        },
        Verdict.BAD if without_row or without_frame else Verdict.GOOD,
        aspect,
    )


def _frame_numbers(table: TimeTable, aspect: Aspect) -> Measure:
    readable = table.frame_number[table.frame_number >= 0]
    n_odd, n_unreadable = int(np.sum(np.diff(readable) != 1)), table.n_rows - len(readable)
    return Measure(
        "Frame numbers",
        "Passes where the numbers of the frames in the time table go up by 1 from row to row; a person has to look "
        "otherwise.",
        {"rows": table.n_rows, "steps_other_than_1": n_odd, "unreadable": n_unreadable},
        Verdict.LOOK if n_odd or n_unreadable else Verdict.GOOD,
        aspect,
    )


def _order(table: TimeTable, findings: Sequence[Finding], aspect: Aspect) -> Measure:
    time_s = table.time_s[np.isfinite(table.time_s)]
    step = np.diff(time_s)
    return Measure(
        "Order of time stamps",
        "Passes where no time stamp lies before the one before it, and the first one is possible; a person has to "
        "look otherwise. Stamps are kept as they were written; those before 0 are of frames taken before the "
        "recording began.",
        {
            "backwards": int(np.sum(step < 0)),
            "repeated": int(np.sum(step == 0)),
            "before_0": int(np.sum(time_s < 0)),
            "first_s": float(time_s[0]),
            "last_s": float(time_s[-1]),
        },
        verdict_of(findings, {Code.STAMP_BACKWARDS, Code.STAMP_OUTLIER}),
        aspect,
    )


def _rate(stream: Stream, findings: Sequence[Finding], aspect: Aspect) -> Measure:
    measured, nominal = rate_hz(stream.time_s), stream.device.nominal_rate_hz
    value = {"measured_hz": measured, "nominal_hz": nominal}
    return Measure(
        "Frame rate",
        "Passes where the measured rate (1 / mean of the usual intervals) is within 5 % of the one in the settings, "
        "if that is known, and does not change during the recording; a person has to look otherwise.",
        {name: round(rate, 6) for name, rate in value.items() if rate is not None},
        verdict_of(findings, {Code.RATE_CHANGED}, doubtful={Code.RATE_DIFFERS}),
        aspect,
    )


def _gaps(stream: Stream, aspect: Aspect) -> Measure:
    gaps, missing = find_gaps(stream), n_missing(stream)
    return Measure(
        "Gaps",
        "Passes where no interval between frames is longer than 1.5 times the usual one and no frame of the time table "
        "is missing; a person has to look otherwise. Each gap is a row of the table `gaps` of the NWB file; frames "
        "missing before the first or after the last one are in no gap, and count here.",
        {
            "gaps": len(gaps),
            "missing_frames": missing,
            "longest_s": round(max((gap.stop_s - gap.start_s for gap in gaps), default=0.0), 6),
        },
        Verdict.LOOK if gaps or missing else Verdict.GOOD,
        aspect,
    )


def _queue(table: TimeTable, findings: Sequence[Finding], aspect: Aspect) -> Measure:
    depth = table.queue_depth
    return Measure(
        "Queue of frames",
        "Passes where fewer than 120 of the 128 places of the queue of frames that wait for the disk were taken at "
        "any time; a person has to look otherwise.",
        {"deepest": int(depth.max()) if depth is not None else 0},
        verdict_of(findings, {Code.QUEUE_FULL}),
        aspect,
    )


def _dropped(table: TimeTable, findings: Sequence[Finding], aspect: Aspect) -> Measure:
    counter = table.hardware_count
    dropped, implausible, failed = 0, 0, 0
    if counter is not None:
        dropped, implausible = count_dropped(counter, table.frame_number, table.hardware_count_bits)
        failed = int(np.sum(counter < 0))
    return Measure(
        "Dropped frames",
        "Passes where the frame counter of the hardware shows no frame lost on its way to the computer; a person has "
        "to look where it shows some, or where more than a tenth of its readings failed or cannot be right.",
        {"dropped": dropped, "implausible_readings": implausible, "failed_readings": failed},
        verdict_of(findings, {Code.FRAMES_DROPPED}, doubtful={Code.COUNTER_UNRELIABLE}),
        aspect,
    )


def _orientation(orientation: Orientation, findings: Sequence[Finding]) -> Measure:
    n_rows, n_valid = len(orientation.time_s), int(np.sum(orientation.is_valid))
    return Measure(
        "Head orientation",
        "Passes where every quaternion is of unit length and every row can be read; a person has to look otherwise.",
        {"rows": n_rows, "valid": n_valid, "share_valid": round(n_valid / n_rows, 6)},
        verdict_of(findings, {Code.ORIENTATION_INVALID, Code.ORIENTATION_INCOMPLETE}),
        Aspect.ORIENTATION,
    )
