"""R7: before the rename that publishes an output, everything in it was forced onto the disk."""

import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob
from tests.conversions import convert
from tests.faults import analysis_samples, nwb_samples, samples
from tests.faults.harness import Case, Row, Tier

_FAST = ("Miniscope DAQ", "replaced", "NWB-zarr", "analysis")
"""One for each way in which an output gets its name, and each kind of work before it."""


def _recording(layout: str, folder: Path) -> Callable[[], Path]:
    session = samples.session_of(layout)
    return lambda: convert(session, folder / "results").output


def _replaced(folder: Path) -> Callable[[], Path]:
    session, results = samples.session_of("Miniscope DAQ"), folder / "results"
    convert(session, results, compression_level=3, output_options={})
    return lambda: convert(session, results, existing="replace").output


def _nwb(form: str, folder: Path) -> Callable[[], Path]:
    job = NwbJob(nwb_samples.NAME, (nwb_samples.source(form),), folder / "results", format=form)
    return lambda: nwb_samples.in_process(job)


def _analysed(folder: Path) -> Callable[[], Path]:
    output = analysis_samples.copy_of_output(folder)
    return lambda: analysis_samples.analyse(output).output


def _synced_before_published(prepare: Callable[[Path], Callable[[], Path]], folder: Path) -> None:
    make = prepare(folder)
    synced: list[tuple[int, int]] = []
    checked: list[Path] = []
    unsynced: list[str] = []
    fsync, rename_new = os.fsync, disk.rename_new

    def noted_fsync(fd: int) -> None:
        status = os.fstat(fd)
        # a file that changes after it was forced onto the disk is not on the disk
        synced.append((status.st_ino, status.st_mtime_ns))
        fsync(fd)

    def checked_rename(source: Path, target: Path) -> None:
        checked.append(target)
        for path in (source, *source.rglob("*")):
            status = path.stat()
            if (status.st_ino, status.st_mtime_ns) not in synced:
                unsynced.append(path.relative_to(source).as_posix())
        rename_new(source, target)

    os.fsync, disk.rename_new = noted_fsync, checked_rename
    try:
        final = make()
    finally:
        os.fsync, disk.rename_new = fsync, rename_new
    assert not unsynced, f"published before it was on the disk: {unsynced[:5]}"
    results = final.parent.stat()
    assert checked, "nothing was published by the rename that is watched"
    assert synced[-1] == (results.st_ino, results.st_mtime_ns), "the name of the output was not forced onto the disk"


def _cases(tier: Tier) -> Iterable[Case]:
    for name, prepare in (
        *((layout, partial(_recording, layout)) for layout in samples.LAYOUTS),
        ("replaced", _replaced),
        *((f"NWB-{form}", partial(_nwb, form)) for form in nwb_samples.FORMS),
        ("analysis", _analysed),
    ):
        if tier is Tier.FULL or name in _FAST:
            yield Case(name, partial(_synced_before_published, prepare))


ROW = Row(
    name="R7",
    title="power lost: order of fsync and rename",
    promise="every file and folder is on the disk before the output has its name, and the name right after",
    cases=_cases,
)
