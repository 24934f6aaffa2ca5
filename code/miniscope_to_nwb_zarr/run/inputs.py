"""What a run works on: the sessions in the data folder, and what holds for all of them."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.aind_data_schema.facts import complete
from miniscope_to_nwb_zarr.aind_data_schema.lab_facts import Stated, facts_digest, merge, row_of, with_record
from miniscope_to_nwb_zarr.aind_data_schema.metadata_service import MetadataService
from miniscope_to_nwb_zarr.aind_data_schema.placeholders import stands_for_nothing
from miniscope_to_nwb_zarr.aind_data_schema.scope_facts import names_of_no_scope
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_file import load_sidecar
from miniscope_to_nwb_zarr.aind_data_schema.subjects_file import load_subjects
from miniscope_to_nwb_zarr.buckets.mirror import RECORDINGS, mirrored
from miniscope_to_nwb_zarr.core.errors import InputError, UsageError
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.core.output_names import output_names
from miniscope_to_nwb_zarr.core.paths import moved, source_root
from miniscope_to_nwb_zarr.layouts import LAYOUTS
from miniscope_to_nwb_zarr.layouts.contract import Failure
from miniscope_to_nwb_zarr.layouts.discovery import Discovery, Request, discover
from miniscope_to_nwb_zarr.layouts.video_files import by_headers_alone
from miniscope_to_nwb_zarr.run.options import output_options
from miniscope_to_nwb_zarr.run.places import refuse_inside
from miniscope_to_nwb_zarr.run.session_job import Job
from miniscope_to_nwb_zarr.sources import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.buckets.object_store import RemoteFile
    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.run.options import Options

_NAMED_ANIMALS = 10


def find_sessions(options: Options, data_dir: Path, sidecar: Sidecar) -> Discovery:
    """Discover the sessions below `data_dir`, completed with what the options and the session metadata file add.

    Raises
    ------
    UsageError
        The results would lie inside the data.
    InputError
        There is no such folder, or two sources of a fact disagree.
    """
    if options.data_store and not options.video_files:
        return find_remote(options, data_dir, sidecar)[0]
    if not options.video_files:
        if not data_dir.is_dir():
            raise InputError(f"--data_dir {data_dir}: is not a folder; give the folder that holds the recordings")
        # data assets are links in the data folder
        refuse_inside(options.results_dir, [data_dir, *(child for child in data_dir.iterdir() if child.is_symlink())])
    with by_headers_alone() if options.metadata else nullcontext():
        found = discover(data_dir, make_request(options, sidecar))
    folders = {file.path.parent for session in found.sessions for file in session.source_files}
    refuse_inside(options.results_dir, folders)
    return _completed(found, options, sidecar)


def find_remote(options: Options, folder: Path, sidecar: Sidecar) -> tuple[Discovery, dict[Path, RemoteFile]]:
    """Discover the sessions in a bucket, as they will lie in the scratch folder once they are fetched.

    Parameters
    ----------
    options : Options
    folder : Path
        The data folder, or one in it, as it will be there.
    sidecar : Sidecar

    Returns
    -------
    Discovery
    dict of Path to RemoteFile
        Every file in the bucket, by the place that it will have.

    Raises
    ------
    InputError, TemporaryError
        There is no such bucket, it must not be read, the server does not answer; or two sources of a fact disagree.
    """
    if options.data_store is None:
        raise UsageError("the data lie in no bucket")
    root = options.data_dir.resolve()
    below = folder.resolve().relative_to(root).as_posix()
    headers = by_headers_alone() if options.metadata else nullcontext()
    below = "" if below == "." else below
    with mirrored(options.data_store, below, options.scratch_dir, RECORDINGS) as mirror, headers:
        found = discover(mirror.root / below, make_request(options, sidecar))
        found = moved(found, mirror.root, root)
        files = {moved(path, mirror.root, root): file for path, file in mirror.files.items()}
    return _completed(found, options, sidecar), files


def _completed(found: Discovery, options: Options, sidecar: Sidecar) -> Discovery:
    completed = (
        complete(session, sidecar, subject_id=options.subject_id, timezone=options.timezone)
        for session in found.sessions
    )
    return _named(replace(found, sessions=tuple(completed)), options.naming)


def _named(found: Discovery, naming: str) -> Discovery:
    """What was found, without the sessions for which there is no name of the kind asked for."""
    named: list[Session] = []
    failures = list(found.failures)
    for session in found.sessions:
        try:
            output_names(session, naming)
            named.append(session)
        except InputError as error:
            failures.append(Failure(source_root(session), str(error), session.findings))
    return replace(found, sessions=tuple(named), failures=tuple(failures))


def make_request(options: Options, sidecar: Sidecar) -> Request:
    """What the options and the session metadata file say to discovery."""
    return Request(
        layout=options.dataset if options.dataset in LAYOUTS else None,
        subject_id=options.subject_id,
        lab_subject_id=sidecar.subject.subject_id,
        timezone=options.timezone or sidecar.session.timezone,
        start_time=options.start_time,
        combine=options.combine,
        video_files=options.video_files,
        timestamps_file=options.timestamps_file,
        device_metadata_file=options.device_metadata_file,
        user_config=options.user_config,
    )


def make_job(options: Options) -> Job:
    """What holds for every session of the run, which from now on reads no more than `Options.limits` say.

    Raises
    ------
    InputError
        The session metadata file cannot be read as one.
    """
    limits.choose(options.limits or {})
    path = options.session_metadata
    sidecar = Sidecar() if path is None else load_sidecar(path)
    return Job(
        results=options.results_dir,
        workers=options.workers,
        chunk_bytes=int(options.chunk_mb * 1_000_000),
        compression_level=options.compression.level,
        embed_cameras=options.behavior_video == "embed",
        backend=options.format,
        naming=options.naming,
        metadata_only=options.metadata,
        existing=options.existing,
        sidecar=sidecar,
        output_options={**output_options(options), "session_metadata": facts_digest(sidecar)},
    )


def with_animals(job: Job, options: Options, sessions: Iterable[Session], warn: Callable[[str], None]) -> Job:
    """The job with what the table of animals and the metadata service say of each animal.

    Parameters
    ----------
    job : Job
        From `make_job`.
    options : Options
    sessions : iterable of Session
        Of `find_sessions`.
    warn : callable
        Told of animals without a row, of names that no scope has, and of what is odd about the answers of the service.

    Raises
    ------
    UsageError
        The client of the service is not installed.
    InputError
        The table cannot be read as one, or two sources say different things of an animal.
    """
    sessions = tuple(sessions)
    lab = Stated(job.sidecar, str(options.session_metadata or "the session metadata file"))
    _warn_of_names(lab, sessions, warn)
    subjects = load_subjects(options.subjects) if options.subjects else None
    service = MetadataService(options.metadata_service) if options.metadata_service else None
    labels = {session.subject_id: session.subject_label or session.subject_id for session in sessions}
    animals: dict[str, Sidecar] = {}
    for animal, label in labels.items():
        if animal is None or label is None or stands_for_nothing(label):
            continue
        row = row_of(subjects, animal) if subjects else None
        if subjects and row is None:
            warn(f"{subjects.name}: has no row for the animal {animal}; it has {_some(subjects.rows)}")
        if row:
            _warn_of_names(row, [session for session in sessions if session.subject_id == animal], warn)
        stated = merge(lab, row) if row else lab
        if service:
            record, remarks = service.subject(label)
            stated, more = with_record(stated, record, service.url)
            for remark in (*remarks, *more):
                warn(remark)
        animals[animal] = stated.facts
    return replace(job, animals=animals)


def _warn_of_names(stated: Stated, sessions: Sequence[Session], warn: Callable[[str], None]) -> None:
    recorded = {s.device.name for session in sessions for _, s in session.streams if s.device.kind is DeviceKind.SCOPE}
    for name in names_of_no_scope(stated.facts.imaging.scopes, sessions):
        warn(
            f"{stated.source}: `{name}` (imaging.scopes) is not the name of a recorded scope; the recorded ones are "
            f"{_some(recorded)}"
        )


def _some(names: Iterable[str]) -> str:
    named = sorted(names)
    more = f" and {len(named) - _NAMED_ANIMALS} more" if len(named) > _NAMED_ANIMALS else ""
    return ", ".join(named[:_NAMED_ANIMALS]) + more if named else "none"
