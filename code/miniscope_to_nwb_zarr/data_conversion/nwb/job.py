"""One NWB file from its sources to a published output: open, change, stage, verify, inspect, commit."""

from __future__ import annotations

import platform
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.core.errors import InputError, TemporaryError, VerificationError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME, Receipt, digest_of, plan_digest
from miniscope_to_nwb_zarr.data_conversion import commit, disk
from miniscope_to_nwb_zarr.data_conversion.nwb.change_log import add_change_log, findings_of
from miniscope_to_nwb_zarr.data_conversion.nwb.checks import errors_of, inspect_output
from miniscope_to_nwb_zarr.data_conversion.nwb.compare import compare_files
from miniscope_to_nwb_zarr.data_conversion.nwb.complete import complete
from miniscope_to_nwb_zarr.data_conversion.nwb.describe import Staged
from miniscope_to_nwb_zarr.data_conversion.nwb.digest import digest_builder
from miniscope_to_nwb_zarr.data_conversion.nwb.export import (
    SUFFIXES,
    Layout,
    hold,
    start_reading,
    write_hdf5,
    write_zarr,
)
from miniscope_to_nwb_zarr.data_conversion.nwb.external_files import ExternalFiles
from miniscope_to_nwb_zarr.data_conversion.nwb.inputs import n_bytes, source_entries, start_hashing, state_of
from miniscope_to_nwb_zarr.data_conversion.nwb.moved import compare_moved
from miniscope_to_nwb_zarr.data_conversion.nwb.new_ids import fix_new_ids
from miniscope_to_nwb_zarr.data_conversion.nwb.other_files import take_in
from miniscope_to_nwb_zarr.data_conversion.nwb.sources import open_source
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context, OpenedFile
from miniscope_to_nwb_zarr.data_conversion.nwb.zarr_admission import admit_zarr
from miniscope_to_nwb_zarr.data_conversion.pool import open_pool
from miniscope_to_nwb_zarr.run.phases import Phases
from miniscope_to_nwb_zarr.run.session_job import Outcome
from miniscope_to_nwb_zarr.run.settle import found_at, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from hdmf.build import GroupBuilder

    from miniscope_to_nwb_zarr.data_conversion.nwb.describe import Describe
    from miniscope_to_nwb_zarr.data_conversion.nwb.export import Advance, Copied
    from miniscope_to_nwb_zarr.data_conversion.nwb.sources import NwbSource
    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change, Transform
    from miniscope_to_nwb_zarr.data_conversion.pool import Pool

_PACKAGES = ("h5py", "hdmf", "hdmf-zarr", "numcodecs", "numpy", "pynwb", "zarr")
_WRITERS = {"zarr": write_zarr, "hdf5": write_hdf5}
_LISTED = 5


@dataclass(frozen=True, slots=True)
class NwbJob:
    """One output, ``results/<name>/<name>.nwb.zarr`` or ``.nwb``, and what it is made from."""

    name: str
    sources: tuple[Path, ...]
    """The base file first; the others are opened with the same manager, for transforms to take from."""
    results: Path
    root: Path | None = None
    """Links are followed below this folder only; the base file's own folder where it is not given."""
    transforms: tuple[Transform, ...] = ()
    """Run in this order on the base file."""
    tables: Mapping[str, Path] = field(default_factory=dict)
    """Further sources for the transforms, each a file; hashed like the others."""
    transform_options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the transforms, as plain JSON values; a part of the plan digest."""
    namespaces: tuple[Path, ...] = ()
    """Namespace files that are loaded before the sources are opened: they win over older ones that these hold."""
    findings: tuple[Finding, ...] = ()
    """What was found of the sources before they were opened; a part of the receipt."""
    format: Literal["zarr", "hdf5"] = "zarr"
    """Of the output."""
    chunk_bytes: int = 10_000_000
    compression_level: int = 1
    workers: int = 1
    existing: Literal["verify", "error", "replace"] = "verify"
    describe: Describe | None = None
    """Makes the metadata files beside the store; none are made where it is not given."""
    only_describe: bool = False
    """Make them alone, or beside the store that is there."""

    @property
    def options(self) -> dict[str, Any]:
        """All that changes the output, as plain JSON values."""
        return {
            "format": self.format,
            "chunk_mb": self.chunk_bytes / 1_000_000,
            "compression": f"zstd:{self.compression_level}",
            "transforms": [f"{one.__module__.rpartition('.')[2]}.{one.__qualname__}" for one in self.transforms],
            **self.transform_options,
        }

    @property
    def source_root(self) -> Path:
        """Links are followed below this folder only."""
        return self.root or self.sources[0].parent

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Every source."""
        return (*self.sources, *self.tables.values())


