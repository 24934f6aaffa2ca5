"""R7: before the rename that publishes an output, everything in it was forced onto the disk."""

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from miniscope_to_nwb_zarr.data_conversion import disk
from tests.conversions import convert
from tests.faults import samples
from tests.faults.harness import Case, Row, Tier


def _synced_before_published(layout: str, folder: Path) -> None:
    session = samples.session_of(layout)
    synced: list[tuple[int, int]] = []
    unsynced: list[str] = []
    fsync, rename_new = os.fsync, disk.rename_new

    def noted_fsync(fd: int) -> None:
        status = os.fstat(fd)
        # a file that changes after it was forced onto the disk is not on the disk
        synced.append((status.st_ino, status.st_mtime_ns))
        fsync(fd)

    def checked_rename(source: Path, target: Path) -> None:
        for path in (source, *source.rglob("*")):
            status = path.stat()
            if (status.st_ino, status.st_mtime_ns) not in synced:
                unsynced.append(path.relative_to(source).as_posix())
        rename_new(source, target)

    os.fsync, disk.rename_new = noted_fsync, checked_rename
    try:
        final = convert(session, folder / "results").output
    finally:
        os.fsync, disk.rename_new = fsync, rename_new
    assert not unsynced, f"published before it was on the disk: {unsynced[:5]}"
    results = final.parent.stat()
    assert synced[-1] == (results.st_ino, results.st_mtime_ns), "the name of the output was not forced onto the disk"


def _cases(_tier: Tier) -> Iterable[Case]:
    for layout in samples.LAYOUTS:
        yield Case(layout, partial(_synced_before_published, layout))


ROW = Row(
    name="R7",
    title="power lost: order of fsync and rename",
    promise="every file and folder is on the disk before the output has its name, and the name right after",
    cases=_cases,
)
