"""Decode a recording again and compare it with its finished output."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import zarr

from miniscope_to_nwb_zarr.core.paths import relative_path, source_root
from miniscope_to_nwb_zarr.data_conversion.disk import hash_file
from miniscope_to_nwb_zarr.data_conversion.frames import digest_source
from miniscope_to_nwb_zarr.data_conversion.frames_stage import collect
from miniscope_to_nwb_zarr.data_conversion.pool import open_pool
from miniscope_to_nwb_zarr.data_conversion.series import plan_series

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.core.receipt import Receipt
    from miniscope_to_nwb_zarr.data_conversion.frames import SlabTask
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.options import Options


def compare_with_source(
    session: Session, options: Options, console: Console, output: Path, receipt: Receipt
) -> list[str]:
    """Sentences on every series whose frames, decoded again, are not those of the receipt; empty when all agree."""
    expected = {entry.name: entry for entry in receipt.series}
    if not expected and receipt.options.get("metadata"):
        return _changed_files(receipt, session)
    # the receipt of a metadata run that followed does not tell how the cameras were treated
    embedded = any(name.startswith("ImageSeries") for name in expected)
    series = plan_series(session, int(options.chunk_mb * 1_000_000), embed_cameras=embedded)
    problems = [f"{name}: the source no longer has this series" for name in expected.keys() - {s.name for s in series}]
    n_frames = sum(one.stream.n_frames for one in series)
    n_bytes = sum(one.n_bytes for one in series)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_pool(options.workers) as pool,
        console.progress(n_frames, n_bytes, f"{output.name}, source") as advance,
    ):
        tasks: list[SlabTask] = []
        for one in series:
            # the workers take shape and dtype from an array; no frame is written into this one
            array = Path(folder) / one.name
            zarr.create(one.plan.shape, chunks=one.plan.chunks, dtype=one.dtype, store=zarr.DirectoryStore(str(array)))
            tasks += one.tasks(array, pool.workers)
        decoded = collect(pool.run(digest_source, tasks), advance)
    for one in series:
        entry = expected.get(one.name)
        if entry is None:
            problems.append(f"{one.name}: the source has this series, the output has not")
        elif (entry.n_frames, entry.frames_digest) != (one.stream.n_frames, decoded[one.name].frames_digest):
            problems.append(
                f"{one.name}: the {one.stream.n_frames} frames of the source, decoded again, are not the "
                f"{entry.n_frames} frames of the output"
            )
    return problems + _changed_files(receipt, session)


def _changed_files(receipt: Receipt, session: Session) -> list[str]:
    """Sentences on every source file that is not the one that the receipt names."""
    root = source_root(session)
    known = {entry.path: entry for entry in receipt.sources}
    found = {relative_path(file.path, root): file for file in session.source_files}
    problems = [f"{path}: this source file is no longer there" for path in sorted(known.keys() - found.keys())]
    for path, file in sorted(found.items()):
        entry = known.get(path)
        if entry is None:
            problems.append(f"{path}: this source file has been added")
        elif entry.size_bytes != file.size_bytes or (entry.sha256 and entry.sha256 != hash_file(file.path)):
            problems.append(f"{path}: this source file has been changed")
    return problems
