"""What lies in the data folder, or in a bucket: found once, for a listing and for the run that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.layouts.discovery import Discovery
from miniscope_to_nwb_zarr.run.inputs import find_remote, find_sessions
from miniscope_to_nwb_zarr.run.listing import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.buckets.object_store import RemoteFile
    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.run.listing import ListedFile
    from miniscope_to_nwb_zarr.run.options import Options


@dataclass(frozen=True, slots=True)
class Found:
    """The recordings, and where their files come from."""

    discovery: Discovery
    remote: Mapping[Path, RemoteFile]
    """Files of a bucket, by the places that they have here once they are fetched; empty for local data."""

    def listed(self, options: Options, session: Session) -> tuple[ListedFile, ...]:
        """The files of a session as a listing has them."""
        return listed((file.path for file in session.source_files), options, self.remote)


def look(options: Options, sidecar: Sidecar, below: Sequence[str] = ()) -> Found:
    """Find the recordings.

    Parameters
    ----------
    options : Options
    sidecar : Sidecar
    below : sequence of str
        Folders in the data folder, with ``/`` as separator: nothing else is looked at. Empty: all of it.

    Raises
    ------
    MiniscopeError
        The input or the options are at fault.
    """
    folders = [options.data_dir / folder for folder in below] or [options.data_dir]
    is_remote = options.data_store is not None and not options.video_files
    parts = [
        find_remote(options, folder, sidecar) if is_remote else (find_sessions(options, folder, sidecar), {})
        for folder in folders
    ]
    return Found(
        Discovery(
            tuple(session for found, _ in parts for session in found.sessions),
            tuple(failure for found, _ in parts for failure in found.failures),
            tuple(finding for found, _ in parts for finding in found.findings),
        ),
        {path: file for _, files in parts for path, file in files.items()},
    )
