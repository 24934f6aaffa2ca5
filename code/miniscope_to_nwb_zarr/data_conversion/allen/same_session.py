"""Whether two files are of one session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import InputError

if TYPE_CHECKING:
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import OpenedFile


def check_same_session(nwbfile: NWBFile, other: OpenedFile) -> None:
    """Hold another file of a session against the base file: start, session, reference of the stamps, animal.

    What a file does not say is no contradiction.

    Raises
    ------
    InputError
        They are not of one session.
    """
    for what, of_base, of_other in (
        ("session_start_time", nwbfile.session_start_time, other.nwbfile.session_start_time),
        ("timestamps_reference_time", nwbfile.timestamps_reference_time, other.nwbfile.timestamps_reference_time),
        ("session_id", nwbfile.session_id, other.nwbfile.session_id),
        ("subject_id", _subject_id(nwbfile), _subject_id(other.nwbfile)),
    ):
        if of_base != of_other and None not in {of_base, of_other}:
            raise InputError(
                f"{other.path.name}: {what} is {of_other}, that of the base file is {of_base}; the files are not of "
                "one session. Give the files that lie beside the base file"
            )


def _subject_id(nwbfile: NWBFile) -> str | None:
    return nwbfile.subject.subject_id if nwbfile.subject else None
