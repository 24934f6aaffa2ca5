"""How a large array is cut: into chunks of the output, and into boxes of whole chunks that one worker copies at once.

A box covers whole chunks of the source too, so that each of them is decompressed once, as far as memory allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil, prod
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.chunking import plan_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator

    Box = tuple[tuple[int, int], ...]

LARGE_BYTES = 1 << 20
"""Arrays from this size on are copied by the workers; smaller ones are one chunk, written with the metadata."""
_BOX_BYTES = 96_000_000
# Channels of a chunk: a window of all channels then opens few chunks, and the trace of one reads few others.
_COLUMNS = 32
# Reading the spikes of 1000 units one by one takes 16 s with chunks of 10 MB, 2 s with an eighth of that.
_RAGGED = 8


@dataclass(frozen=True, slots=True)
class ArrayPlan:
    """How one array is cut.

    Examples
    --------
    >>> plan = plan_array((1_000_000, 93), 4, 10_000_000, (21_000, 1))
    >>> plan.chunks, plan.n_objects
    ((63000, 31), 48)
    """

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    box: tuple[int, ...]
    """A multiple of `chunks` along each axis, or more than the whole axis."""

    @property
    def n_objects(self) -> int:
        """Chunks of the array, one object each."""
        return prod(ceil(size / chunk) for size, chunk in zip(self.shape, self.chunks, strict=True))

    def boxes(self) -> Iterator[Box]:
        """First and last-but-one index along each axis, for each box of the array."""
        steps = (range(0, size, step) for size, step in zip(self.shape, self.box, strict=True))
        for corner in product(*steps):
            yield tuple(
                (first, min(first + step, size)) for first, step, size in zip(corner, self.box, self.shape, strict=True)
            )


def plan_array(
    shape: tuple[int, ...],
    itemsize: int,
    chunk_bytes: int,
    source_chunks: tuple[int, ...] | None,
    *,
    is_ragged: bool = False,
) -> ArrayPlan:
    """Cut an array into chunks of about `chunk_bytes`, never more unless a single value is larger.

    Parameters
    ----------
    shape : tuple of int
        At least one axis, none of length zero.
    itemsize : int
        Bytes of a value.
    chunk_bytes : int
        Of a chunk before compression.
    source_chunks : tuple of int, optional
        As the source is cut; None where it is contiguous.
    is_ragged : bool
        Whether it holds the rows of a table one after the other, as spike times do: they are read row by row.
    """
    if is_ragged:
        chunk_bytes //= _RAGGED
    chunks = _chunks(shape, itemsize, chunk_bytes, source_chunks)
    return ArrayPlan(shape, chunks, _box(shape, chunks, itemsize, source_chunks))


def _chunks(
    shape: tuple[int, ...], itemsize: int, chunk_bytes: int, source_chunks: tuple[int, ...] | None
) -> tuple[int, ...]:
    n_values = max(1, chunk_bytes // itemsize)
    source_rows = source_chunks[0] if source_chunks else 1
    if len(shape) > 2:
        return _frames(shape, itemsize, chunk_bytes, source_rows)
    columns = _even(shape[1], _COLUMNS) if len(shape) == 2 else 1
    columns = min(columns, n_values)
    # a source chunk that is longer than ours would be decompressed for each of ours that it runs through
    held = max(min(source_rows, shape[0]), n_values // columns) * itemsize
    columns = max(1, min(columns, _BOX_BYTES // held))
    rows = n_values // columns
    if rows >= shape[0]:
        rows = shape[0]
        columns = _even(shape[1], n_values // rows) if len(shape) == 2 else 1
    elif source_rows <= rows:
        rows -= rows % source_rows
    return (rows, columns) if len(shape) == 2 else (rows,)


def _frames(shape: tuple[int, ...], itemsize: int, chunk_bytes: int, source_rows: int) -> tuple[int, ...]:
    """Chunks of whole frames or halves of them; of less where a frame is larger than a chunk."""
    chunks = list(plan_chunks(shape, itemsize, chunk_bytes).chunks)
    if source_rows <= chunks[0] < shape[0]:
        chunks[0] -= chunks[0] % source_rows
    for axis in range(1, len(chunks)):
        others = prod(chunks) // chunks[axis] * itemsize
        chunks[axis] = max(1, min(chunks[axis], chunk_bytes // others))
    return tuple(chunks)


def _even(size: int, most: int) -> int:
    """The largest part of an axis if it is cut into as few parts of about equal length, none above `most`."""
    return ceil(size / ceil(size / most))


def _box(
    shape: tuple[int, ...], chunks: tuple[int, ...], itemsize: int, source_chunks: tuple[int, ...] | None
) -> tuple[int, ...]:
    box = list(chunks)
    for axis, source in enumerate(source_chunks or ()):
        wanted = ceil(min(source, shape[axis]) / chunks[axis]) * chunks[axis]
        grown = [*box[:axis], wanted, *box[axis + 1 :]]
        if prod(map(min, grown, shape)) * itemsize <= _BOX_BYTES:
            box = grown
    return tuple(box)
