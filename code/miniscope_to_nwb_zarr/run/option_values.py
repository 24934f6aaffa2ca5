"""From the text of an option to its value."""

from __future__ import annotations

import difflib
import math
import os
import re
import zoneinfo
from dataclasses import dataclass, replace
from datetime import date, datetime
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from miniscope_to_nwb_zarr.core.addresses import SCHEME, BucketAddress
from miniscope_to_nwb_zarr.core.errors import UsageError
from miniscope_to_nwb_zarr.core.secrets import without_secrets
from miniscope_to_nwb_zarr.run.option_table import Kind, Option
from miniscope_to_nwb_zarr.sources.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Limits(dict[str, int]):
    """Limits on untrusted input that differ from the usual ones, by their names.

    Examples
    --------
    >>> str(Limits(table_rows=50_000_000, folders=200_000))
    'folders=200000,table_rows=50000000'
    """

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in sorted(self.items()))


@dataclass(frozen=True, slots=True)
class Compression:
    """Codec and level of the frames.

    Examples
    --------
    >>> str(Compression("zstd", 1))
    'zstd:1'
    """

    codec: str
    level: int

    def __str__(self) -> str:
        return f"{self.codec}:{self.level}"


def value_of(option: Option, text: str) -> object:
    """Read the text of an option; empty text is its default.

    Raises
    ------
    UsageError
        If the text is no value of the option; the sentence names the option, the text and what is expected.
    """
    if "\0" in text:
        raise UsageError(f"{option.flag} holds a NUL character, which no name or value may have")
    # blanks at the ends of a path may belong to it
    given = text if option.kind in {Kind.PATH, Kind.PLACE} else text.strip()
    if not given.strip():
        given = option.default
    if not given:
        return () if option.kind is Kind.PATHS else None
    return _READERS[option.kind](option, given)


def value_from_python(option: Option, value: object) -> object:
    """Check a Python value of an option; text is read as on the command line, None is the default.

    Raises
    ------
    UsageError
        If it is no value of the option.
    """
    if option.kind is Kind.PATHS and not isinstance(value, str | None):
        paths = value if isinstance(value, (list, tuple)) else [value]
        single = replace(option, kind=Kind.PATH)
        return tuple(value_of(single, text_of(single, path)) for path in paths)
    return value_of(option, text_of(option, value))


