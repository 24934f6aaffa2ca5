"""One recording on ONIX, put together from its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.model import Recording
from miniscope_to_nwb_zarr.layouts.contract import Failure
from miniscope_to_nwb_zarr.layouts.onix.acquisition import read_acquisition
from miniscope_to_nwb_zarr.layouts.onix.older import read_older
from miniscope_to_nwb_zarr.layouts.onix.sets import Kind, OnixSet, is_older
from miniscope_to_nwb_zarr.layouts.recording_start import settle_start
from miniscope_to_nwb_zarr.layouts.session import require_frames, session_of
from miniscope_to_nwb_zarr.layouts.source_files import source_file
from miniscope_to_nwb_zarr.layouts.subject import find_subject
from miniscope_to_nwb_zarr.sources.tree import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Session, SourceFile
    from miniscope_to_nwb_zarr.layouts.contract import Request


def read_recording(
    layout: str, one: OnixSet, others: Sequence[SourceFile], request: Request, label: str
) -> Session | Failure:
    """Read everything of a recording but its frames. What keeps it from being converted makes it a `Failure`.

    Parameters
    ----------
    layout : str
    one : OnixSet
        Its files.
    others : sequence of SourceFile
        What lies beside them and is kept.
    request : Request
    label : str
        What its files are called, where a folder holds several recordings.
    """
    findings = list(one.findings)
    try:
        return _assemble(layout, one, others, request, label, findings)
    except InputError as error:
        return Failure(one.clock.parent, str(error), tuple(findings), label)


def _assemble(
    layout: str,
    one: OnixSet,
    others: Sequence[SourceFile],
    request: Request,
    label: str,
    findings: list[Finding],
) -> Session:
    _require_one_of_each(one)
    parts = read_older(one, findings) if is_older(one.clock) else read_acquisition(one, findings)
    require_frames((parts.stream,))
    unknown = f"{parts.start_file} holds no time that can be read"
    start, more = settle_start(parts.start, None, request, parts.start_file, unknown=unknown)
    findings += more
    subject, more = find_subject(None, request, ".")
    findings += more
    beside = (one.clock, *(path for kind, path in one.chosen.items() if kind is not Kind.VIDEO))
    own = (source_file(path, shown(path.name)) for path in beside)
    recording = Recording(
        folder=one.clock.parent,
        start=start,
        streams=(parts.stream,),
        property_changes=parts.changes,
        files=(*own, *others),
        label=label,
    )
    return session_of(layout, recording, subject, request, findings)


def _require_one_of_each(one: OnixSet) -> None:
    """Refuse a recording of which it is not known which files it has."""
    for kind, what in ((Kind.VIDEO, "videos"), (Kind.START, "files of the start")):
        if kind in one.rivals:
            names = ", ".join(shown(path.name) for path in one.rivals[kind])
            raise InputError(
                f"{shown(one.clock.name)}: its number and its contents do not tell which of the {what} {names} belongs "
                "to it. Give the files of a recording the same number in a copy, or name them with --video_files, "
                "--timestamps_file (the clock) and --device_metadata_file (the start)"
            )
