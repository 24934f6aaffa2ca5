"""An output of a run as the engine knows it: analysed in this process, or in one far away."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.analysis.engines import engine_named
from miniscope_to_nwb_zarr.analysis.old_columns import choose
from miniscope_to_nwb_zarr.analysis.old_tables import read_experiment
from miniscope_to_nwb_zarr.analysis.parameter_file import Chosen, load_parameters
from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError, MiniscopeError
from miniscope_to_nwb_zarr.data_conversion.analysis.curate import apply_curation
from miniscope_to_nwb_zarr.data_conversion.analysis.job import AnalysisJob, analyse_output
from miniscope_to_nwb_zarr.data_conversion.analysis.stored import Stored, output_in
from miniscope_to_nwb_zarr.qc.cell_counts import CellCount, in_words, label_of
from miniscope_to_nwb_zarr.run import far_away, stop
from miniscope_to_nwb_zarr.run.engine import its_own
from miniscope_to_nwb_zarr.run.phases import Phases
from miniscope_to_nwb_zarr.run.summary import SessionResult
from miniscope_to_nwb_zarr.sources import limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from miniscope_to_nwb_zarr.analysis.curation import Curation
    from miniscope_to_nwb_zarr.analysis.old_tables import Experiment
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.receipt import Receipt
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.named_session import SessionTask
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.outcome import Outcome

    Tell = Callable[[str, str, float], None]


@dataclass(frozen=True, slots=True)
class StoredTask:
    """An output, or an NWB file made elsewhere."""

    stored: Stored
    options: Options

    # what is done with a frame differs from step to step
    amount = (0, 0)
    is_analysis = True
    outputs = property(its_own)
    # its files lie here
    prepare = None

    @property
    def name(self) -> str:
        """Of the output."""
        return self.stored.name

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those that people have seen when it was converted."""
        return self.stored.findings

    def run(self, console: Console) -> SessionResult:
        """Analyse it in this process; an error becomes its result."""
        with console.steps(self.name) as tell:
            return run_analysis(self.stored, self.options, tell)

    def order(self, workers: int) -> Callable[[], SessionResult]:
        """What analyses it in a process far away, which must see the same folders."""
        return partial(_far_away, self.stored, replace(self.options, workers=workers), dict(limits.chosen()))


@dataclass(frozen=True, slots=True)
class CurationTask:
    """Decisions by hand that are applied to an output."""

    stored: Stored
    curation: Curation
    options: Options

    amount = (0, 0)
    is_analysis = False
    outputs = property(its_own)
    findings = StoredTask.findings
    prepare = None

    @property
    def name(self) -> str:
        """Of the output."""
        return self.stored.name

    def run(self, _console: Console) -> SessionResult:
        """Apply them in this process; an error becomes the result."""
        return run_curation(self.stored, self.curation, self.options)

    def order(self, workers: int) -> Callable[[], SessionResult]:
        """What does the same in a process far away, which must see the same folders."""
        return partial(run_curation, self.stored, self.curation, replace(self.options, workers=workers))


