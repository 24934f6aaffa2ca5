"""What is wrong with the buffers of a wireless Miniscope, and with the frames that were made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.layouts.mio.table import DROPPED, LOST, RECEIVED_BUFFERS, missing_buffers
from miniscope_to_nwb_zarr.sources import buffers_csv as csv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miniscope_to_nwb_zarr.core.model import TimeTable
    from miniscope_to_nwb_zarr.layouts.mio.table import Buffers, FrameTable

# frames at either end of a recording by which the clocks are compared; the radio delivers some late
_ENDS = 20
# two frames of a usual recording: what is less is lost in the times that buffers take
_MAX_DRIFT_S = 0.1
_RESTART_S = 1.0


def doubts_of_buffers(buffers: Buffers, frames: TimeTable, where: str) -> tuple[Finding, ...]:
    """Findings for buffers that are damaged, told of twice, missing or short."""
    return (*_corrupted(buffers, where), *_repeated(buffers, where), *_lost(buffers, frames, where),
            *_padded(frames, where))  # fmt: skip


def _corrupted(buffers: Buffers, where: str) -> Iterator[Finding]:
    table = buffers.table
    is_read = buffers.is_fresh & ~np.isnan(table.values).all(axis=1)
    bad = {name: is_read & ~sound for name, sound in buffers.sound.items()}
    n_bad = int(np.sum(np.any(list(bad.values()), axis=0)))
    if n_bad:
        each = ", ".join(f"{name} of {int(rows.sum())}" for name, rows in bad.items() if rows.any())
        sentence = (
            f"{n_bad} of {table.n_rows} buffers came with counters that do not fit those of the buffers before and "
            f"after ({each}), as after errors of the radio; they are kept as received in the series of buffers, and "
            "no frame takes its stamp from such a counter"
        )
        numbers = {"buffers": n_bad, **{name: int(rows.sum()) for name, rows in bad.items()}}
        yield Finding(Code.BUFFERS_CORRUPTED, Severity.WARNING, where, sentence, numbers)


def _repeated(buffers: Buffers, where: str) -> Iterator[Finding]:
    n_again = int(np.sum(~buffers.is_fresh))
    if n_again:
        sentence = (
            f"{counted(n_again, 'row describes', 'rows describe')} a buffer that an earlier row describes already; "
            "each buffer is counted once"
        )
        yield Finding(Code.TABLE_FORMAT, Severity.INFO, where, sentence, {"rows": n_again})


def _lost(buffers: Buffers, frames: TimeTable, where: str) -> Iterator[Finding]:
    total = {label: int(missing.sum()) for label, missing in missing_buffers(buffers).items()}
    if any(total.values()):
        n_frames = int(np.sum(np.any([frames.extra[label] > 0 for label in total], axis=0)))
        sentence = (
            f"{counted(total.get(LOST, 0), 'buffer is', 'buffers are')} missing by the count of the device, and it "
            f"says that it dropped {total.get(DROPPED, 0)} itself: in or right before {counted(n_frames, 'frame')}. "
            "How many at each frame is in series of their own"
        )
        numbers = {"lost": total.get(LOST, 0), "dropped": total.get(DROPPED, 0), "frames": n_frames}
        yield Finding(Code.BUFFERS_DROPPED, Severity.WARNING, where, sentence, numbers)


def _padded(frames: TimeTable, where: str) -> Iterator[Finding]:
    """Frames that are black in part, because buffers came short or not at all."""
    n_buffers = frames.extra[RECEIVED_BUFFERS]
    padding = frames.extra.get(csv.PADDING, np.zeros(len(n_buffers), np.int64))
    sizes, counts = np.unique(n_buffers, return_counts=True)
    usual = int(sizes[np.argmax(counts)]) if len(sizes) else 0
    is_short, is_padded = n_buffers < usual, padding > 0
    numbers = {
        "frames": int(np.sum(is_short | is_padded)),
        "short": int(np.sum(is_short)),
        "padded": int(np.sum(is_padded)),
        "pixels": int(np.sum(padding)),
    }
    if numbers["frames"]:
        sentence = (
            f"{numbers['frames']} of {len(n_buffers)} frames black in part: {numbers['short']} with fewer than the "
            f"usual {usual} buffers, {numbers['padded']} with incomplete buffers, filled up with "
            f"{counted(numbers['pixels'], 'black pixel')}. Leave these frames out of analyses, or the black part"
        )
        yield Finding(Code.PICTURE_PADDED, Severity.WARNING, where, sentence, numbers)


def doubts_of_clock(found: FrameTable, where: str) -> tuple[Finding, ...]:
    """A finding where the clocks of device and computer do not agree on how long the recording took."""
    is_told = np.isfinite(found.table.time_s) & np.isfinite(found.received_s)
    time_s, received_s = found.table.time_s[is_told], found.received_s[is_told]
    back = np.diff(time_s, append=np.inf)
    if np.any(back < -_RESTART_S):
        at = int(np.argmax(back < -_RESTART_S))
        number = int(found.table.frame_number[is_told][at])
        sentence = (
            f"the clock of the device goes back after frame {number}, as when it is started again or its 32 bits are "
            f"full; {received_s[at + 1] - received_s[at]:.3f} s passed between the two frames by the computer's "
            "clock. Stamps are kept as written: use the times of reception to connect the two parts"
        )
        return (Finding(Code.CLOCK_DRIFT, Severity.WARNING, where, sentence, {"frame": number}),)
    if len(time_s) < 2 * _ENDS:
        return ()
    late_s = received_s - time_s
    drift_s = float(np.median(late_s[-_ENDS:]) - np.median(late_s[:_ENDS]))
    length_s = float(time_s[-1] - time_s[0])
    if abs(drift_s) < _MAX_DRIFT_S:
        return ()
    how = f"falls {drift_s:.3f} s behind" if drift_s > 0 else f"gains {-drift_s:.3f} s on"
    sentence = (
        f"over {length_s:.1f} s the clock of the device {how} the computer's; stamps are the device's. To align them "
        "with what the computer recorded, use the times of reception"
    )
    return (Finding(Code.CLOCK_DRIFT, Severity.WARNING, where, sentence, {"drift_s": drift_s, "length_s": length_s}),)
