"""The public tables of the data sets: CSV with a header, one row a unit, a channel or a session."""

from __future__ import annotations

import csv
import math
import re
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.settings_json import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Row = Mapping[str, str]

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
_SENTINEL = -1000.0
"""Coordinate of a channel that was not found in the common coordinate framework (reference allen-datasets 2.7)."""


def read_rows(path: Path, key: str, wanted: Collection[int] | None = None) -> dict[int, Row]:
    """Rows of a table by the whole number in one of its columns, in the order of the file.

    Parameters
    ----------
    path : Path
    key : str
        Name of the column.
    wanted : collection of int, optional
        Numbers whose rows are kept; all where not given.

    Raises
    ------
    InputError
        The file is no such table, a row has a field too many or too few, or a number that is wanted is there twice.
    """
    rows: dict[int, Row] = {}
    for line, row in _lines(path, key):
        number = _key_of(row[key], key, f"{path.name}, line {line}")
        if wanted is not None and number not in wanted:
            continue
        if number in rows:
            raise InputError(f"{path.name}, line {line}: {key} {number} is there twice")
        rows[number] = row
    return rows


def read_lines(path: Path, key: str) -> list[Row]:
    """All rows of a table that has no column of numbers to find them by, in the order of the file.

    Raises
    ------
    InputError
        The file is no such table, `key` is none of its columns, or a row has a field too many or too few.
    """
    return [row for _, row in _lines(path, key)]


def check_size(path: Path) -> None:
    """Refuse a table that is larger than `limits.TABLE_BYTES`.

    Raises
    ------
    InputError
        It is.
    """
    size, most = path.stat().st_size, limits.TABLE_BYTES
    if size > most.value:
        raise InputError(f"{path.name}: has {size:,} bytes, expected at most {most.value:,}; {most.remedy}")


def _lines(path: Path, key: str) -> Iterator[tuple[int, Row]]:
    check_size(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            names = next(reader, [])
            if key not in names or len(set(names)) < len(names):
                raise InputError(
                    f"{path.name}: the header names {', '.join(names[:8]) or 'nothing'}; expected column {key}, and no "
                    "name twice. Fetch the table again"
                )
            for fields in reader:
                if len(fields) != len(names):
                    raise InputError(
                        f"{path.name}, line {reader.line_num}: has {len(fields)} fields, expected {len(names)}: is the "
                        "table cut off?"
                    )
                yield reader.line_num, dict(zip(names, fields, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path.name}: is not a table of text ({error}). Fetch it again") from error


def _key_of(text: str, name: str, where: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise InputError(f"{where}: {name} is {cut(text)!r}, expected a whole number")
    return int(text)


def column(rows: Mapping[int, Row], ids: Iterable[int], name: str) -> NDArray[np.float64] | list[str]:
    """A column in the order of `ids`: numbers where all fields are numbers, else text.

    Returns
    -------
    float64, shape (n,), or list of str
        NaN, or empty text, where there is no row or nothing in it. ``True`` and ``False`` are 1 and 0.

    Examples
    --------
    >>> column({3: {"snr": "1.5"}, 4: {"snr": ""}}, [4, 3, 5], "snr")
    array([nan, 1.5, nan])
    """
    texts = [rows[one][name].strip() if one in rows else "" for one in ids]
    values = [_number(text) for text in texts]
    if any(math.isnan(value) and text and text.casefold() != "nan" for value, text in zip(values, texts, strict=True)):
        return texts
    return np.asarray(values, np.float64)


def text_column(rows: Mapping[int, Row], ids: Iterable[int], name: str) -> list[str]:
    """A column of text in the order of `ids`; empty where there is no row."""
    return [rows[one][name].strip() if one in rows else "" for one in ids]


def without_sentinel(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coordinates with NaN in place of the number that stands for "not found".

    Examples
    --------
    >>> without_sentinel(np.array([-1000.0, 7800.0]))
    array([  nan, 7800.])
    """
    return np.where(values == _SENTINEL, np.nan, values)


def _number(text: str) -> float:
    if text in {"True", "False"}:
        return float(text == "True")
    try:
        # Python takes 1_0 for ten
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan
