"""Make outputs one after the other, or several at once on a Dask cluster."""

from __future__ import annotations

import logging
import os
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from miniscope_to_nwb_zarr.core.errors import ExitCode, MiniscopeError, TemporaryError, UsageError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.run import far_away
from miniscope_to_nwb_zarr.run.ahead import failed, one_by_one
from miniscope_to_nwb_zarr.run.submitted import WORKERS_BACK_WITHIN, Submitted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.summary import RunFolder, SessionResult

_SLURM_CORES = 2
_SLURM_MEMORY = "4GB"
# an hour-long movie of 608 x 608 pixels stays below 6 GB, and the worker itself needs room
_SLURM_ANALYSIS_MEMORY = "8GB"
# tracebacks of a busy scheduler that answers late help nobody; workers that are lost are told of by this program
_TOLD_BY_DASK = "CRITICAL"


class Task(Protocol):
    """One output of a run: a session, or an NWB file."""

    @property
    def name(self) -> str:
        """What people know it by."""

    @property
    def outputs(self) -> Collection[str]:
        """Names of the outputs that it makes."""

    @property
    def amount(self) -> tuple[int, int]:
        """Frames and bytes of the work; 0 where nobody knows before it begins."""

    @property
    def is_analysis(self) -> bool:
        """Whether movies are analysed, which takes more memory than anything else."""

    @property
    def findings(self) -> Collection[Finding]:
        """Those that people have seen before the run."""

    @property
    def prepare(self) -> Callable[[], None] | None:
        """Has here what it needs, which may take long and fail; None where nothing has to be fetched."""

    def run(self, console: Console) -> SessionResult:
        """Make it in this process, with all workers of the run; an error becomes its result."""

    def order(self, workers: int) -> Callable[[], SessionResult]:
        """What makes it in a process far away, with so many workers: it is sent there.

        Raises
        ------
        MiniscopeError
            What it needs cannot be had.
        """


def its_own(task: Task) -> tuple[str, ...]:
    """The output of a task that makes one, which bears its name."""
    return (task.name,)


def run_tasks(
    tasks: Sequence[Task], options: Options, console: Console, run_folder: RunFolder, *, is_short: bool = False
) -> Iterator[SessionResult]:
    """Make every output; one that fails does not stop the others.

    Parameters
    ----------
    tasks : sequence of Task
    options : Options
        `engine`, `workers`, and the folder of the results.
    console : Console
    run_folder : RunFolder
        Told of each result.
    is_short : bool
        Whether all of them take less time than a cluster takes to start.

    Raises
    ------
    Stopped
        A signal asked the run to stop.
    TemporaryError
        All workers were lost.
    """
    is_much = len(tasks) > 1 and options.workers > 1 and not is_short
    engine = options.engine or ("local" if is_much else "serial")
    by_name = {task.name: task for task in tasks}
    is_serial = engine == "serial"
    results = one_by_one(tasks, console) if is_serial else _several_at_once(tasks, options, engine, console)
    for result in results:
        run_folder.event("session", result.as_json(), datetime.now(UTC))
        for finding in result.findings:
            if finding not in by_name[result.session].findings and finding.code is not Code.FACT_MISSING:
                console.finding(finding, result.session)
        if result.exit_code is not ExitCode.DONE:
            console.error(result.message)
        yield result


