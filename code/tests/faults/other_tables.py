"""Tables and texts of the samples that hold no stamps of frames: what was read of them, and what their lines say."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from miniscope_to_nwb_zarr.core.model import Session
from tests.faults.written_text import lines_of, numbers

Numbers = tuple[float, ...]


@dataclass(frozen=True)
class OtherTable:
    """A table beside the frames."""

    layout: str
    file: str
    read: Callable[[Session], list[Numbers]]
    written: Callable[[bytes], list[Numbers]]


@dataclass(frozen=True)
class OtherText:
    """A file of remarks or settings."""

    layout: str
    file: str
    read: Callable[[Session], list[str]]


def _rows(*columns: np.ndarray) -> list[Numbers]:
    return [tuple(map(float, row)) for row in np.column_stack(columns)]


def _written(*places: int, n_fields: int) -> Callable[[bytes], list[Numbers]]:
    def rows(raw: bytes) -> Iterator[Numbers]:
        for line in lines_of(raw):
            is_whole = len(line.fields) + line.is_torn == n_fields and len(line.fields) > max(places)
            values = numbers(tuple(line.fields[k] for k in places)) if is_whole else None
            if values is not None:
                yield values

    return lambda raw: list(rows(raw))


def _head_orientation(session: Session) -> list[Numbers]:
    found = [stream.orientation for _, stream in session.streams if stream.orientation]
    return _rows(found[0].time_s * 1000, found[0].quaternion) if found else []


def _pose(session: Session) -> list[Numbers]:
    pose = session.recordings[0].pose
    return _rows(pose.frame_count, pose.x_px, pose.y_px, pose.likelihood) if pose else []


def _inertial(session: Session) -> list[Numbers]:
    orientation = session.streams[0][1].orientation
    if orientation is None:
        return []
    temperature = session.streams[0][1].signals[-1].values
    return _rows(orientation.time_s * 250e6, orientation.quaternion, temperature)


def _scope_orientation(session: Session) -> list[Numbers]:
    orientation = session.streams[0][1].orientation
    # where the sensor could not be read it is NaN beside a stamp that could
    return [row for row in _rows(orientation.quaternion) if np.isfinite(row).all()] if orientation else []


def _buffers(session: Session) -> list[Numbers]:
    return [row for row in _rows(session.streams[0][1].signals[0].values) if np.isfinite(row).all()]


def _named(*names: str) -> Callable[[bytes], list[Numbers]]:
    """Lines of as many fields as the header has, by its names; none where it lacks one."""

    def rows(raw: bytes) -> list[Numbers]:
        lines = lines_of(raw)
        header = [field.decode("utf-8", "replace").strip().casefold() for field in lines[0].fields] if lines else []
        if not {name.casefold() for name in names} <= set(header):
            return []
        return _written(*(header.index(name.casefold()) for name in names), n_fields=len(header))(raw)

    return rows


def _buffer_lines(raw: bytes) -> list[Numbers]:
    """Lines of as many numbers as the header has names; True and False are 1 and 0."""
    header, *lines = lines_of(raw)
    found = []
    for line in lines:
        fields = tuple({b"True": b"1", b"False": b"0"}.get(field, field) for field in line.fields)
        values = numbers(fields) if len(fields) == len(header.fields) else None
        if values is not None:
            found.append(values)
    return found


def _pose_lines(raw: bytes) -> list[Numbers]:
    found = []
    for line in lines_of(raw):
        # every value has a comma behind it
        fields = line.fields if line.is_torn else line.fields[:-1] if not line.fields[-1] else ()
        values = numbers(fields) if len(fields) == 7 else None
        if values is not None:
            found.append(values)
    return found


def _remarks(session: Session) -> list[str]:
    recording = session.recordings[0]
    changes = [change.value for change in recording.property_changes]
    return [note.text for note in recording.notes] + changes


def _settings_and_notes(session: Session) -> list[str]:
    settings = session.recordings[0].settings
    return [*_remarks(session), *(str(value) for value in settings.values()), *settings]


def _messages(session: Session) -> list[str]:
    changes = session.recordings[0].property_changes
    return [note.text.partition(": ")[2] or note.text for note in session.recordings[0].notes] + [
        c.value for c in changes
    ]


TABLES = (
    OtherTable("Miniscope DAQ", "headOrientation.csv", _head_orientation, _written(0, 1, 2, 3, 4, n_fields=5)),
    OtherTable("Miniscope DAQ", "pose.csv", _pose, _pose_lines),
    OtherTable("Miniscope ONIX", "bno055_0.csv", _inertial, _written(0, 7, 4, 5, 6, 15, n_fields=16)),
    OtherTable(
        "Miniscope Open Ephys", "run_0.csv", _scope_orientation, _named(*(f"Quaternion_{axis}" for axis in "WXYZ"))
    ),
    OtherTable("Miniscope Wireless", "wl_200px.csv", _buffers, _buffer_lines),
)
TEXTS = (
    OtherText("Miniscope DAQ", "notes.csv", _remarks),
    OtherText("Miniscope V3", "settings_and_notes.dat", _settings_and_notes),
    OtherText("Miniscope Open Ephys", "run_0.log", _messages),
    OtherText("Miniscope ONIX", "port-status_0.csv", _remarks),
    OtherText(
        "Miniscope ONIX",
        "start-time_0.csv",
        lambda session: [str(v) for v in session.streams[0][1].device.settings.values()],
    ),
)


def decoded(raw: bytes) -> str:
    """All that the text of a file may be read as."""
    kinds = ("utf-8", "utf-16", "cp1252", "latin-1")
    return "\n".join(raw.decode(kind, "replace").replace("\ufffd", "") for kind in kinds)
