"""Analyse movies: of finished outputs, of NWB files made elsewhere, or of recordings, which are converted first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.analysis.curation import load_curation
from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError, UsageError
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME
from miniscope_to_nwb_zarr.data_conversion.analysis.dry_run import show_plan
from miniscope_to_nwb_zarr.data_conversion.analysis.targets import Targets, find_output, find_targets
from miniscope_to_nwb_zarr.data_conversion.analysis.task import (
    CurationTask,
    StoredTask,
    experiment_of,
    make_analysis,
)
from miniscope_to_nwb_zarr.data_conversion.analysis.transfers import with_transfer
from miniscope_to_nwb_zarr.data_conversion.miniscope.run_conversion import failed, show_findings
from miniscope_to_nwb_zarr.data_conversion.nwb.inputs import state_of
from miniscope_to_nwb_zarr.data_conversion.nwb.transfers import places_of
from miniscope_to_nwb_zarr.run.existing import verify_outputs
from miniscope_to_nwb_zarr.run.inputs import make_job, with_animals
from miniscope_to_nwb_zarr.run.listing import (
    ListedFile,
    ListedSession,
    Listing,
    check_names,
    listed,
    read_names,
)
from miniscope_to_nwb_zarr.run.missing_facts import check_facts, remind
from miniscope_to_nwb_zarr.run.options import output_options
from miniscope_to_nwb_zarr.run.session_transfer import task_of
from miniscope_to_nwb_zarr.run.whole_run import RunFacts, make_all, refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.data_conversion.analysis.stored import Stored
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.engine import Task
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.session_job import Job
    from miniscope_to_nwb_zarr.run.summary import SessionResult


def run(options: Options, console: Console, listing: Listing | None = None) -> ExitCode:
    """Do what the options ask for with what is to be analysed; with a listing the data are not looked at again.

    Raises
    ------
    MiniscopeError
        Nothing could be begun: the input or the options are at fault.
    """
    _refuse_what_means_nothing(options)
    if options.verify_only:
        return verify_outputs(options, {}, console)
    began = datetime.now(UTC)
    try:
        return _run(options, console, listing, began)
    except InputError as error:
        if not options.dry_run:
            refused(error, options, {}, began)
        raise


def list_sessions(options: Options, below: Sequence[str] = ()) -> Listing:
    """The outputs, NWB files and recordings that `run` would analyse, and the files of each.

    All folders are looked into, whichever `below` names: a recording can be an output's, or stand for itself.

    Raises
    ------
    MiniscopeError
        The input or the options are at fault.
    """
    del below
    found = find_targets(options, make_job(options).sidecar, experiment_of(options))
    if options.results_store and any(one.folder.parent == options.results_dir for one in found.stored):
        raise UsageError(f"{options.results_shown}: shards are made of what lies in --data_dir; give this bucket there")
    stored = [ListedSession(one.name, _files_of(one, found, options)) for one in found.stored]
    recorded = [
        ListedSession(one.name, listed((file.path for file in one.source_files), options, found.remote))
        for one in found.recordings.sessions
    ]
    return Listing((*stored, *recorded), tuple(failure.message for failure in found.recordings.failures), found)


def _files_of(one: Stored, found: Targets, options: Options) -> tuple[ListedFile, ...]:
    """The files of an output or an NWB file as a listing has them: a receipt has the checksums of all others."""
    if one.is_output:
        return listed([one.folder / RECEIPT_NAME], options, found.remote)
    paths = places_of(one.store, found.remote) if found.remote else [Path(name) for name in state_of([one.store])]
    return listed(paths, options, found.remote)


def _refuse_what_means_nothing(options: Options) -> None:
    if options.metadata:
        raise UsageError("--metadata True: an analysis reads frames; add metadata with another --dataset")
    if options.against_source:
        raise UsageError("--against_source True: give the --dataset that made the output, and its data")


def _run(options: Options, console: Console, listing: Listing | None, began: datetime) -> ExitCode:
    conversion = make_job(options)
    if options.apply_curation is not None:
        curation = load_curation(options.apply_curation)
        stored, remote = find_output(options, curation.session)
        task = with_transfer(CurationTask(stored, curation, options), stored, options, remote)
        return _make_all([task], [], options, conversion, console, began)
    # parameters and engine are looked at before anything else is
    make_analysis(options)
    looked: Targets = listing.found if listing else find_targets(options, conversion.sidecar, experiment_of(options))
    found = _chosen(looked, options)
    show_findings(found.recordings, options.data_dir, console)
    for finding in found.findings:
        console.finding(finding)
    conversion = with_animals(conversion, options, found.recordings.sessions, console.warn)
    check_facts(options, found.recordings.sessions, conversion, console)
    if options.dry_run:
        return show_plan(found, options, console)
    tasks = [with_transfer(StoredTask(one, options), one, options, found.remote) for one in found.stored]
    tasks += [task_of(one, conversion, options, found.remote) for one in found.recordings.sessions]
    failures = [failed(failure, options.data_dir) for failure in found.recordings.failures]
    return _make_all(tasks, failures, options, conversion, console, began)


def _make_all(
    tasks: Sequence[Task],
    failures: Sequence[SessionResult],
    options: Options,
    conversion: Job,
    console: Console,
    began: datetime,
) -> ExitCode:
    facts = RunFacts(began, {**output_options(options), **conversion.output_options}, "output", failures)
    return make_all(tasks, options, console, facts, partial(remind, console=console))


def _chosen(found: Targets, options: Options) -> Targets:
    """All that was found, or what is named."""
    names = read_names(options.sessions or "")
    if not names:
        return found
    sessions = found.recordings.sessions
    check_names(names, [*(one.name for one in found.stored), *(one.name for one in sessions)])
    recordings = replace(found.recordings, sessions=tuple(one for one in sessions if one.name in names), failures=())
    return replace(found, stored=tuple(one for one in found.stored if one.name in names), recordings=recordings)
