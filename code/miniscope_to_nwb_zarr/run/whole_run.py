"""All outputs of a run: made, one failing without stopping the others, and summed up."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.buckets.outputs import OutputStore
from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import ExitCode, MiniscopeError, Stopped
from miniscope_to_nwb_zarr.core.findings import Code, Severity, grave_in_words
from miniscope_to_nwb_zarr.run.engine import run_tasks
from miniscope_to_nwb_zarr.run.rows import ResultRow
from miniscope_to_nwb_zarr.run.summary import RunFolder, SessionResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.engine import Task
    from miniscope_to_nwb_zarr.run.options import Options


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run's summary says besides its outputs."""

    began: datetime
    options: Mapping[str, Any]
    """As JSON values."""
    what: str
    """What is made, in the singular, for people."""
    failed: Sequence[SessionResult] = ()
    """What could not even be begun."""
    findings: Sequence[Finding] = field(default=())
    """Those of no output."""


def make_all(
    tasks: Sequence[Task],
    options: Options,
    console: Console,
    facts: RunFacts,
    remark: Callable[[Sequence[SessionResult]], None] = lambda _: None,
) -> ExitCode:
    """Make every output on the engine that the options name, say what came of it, and leave the summary of the run.

    Parameters
    ----------
    tasks : sequence of Task
    options : Options
    console : Console
    facts : RunFacts
    remark : callable
        Says, after the table of the results, what else there is to say of them.

    Raises
    ------
    Stopped
        A signal asked the run to stop.
    TemporaryError
        All workers were lost.
    """
    order = [task.name for task in tasks]
    run_folder = RunFolder(options.results_dir, facts.options, order, facts.began)
    results: list[SessionResult] = []
    try:
        # metadata of a session take less than a cluster takes to start
        results.extend(run_tasks(tasks, options, console, run_folder, is_short=options.metadata))
    except (MiniscopeError, Stopped) as ended:
        # a run that was asked to stop asks no server
        store = _store(options) if isinstance(ended, MiniscopeError) else None
        run_folder.finish([*facts.failed, *results], facts.findings, datetime.now(UTC), ended.exit_code, store)
        _publish(run_folder, store)
        raise
    results.sort(key=lambda result: order.index(result.session))
    results[:0] = facts.failed
    store = _store(options)
    code = run_folder.finish(results, facts.findings, datetime.now(UTC), store=store)
    _publish(run_folder, store)
    console.result_table([_row(result) for result in results])
    remark(results)
    n_done = sum(result.exit_code is ExitCode.DONE for result in results)
    where = f"{options.results_shown}/{run_folder.path.name}"
    console.summary(
        code,
        f"{n_done} of {counted(len(results), facts.what)} done; summary in {where}",
        {"run": where, "sessions": len(results), "done": n_done},
    )
    return code


def refused(error: MiniscopeError, options: Options, facts: Mapping[str, Any], began: datetime) -> None:
    """Leave the summary of a run that could not begin: a run of a pipeline that leaves no file counts as none."""
    result = SessionResult("", error.exit_code, "failed", str(error))
    run_folder = RunFolder(options.results_dir, facts, (), began)
    run_folder.finish([result], (), datetime.now(UTC))
    _publish(run_folder, _store(options))


def _store(options: Options) -> OutputStore | None:
    return OutputStore(options.results_store) if options.results_store else None


def _publish(run_folder: RunFolder, store: OutputStore | None) -> None:
    if store is None:
        return
    texts = {path.name: path.read_bytes() for path in sorted(run_folder.path.iterdir())}
    store.put_texts(run_folder.path.name, texts)
    shutil.rmtree(run_folder.path)


def _row(result: SessionResult) -> ResultRow:
    """A result for people; missing facts are summed up in a sentence of their own."""
    grave = [f for f in result.findings if f.severity is not Severity.INFO and f.code is not Code.FACT_MISSING]
    return ResultRow(
        result.session,
        result.word,
        result.frames,
        result.seconds,
        result.store_bytes,
        len(grave),
        result.message,
        grave_in_words(grave),
    )
