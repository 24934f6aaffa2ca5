"""What the lines of a table say, read again without the program: one line after the other, nothing repaired."""

import codecs
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_NUMBER = re.compile(rb" *[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)? *")
_MOMENT = re.compile(rb"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8})(?:\.([0-9]{1,7}))?(Z|[-+][0-9]{2}:[0-9]{2})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """A line that is not blank."""

    fields: tuple[bytes, ...]
    """Without a last field that may be the beginning of a longer one."""
    is_torn: bool


def lines_of(raw: bytes, mark: bytes = b",") -> list[Line]:
    """The lines of a file."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raw = raw.decode("utf-16", "replace").encode()
    raw = raw.removeprefix(codecs.BOM_UTF8).rstrip(b"\0")
    *whole, last = raw.split(b"\n")
    found = [Line(tuple(text.rstrip(b"\r").split(mark)), is_torn=False) for text in whole if text.strip()]
    return [*found, Line(tuple(last.split(mark)[:-1]), is_torn=True)] if last.strip() else found


def number(field: bytes) -> float | None:
    """A plain finite number; None for anything else."""
    value = float(field) if _NUMBER.fullmatch(field) and len(field) < 100 else float("nan")
    return value if abs(value) < float("inf") else None


def numbers(fields: tuple[bytes, ...]) -> tuple[float, ...] | None:
    """The numbers of a line; None where one of them is none."""
    found = [number(field) for field in fields]
    return None if None in found else tuple(value for value in found if value is not None)


def moment(field: bytes) -> float | None:
    """Seconds since 2026, exact to 100 ns; of the wall clock where the offset from UTC is missing."""
    match = _MOMENT.fullmatch(field)
    if match is None:
        return None
    try:
        zone = (match[3] or b"Z").decode().replace("Z", "+00:00")
        whole = datetime.fromisoformat(match[1].decode() + zone)
    except ValueError:
        return None
    since = (whole - _EPOCH - timedelta(days=56 * 365 + 14)) // timedelta(seconds=1)
    return since + int((match[2] or b"0").ljust(7, b"0")) / 1e7


@dataclass(frozen=True)
class StampColumns:
    """Where a table has the stamps of frames: by the names of its header, or by place where these are not there."""

    names: tuple[str, ...]
    """Of all columns."""
    stamp: str
    frame: str | None = None
    """The column with the number of the frame; None: frames are numbered by their lines."""
    first: int = 0
    """The number of the first frame."""
    has_places: bool = True
    """Whether the place of a line may tell its frame."""
    camera: tuple[str, float] | None = None
    """Column and value of the lines that are meant."""
    mark: bytes = b","
    read: Callable[[bytes], float | None] = number

    def written(self, raw: bytes) -> dict[int, set[float]]:
        """For each frame the stamps that a line with the right number of fields has for it."""
        found: defaultdict[int, set[float]] = defaultdict(set)
        lines = lines_of(raw, self.mark)
        headers = [tuple(field.decode("utf-8", "replace").strip() for field in line.fields) for line in lines[:1]]
        # a header, a damaged one, or none
        for names, first in [(self.names, 0), (self.names, 1), *((header, 1) for header in headers)]:
            for place, line in enumerate(lines[first:]):
                self._add(found, place, line, names)
        return found

    def _add(self, found: defaultdict[int, set[float]], place: int, line: Line, names: tuple[str, ...]) -> None:
        if len(line.fields) + line.is_torn != len(names):
            return
        # of two columns of one name, the first is meant
        fields = {name.casefold(): field for name, field in reversed(list(zip(names, line.fields, strict=False)))}
        if self.camera and number(fields.get(self.camera[0].casefold(), b"")) != self.camera[1]:
            return
        stamp = self.read(fields.get(self.stamp.casefold(), b""))
        if stamp is None:
            return
        counted = None if self.frame is None else number(fields.get(self.frame.casefold(), b""))
        if counted is not None and counted == int(counted):
            found[int(counted) - self.first].add(stamp)
        if self.frame is None or self.has_places:
            found[place].add(stamp)