@dataclass(frozen=True, slots=True)
class RecordingTask:
    """A recording: converted, then analysed."""

    conversion: SessionTask
    options: Options

    amount = (0, 0)
    is_analysis = True
    outputs = property(its_own)
    prepare = None

    @property
    def name(self) -> str:
        """Of the session."""
        return self.conversion.name

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Those that people have seen before the run."""
        return self.conversion.findings

    def run(self, console: Console) -> SessionResult:
        """Convert and analyse it in this process; an error becomes its result."""
        converted = self.conversion.run(console)
        if converted.exit_code is not ExitCode.DONE:
            return converted
        with console.steps(self.name) as tell:
            return _together(converted, _analyse_converted(self.name, self.options, tell))

    def order(self, workers: int) -> Callable[[], SessionResult]:
        """What does the same in a process far away."""
        options = replace(self.options, workers=workers)
        return partial(_both_far_away, self.conversion.order(workers), self.name, options)


def make_analysis(options: Options) -> AnalysisJob:
    """What holds for every output of the run.

    Raises
    ------
    UsageError
        The engine cannot be used.
    InputError
        A file of parameters cannot be read as one.
    """
    chosen = Chosen()
    experiment = experiment_of(options)
    if experiment is not None:
        chosen = choose(experiment)
    if options.analysis_parameters is not None:
        chosen = load_parameters(options.analysis_parameters).over(chosen)
    return AnalysisJob(
        results=options.results_dir,
        scratch=options.scratch_dir,
        workers=options.workers,
        existing=options.existing,
        engine=engine_named(options.analysis_engine),
        chosen=chosen,
        stores_movies=options.corrected_movie == "store",
    )


def experiment_of(options: Options) -> Experiment | None:
    """The experiment that ``--project_path`` and ``--line_num`` name.

    Raises
    ------
    InputError
        The tables cannot be read, or do not have it.
    """
    if options.project_path is None or options.line_num is None:
        return None
    return read_experiment(options.project_path, options.line_num)


def run_analysis(stored: Stored, options: Options, tell: Tell) -> SessionResult:
    """Analyse what is stored; an error becomes the result."""

    def tell_or_stop(part: str, step: str, share: float) -> None:
        stop.obey()
        tell(part, step, share)

    def work(phases: Phases) -> Outcome:
        job = make_analysis(options)
        base = stored.base(options.results_dir, options.existing)
        return analyse_output(base, job, _now, tell_or_stop, phases)

    return _result(stored.name, work)


def run_curation(stored: Stored, curation: Curation, options: Options) -> SessionResult:
    """Apply decisions by hand; an error becomes the result."""

    def work(phases: Phases) -> Outcome:
        base = stored.base(options.results_dir, options.existing)
        return apply_curation(base, curation, options.results_dir, options.workers, _now, phases)

    return _result(stored.name, work)


def _result(name: str, work: Callable[[Phases], Outcome]) -> SessionResult:
    """The result of a piece of work on an analysis; an error becomes it."""
    began = time.monotonic()
    phases = Phases()
    try:
        outcome = work(phases)
    except MiniscopeError as error:
        return SessionResult(name, error.exit_code, "failed", str(error), seconds=time.monotonic() - began)
    receipt = outcome.receipt
    said = f"{outcome.output} ({_in_short(receipt, outcome.analysis)})"
    return SessionResult.done(
        name, outcome.word, said, receipt, seconds=time.monotonic() - began, phases=phases.seconds
    )


def _in_short(receipt: Receipt, digest: str) -> str:
    """How many cells the analysis of a digest has."""
    (entry,) = (one for one in receipt.analyses if one.digest == digest)
    # that there are none may also be because they were not to be looked for
    counts = ", ".join(
        f"{label_of(series)}: {in_words(CellCount(accepted, units)) if units else 'no units'}"
        for series, accepted, units in zip(entry.series, entry.accepted, entry.units, strict=True)
    )
    return f"{entry.module}: {counts}"


def _analyse_converted(name: str, options: Options, tell: Tell) -> SessionResult:
    base = output_in(options.results_dir / name)
    if base is None:
        error = InputError(f"{name}: the output has no NWB file, so there is no movie to analyse")
        return SessionResult(name, error.exit_code, "failed", str(error))
    # the former version is the conversion, which is to be followed
    existing = "verify" if options.existing == "error" else options.existing
    return run_analysis(
        Stored(name, base.folder, base.store, is_output=True), replace(options, existing=existing), tell
    )


def _together(converted: SessionResult, analysed: SessionResult) -> SessionResult:
    """One result for both."""
    is_done = analysed.exit_code is ExitCode.DONE
    words = {converted.word, analysed.word} if is_done else {analysed.word}
    return replace(
        analysed,
        word="written" if "written" in words else analysed.word,
        message=analysed.message if is_done else f"converted, but not analysed: {analysed.message}",
        seconds=converted.seconds + analysed.seconds,
        frames=analysed.frames or converted.frames,
        findings=analysed.findings or converted.findings,
        phases={**converted.phases, **analysed.phases},
    )


def _far_away(stored: Stored, options: Options, chosen: dict[str, int]) -> SessionResult:
    limits.choose(chosen)
    with far_away.steps(stored.name) as tell:
        return run_analysis(stored, options, tell)


def _both_far_away(convert: Callable[[], SessionResult], name: str, options: Options) -> SessionResult:
    with far_away.steps(name) as tell:
        tell("recording", "conversion", 0.0)
        converted = convert()
        if converted.exit_code is not ExitCode.DONE:
            return converted
        tell("recording", "conversion", 1.0)
        return _together(converted, _analyse_converted(name, options, tell))


def _now() -> datetime:
    return datetime.now(UTC)
