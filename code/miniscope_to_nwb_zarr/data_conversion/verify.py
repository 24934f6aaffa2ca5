"""Hold what was written against what was read.

In staging: every chunk is read back and decompressed and compared with the digest taken when it was written; one slab
of frames of each task is read as any reader would and compared with the digests taken while they were decoded; the
other series, the NWB validator and the inspector come after that (`verify_series`, `inspect_nwb`). Later: every file of
a finished output against the receipt.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.frames import DIGEST_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.receipt import FileEntry, Receipt
    from miniscope_to_nwb_zarr.data_conversion.frames import SlabReport, SlabTask
    from miniscope_to_nwb_zarr.data_conversion.frames_stage import WrittenSeries


def compare_frames(
    reports: Iterable[tuple[SlabTask, SlabReport]],
    written: Mapping[str, WrittenSeries],
    advance: Callable[[int, int], None],
) -> None:
    """Compare what was read back with what was written: every chunk, and frames pixel by pixel where they were read.

    Raises
    ------
    VerificationError
        Naming the first frame or chunk that differs.
    """
    chunks = {name: {chunk.key: chunk.digest for chunk in one.chunks} for name, one in written.items()}
    unread = {name: len(one.digests) // DIGEST_BYTES for name, one in written.items()}
    for task, report in reports:
        name = task.array.replace(os.sep, "/").rsplit("/", 2)[1]
        begin = task.first * DIGEST_BYTES
        expected = written[name].digests[begin : begin + len(report.digests)]
        if report.digests != expected:
            raise _not_what_was_decoded(name, f"frame {_first_difference(report.digests, expected, task.first)}")
        for key, digest in report.read:
            if chunks[name].pop(key, None) != digest:
                raise _not_what_was_decoded(name, f"chunk {key}")
        unread[name] -= task.stop - task.first if report.read else len(report.digests) // DIGEST_BYTES
        advance(task.stop - task.first, report.n_bytes)
    for name, n_frames in unread.items():
        # a format without chunks of its own is read frame by frame
        n_chunks = len(chunks[name]) if len(chunks[name]) < len(written[name].chunks) else 0
        if n_frames or n_chunks:
            raise VerificationError(f"{name}: {n_frames} frames and {n_chunks} chunks were not read back")


def _not_what_was_decoded(name: str, what: str) -> VerificationError:
    return VerificationError(
        f"{name}: {what} is not what was decoded; no output was made. A faulty disk or memory can do this: run again, "
        "and if it happens again, check the machine"
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
    known = {str(parent) for path in listed for parent in PurePosixPath(path).parents}
    for base, folders, names in os.walk(output):
        # what a linked folder holds is not walked through, and Zarr would take it for a part of the store
        linked = [name for name in folders if os.path.islink(os.path.join(base, name))]  # noqa: PTH114, PTH118
        for name in (*names, *linked):
            relative = os.path.relpath(os.path.join(base, name), output).replace(os.sep, "/")  # noqa: PTH118
            if relative not in listed and not (name in linked and relative in known):
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
