"""The metadata files of a session of an Allen data set: with its store, beside a finished one, or alone."""

from __future__ import annotations

import os
import platform
from contextlib import ExitStack
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.aind_data_schema.provenance import Provenance, pipeline_of, this_program
from miniscope_to_nwb_zarr.core.errors import MetadataError, TemporaryError
from miniscope_to_nwb_zarr.core.output_names import SUFFIXES
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME, FileEntry, Receipt, plan_digest
from miniscope_to_nwb_zarr.data_conversion import commit, disk
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_facts import session_facts
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_nwb import read_facts, together
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_rules import RULES
from miniscope_to_nwb_zarr.data_conversion.nwb.describe import Staged
from miniscope_to_nwb_zarr.data_conversion.nwb.sources import open_source
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context
from miniscope_to_nwb_zarr.qc.nwb_measures import nwb_measures
from miniscope_to_nwb_zarr.qc.quality import Quality
from miniscope_to_nwb_zarr.run.kept_store import find_kept_store
from miniscope_to_nwb_zarr.run.outcome import Outcome
from miniscope_to_nwb_zarr.run.settle import found_at, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.aind_data_schema.allen_facts import AllenFacts
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.data_conversion.allen.metadata_lab import Lab
    from miniscope_to_nwb_zarr.data_conversion.allen.metadata_nwb import NwbFacts
    from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob
    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Transform
    from miniscope_to_nwb_zarr.run.kept_store import KeptStore
    from miniscope_to_nwb_zarr.run.phases import Phases

_PACKAGES = ("aind-data-schema", "h5py", "hdmf", "pynwb")
_TABLES = (".csv", ".json", ".npy")
_FORMER = ("processing.json", "quality_control.json")
_MEANS = (
    "Made the metadata files from the NWB file and the tables of the data set; no large array was read, and no NWB "
    "file was written."
)


@dataclass(frozen=True, slots=True)
class Describer:
    """Makes the metadata files of one session."""

    data_set: str
    output: str
    """Name of the output."""
    lab: Lab
    ids: frozenset[int]
    """Numbers by which the rig table may name the session."""
    before: tuple[Transform, ...] = ()
    """Changes of the file in memory without which it does not say what the output does."""

    def read(self, nwbfile: NWBFile, tables: Mapping[str, Path]) -> AllenFacts:
        """What is known of the session.

        Raises
        ------
        InputError
            Two sources disagree, or a table or record cannot be read.
        MetadataError
            The files would contradict each other.
        """
        return self._known(read_facts(nwbfile), tables)

    def write(self, known: AllenFacts, staged: Staged) -> tuple[Finding, ...]:
        """Write the files into the staging folder.

        Raises
        ------
        MetadataError
            The files contradict each other.
        """
        # the library takes over a second to import
        from miniscope_to_nwb_zarr.aind_data_schema.allen_bundle import REPORT, make_bundle, report  # noqa: PLC0415

        ended = staged.now()
        former = staged.former or {}
        provenance = Provenance(
            program=this_program(),
            pipeline=pipeline_of(os.environ),
            parameters=staged.options,
            sources=staged.sources,
            started=staged.started,
            ended=ended,
            store=staged.store,
            former=former.get("processing.json", ""),
            means=_MEANS,
        )
        measures = nwb_measures(known.modalities, staged.findings) if staged.store else ()
        quality = Quality(measures, checked=ended, former=former.get("quality_control.json", ""))
        bundle = make_bundle(known, ended, provenance, quality)
        findings = (*known.remarks, *bundle.findings)
        for name, text in {**bundle.files, REPORT: report(known, findings)}.items():
            (staged.folder / name).write_text(text, encoding="utf-8")
        return findings

    def missing(self, job: NwbJob) -> tuple[Finding, ...]:
        """What the files of a session lack, by its sources alone; nothing is written."""
        from miniscope_to_nwb_zarr.aind_data_schema.allen_bundle import make_bundle  # noqa: PLC0415 - as above

        known = self._known(self._read_sources(job), job.tables)
        return (*known.remarks, *make_bundle(known, known.session.start).findings)

    def alone(self, job: NwbJob, now: Callable[[], datetime], phases: Phases) -> Outcome:
        """Make the files without a store, or beside the one that is there.

        Raises
        ------
        InputError, MetadataError
            As `read` and `write`.
        ConflictError
            An output is there that was made from other files, or otherwise.
        VerificationError
            The output that is there has changed since it was written.
        TemporaryError
            The disk is full or fails.
        """
        try:
            with disk.system_errors():
                return self._alone(job, now, phases)
        except OSError as error:
            if disk.is_full(error):
                raise TemporaryError(
                    f"{job.name}: no room is left in {job.results}; nothing was changed. Make room and run the same "
                    "command again"
                ) from error
            raise disk.explain(error) from error

    def _alone(self, job: NwbJob, now: Callable[[], datetime], phases: Phases) -> Outcome:
        final, started = job.results / job.name, now()
        with phases.phase("hash sources"):
            sources = _sources(job)
        options = {**job.options, "metadata": True}
        plan = plan_digest(sources, options, __version__)
        kept = find_kept_store(final, _of_store(final, sources))
        found = found_at(final, job.workers)
        done = settle(
            found,
            sources,
            plan,
            options=options,
            existing=job.existing,
            may_follow=found.has_store_only,
        )
        if done is not None:
            return Outcome("already done", done, final)
        with phases.phase("read"):
            known = self._known(self._read_sources(job), job.tables)
        with commit.staging_folder(job.results, job.name) as staging:
            if kept:
                kept.link_into(staging)
                _check_animal(final, known)
            findings = kept.findings if kept else job.findings
            staged = Staged(
                staging,
                options,
                kept.with_known(sources) if kept else sources,
                findings,
                started,
                now,
                former={name: kept.text(name) for name in _FORMER} if kept else None,
            )
            with phases.phase("metadata"):
                findings += self.write(known, staged)
            receipt = _receipt(job, options, staged, plan, findings, kept)
            takes_place = job.existing == "replace" or found.has_store_only
            with phases.phase("publish"):
                there = commit.publish(staging, final, receipt, replace=takes_place, now=now())
        return Outcome("written" if there is receipt else "already done", there, final)

    def _known(self, nwb: NwbFacts, tables: Mapping[str, Path]) -> AllenFacts:
        rules = RULES[self.data_set]
        table = next((path for path in tables.values() if path.name == rules.table), None)
        return session_facts(self.output, rules, nwb, rules.row_of(table, self.output), self.lab, self.ids)

    def _read_sources(self, job: NwbJob) -> NwbFacts:
        """What all files of the session say; of the large arrays nothing but the ends of their stamps is read."""
        root = job.root or job.sources[0].parent
        with ExitStack() as opened:
            base = opened.enter_context(open_source(job.sources[0], root=root, namespaces=job.namespaces))
            context = Context(job.sources[0], (), job.tables, job.transform_options)
            for transform in self.before:
                transform(base.nwbfile, context)
            found = read_facts(base.nwbfile)
            for path in job.sources[1:]:
                other = opened.enter_context(open_source(path, root=root, manager=base.io.manager))
                found = together(found, read_facts(other.nwbfile))
        return found


