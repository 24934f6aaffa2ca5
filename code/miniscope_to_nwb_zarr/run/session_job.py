"""One session from its files to a published output: build, stage, verify, describe, commit."""

from __future__ import annotations

import platform
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.aind_data_schema.lab_facts import facts_digest
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.paths import relative_path, source_root
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME, FileEntry, Receipt, SeriesEntry, plan_digest
from miniscope_to_nwb_zarr.data_conversion import commit, disk
from miniscope_to_nwb_zarr.data_conversion.pool import open_pool
from miniscope_to_nwb_zarr.qc.session_measures import session_measures
from miniscope_to_nwb_zarr.run.kept_store import find_kept_store
from miniscope_to_nwb_zarr.run.outcome import Outcome
from miniscope_to_nwb_zarr.run.room import check_room, no_room
from miniscope_to_nwb_zarr.run.session_frames import start_frames
from miniscope_to_nwb_zarr.run.session_metadata import try_metadata, write_metadata
from miniscope_to_nwb_zarr.run.settle import found_at, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.data_conversion.pool import Pool
    from miniscope_to_nwb_zarr.run.kept_store import KeptStore
    from miniscope_to_nwb_zarr.run.phases import Phases
    from miniscope_to_nwb_zarr.run.settle import Found

    Advance = Callable[[int, int], None]

_PACKAGES = ("aind-data-schema", "av", "hdmf-zarr", "numcodecs", "numpy", "pynwb", "zarr")


@dataclass(frozen=True, slots=True)
class Job:
    """What holds for every session of a run."""

    results: Path
    workers: int
    chunk_bytes: int
    compression_level: int
    embed_cameras: bool
    backend: str
    """``zarr`` or ``hdf5``."""
    naming: str
    """``session`` or ``dandi``."""
    metadata_only: bool
    existing: str
    """``verify``, ``error`` or ``replace``."""
    sidecar: Sidecar
    """What the lab says of all sessions; of one session and its animal after `for_session`."""
    output_options: Mapping[str, Any]
    """The options that change the output, as JSON values."""
    animals: Mapping[str, Sidecar] = field(default_factory=dict)
    """What the lab says of the sessions of each animal, by the animal's id; `sidecar` holds for all others."""

    def for_session(self, session: Session) -> Job:
        """The job with what the lab says of this session."""
        sidecar = self.animals.get(session.subject_id or "", self.sidecar)
        options = {**self.output_options, "session_metadata": facts_digest(sidecar)}
        return replace(self, sidecar=sidecar, output_options=options, animals={})

    def with_edited(self, digest: str) -> Job:
        """The same job for an NWB file that a person has added to, told apart from others by its digest."""
        return replace(self, output_options={**self.output_options, "edited": digest})


@dataclass(frozen=True, slots=True)
class Work:
    """A session in the making."""

    session: Session
    job: Job
    pool: Pool
    staging: Path
    sources: tuple[FileEntry, ...]
    started: datetime
    created: datetime
    """When the making of the output began, as the NWB file has it."""
    now: Callable[[], datetime]
    advance: Advance
    phases: Phases
    nwbfile: NWBFile | None


def convert_session(
    session: Session,
    job: Job,
    now: Callable[[], datetime],
    advance: Advance,
    phases: Phases,
    nwbfile: NWBFile | None = None,
) -> Outcome:
    """Convert one session, or find that it is done.

    Parameters
    ----------
    session : Session
    job : Job
    now : callable
        The time, aware of its zone.
    advance : callable
        Told the frames and bytes that are done, twice for each frame: written, and read back.
    phases : Phases
        Told how long each part takes.
    nwbfile : NWBFile, optional
        Built from this session and added to by a person; built here where not given.

    Raises
    ------
    InputError
        The recording cannot be converted, or changed meanwhile.
    ConflictError
        Another output of that name is there.
    VerificationError
        What was written is not what was read, or a finished output has changed since.
    TemporaryError
        The disk is full or fails, a worker died.
    """
    job = job.for_session(session)
    final = job.results / session.name
    started = now()
    try:
        state = _state_of(session)
        with disk.system_errors(), open_pool(job.workers) as pool:
            with phases.phase("hash sources"):
                sources = hash_sources(session, pool, with_video=not job.metadata_only)
            plan = plan_digest(sources, job.output_options, __version__)
            kept = find_kept_store(final, sources) if job.metadata_only else None
            found = found_at(final, job.workers)
            finished = settle(
                found,
                sources,
                plan,
                options=job.output_options,
                existing=job.existing,
                may_follow=_is_followed(found, job),
            )
            if finished is not None:
                return Outcome("already done", finished, final)
            check_room(session, job)
            with commit.staging_folder(job.results, session.name) as staging, pool.ending_on_error():
                work = Work(session, job, pool, staging, sources, started, now(), now, advance, phases, nwbfile)
                receipt = _fill(work, plan, kept)
                _state_of(session, state)
                takes_place = job.existing == "replace" or _is_followed(found_at(final, job.workers), job)
                with phases.phase("publish"):
                    there = commit.publish(staging, final, receipt, replace=takes_place, now=now())
    except OSError as error:
        raise (no_room(session.name, [session], job) if disk.is_full(error) else disk.explain(error)) from error
    return Outcome("written" if there is receipt else "already done", there, final)