@dataclass(frozen=True, slots=True)
class _Work:
    """A file in the making."""

    job: NwbJob
    pool: Pool
    staging: Path
    phases: Phases
    advance: Advance
    now: Callable[[], datetime]

    @property
    def store(self) -> Path:
        """The file or folder that is written."""
        return self.staging / f"{self.job.name}{SUFFIXES[self.job.format]}"


@dataclass(frozen=True, slots=True)
class _Written:
    """What is known of the staged file before it is read back."""

    copied: Copied
    nwb_digest: str
    known: Mapping[str, tuple[int, str]]
    """Size and sha256 of the files that were hashed as they were written, by their path in the output."""
    own_errors: Counter[str]
    """What the validator says of the source."""
    remarks: tuple[str, ...]
    changes: tuple[Change, ...]
    announced: tuple[str, ...]
    """Paths in the output that are not as in the source, on purpose."""
    findings: tuple[Finding, ...]
    told: Any = None
    """Of the session, for its metadata files."""


def convert(
    job: NwbJob,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    advance: Advance = lambda _boxes, _n_bytes: None,
    phases: Phases | None = None,
) -> Outcome:
    """Convert one NWB file, or find that it is done.

    Parameters
    ----------
    job : NwbJob
    now : callable
        The time, aware of its zone.
    advance : callable
        Told the boxes of large arrays and their bytes, twice for each: written, and read back.
    phases : Phases, optional
        Told how long each part takes.

    Raises
    ------
    InputError
        A source is no NWB file, or changed meanwhile.
    ConflictError
        Another output of that name is there.
    VerificationError
        What was written is not what was read, or a finished output has changed since.
    TemporaryError
        The disk is full or fails, a worker died.
    """
    phases = phases or Phases()
    if job.only_describe and job.describe is not None:
        return job.describe.alone(job, now, phases)
    final = job.results / job.name
    created = now()
    try:
        with disk.system_errors(), open_pool(job.workers) as pool:
            # before any file is read: what is in a store may be a link, or no file
            for store in (path for path in job.inputs if path.is_dir()):
                admit_zarr(store, job.source_root.resolve())
            state = state_of(job.inputs)
            found = found_at(final, job.workers)
            is_added_to = found.has_metadata_only
            if found.exists:
                with phases.phase("hash sources"):
                    sources = source_entries(job.inputs, job.source_root, job.workers)
                plan = plan_digest(sources, job.options, __version__)
                done = settle(
                    found,
                    sources,
                    plan,
                    options=job.options,
                    existing=job.existing,
                    may_follow=is_added_to,
                )
                if done is not None:
                    return Outcome("already done", done, final)
            disk.check_room(job.results, n_bytes(state), job.name)
            with commit.staging_folder(job.results, job.name) as staging, pool.ending_on_error():
                receipt = _fill(_Work(job, pool, staging, phases, advance, now), created)
                if state_of(job.inputs) != state:
                    raise InputError(f"{job.name}: a source changed while it was read; run again when it is finished")
                with phases.phase("publish"):
                    takes_place = job.existing == "replace" or is_added_to
                    there = commit.publish(staging, final, receipt, replace=takes_place, now=now())
    except OSError as error:
        if disk.is_full(error):
            raise TemporaryError(
                f"{job.name}: no room is left in {job.results}, and about {n_bytes(state_of(job.inputs)):,} bytes are "
                "needed; nothing was published. Make room and run the same command again"
            ) from error
        raise disk.explain(error) from error
    return Outcome("written" if there is receipt else "already done", there, final)


def _fill(work: _Work, created: datetime) -> Receipt:
    job = work.job
    # a file of many gigabytes takes one worker a while, in which the others begin to copy
    hashed = start_hashing(job.inputs, job.source_root, work.pool)
    with work.phases.phase("write"):
        written = _write(work)
    reports = start_reading(written.copied, work.pool)
    # the workers read large arrays while this process looks at the rest
    findings = job.findings + written.findings + findings_of(written.changes) + _verify(work, written)
    with work.phases.phase("read back"):
        # what is on the disk by then need not be waited for when it is published
        disk.sync_tree(work.staging)
        hold(reports, written.copied, work.advance)
    sources = hashed()
    if job.describe is not None:
        staged = Staged(work.staging, job.options, sources, findings, created, work.now, work.store.name)
        with work.phases.phase("metadata"):
            findings += job.describe.write(written.told, staged)
    with work.phases.phase("hash output"):
        files = commit.list_files(work.staging, written.known)
    former = job.results / job.name
    return Receipt(
        session=job.name,
        plan_digest=plan_digest(sources, job.options, __version__),
        program_version=__version__,
        created=created.isoformat(),
        options=job.options,
        sources=sources,
        files=files,
        series=(),
        findings=findings,
        nwb_digest=written.nwb_digest,
        versions={"python": platform.python_version()} | {name: version(name) for name in _PACKAGES},
        parent=disk.hash_file(former / RECEIPT_NAME) if commit.read_receipt(former) else None,
    )


