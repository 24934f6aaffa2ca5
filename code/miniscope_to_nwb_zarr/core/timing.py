"""What the stamps of a device tell: rate, gaps, drops, steps of the clock. Pure; nothing is mended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.core.model import Device, Stream, TimeTable

_GAP_INTERVALS = 1.5
_RATE_TOLERANCE = 0.05
# what is less is no time between two frames, and divisions by it overflow
_SHORTEST_INTERVAL_S = 1e-9
# seconds in place of milliseconds are 1000 times off; dropped frames and slow codecs never come near
_OTHER_UNIT = 50
_RATE_STEP = 1.25
# of intervals that take turns the long one is at most twice the mean; a lost frame adds one more
_USUAL_INTERVALS = 2.5
_RATE_WINDOW = 50
# the stamp of a frame that was waiting when the recording began may be seconds off, never minutes
_OUTLIER_S = 60.0
_QUEUE_SLOTS = 128
_QUEUE_NEARLY_FULL = 120
# a counter that steps by more was read wrongly, or began anew
_MOST_DROPPED = 1 << 15
_COUNTER_BAD_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of time without a frame in the series."""

    start_s: float
    """Stamp of the last frame before."""
    stop_s: float
    """Stamp of the first frame after."""
    n_missing: int
    """Frames that would have fallen into it at the measured rate; exact where rows of the table tell."""
    reason: str
    frame: int
    """The last frame before, its number in the series."""


def median_interval_s(time_s: NDArray[np.float64]) -> float | None:
    """Median interval between frames; None for fewer than two frames or when it is not above zero.

    Of stamps whose intervals are short and long in turn it is half the median over two intervals: the median itself
    would be one of the two.
    """
    if len(time_s) < 2:
        return None
    step = np.diff(time_s)
    median = float(_pair_median(time_s) if _oscillates(step, _pair_median(time_s)) else np.median(step))
    return median if median > _SHORTEST_INTERVAL_S else None


def rate_hz(time_s: NDArray[np.float64]) -> float | None:
    """Measured frame rate: 1 / mean of the usual intervals; None where there is none.

    Usual are those within half of the median interval. The median itself would be off by up to a whole step of the
    clock: 33 ms for frames that are 33.3 ms apart.
    """
    usual = _usual_interval_s(time_s)
    return None if usual is None else 1.0 / usual


def _usual_interval_s(time_s: NDArray[np.float64]) -> float | None:
    median = median_interval_s(time_s)
    if median is None:
        return None
    step = np.diff(time_s)
    usual = step[np.abs(step - median) < median / 2]
    # where short and long intervals take turns none is near their middle
    return float(usual.mean()) if 2 * len(usual) > len(step) else median


def find_gaps(stream: Stream) -> tuple[Gap, ...]:
    """All intervals between consecutive frames of the series that are longer than 1.5 times the median.

    Where short and long intervals take turns, longer than 1.5 times the long ones. A first stamp that cannot be right
    makes no gap.
    """
    time_s = stream.time_s
    table_s = steady(stream.table.time_s[np.isfinite(stream.table.time_s)])
    usual, shortest = _usual_interval_s(table_s), _shortest_gap_s(table_s)
    if usual is None or shortest is None or len(time_s) < 2:
        return ()
    first = int(_first_is_outlier(time_s))
    gaps = []
    for k in first + np.flatnonzero(np.diff(time_s[first:]) > shortest):
        start_s, stop_s = float(time_s[k]), float(time_s[k + 1])
        lost = [loss for loss in stream.losses if stream.rows[k] < loss.first_row < stream.rows[k + 1]]
        if lost:
            n_missing, reason = sum(loss.n_rows for loss in lost), lost[0].reason
        else:
            n_missing = max(round((stop_s - start_s) / usual) - 1, 1)
            around = stream.rows[k : k + 2]
            is_told = max(np.diff(around)[0], np.diff(stream.table.frame_number[around])[0]) == 1
            reason = "no frame was recorded" if is_told else "rows of the time table are missing or cannot be read"
        gaps.append(Gap(start_s, stop_s, n_missing, reason, int(k)))
    return tuple(gaps)


def examine(table: TimeTable, device: Device, where: str) -> tuple[Finding, ...]:
    """Everything worth reporting of a device's stamps.

    Parameters
    ----------
    table : TimeTable
    device : Device
        For the rate that was asked for.
    where : str
        The table, for the findings.
    """
    time_s = table.time_s[np.isfinite(table.time_s)]
    # an absurd first stamp would hide everything else
    sound_s = steady(time_s)
    findings = [*_first_stamps(time_s, where), *_intervals(sound_s, where), *_rates(sound_s, device, where)]
    if table.queue_depth is not None:
        findings += _queue(table.queue_depth, where)
    if table.hardware_count is not None:
        findings += _counter(table.hardware_count, table, where)
    return tuple(findings)