def _several_at_once(tasks: Sequence[Task], options: Options, engine: str, console: Console) -> Iterator[SessionResult]:
    """Outputs on the workers of a cluster; the processors are shared out between outputs and their own workers."""
    n_at_once = min(len(tasks), options.workers)
    with (
        _clearing(options.results_dir, [name for task in tasks for name in task.outputs]) as lost,
        _cluster(engine, n_at_once, options.scratch_dir, tasks) as client,
        _progress(tasks, console) as tell,
    ):
        submitted = Submitted(client, console, lost)
        client.subscribe_topic("all", submitted.tell_of_lost)
        client.subscribe_topic(far_away.TOPIC, far_away.show(console))
        for task in tasks:
            # one lies ready for whichever worker is done first: no more is fetched ahead
            while len(submitted) > n_at_once or submitted.has_ended:
                yield from submitted.finish(tell)
            try:
                if task.prepare:
                    task.prepare()
                submitted.add(task, task.order(max(1, options.workers // n_at_once)))
            except (MiniscopeError, OSError) as error:
                yield failed(task.name, error)
        while len(submitted):
            yield from submitted.finish(tell)


@contextmanager
def _progress(tasks: Sequence[Task], console: Console) -> Iterator[Callable[[Task], None]]:
    """Show how far a run has come; gives what is to be told of each task that has ended."""
    amounts = [task.amount for task in tasks]
    n_frames, n_bytes = sum(frames for frames, _ in amounts), sum(size for _, size in amounts)
    if n_frames:
        with console.progress(n_frames, n_bytes, f"{len(tasks)} sessions") as advance:
            yield lambda task: advance(*task.amount)
        return
    ended = count(1)
    yield lambda task: console.info(f"{task.name} has ended ({next(ended)} of {len(tasks)})")


@contextmanager
def _clearing(results: Path, outputs: Iterable[str]) -> Iterator[set[str]]:
    """At the end what killed workers left is removed: of the outputs in the set, after an error of all."""
    lost: set[str] = set()
    is_done = False
    try:
        yield lost
        is_done = True
    finally:
        names = tuple(f"{commit.STAGING_PREFIX}{name}-" for name in (lost if is_done else outputs))
        for leftover in commit.leftovers(results) if names else ():
            if leftover.path.name.startswith(names):
                commit.remove_leftover(leftover)


@contextmanager
def _cluster(engine: str, n_workers: int, scratch: Path, tasks: Sequence[Task]) -> Iterator[Any]:
    import dask  # noqa: PLC0415 - see above
    from distributed import Client, LocalCluster  # noqa: PLC0415
    from distributed.utils import silence_logging_cmgr  # noqa: PLC0415

    if engine == "slurm":
        memory = _SLURM_ANALYSIS_MEMORY if any(task.is_analysis for task in tasks) else _SLURM_MEMORY
        with (
            _slurm_cluster(n_workers, memory, scratch / "slurm") as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            yield client
        return
    if engine != "local":
        with silence_logging_cmgr(_TOLD_BY_DASK), Client(engine, set_as_default=False) as client:
            yield client
        return
    limit = os.environ.get("CO_MEMORY")
    with ExitStack() as running:
        scheduler_log = logging.getLogger("distributed.scheduler")
        scheduler_log.addFilter(_is_worth_telling)
        running.callback(scheduler_log.removeFilter, _is_worth_telling)
        # a worker starts processes of its own, which a daemon may not
        settings = {
            "distributed.worker.daemon": False,
            "distributed.scheduler.no-workers-timeout": WORKERS_BACK_WITHIN,
        }
        running.enter_context(dask.config.set(settings))
        try:
            cluster = LocalCluster(
                n_workers=n_workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                # there is a page of the scheduler all the same: a second run at once does not want its port, too
                scheduler_kwargs={"dashboard_address": ":0"},
                memory_limit=int(limit) // n_workers if limit else "auto",
                silence_logs=_TOLD_BY_DASK,
            )
        except RuntimeError as error:
            raise TemporaryError(
                f"the workers could not be started, or one was lost meanwhile ({error}). Run the same command again, "
                "with fewer --workers if memory ran out"
            ) from error
        yield running.enter_context(Client(running.enter_context(cluster), set_as_default=False))


def _is_worth_telling(record: logging.LogRecord) -> bool:
    """Whether people have to read it: not that a client that has just left cannot be told that it left."""
    from distributed.comm.core import CommClosedError  # noqa: PLC0415 - see above

    return not (record.exc_info and isinstance(record.exc_info[1], CommClosedError))


@contextmanager
def _slurm_cluster(n_jobs: int, memory: str, logs: Path) -> Iterator[Any]:
    """Workers that are jobs of SLURM; queue, walltime and so on come from Dask's configuration (``jobqueue.slurm``).

    The memory is that of a job, where the configuration does not say another.
    """
    try:
        from dask_jobqueue.slurm import SLURMCluster  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise UsageError(
            "--engine slurm: needs dask-jobqueue, which is not installed; install it with `uv sync --extra slurm`"
        ) from error
    import dask  # noqa: PLC0415 - see above

    asked = dask.config.get("jobqueue.slurm", {}) or {}
    with SLURMCluster(
        processes=1,
        # one output at a time, as on all engines: two of them would need the memory twice
        cores=1,
        job_cpu=asked.get("job-cpu") or asked.get("cores") or _SLURM_CORES,
        memory=asked.get("memory") or memory,
        # a worker starts processes of its own, which the child of a nanny may not
        nanny=False,
        log_directory=str(logs),
        scheduler_options={"dashboard_address": ":0"},
        silence_logs=_TOLD_BY_DASK,
    ) as cluster:
        # a job that is lost is asked for again
        cluster.adapt(minimum_jobs=n_jobs, maximum_jobs=n_jobs)
        yield cluster
