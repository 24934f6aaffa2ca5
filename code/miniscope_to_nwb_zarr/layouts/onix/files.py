"""Which files of a folder ONIX has written, told by what they hold; their names say which belong together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.sources.bno055_csv import is_inertial_table
from miniscope_to_nwb_zarr.sources.image_time_csv import is_image_time
from miniscope_to_nwb_zarr.sources.line_clocks_raw import begins_with_lines
from miniscope_to_nwb_zarr.sources.onix_start_csv import is_acquisition_start
from miniscope_to_nwb_zarr.sources.port_status_csv import is_port_status
from miniscope_to_nwb_zarr.sources.small_file import first_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.sources.tree import Folder

_SCOPE_WORD, _CLOCK_WORD, _IMAGE_WORD = "scope", "clock", "image"
_HEAD_BYTES = 512
_SUFFIX_STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}_[0-9]{2}_[0-9]{2}")
# a number between separators: not that of v4 or of bno055
_SUFFIX_NUMBER = re.compile(r"(?<![0-9A-Za-z])[0-9]+(?![0-9A-Za-z])")
# the writers of one recording open their files one after the other
_STAMPS_APART_S = 3


@dataclass(frozen=True, slots=True)
class OnixFiles:
    """The files of a folder by kind, each in natural order."""

    videos: tuple[Path, ...]
    clocks: tuple[Path, ...]
    starts: tuple[Path, ...]
    inertial: tuple[Path, ...]
    ports: tuple[Path, ...]
    image_times: tuple[Path, ...]
    """Tables of the older package Bonsai.ONIX, which has them in place of clocks."""
    arrows: tuple[Path, ...]
    """Files of a newer operator (`DataFrameWriter`), which are not read."""


def sort_files(folder: Folder) -> OnixFiles:
    """The files of a folder that ONIX may have written."""
    by_suffix: dict[str, list[Path]] = {".avi": [], ".raw": [], ".csv": [], ".arrow": []}
    for path in folder.files:
        by_suffix.get(path.suffix.casefold(), []).append(path)
    videos, raws, arrows = by_suffix[".avi"], by_suffix[".raw"], by_suffix[".arrow"]
    heads = {path: first_bytes(path, _HEAD_BYTES) for path in by_suffix[".csv"]}

    def tables(word: str, begins: Callable[[bytes], bool]) -> tuple[Path, ...]:
        # by its name too, so that a damaged table is reported and not passed over
        return _of_scopes([path for path, head in heads.items() if word in path.name.casefold() or begins(head)])

    return OnixFiles(
        videos=_of_scopes(videos),
        clocks=_of_scopes([path for path in raws if is_line_clock(path)]),
        starts=tables("start-time", is_acquisition_start),
        inertial=tables("bno055", is_inertial_table),
        ports=tables("port-status", is_port_status),
        image_times=tuple(path for path, head in heads.items() if _is_of_images(path) and is_image_time(head)),
        arrows=tuple(path for path in arrows if is_of_scope(path)),
    )


def is_line_clock(path: Path) -> bool:
    """Whether a raw file holds the clocks of a scope's lines: by its name, or by its first frames.

    Probes on the same system write clocks and samples as ``.raw`` too.
    """
    return (is_of_scope(path) and _CLOCK_WORD in path.name.casefold()) or begins_with_lines(path)


def is_image_time_file(path: Path) -> bool:
    """Whether a table is that of an older recording: by its name and its first line, which other programs write too."""
    return _is_of_images(path) and is_image_time(first_bytes(path, _HEAD_BYTES))


def _is_of_images(path: Path) -> bool:
    return _IMAGE_WORD in path.name.casefold()


def is_of_scope(path: Path) -> bool:
    """Whether a file's name says that it is of a scope."""
    return _SCOPE_WORD in path.name.casefold()


def have_same_number(one: Path, other: Path) -> bool:
    """Whether two names end in the same number, or in moments that are a few seconds apart."""
    first, second = _number(one), _number(other)
    if isinstance(first, datetime) and isinstance(second, datetime):
        return abs((first - second).total_seconds()) <= _STAMPS_APART_S
    return first == second


def _of_scopes(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Those that are named after a scope, if there are such: others are of cameras or probes."""
    named = tuple(path for path in paths if is_of_scope(path))
    return named or tuple(paths)


def _number(path: Path) -> int | datetime | None:
    """The last moment or number in a file's name; None if it has none."""
    for text in reversed(_SUFFIX_STAMP.findall(path.stem)):
        try:
            return datetime.strptime(text, "%Y-%m-%dT%H_%M_%S")  # noqa: DTZ007 - only compared with each other
        except ValueError:
            continue
    numbers = _SUFFIX_NUMBER.findall(path.stem)
    return int(numbers[-1]) if numbers else None
