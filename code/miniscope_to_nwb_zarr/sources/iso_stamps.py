"""Moments as .NET prints them, ``2026-07-30T14:59:24.0823808-04:00``: seven decimals, of which no float keeps all.

They are counted in the unit that .NET has, 100 ns, as whole numbers: exact for every year that a recording can have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

TICKS_PER_S = 10_000_000
NO_STAMP = -(1 << 62)
"""In place of the ticks of a field that is no stamp."""
NO_OFFSET = 1 << 14
"""In place of the offset of a stamp that has none."""

_STAMP = re.compile(
    rb"((?:19|2[0-9])[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])"
    rb"(?:\.([0-9]{1,7}))?(Z|[-+](?:0[0-9]|1[0-4]):[0-5][0-9])?"
)
_DIGITS = 7
_TICKS_PER_US = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, eq=False)
class Stamps:
    """A column of moments.

    Attributes
    ----------
    ticks : int64, shape (n,)
        100 ns since 1970, UTC; of the wall clock where the stamp has no offset; `NO_STAMP` where it is unreadable.
    offset_min : int64, shape (n,)
        Minutes by which the wall clock was ahead of UTC; `NO_OFFSET` where that is not written.
    """

    ticks: NDArray[np.int64]
    offset_min: NDArray[np.int64]

    @property
    def is_readable(self) -> NDArray[np.bool_]:
        """Shape (n,)."""
        return np.asarray(self.ticks != NO_STAMP)


def is_stamp(field: bytes) -> bool:
    """Whether a field is a moment as .NET prints it."""
    return bool(parse_stamps([field]).is_readable[0])


def parse_stamps(fields: Sequence[bytes]) -> Stamps:
    """Read a column of moments."""
    found = [_STAMP.fullmatch(field) for field in fields]
    known = np.array([match is not None and _is_in_calendar(match[1]) for match in found], bool)
    matches = [match for match, is_known in zip(found, known.tolist(), strict=True) if match and is_known]
    seconds = np.array([match[1] for match in matches], "S19").astype("datetime64[s]").astype(np.int64)
    fraction = np.array([int((match[2] or b"0").ljust(_DIGITS, b"0")) for match in matches], np.int64)
    minutes = {text: _minutes(text) for text in {match[3] for match in matches}}
    offset = np.array([minutes[match[3]] for match in matches], np.int64)
    ticks, offset_min = np.full(len(found), NO_STAMP), np.full(len(found), NO_OFFSET)
    ticks[known] = (seconds - np.where(offset == NO_OFFSET, 0, offset) * 60) * TICKS_PER_S + fraction
    offset_min[known] = offset
    return Stamps(ticks, offset_min)


def moment(ticks: int, offset_min: int) -> datetime:
    """The moment as a `datetime`, whose finest step is a microsecond: what is finer is cut off.

    Without time zone where the offset is `NO_OFFSET`.

    Raises
    ------
    OverflowError
        The moment is outside of the years 1 to 9999.
    """
    utc = _EPOCH + timedelta(microseconds=ticks // _TICKS_PER_US)
    if offset_min == NO_OFFSET:
        return utc.replace(tzinfo=None)
    return utc.astimezone(timezone(timedelta(minutes=offset_min)))


def ticks_of(when: datetime) -> int:
    """A `datetime` in ticks; one without time zone by its wall clock."""
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1) * _TICKS_PER_US


def _is_in_calendar(text: bytes) -> bool:
    """Whether the day exists; asked only of days that not every month has."""
    if text[8:10] <= b"28":
        return True
    try:
        date(int(text[:4]), int(text[5:7]), int(text[8:10]))
    except ValueError:
        return False
    return True


def _minutes(text: bytes | None) -> int:
    if text is None:
        return NO_OFFSET
    if text == b"Z":
        return 0
    size = int(text[1:3]) * 60 + int(text[4:6])
    return -size if text.startswith(b"-") else size
