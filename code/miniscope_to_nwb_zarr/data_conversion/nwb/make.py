"""An NWB file in the making: open the sources, change, write, read back, compare, inspect, describe."""

from __future__ import annotations

import platform
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME, Receipt, digest_of, plan_digest
from miniscope_to_nwb_zarr.data_conversion import commit, disk
from miniscope_to_nwb_zarr.data_conversion.nwb.change_log import add_change_log, findings_of
from miniscope_to_nwb_zarr.data_conversion.nwb.complete import complete
from miniscope_to_nwb_zarr.data_conversion.nwb.describe import Staged
from miniscope_to_nwb_zarr.data_conversion.nwb.digest import digest_builder
from miniscope_to_nwb_zarr.data_conversion.nwb.export import Layout, hold, start_reading, write_hdf5, write_zarr
from miniscope_to_nwb_zarr.data_conversion.nwb.external_files import ExternalFiles
from miniscope_to_nwb_zarr.data_conversion.nwb.new_ids import fix_new_ids
from miniscope_to_nwb_zarr.data_conversion.nwb.other_files import take_in
from miniscope_to_nwb_zarr.data_conversion.nwb.sources import open_source
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context, OpenedFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from hdmf.build import GroupBuilder

    from miniscope_to_nwb_zarr.core.receipt import FileEntry
    from miniscope_to_nwb_zarr.data_conversion.nwb.export import Copied
    from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob, Work
    from miniscope_to_nwb_zarr.data_conversion.nwb.sources import NwbSource
    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

_PACKAGES = ("h5py", "hdmf", "hdmf-zarr", "numcodecs", "numpy", "pynwb", "zarr")
_WRITERS = {"zarr": write_zarr, "hdf5": write_hdf5}
_LISTED = 5


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
    """Paths in the output that are not as in the source, and no transform changed."""
    findings: tuple[Finding, ...]
    told: Any = None
    """Of the session, for its metadata files."""


def make_output(work: Work, created: datetime, hashed: Callable[[], tuple[FileEntry, ...]]) -> Receipt:
    """Write a file and all beside it into the staging folder, verified.

    Parameters
    ----------
    work : Work
    created : datetime
        When it was begun.
    hashed : callable
        Waits for the checksums of the sources.

    Raises
    ------
    InputError
        A source is no NWB file.
    VerificationError
        What was written is not what was read.
    """
    job = work.job
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


def _write(work: Work) -> _Written:
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
        changes, findings = _transform(job, base, others)
        told = job.describe.read(base.nwbfile, job.tables) if job.describe else None
        # objects that pynwb has made know nothing of it
        lost = () if job.transforms else complete(base)

        def prepare(builder: GroupBuilder) -> None:
            taken.extend(take_in(builder))
            external.copy_all(builder)
            said.append(digest_builder(builder))

        def look_at_sources() -> None:
            # the workers are busy while these are imported, and those of `_verify`
            from miniscope_to_nwb_zarr.data_conversion.nwb.checks import errors_of  # noqa: PLC0415

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
        announced=(*external.changed, *(finding.where for finding in (*lost, *taken))),
        findings=(*findings, *lost, *taken, *external.findings),
        told=told,
    )


def _transform(job: NwbJob, base: NwbSource, others: list[NwbSource]) -> tuple[tuple[Change, ...], tuple[Finding, ...]]:
    if not job.transforms:
        return (), ()
    opened = tuple(OpenedFile(other.path, other.nwbfile) for other in others)
    context = Context(job.sources[0], opened, job.tables, job.transform_options)
    ids = {
        each.object_id
        for nwbfile in (base.nwbfile, *(one.nwbfile for one in opened))
        for each in nwbfile.all_children()
    }
    changes = tuple(change for transform in job.transforms for change in transform(base.nwbfile, context))
    changes += add_change_log(base.nwbfile, changes)
    fix_new_ids(base.nwbfile, ids)
    return changes, tuple(context.findings)


def _verify(work: Work, written: _Written) -> tuple[Finding, ...]:
    """Compare the staged file with its source, and run validator and inspector on it."""
    from miniscope_to_nwb_zarr.data_conversion.nwb.announced import announced_by  # noqa: PLC0415
    from miniscope_to_nwb_zarr.data_conversion.nwb.checks import inspect_output  # noqa: PLC0415
    from miniscope_to_nwb_zarr.data_conversion.nwb.moved import compare_with_log  # noqa: PLC0415

    job = work.job
    with work.phases.phase("compare"):
        differences = compare_with_log(
            job.sources,
            work.store,
            announced_by(findings_of(written.changes)),
            also=written.announced,
            held=written.copied.arrays,
            is_copy=not job.transforms,
        )
    findings: tuple[Finding, ...] = ()
    if differences:
        listed = "; ".join(f"{one.where}: {one.sentence}" for one in differences[:_LISTED])
        if not job.transforms:
            raise VerificationError(
                f"{job.name}: {counted(len(differences), 'difference')} between the source and what was written: "
                f"{listed}; no output was made. Please report this"
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
