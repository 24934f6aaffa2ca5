"""Whose a finding is: which device of which recording it tells of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Recording, Session, Stream


def findings_of(
    session: Session, recording: Recording, stream: Stream, findings: Iterable[Finding]
) -> tuple[Finding, ...]:
    """The findings that tell of one device in one recording, by where they were found.

    A finding on the frames of a device names the device alone; it is given to each recording of that device.
    """
    names = _names(recording, stream)
    found = []
    for finding in findings:
        where = finding.where
        inner = _inside(where, recording.folder) if len(session.recordings) > 1 else where
        if where == stream.device.name or (inner and any(inner == n or inner.startswith(f"{n}/") for n in names)):
            found.append(finding)
    return tuple(found)


def _names(recording: Recording, stream: Stream) -> set[str]:
    """What the device's folder and files are called, seen from the folder of the recording."""
    files = [stream.table.path, *(file.path for file in stream.video_files)]
    if stream.orientation is not None:
        files.append(stream.orientation.path)
    names = {stream.device.name}
    for path in files:
        inner = path.relative_to(recording.folder) if path.is_relative_to(recording.folder) else path
        # a device has a folder of its own, or its files lie beside those of others
        names.add(inner.parts[0] if len(inner.parts) == 2 else inner.name)
    return names


def _inside(where: str, folder: Path) -> str | None:
    """Where a finding is inside of a recording that is one of several; None where it is not of that recording."""
    for n_parts in range(len(folder.parts), 0, -1):
        prefix = "/".join(folder.parts[-n_parts:])
        if where.startswith(f"{prefix}/"):
            return where.removeprefix(f"{prefix}/")
    return None
