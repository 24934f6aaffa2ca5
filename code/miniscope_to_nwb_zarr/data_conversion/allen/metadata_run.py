"""The metadata of a run: what each job is given for them, and what is missing of them all."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError, MiniscopeError
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_describe import Describer
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_lab import animal_in
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_rules import RULES, SESSIONS
from miniscope_to_nwb_zarr.data_conversion.nwb.apart import run_apart
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.experiment import donor_name
from miniscope_to_nwb_zarr.run.missing_facts import list_left_out
from miniscope_to_nwb_zarr.run.summary import SessionResult

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from miniscope_to_nwb_zarr.data_conversion.allen.library import Library
    from miniscope_to_nwb_zarr.data_conversion.allen.metadata_lab import LabFiles
    from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob
    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Transform
    from miniscope_to_nwb_zarr.run.console import Console


def with_metadata(
    job: NwbJob, told_by: Iterable[Transform], library: Library, lab: LabFiles, ids: frozenset[int]
) -> NwbJob:
    """The job with what makes its metadata files: the table of sessions, and what was given of its animal.

    Raises
    ------
    InputError
        What was given of the animal contradicts itself, or a table cannot be read.
    """
    data_set = str(job.transform_options["dataset"])
    rules = RULES[data_set]
    tables = dict(job.tables)
    if rules.table in library.names and rules.table not in {path.name for path in tables.values()}:
        tables[SESSIONS] = library.here(rules.table)
    table = next((path for path in tables.values() if path.name == rules.table), None)
    # the file of Visual Coding Ophys has the specimen's number, the output the donor's name
    named = donor_name(rules.row_of(table, job.name)) if not rules.key else None
    if lab.is_of_animals and not named:
        asked = run_apart(partial(_animal, job.sources[0], job.name), job.name, job.results)
        named = asked.message if asked.exit_code is ExitCode.DONE else None
    given = lab.of_animal(named)
    options = dict(job.transform_options)
    if given.digest:
        options["facts"] = given.digest
    before = tuple(transform for transform in told_by if transform in job.transforms)
    return replace(
        job,
        tables=tables,
        transform_options=options,
        describe=Describer(data_set, job.name, given, ids, before),
    )


def _animal(path: Path, name: str) -> SessionResult:
    return SessionResult(name, ExitCode.DONE, "read", animal_in(path) or "")


def _missing(job: NwbJob) -> SessionResult:
    try:
        findings = job.describe.missing(job) if job.describe is not None else ()
    except MiniscopeError as error:
        return SessionResult(job.name, error.exit_code, "failed", str(error))
    return SessionResult(job.name, ExitCode.DONE, "read", "", findings=findings)


def check_facts(jobs: Iterable[NwbJob], console: Console, *, is_required: bool) -> None:
    """Say everything that the metadata files of all sessions lack, at once; stop there if all facts are required.

    Each job is looked at before the next is asked for.

    Raises
    ------
    InputError
        A fact is missing and all are required.
    """
    # a file that cannot be read is said when it is converted
    results = [run_apart(partial(_missing, job), job.name, job.results) for job in jobs]
    n_missing = list_left_out({result.session: result.findings for result in results}, console)
    if n_missing and is_required:
        raise InputError(
            f"the metadata files lack {counted(n_missing, 'fact')} (listed above), and --require_metadata True asks "
            "for all of them; nothing was written"
        )
