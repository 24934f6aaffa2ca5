"""What a run works on: the sessions in the data folder, and what holds for all of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.aind_data_schema.facts import complete
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_file import load_sidecar
from miniscope_to_nwb_zarr.core.errors import InputError, UsageError
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.layouts import LAYOUTS
from miniscope_to_nwb_zarr.layouts.discovery import Discovery, Request, discover
from miniscope_to_nwb_zarr.run.options import output_options
from miniscope_to_nwb_zarr.run.session_job import Job

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from miniscope_to_nwb_zarr.run.options import Options


def find_sessions(options: Options, data_dir: Path, sidecar: Sidecar) -> Discovery:
    """Discover the sessions below `data_dir`, completed with what the options and the session metadata file add.

    Raises
    ------
    UsageError
        The results would lie inside the data.
    InputError
        There is no such folder, or two sources of a fact disagree.
    """
    if not options.video_files:
        if not data_dir.is_dir():
            raise InputError(f"--data_dir {data_dir}: is not a folder; give the folder that holds the recordings")
        # data assets are links in the data folder
        _refuse_inside(options.results_dir, [data_dir, *(child for child in data_dir.iterdir() if child.is_symlink())])
    found = discover(data_dir, make_request(options, sidecar))
    folders = {file.path.parent for session in found.sessions for file in session.source_files}
    _refuse_inside(options.results_dir, folders)
    completed = (
        complete(session, sidecar, subject_id=options.subject_id, timezone=options.timezone)
        for session in found.sessions
    )
    return replace(found, sessions=tuple(completed))


def _refuse_inside(results_dir: Path, folders: Iterable[Path]) -> None:
    results = results_dir.resolve()
    for folder in folders:
        if results.is_relative_to(folder.resolve()):
            raise UsageError(
                f"--results_dir {results_dir}: lies inside the data ({folder}), which is never written to; "
                "choose another"
            )


def make_request(options: Options, sidecar: Sidecar) -> Request:
    """What the options and the session metadata file say to discovery."""
    return Request(
        layout=options.dataset if options.dataset in LAYOUTS else None,
        subject_id=options.subject_id or sidecar.subject.subject_id,
        timezone=options.timezone or sidecar.session.timezone,
        start_time=options.start_time,
        combine=options.combine,
        video_files=options.video_files,
        timestamps_file=options.timestamps_file,
        device_metadata_file=options.device_metadata_file,
        user_config=options.user_config,
    )


def make_job(options: Options) -> Job:
    """What holds for every session of the run.

    Raises
    ------
    InputError
        The session metadata file cannot be read as one.
    """
    path = options.session_metadata
    return Job(
        results=options.results_dir,
        workers=options.workers,
        chunk_bytes=int(options.chunk_mb * 1_000_000),
        compression_level=options.compression.level,
        embed_cameras=options.behavior_video == "embed",
        backend=options.format,
        metadata_only=options.metadata,
        existing=options.existing,
        sidecar=Sidecar() if path is None else load_sidecar(path),
        output_options={**output_options(options), "session_metadata": None if path is None else disk.hash_file(path)},
    )
