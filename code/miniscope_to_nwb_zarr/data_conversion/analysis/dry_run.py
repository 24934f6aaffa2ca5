"""What an analysis would do: the table that ``--dry_run True`` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.analysis.recorded import find_movies
from miniscope_to_nwb_zarr.core.amounts import counted, size_text
from miniscope_to_nwb_zarr.core.chunking import plan_chunks
from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError
from miniscope_to_nwb_zarr.data_conversion.analysis.task import make_analysis
from miniscope_to_nwb_zarr.data_conversion.nwb.sources import open_source
from miniscope_to_nwb_zarr.run.plan import plan_rows
from miniscope_to_nwb_zarr.run.rows import PlanRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miniscope_to_nwb_zarr.data_conversion.analysis.job import AnalysisJob
    from miniscope_to_nwb_zarr.data_conversion.analysis.stored import Stored
    from miniscope_to_nwb_zarr.data_conversion.analysis.targets import Targets
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.options import Options

_CHUNK_BYTES = 12_000_000


def show_plan(found: Targets, options: Options, console: Console) -> ExitCode:
    """Show what would be analysed, and write nothing."""
    job = make_analysis(options)
    rows: list[PlanRow] = []
    n_failed, n_outputs = len(found.recordings.failures), len(found.stored) + len(found.recordings.sessions)
    for one in found.stored:
        if not one.store.exists():
            console.info(f"{one.name}: lies in a bucket; what it holds is seen when it is fetched")
            continue
        try:
            rows += _rows(one, job)
        except InputError as error:
            n_failed += 1
            console.error(str(error))
    chunk_bytes, embed = int(options.chunk_mb * 1_000_000), options.behavior_video == "embed"
    for session in found.recordings.sessions:
        rows += plan_rows(session, chunk_bytes, embed_cameras=embed)
    console.plan_table(rows)
    code = ExitCode.INVALID_INPUT if n_failed else ExitCode.DONE
    n_bytes = sum(row.store_bytes_estimate for row in rows)
    engine = f"{job.engine.NAME} {job.engine.version()}"
    console.summary(
        code,
        f"Nothing written. Would analyse {counted(n_outputs, 'output or recording', 'outputs or recordings')} with "
        f"{engine}, and write about {size_text(n_bytes)} into {options.results_shown}.",
        {"sessions": n_outputs, "failures": n_failed},
    )
    return code


def _rows(one: Stored, job: AnalysisJob) -> Iterator[PlanRow]:
    with open_source(one.store, root=one.folder) as source:
        movies, left_out = find_movies(source.nwbfile, one.name)
        for movie in movies:
            plan = job.plan(one.store, movie)
            shape = (movie.n_frames, plan.source.width_px, plan.source.height_px)
            n_values = shape[0] * shape[1] * shape[2] if job.stores_movies else 0
            yield PlanRow(
                session=one.name,
                device=movie.scope,
                frames=movie.n_frames,
                minutes=float(movie.time_s[-1] - movie.time_s[0]) / 60,
                raw_bytes=movie.n_frames * movie.width_px * movie.height_px * movie.dtype.itemsize,
                store_bytes_estimate=n_values,
                objects=plan_chunks(shape, 1, _CHUNK_BYTES).n_objects if n_values else 0,
                findings=", ".join(f"{finding.where} left out" for finding in left_out),
            )
