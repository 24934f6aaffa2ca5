"""Hold what was written against what was read.

In staging: every frame is read back through the store's own metadata and compared with the digest taken while it was
decoded; stamps are compared with the time table; the NWB validator and inspector look at the rest. Later: every file
of a finished output against the receipt.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.frames import DIGEST_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.core.receipt import FileEntry, Receipt
    from miniscope_to_nwb_zarr.data_conversion.frames import SlabReport, SlabTask
    from miniscope_to_nwb_zarr.data_conversion.frames_stage import WrittenSeries
    from miniscope_to_nwb_zarr.data_conversion.series import FrameSeries


def compare_frames(
    reports: Iterable[tuple[SlabTask, SlabReport]],
    written: Mapping[str, WrittenSeries],
    advance: Callable[[int, int], None],
) -> None:
    """Compare frames as read back with frames as decoded.

    Raises
    ------
    VerificationError
        Naming the first frame that differs.
    """
    compared = dict.fromkeys(written, 0)
    for task, report in reports:
        name = task.array.replace(os.sep, "/").rsplit("/", 2)[1]
        expected = written[name].digests[task.first * DIGEST_BYTES : task.stop * DIGEST_BYTES]
        if report.digests != expected:
            raise VerificationError(
                f"{name}: frame {_first_difference(report.digests, expected, task.first)} is not what was decoded; "
                "the output is not published. A faulty disk or memory can do this: run again, then check the machine"
            )
        compared[name] += task.stop - task.first
        advance(task.stop - task.first, report.n_bytes)
    for name, one in written.items():
        if compared[name] * DIGEST_BYTES != len(one.digests):
            raise VerificationError(
                f"{name}: {compared[name]} of {len(one.digests) // DIGEST_BYTES} frames were read back"
            )


def check_stamps(nwbfile: NWBFile, series: Sequence[FrameSeries]) -> None:
    """Check that every series as read back has a stamp for each frame, and the one that its recording gives.

    Raises
    ------
    VerificationError
        Naming the series.
    """
    for one in series:
        found = nwbfile.acquisition[one.name]
        stamps = np.asarray(found.timestamps[:])
        expected = one.recording.offset_s + one.stream.time_s
        if found.data.shape != one.plan.shape or not np.array_equal(stamps, expected):
            raise VerificationError(
                f"{one.name}: {found.data.shape} frames and {stamps.shape} stamps were read back, "
                f"expected {one.plan.shape} and the {expected.shape} stamps of the time table"
            )


def check_files(output: Path, receipt: Receipt, workers: int) -> list[str]:
    """Compare every file of a finished output with its receipt.

    Returns
    -------
    list of str
        One sentence for each file that is missing, changed or not in the receipt; empty for a sound output.
    """
    problems = []
    with ThreadPoolExecutor(workers) as threads:
        # hashlib releases the interpreter while it hashes
        problems += [problem for problem in threads.map(lambda entry: _check(output, entry), receipt.files) if problem]
    listed = {entry.path for entry in receipt.files} | {RECEIPT_NAME}
    for base, _, names in os.walk(output):
        for name in names:
            relative = os.path.relpath(os.path.join(base, name), output).replace(os.sep, "/")  # noqa: PTH118
            if relative not in listed:
                problems.append(f"{relative}: is not in the receipt; it was added later")
    return problems


def _check(output: Path, entry: FileEntry) -> str | None:
    path = output / entry.path
    try:
        size = path.stat().st_size
        if size != entry.size_bytes:
            return f"{entry.path}: has {size} bytes, the receipt says {entry.size_bytes}"
        if disk.hash_file(path) != entry.sha256:
            return f"{entry.path}: its content has changed since it was written"
    except OSError as error:
        return f"{entry.path}: cannot be read ({error.strerror})"
    return None


def _first_difference(found: bytes, expected: bytes, first: int) -> int:
    a, b = (np.frombuffer(digests[: min(len(found), len(expected))], "u8") for digests in (found, expected))
    differs = np.flatnonzero(a != b)
    return first + (int(differs[0]) if len(differs) else len(a))