def _boolean(option: Option, text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise UsageError(f"{option.flag} is {text!r}, expected True or False")
    return text.lower() == "true"


def _choice(option: Option, text: str) -> str:
    for choice in option.choices:
        if choice.lower() == text.lower():
            return choice
    known = ", ".join(repr(choice) for choice in option.choices)
    raise UsageError(f"{option.flag} is {text!r}, expected one of {known}{nearest(text, option.choices)}")


def _number(option: Option, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise UsageError(f"{option.flag} is {text!r}, expected a number") from None
    low = -math.inf if option.minimum is None else option.minimum
    high = math.inf if option.maximum is None else option.maximum
    if not low <= value <= high:
        raise UsageError(f"{option.flag} is {text!r}, expected a number from {low:g} to {high:g}")
    return value


def _integer(option: Option, text: str) -> int:
    value = _number(option, text)
    if not value.is_integer():
        raise UsageError(f"{option.flag} is {text!r}, expected a whole number")
    return int(value)


def _path(option: Option, text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UsageError(f"{option.flag} is {text!r}, and there is no home folder of that user") from None


def _place(option: Option, text: str) -> Path | BucketAddress:
    # a path of Python has one slash where there were two
    if text.lower().startswith("s3:/"):
        return BucketAddress.parse(f"{SCHEME}{text[4:].strip().lstrip('/')}")
    if text.lower().startswith(("http:/", "https:/")):
        # such an address can carry a password or a signature, and is not repeated
        raise UsageError(f"{option.flag} is an address of the web; expected a folder, or s3://bucket/folder")
    return _path(option, text)


def _paths(option: Option, text: str) -> tuple[Path, ...]:
    return tuple(_path(option, part.strip()) for part in text.split(",") if part.strip())


def _text(_option: Option, text: str) -> str:
    return text


def _compression(option: Option, text: str) -> Compression:
    match = re.fullmatch(r"(zstd):([1-9])", text.lower())
    if match is None:
        raise UsageError(f"{option.flag} is {text!r}, expected zstd and a level from 1 to 9, as in zstd:1")
    return Compression(match[1], int(match[2]))


def _engine(option: Option, text: str) -> str:
    if text.lower() in {"serial", "local", "slurm"}:
        return text.lower()
    match = re.fullmatch(r"tcp://(\[[0-9A-Fa-f:.]+\]|[\w.-]+):([0-9]{1,5})", text, re.ASCII)
    if match is None or not 1 <= int(match[2]) <= 65535:
        raise UsageError(f"{option.flag} is {text!r}, expected serial, local, slurm or tcp://host:port")
    return text


def _instant(option: Option, text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or _is_date(text):
        raise UsageError(f"{option.flag} is {text!r}, expected date and time as in 2025-06-12T15:26:31.176")
    return instant


def _limits(option: Option, text: str) -> Limits:
    found = Limits()
    for part in text.split(","):
        name, _, number = (piece.strip() for piece in part.partition("="))
        if name not in LIMITS:
            known = ", ".join(LIMITS)
            raise UsageError(f"{option.flag} names {name!r}, expected some of {known}{nearest(name, LIMITS)}")
        if not re.fullmatch(r"[1-9][0-9]{0,15}", number.replace("_", "")):
            raise UsageError(f"{option.flag} sets {name} to {number!r}, expected a whole number, as {name}=50000000")
        found[name] = int(number)
    return found


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _url(option: Option, text: str) -> str:
    try:
        parts = urlsplit(text)
        has_place = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        has_place = False
    if not has_place:
        # without a scheme nothing tells where a password ends
        shown = without_secrets(f"***@{text.rpartition('@')[2]}" if "@" in text else text)
        raise UsageError(f"{option.flag} is {shown!r}, expected an address as in http://aind-metadata-service")
    return text.rstrip("/")


def _zone(option: Option, text: str) -> str:
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = nearest(text, zoneinfo.available_timezones())
        raise UsageError(
            f"{option.flag} is {text!r}, expected the IANA name of a time zone as in Europe/Vienna{near}"
        ) from None
    return text


_READERS: dict[Kind, Callable[[Option, str], object]] = {
    Kind.BOOLEAN: _boolean,
    Kind.CHOICE: _choice,
    Kind.COMPRESSION: _compression,
    Kind.ENGINE: _engine,
    Kind.INTEGER: _integer,
    Kind.INSTANT: _instant,
    Kind.LIMITS: _limits,
    Kind.NUMBER: _number,
    Kind.PATH: _path,
    Kind.PATHS: _paths,
    Kind.PLACE: _place,
    Kind.TEXT: _text,
    Kind.URL: _url,
    Kind.ZONE: _zone,
}


def text_of(option: Option, value: object) -> str:
    """The text that stands for a Python value of an option; None is the default.

    Raises
    ------
    UsageError
        If no text can stand for a value of that type.
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if option.kind is Kind.LIMITS and isinstance(value, dict):
        return str(Limits(value))
    if isinstance(value, (str, Real, Path, BucketAddress, Compression)):
        return str(value)
    raise UsageError(f"{option.name} is of type {type(value).__name__}, expected a value that the command line accepts")


def nearest(text: str, known: Iterable[str]) -> str:
    """A question that names the known word nearest to a mistyped one, or nothing."""
    by_lower_case = {word.lower(): word for word in known}
    found = difflib.get_close_matches(text.lower(), by_lower_case, n=1, cutoff=0.6)
    return f"; did you mean {by_lower_case[found[0]]!r}?" if found else ""


def available_cpus(env: Mapping[str, str]) -> int:
    """CPUs that this process may use: `CO_CPUS` where it is a whole number, else what the system grants."""
    given = env.get("CO_CPUS", "").strip()
    if given.isdecimal() and int(given) > 0:
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