def first_sound(begin_s: NDArray[np.float64], where: str, column: str) -> tuple[int, tuple[Finding, ...]]:
    """Which row tells the start: the first one, unless it is minutes away from the next two, which agree.

    Parameters
    ----------
    begin_s : float64, shape (n_rows,)
        What each row tells: the time of day at which its frame was received, less the time since the first frame where
        another clock counts that.
    where : str
        The table, for the finding.
    column : str
        Its column with the times of day.
    """
    is_away = np.abs(begin_s[1:3] - begin_s[:1]) > _OUTLIER_S
    if len(is_away) < 2 or not is_away.all() or abs(begin_s[2] - begin_s[1]) > _OUTLIER_S:
        return 0, ()
    sentence = (
        f"the first value of {column!r} differs by minutes from what the next ones tell, as if a digit was damaged: "
        "the start is taken from the second"
    )
    return 1, (Finding(Code.START_UNCERTAIN, Severity.WARNING, where, sentence),)


def _pair_median(time_s: NDArray[np.float64]) -> float:
    """Half the median over two intervals, which is the same whether they are equal or short and long in turn."""
    return float(np.median(time_s[2:] - time_s[:-2]) / 2) if len(time_s) > 2 else 0.0


def _shortest_gap_s(time_s: NDArray[np.float64]) -> float | None:
    """The interval above which frames are missing; None where there is no median interval."""
    median = median_interval_s(time_s)
    if median is None:
        return None
    step = np.diff(time_s)
    if _oscillates(step, median):
        median = float(np.percentile(step[step < _USUAL_INTERVALS * median], 90))
    return _GAP_INTERVALS * median


def _first_is_outlier(time_s: NDArray[np.float64]) -> bool:
    """Whether the first stamp is far from the second, while the next ones are near each other."""
    return bool(
        len(time_s) > 2 and abs(time_s[0] - time_s[1]) > _OUTLIER_S and np.all(np.diff(time_s[1:20]) < _OUTLIER_S)
    )


