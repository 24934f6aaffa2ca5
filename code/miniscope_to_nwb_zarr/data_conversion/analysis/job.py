"""One output from its movies to its next version, in which the results stand: analyse, stage, verify, commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.analysis.doubts import doubts_of, unused_values
from miniscope_to_nwb_zarr.analysis.kept_steps import KeptSteps, clear, scratch_folder
from miniscope_to_nwb_zarr.analysis.pipeline import Plan, analyse, engine_id
from miniscope_to_nwb_zarr.analysis.recorded import find_movies
from miniscope_to_nwb_zarr.core.errors import ConflictError, TemporaryError
from miniscope_to_nwb_zarr.core.receipt import digest_of
from miniscope_to_nwb_zarr.data_conversion import commit, disk
from miniscope_to_nwb_zarr.data_conversion.analysis.base import check_base
from miniscope_to_nwb_zarr.data_conversion.analysis.frames_digest import known_series
from miniscope_to_nwb_zarr.data_conversion.analysis.room import check_room
from miniscope_to_nwb_zarr.data_conversion.analysis.version import Addition, make_version
from miniscope_to_nwb_zarr.data_conversion.nwb.sources import open_source
from miniscope_to_nwb_zarr.run.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from miniscope_to_nwb_zarr.analysis.contract import Engine
    from miniscope_to_nwb_zarr.analysis.parameter_file import Chosen
    from miniscope_to_nwb_zarr.analysis.recorded import RecordedMovie
    from miniscope_to_nwb_zarr.analysis.result import MovieAnalysis
    from miniscope_to_nwb_zarr.core.receipt import Receipt, SeriesEntry
    from miniscope_to_nwb_zarr.data_conversion.analysis.base import Base
    from miniscope_to_nwb_zarr.run.phases import Phases

    Tell = Callable[[str, str, float], None]
    """Told the movie, the step and which share of it is done."""


@dataclass(frozen=True, slots=True)
class AnalysisJob:
    """What holds for every output of a run."""

    results: Path
    scratch: Path
    workers: int
    existing: str
    """``verify``, ``error`` or ``replace``."""
    engine: Engine
    chosen: Chosen
    stores_movies: bool
    """Whether the corrected movies go into the NWB file."""

    def plan(self, store: Path, movie: RecordedMovie) -> Plan:
        """What is to be done with a movie.

        Raises
        ------
        InputError
            The parameters do not fit it.
        """
        choices, origins = self.chosen.parameters.of_scope(movie.scope), self.chosen.origins_for(movie.scope)
        plan = Plan(store, movie, choices, origins, self.engine, self.workers)
        plan.check()
        return plan

    def digest(self, movies: Sequence[RecordedMovie], series: Sequence[SeriesEntry]) -> str:
        """Of all that decides what is found in some movies."""
        frames = {entry.name: entry.frames_digest for entry in series}
        return digest_of(
            {
                "movies": {
                    movie.series: {
                        "frames": frames[movie.series],
                        "stamps": [movie.time_s[0], movie.time_s[-1], movie.rate_hz],
                        "damaged": movie.damaged,
                        "choices": self.chosen.parameters.of_scope(movie.scope).as_json(),
                    }
                    for movie in movies
                },
                "kept": [[one.table, one.column, one.text] for one in self.chosen.kept],
                "stores_movies": self.stores_movies,
                "engine": engine_id(self.engine),
                "program": __version__,
            }
        )


def analyse_output(base: Base, job: AnalysisJob, now: Callable[[], datetime], tell: Tell, phases: Phases) -> Outcome:
    """Analyse the movies of an output, or find that it is done.

    Parameters
    ----------
    base : Base
        The output or NWB file.
    job : AnalysisJob
    now : callable
        The time, aware of its zone.
    tell : callable
        Told the movie, the step and how far it is.
    phases : Phases
        Told how long each part takes.

    Raises
    ------
    InputError
        There is no movie to analyse, or the parameters do not fit it.
    ConflictError
        The analysis is there, and `existing` is ``error``.
    VerificationError
        The output has changed since it was finished, or what was written is not what was to be written.
    TemporaryError
        The disk is full or fails, a worker died, or another run was faster.
    """
    try:
        with disk.system_errors():
            return _analyse(base, job, now, tell, phases)
    except OSError as error:
        raise disk.explain(error) from error


def _analyse(base: Base, job: AnalysisJob, now: Callable[[], datetime], tell: Tell, phases: Phases) -> Outcome:
    final = job.results / base.name
    with phases.phase("check output"):
        check_base(base, job.workers)
    with open_source(base.store, root=base.folder) as source:
        movies, left_out = find_movies(source.nwbfile, base.name)
        start, types = source.nwbfile.session_start_time, source.io.manager.type_map
    with phases.phase("digest of the frames"):
        series = known_series(base, movies, lambda step, share: tell(movies[0].label, step, share))
    digest = job.digest(movies, series)
    if (there := _there(base, digest)) is not None:
        if job.existing == "error":
            raise ConflictError(f"{base.name}: has this analysis already; nothing was changed (--existing error)")
        return Outcome("already done", there, final, digest)
    plans = [job.plan(base.store, movie) for movie in movies]
    check_room(base, job, plans)
    with scratch_folder(job.scratch, base.name) as folder:
        analyses = [_of_movie(plan, folder, series, now, tell, phases) for plan in plans]
        findings = (*left_out, *(f for one in analyses for f in doubts_of(one)), *unused_values(job.chosen.kept))
        addition = Addition(digest, tuple(analyses), series, findings, start, types)
        with commit.staging_folder(job.results, base.name) as staging:
            receipt = make_version(base, job, addition, staging, now, phases)
            with phases.phase("publish"):
                published = publish_version(base, staging, final, receipt, now())
        clear(folder)
    return Outcome("written" if published is receipt else "already done", published, final, digest)


def _there(base: Base, digest: str) -> Receipt | None:
    """The receipt of the output, where it has this analysis already."""
    receipt = base.receipt if base.is_final else None
    return receipt if receipt and any(entry.digest == digest for entry in receipt.analyses) else None


def _of_movie(
    plan: Plan, folder: Path, series: Sequence[SeriesEntry], now: Callable[[], datetime], tell: Tell, phases: Phases
) -> MovieAnalysis:
    movie = plan.movie
    (frames,) = (entry.frames_digest for entry in series if entry.name == movie.series)
    depends = {"frames": frames, "damaged": movie.damaged, "program": __version__}
    steps = KeptSteps(folder, depends, now)
    with phases.phase(f"analyse {movie.label}"):
        return analyse(plan, steps, lambda step, share: tell(movie.label, step, share))


def publish_version(base: Base, staging: Path, final: Path, receipt: Receipt, now: datetime) -> Receipt:
    """Make a staged version the finished one, if the one that it follows is still there.

    Returns
    -------
    Receipt
        Of what lies at the final place then.

    Raises
    ------
    ConflictError, TemporaryError
        Another run was faster.
    """
    if not base.is_final:
        return commit.publish(staging, final, receipt, replace=final.exists(), now=now)
    try:
        return commit.publish(staging, final, receipt, replace=True, now=now, after=receipt.parent)
    except ConflictError as error:
        raise TemporaryError(
            f"{base.name}: another run has changed this output meanwhile; nothing was changed by this run. Run the "
            "same command again"
        ) from error