def _write(work: _Work) -> _Written:
    job = work.job
    layout = Layout(job.chunk_bytes, job.compression_level, is_changed=bool(job.transforms))
    root = job.source_root
    external = ExternalFiles(job.sources[0], root, work.staging, work.store.name)
    taken: list[Finding] = []
    said: list[str] = []
    errors: Counter[str] = Counter()
    with ExitStack() as opened:
        base = opened.enter_context(open_source(job.sources[0], root=root, namespaces=job.namespaces))
        manager = base.io.manager
        others = [opened.enter_context(open_source(path, root=root, manager=manager)) for path in job.sources[1:]]
        changes, announced, findings = _transform(job, base, others)
        told = job.describe.read(base.nwbfile, job.tables) if job.describe else None
        # objects that pynwb has made know nothing of it
        lost = () if job.transforms else complete(base)

        def prepare(builder: GroupBuilder) -> None:
            taken.extend(take_in(builder))
            external.copy_all(builder)
            said.append(digest_builder(builder))

        def look_at_sources() -> None:
            for source in (base, *others):
                errors.update(errors_of(source))
            # a file that pynwb cannot read is refused, and what it says while it reads is passed on
            _ = base.nwbfile

        write = _WRITERS[job.format]
        copied = write(base, work.store, layout, work.pool, work.advance, prepare, look_at_sources)
        remarks = dict.fromkeys(remark for source in (base, *others) for remark in source.remarks)
    return _Written(
        copied,
        nwb_digest=digest_of([*said, copied.digest]),
        known={f"{work.store.name}/{path}": entry for path, entry in copied.known.items()} | external.known,
        own_errors=errors,
        remarks=tuple(remarks),
        changes=changes,
        announced=(*announced, *external.changed, *(finding.where for finding in (*lost, *taken))),
        findings=(*findings, *lost, *taken, *external.findings),
        told=told,
    )


def _transform(
    job: NwbJob, base: NwbSource, others: list[NwbSource]
) -> tuple[tuple[Change, ...], tuple[str, ...], tuple[Finding, ...]]:
    if not job.transforms:
        return (), (), ()
    opened = tuple(OpenedFile(other.path, other.nwbfile) for other in others)
    context = Context(job.sources[0], opened, job.tables, job.transform_options)
    ids = {
        each.object_id
        for nwbfile in (base.nwbfile, *(one.nwbfile for one in opened))
        for each in nwbfile.all_children()
    }
    changes = tuple(change for transform in job.transforms for change in transform(base.nwbfile, context))
    changes += add_change_log(base.nwbfile, changes)
    announced = tuple(path for change in changes for path in (change.where, *change.also))
    fix_new_ids(base.nwbfile, ids)
    return changes, announced, tuple(context.findings)


def _verify(work: _Work, written: _Written) -> tuple[Finding, ...]:
    """Compare the staged file with its source, and run validator and inspector on it."""
    job = work.job
    with work.phases.phase("compare"):
        arrays = written.copied.arrays
        differences = list(compare_files(job.sources[0], work.store, written.announced, held=arrays).differences)
        if job.transforms:
            differences += compare_moved(job.sources, work.store, written.announced, held=arrays)
    findings: tuple[Finding, ...] = ()
    if differences:
        listed = "; ".join(f"{one.where}: {one.sentence}" for one in differences[:_LISTED])
        if not job.transforms:
            raise VerificationError(
                f"{job.name}: {len(differences)} difference(s) between the source and what was written: "
                f"{listed}; the output is not published"
            )
        findings = tuple(
            Finding(Code.NWB_CHANGED, Severity.WARNING, one.where, f"{one.sentence}; no change in the log says so")
            for one in differences
        )
    report = f"qc/{job.name}.nwb.inspector_report.txt"
    with work.phases.phase("inspect"), open_source(work.store, root=work.staging) as output:
        inspection = inspect_output(output, written.own_errors, written.remarks, job.name, report)
    (work.staging / report).parent.mkdir(exist_ok=True)
    (work.staging / report).write_text(inspection.report, encoding="utf-8")
    return findings + inspection.findings