def steady(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """The stamps without a first one that cannot be right.

    Examples
    --------
    >>> steady(np.array([935703.2, 0.033, 0.066])).tolist()
    [0.033, 0.066]
    """
    return time_s[1:] if _first_is_outlier(time_s) else time_s


def _first_stamps(time_s: NDArray[np.float64], where: str) -> list[Finding]:
    if len(time_s) == 0:
        return []
    if _first_is_outlier(time_s):
        return [
            Finding(
                Code.STAMP_OUTLIER,
                Severity.WARNING,
                where,
                f"the first stamp is {time_s[0]:.3f} s, the second {time_s[1]:.3f} s: the first cannot be right. "
                "It is kept as written; leave frame 0 out of analyses in time",
                {"first_s": float(time_s[0]), "second_s": float(time_s[1])},
            )
        ]
    n_negative = int(np.argmax(time_s >= 0)) if np.any(time_s >= 0) else len(time_s)
    if n_negative == 0:
        return []
    return [
        Finding(
            Code.STAMP_NEGATIVE,
            Severity.INFO,
            where,
            f"{counted(n_negative, 'frame was', 'frames were')} taken before the recording began (first stamp "
            f"{time_s[0]:.3f} s); negative stamps are kept",
            {"frames": n_negative, "first_s": float(time_s[0])},
        )
    ]


def _intervals(time_s: NDArray[np.float64], where: str) -> list[Finding]:
    step = np.diff(time_s)
    found: list[Finding] = []

    def add(code: Code, severity: Severity, chosen: NDArray[np.bool_], what: tuple[str, str], more: str) -> None:
        at = np.flatnonzero(chosen)
        if len(at):
            where_s = float(time_s[at[0]])
            numbers = {"count": len(at), "first_s": where_s, "largest_s": float(step[at][np.argmax(np.abs(step[at]))])}
            at_worst = f"the first at {where_s:.3f} s, the largest step {numbers['largest_s']:.3f} s"
            found.append(Finding(code, severity, where, f"{counted(len(at), *what)}{more}; {at_worst}", numbers))

    add(
        Code.STAMP_BACKWARDS,
        Severity.WARNING,
        step < 0,
        ("stamp is", "stamps are"),
        " earlier than the stamp of the frame before (a clock was set back); kept as written",
    )
    add(Code.STAMP_REPEATED, Severity.INFO, step == 0, ("stamp equals", "stamps equal"), " the stamp before")
    median = median_interval_s(time_s)
    if median is None:
        return found
    add(
        Code.GAP,
        Severity.WARNING,
        step > (_shortest_gap_s(time_s) or np.inf),
        ("gap", "gaps"),
        f": interval longer than {_GAP_INTERVALS} times the median of {median * 1000:.1f} ms",
    )
    if _oscillates(step, median):
        found.append(
            Finding(
                Code.STAMPS_OSCILLATE,
                Severity.INFO,
                where,
                "short and long intervals alternate: the frames reached the computer in batches, "
                "so a single stamp may be off by about one interval",
            )
        )
    return found


def _oscillates(step: NDArray[np.float64], median: float) -> bool:
    """Whether short and long intervals take turns, as where frames arrive in batches of two."""
    usual = step[(step >= 0) & (step < _USUAL_INTERVALS * median)]
    if len(usual) < _RATE_WINDOW or usual.std() < median / 4:
        return False
    return bool(np.corrcoef(usual[:-1], usual[1:])[0, 1] < -0.5)


def _rates(time_s: NDArray[np.float64], device: Device, where: str) -> list[Finding]:
    rate = rate_hz(time_s)
    if rate is None:
        return []
    found = []
    windows = len(time_s) // _RATE_WINDOW
    if windows >= 2:
        parts = np.array_split(time_s, windows)
        medians = np.array([_pair_median(part) for part in parts])
        if medians.min() > 0 and medians.max() / medians.min() > _RATE_STEP:
            at = int(np.argmax(np.maximum(medians[1:] / medians[:-1], medians[:-1] / medians[1:])))
            first, second = 1 / medians[at], 1 / medians[at + 1]
            when = float(parts[at + 1][0])
            text = (
                f"the frame rate changes from {first:.2f} to {second:.2f} Hz about {when:.1f} s into the recording "
                "(a sensor that reconnects starts again at its default rate); use the stamps, not the rate"
            )
            numbers = {"before_hz": float(first), "after_hz": float(second), "at_s": when}
            found.append(Finding(Code.RATE_CHANGED, Severity.WARNING, where, text, numbers))
    nominal = device.nominal_rate_hz
    if nominal and abs(rate / nominal - 1) > _RATE_TOLERANCE:
        is_other_unit = not 1 / _OTHER_UNIT < rate / nominal < _OTHER_UNIT
        text = f"measured {rate:.2f} Hz, the settings asked for {nominal:g} Hz; " + (
            "no scope is that far off, so the stamps are probably in another unit than the table says, as after it was "
            "edited. They are kept as written: put the original table back"
            if is_other_unit
            else "the measured rate is used"
        )
        severity = Severity.ERROR if is_other_unit else Severity.INFO
        numbers = {"measured_hz": rate, "nominal_hz": nominal}
        found.append(Finding(Code.RATE_DIFFERS, severity, where, text, numbers))
    return found


def _queue(depth: NDArray[np.int64], where: str) -> list[Finding]:
    deepest = int(depth.max(initial=0))
    if deepest < _QUEUE_NEARLY_FULL:
        return []
    first = int(np.argmax(depth >= _QUEUE_NEARLY_FULL))
    text = (
        f"the queue of frames waiting to be written filled up ({deepest} of {_QUEUE_SLOTS}, first at row {first}): "
        "the disk or the codec was too slow, and frames may be lost at the camera: the stamps have a gap where they are"
    )
    return [Finding(Code.QUEUE_FULL, Severity.WARNING, where, text, {"deepest": deepest, "first_row": first})]


def count_dropped(counter: NDArray[np.int64], frame_number: NDArray[np.int64], n_bits: int = 16) -> tuple[int, int]:
    """Frames that the board counted and the computer did not get, and readings of the counter that cannot be right.

    The counter has `n_bits`; -1 is a failed reading, and the first reading after the start may be stale. It must step
    as the number of the saved frame does, so that rows missing from the table do not pass for dropped frames.
    """
    rows = np.flatnonzero((counter >= 0) & (frame_number >= 0))
    rows = rows[rows > 0]
    if len(rows) < 2:
        return 0, 0
    steps = np.diff(counter[rows]) % (1 << n_bits)
    saved = np.diff(frame_number[rows])
    # a column of frame numbers that does not count upwards is no guide
    expected = saved if np.all(saved > 0) else np.diff(rows)
    plausible = (steps >= expected) & (steps < _MOST_DROPPED)
    return int(np.sum((steps - expected)[plausible])), int(np.sum(~plausible))


def _counter(counter: NDArray[np.int64], table: TimeTable, where: str) -> list[Finding]:
    dropped, implausible = count_dropped(counter, table.frame_number, table.hardware_count_bits)
    n_failed = int(np.sum(counter < 0))
    numbers = {"dropped": dropped, "implausible": implausible, "failed": n_failed}
    if implausible + n_failed > _COUNTER_BAD_SHARE * len(counter):
        text = (
            f"the hardware frame counter is unreliable here ({n_failed} failed and {implausible} impossible readings "
            f"in {len(counter)} rows), so it cannot be used to count dropped frames; see the gaps in the stamps"
        )
        return [Finding(Code.COUNTER_UNRELIABLE, Severity.INFO, where, text, numbers)]
    if dropped:
        lost = counted(dropped, "frame was", "frames were")
        text = f"{lost} lost between the scope and the computer, according to the hardware frame counter"
        return [Finding(Code.FRAMES_DROPPED, Severity.WARNING, where, text, numbers)]
    return []