def hash_sources(session: Session, pool: Pool, *, with_video: bool) -> tuple[FileEntry, ...]:
    """The checksum of every source file; of video files the size alone where `with_video` is False."""
    files = {file.path: file for file in session.source_files}
    videos = {file.path for _, stream in session.streams for file in stream.video_files}
    root = source_root(session)
    wanted = [path for path in files if with_video or path not in videos]
    # without video they are small: hashed before a worker is up
    digests = dict(pool.run(disk.hash_file, wanted)) if with_video else {path: disk.hash_file(path) for path in wanted}
    entries = (FileEntry(relative_path(p, root), f.size_bytes, digests.get(p, "")) for p, f in files.items())
    return tuple(sorted(entries, key=lambda entry: entry.path))


def _state_of(session: Session, before: Mapping[Path, int] | None = None) -> dict[Path, int]:
    """When each source file was last changed, in ns.

    Raises
    ------
    InputError
        A file has another size than discovery saw, or has been changed since `before`.
    """
    state = {}
    for file in session.source_files:
        status = file.path.stat()
        state[file.path] = status.st_mtime_ns
        if status.st_size != file.size_bytes or (before and before[file.path] != status.st_mtime_ns):
            raise InputError(
                f"{relative_path(file.path, source_root(session))}: has changed during the run (it had "
                f"{file.size_bytes} bytes); is it still being recorded or copied? Run the same command again when "
                "that is finished"
            )
    return state


def _is_followed(found: Found, job: Job) -> bool:
    """Whether this output adds to the one there: metadata to an NWB file, or an NWB file where there is none."""
    return found.has_store_only if job.metadata_only else found.has_metadata_only


def _fill(work: Work, plan: str, kept: KeptStore | None) -> Receipt:
    session, job = work.session, work.job
    former = job.results / session.name
    parent = disk.hash_file(former / RECEIPT_NAME) if commit.read_receipt(former) else None
    series: tuple[SeriesEntry, ...] = ()
    sources = work.sources
    known: Mapping[str, tuple[int, str]] = {}
    nwb_digest = store_plan = ""
    versions = {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}
    if job.metadata_only:
        findings = session.findings
        if kept:
            kept.link_into(work.staging)
            series, nwb_digest = kept.receipt.series, kept.receipt.nwb_digest
            store_plan = kept.receipt.store_plan or kept.receipt.plan_digest
            sources, findings = kept.with_known(sources), kept.findings
        with work.phases.phase("metadata"):
            findings += write_metadata(work, sources, session_measures(session, findings, None), kept=kept)
    else:
        started = start_frames(work)
        # the libraries of NWB take seconds to import: the workers are busy meanwhile
        from miniscope_to_nwb_zarr.run.session_report import write_report  # noqa: PLC0415
        from miniscope_to_nwb_zarr.run.session_store import make_store  # noqa: PLC0415

        made = make_store(work, started, lambda nwbfile: _try_metadata(work, nwbfile))
        series, known, nwb_digest = made.series, made.known, made.nwb_digest
        with work.phases.phase("report"):
            measures = write_report(work, made, versions)
        with work.phases.phase("metadata"):
            findings = made.findings + write_metadata(work, sources, measures, made)
    with work.phases.phase("hash output"):
        files = commit.list_files(work.staging, known)
    return Receipt(
        session=session.name,
        plan_digest=plan,
        program_version=__version__,
        created=work.created.isoformat(),
        options=dict(job.output_options),
        sources=sources,
        files=files,
        series=series,
        findings=findings,
        nwb_digest=nwb_digest,
        versions=versions,
        parent=parent,
        store_plan=store_plan,
        analyses=kept.receipt.analyses if kept else (),
    )


def _try_metadata(work: Work, nwbfile: NWBFile) -> None:
    with work.phases.phase("metadata"):
        try_metadata(work, nwbfile)
