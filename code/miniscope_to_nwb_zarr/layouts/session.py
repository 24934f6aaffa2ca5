"""A recording that was read, as the session of one store. The same for every layout."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.model import DeviceKind, Recording, Session, Stream
from miniscope_to_nwb_zarr.core.naming import session_name
from miniscope_to_nwb_zarr.sources import failed_reads
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.layouts.contract import Request
    from miniscope_to_nwb_zarr.layouts.subject import Subject

_FIRST_BYTES = 1 << 20


def session_of(
    layout: str,
    recording: Recording,
    subject: Subject,
    request: Request,
    findings: Iterable[Finding],
    *,
    experimenter: str | None = None,
    experiment: str | None = None,
) -> Session:
    """The session of one recording."""
    return Session(
        name=session_name(subject.name, recording.start, "" if subject.name else _digest(recording.streams)),
        layout=layout,
        subject_id=subject.name,
        subject_label=subject.label,
        recordings=(recording,),
        experimenter=experimenter,
        experiment=experiment,
        timezone=request.timezone,
        findings=tuple(findings),
    )


def require_frames(streams: Sequence[Stream]) -> None:
    """Refuse a recording of which no frame can be had.

    Raises
    ------
    InputError
        No scope has a frame; no camera, where there is no scope.
    """
    scopes = [stream for stream in streams if stream.device.kind is DeviceKind.SCOPE]
    if any(stream.picture for stream in scopes or streams):
        return
    names = ", ".join(stream.device.label for stream in scopes or streams)
    raise InputError(f"no frame of {names} can be read: there are no video files, or nothing in them decodes")


def _digest(streams: Sequence[Stream]) -> str:
    """The sha256 that stands in the name of a session without subject.

    That of the first MiB of the first device's time table; of the first video file if no device has a table.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    tables = [stream.table.path for stream in streams if stream.table.n_rows]
    videos = [file.path for stream in streams for file in stream.video_files]
    path = (tables + videos)[0]
    try:
        with path.open("rb") as file:
            return hashlib.sha256(file.read(_FIRST_BYTES)).hexdigest()
    except OSError as error:
        failed_reads.note(path, error)
        raise InputError(
            f"{shown(path.name)}: cannot be read: {error.strerror}. Check that you have permission to read it"
        ) from error
