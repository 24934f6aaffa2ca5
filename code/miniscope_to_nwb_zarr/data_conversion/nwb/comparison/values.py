"""Two arrays held against each other, in parts: what they take in memory does not grow with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Array

# of each of the two arrays, in memory at a time
PART_BYTES = 16_000_000


@dataclass(frozen=True, slots=True)
class Unequal:
    """Values that differ."""

    count: int
    first: tuple[int, ...]
    """Place of the first of them."""
    a: Any
    b: Any


def compare_arrays(a: Array, b: Array) -> Unequal | None:
    """The values of two arrays of one shape, read in parts."""
    if not a.shape:
        return unequal(a.read(()), b.read(()))
    found: list[Unequal] = []
    for part in parts(a.shape, a.chunks, b.chunks, max(a.value_bytes, b.value_bytes)):
        one = unequal(a.read(part), b.read(part))
        if one is not None:
            first = tuple(begin.start + place for begin, place in zip(part, one.first, strict=True))
            found.append(Unequal(one.count, first, one.a, one.b))
    if not found:
        return None
    earliest = min(found, key=lambda one: one.first)
    return replace(earliest, count=sum(one.count for one in found))


def unequal(a: NDArray[Any], b: NDArray[Any]) -> Unequal | None:
    """Values of one shape. NaN equals NaN; 0.0 is not -0.0; 1 equals 1.0 where both are exact."""
    same = _same(a, b)
    if same.all():
        return None
    first = tuple(int(place) for place in np.argwhere(~same)[0]) if same.ndim else ()
    return Unequal(int(same.size - np.count_nonzero(same)), first, _plain(a[first]), _plain(b[first]))


def parts(
    shape: tuple[int, ...],
    chunks_a: tuple[int, ...] | None,
    chunks_b: tuple[int, ...] | None,
    value_bytes: int,
    part_bytes: int = PART_BYTES,
) -> Iterator[tuple[slice, ...]]:
    """Cut a shape into parts of at most `part_bytes`, where it can be done of whole chunks of both arrays."""
    one = tuple(1 for _ in shape)
    size = [max(1, min(n, max(pair))) for n, *pair in zip(shape, chunks_a or one, chunks_b or one, strict=True)]
    most = max(1, part_bytes // value_bytes)
    while prod(size) > most:
        longest = size.index(max(size))
        size[longest] = -(-size[longest] // 2)
    for axis in reversed(range(len(shape))):
        while size[axis] < shape[axis] and prod(size) * 2 <= most:
            size[axis] = min(shape[axis], size[axis] * 2)
    for begin in product(*(range(0, n, step) for n, step in zip(shape, size, strict=True))):
        yield tuple(slice(at, min(at + step, n)) for at, step, n in zip(begin, size, shape, strict=True))


def _same(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    if a.dtype.names is not None:
        columns = [_same(a[name], b[name]) for name in a.dtype.names]
        # a field may hold an array of its own
        rows = [column.reshape(*a.shape, -1).all(axis=-1) for column in columns]
        return np.asarray(np.all(rows, axis=0)) if rows else np.ones(a.shape, dtype=bool)
    if a.dtype.hasobject or b.dtype.hasobject:
        return _same_objects(a, b)
    if a.dtype.kind in "VS":
        return np.asarray(a == b)
    if a.dtype != b.dtype:
        return _same_numbers(a, b)
    # the usual case, at the speed of memory
    if np.array_equal(a, b) and a.dtype.kind not in "fc":
        return np.ones(a.shape, dtype=bool)
    return _same_numbers(a, b)


def _same_numbers(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore", over="ignore"):
        same = np.asarray(a == b)
        if a.dtype != b.dtype:
            # numpy compares int64 with uint64 and float64 as floats: 2**63 + 1 would equal 2**63
            there, back = a.astype(b.dtype), b.astype(a.dtype)
            same &= (there == b) & (back == a) & ((a < 0) == (b < 0))
        if a.dtype.kind in "fc" and b.dtype.kind in "fc":
            same &= np.asarray(np.signbit(a.real) == np.signbit(b.real)) & (np.signbit(a.imag) == np.signbit(b.imag))
            same |= np.isnan(a) & np.isnan(b)
    return same


def _same_objects(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    same = np.empty(a.shape, dtype=bool)
    for place in np.ndindex(a.shape):
        same[place] = _same_object(a[place], b[place])
    return same


def _same_object(a: Any, b: Any) -> bool:  # noqa: ANN401 - a text, a reference, a number, a list
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and bool(_same(a, b).all())
    if isinstance(a, float) and isinstance(b, float):
        return bool(_same_numbers(np.asarray(a), np.asarray(b)))
    return bool(a == b)


def _plain(value: Any) -> Any:  # noqa: ANN401 - a value of any array
    return value.item() if isinstance(value, (np.generic, np.ndarray)) and value.size == 1 else value
