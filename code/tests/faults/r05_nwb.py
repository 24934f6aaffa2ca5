"""R5 for NWB files: a full disk is a reason to run again; the room that is needed is said, nothing half-done stays."""

import re
import shutil
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

from miniscope_to_nwb_zarr.data_conversion import disk
from tests.conversions import listing
from tests.faults import mounts, nwb_samples
from tests.faults.harness import Case, Row, Tier, shared_folder
from tests.faults.outputs import outputs_in

_DISK_BYTES = 16 << 20
_SHARES = {Tier.FAST: (0.0, 0.3, 0.7), Tier.FULL: tuple(k / 30 for k in range(29))}
_FILES = {Tier.FAST: (20,), Tier.FULL: (5, 10, 20, 30, 40)}


def _full(form: str, left: float, n_files: int, folder: Path) -> None:
    """Another program takes the room after this one has looked, or the disk has room for few files."""
    results = folder / "results"
    left_bytes = left * _used_bytes(form)
    look = disk.check_room

    def look_and_fill(*arguments: object) -> None:
        look(*arguments)
        if not n_files:
            n_bytes = shutil.disk_usage(results).free - int(left_bytes)
            (results / "other.bin").write_bytes(b"\1" * max(n_bytes, 0))

    def prepare() -> None:
        disk.check_room = look_and_fill

    def on_disk() -> None:
        mounts.mount_small_disk(results, _DISK_BYTES, n_files)
        (results / "mine").mkdir()
        (results / "mine" / "thesis.txt").write_text("the only copy")
        before = listing(results / "mine")
        line = nwb_samples.words(nwb_samples.source(form).parent, results, format=form)
        said = nwb_samples.run(line, folder / "said", prepare)
        assert said.code == 75, said
        assert re.search(r"about [\d,]+ bytes", said.err), said.err
        assert "a fault of this program" not in said.err
        (results / "other.bin").unlink(missing_ok=True)
        assert listing(results / "mine") == before
        assert outputs_in(results) == ["mine"]

    assert mounts.in_own_mounts(on_disk) == 0


@cache
def _used_bytes(form: str) -> int:
    """What a run takes of a disk with room."""
    folder = shared_folder() / f"r05-nwb-{form}"
    nwb_samples.source(form)

    def measure() -> None:
        mounts.mount_small_disk(folder / "results", _DISK_BYTES)
        line = nwb_samples.words(nwb_samples.source(form).parent, folder / "results", format=form)
        assert nwb_samples.run(line, folder / "said").code == 0
        (folder / "used").write_text(str(shutil.disk_usage(folder / "results").used))

    assert mounts.in_own_mounts(measure) == 0
    return int((folder / "used").read_text())


def _cases(tier: Tier) -> Iterable[Case]:
    for form in nwb_samples.FORMS:
        for left in _SHARES[tier]:
            yield Case(f"{form}-{left:.2f}", partial(_full, form, left, 0))
    for n_files in _FILES[tier]:
        yield Case(f"zarr-{n_files}-files", partial(_full, "zarr", 1.0, n_files))


ROW = Row(
    name="R5 NWB",
    title="the disk is full, NWB files",
    promise="exit 75 with the bytes that are needed; no output; what others have there is untouched",
    cases=_cases,
    needs=mounts.why_not,
)