def _sources(job: NwbJob) -> tuple[FileEntry, ...]:
    """The sources; of NWB files, which are large, the size alone."""
    root = job.root or job.sources[0].parent
    tables = set(job.tables.values())
    found = []
    for path in job.inputs:
        shown = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        found.append(FileEntry(shown, path.stat().st_size, disk.hash_file(path) if path in tables else ""))
    return tuple(sorted(found, key=lambda entry: entry.path))


def _of_store(final: Path, sources: Sequence[FileEntry]) -> tuple[FileEntry, ...]:
    """The sources that a store at that place must have been made from: tables may have come or changed since."""
    receipt = commit.read_receipt(final)
    known = {entry.path: entry for entry in receipt.sources} if receipt else {}
    return (
        *(entry for entry in sources if not entry.path.endswith(_TABLES)),
        *(entry for path, entry in known.items() if path.endswith(_TABLES)),
    )


def _check_animal(final: Path, known: AllenFacts) -> None:
    """Hold the store's animal against the one that the files are about.

    Raises
    ------
    MetadataError
        It is another one.
    """
    stores = (final / f"{final.name}{suffix}" for suffix in SUFFIXES.values())
    with open_source(next(store for store in stores if store.exists())) as source:
        animal = getattr(source.nwbfile.subject, "subject_id", None)
    if animal and known.session.subject_label and animal != known.session.subject_label:
        raise MetadataError(
            f"{known.output}: the NWB file that is there is about animal `{animal}`, the metadata would be about "
            f"`{known.session.subject_label}`. Convert again without --metadata True and with --existing replace"
        )


def _receipt(
    job: NwbJob,
    options: Mapping[str, Any],
    staged: Staged,
    plan: str,
    findings: tuple[Finding, ...],
    kept: KeptStore | None,
) -> Receipt:
    former = job.results / job.name
    made = Receipt(
        session=job.name,
        plan_digest=plan,
        program_version=__version__,
        created=staged.started.isoformat(),
        options=dict(options),
        sources=staged.sources,
        files=commit.list_files(staged.folder, {}),
        series=(),
        findings=findings,
        nwb_digest="",
        versions={"python": platform.python_version()} | {name: version(name) for name in _PACKAGES},
        parent=disk.hash_file(former / RECEIPT_NAME) if commit.read_receipt(former) else None,
    )
    if kept is None:
        return made
    return replace(
        made,
        series=kept.receipt.series,
        nwb_digest=kept.receipt.nwb_digest,
        store_plan=kept.receipt.store_plan or kept.receipt.plan_digest,
    )
