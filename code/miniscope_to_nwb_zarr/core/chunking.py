"""How the frames of a series are cut into chunks."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

# With all of a frame in one chunk a pixel's trace reads the whole movie; with many tiles a frame opens many chunks. Two
# halves: one frame takes 2.1x and a trace 0.5x the time that whole frames take (scripts/benchmark.py --only chunks).
_TILES = 2
_MIN_TILE_PX = 64


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """The chunk grid of one series of frames, shape (frame, x, y) or (frame, x, y, channel).

    Examples
    --------
    >>> plan = plan_chunks((4000, 600, 600), 1, 12_000_000)
    >>> plan.chunks, plan.n_objects
    ((66, 300, 600), 122)
    """

    shape: tuple[int, ...]
    chunks: tuple[int, ...]

    @property
    def n_objects(self) -> int:
        """Chunks of the series, one object each."""
        return prod(ceil(size / chunk) for size, chunk in zip(self.shape, self.chunks, strict=True))

    @property
    def n_values(self) -> int:
        """Values of the whole array."""
        return prod(self.shape)

    def slabs(self) -> list[tuple[int, int]]:
        """The runs of frames ``[first, stop)`` that fill whole chunks."""
        step = self.chunks[0]
        return [(first, min(first + step, self.shape[0])) for first in range(0, self.shape[0], step)]


def plan_chunks(shape: tuple[int, ...], itemsize: int, chunk_bytes: int) -> ChunkPlan:
    """Cut a series into chunks of about `chunk_bytes`, never more, each of whole columns.

    A chunk is never longer than the series, so a short recording is not padded.
    """
    n_frames, width = shape[:2]
    tile = ceil(width / _TILES) if width >= 2 * _MIN_TILE_PX else width
    tile_bytes = tile * prod(shape[2:]) * itemsize
    length = max(1, min(n_frames, chunk_bytes // tile_bytes))
    return ChunkPlan(shape, (length, tile, *shape[2:]))
