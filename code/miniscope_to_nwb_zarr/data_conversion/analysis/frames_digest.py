"""The digest of the frames of each movie: from the receipt of the conversion, or taken now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xxhash

from miniscope_to_nwb_zarr.analysis.movie import stored_frames
from miniscope_to_nwb_zarr.core.receipt import SeriesEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.analysis.contract import Progress
    from miniscope_to_nwb_zarr.analysis.recorded import RecordedMovie
    from miniscope_to_nwb_zarr.data_conversion.analysis.base import Base


def known_series(base: Base, movies: Sequence[RecordedMovie], progress: Progress) -> tuple[SeriesEntry, ...]:
    """Every series of frames of an output, those of the movies among them."""
    known = {entry.name: entry for entry in (base.receipt.series if base.receipt else ())}
    for movie in movies:
        if movie.series not in known:
            digest = _digest(base, movie, progress)
            known[movie.series] = SeriesEntry(movie.series, movie.n_frames, digest)
    return tuple(known.values())


def _digest(base: Base, movie: RecordedMovie, progress: Progress) -> str:
    """As the conversion takes it: xxh3-128 over the xxh3-64 of each frame, shape (x, y), in order."""
    digests = bytearray()
    for first, frames in stored_frames(str(base.store), movie.path):
        for frame in frames:
            digests += xxhash.xxh3_64_digest(np.ascontiguousarray(frame).tobytes())
        progress("digest of the frames", (first + len(frames)) / movie.n_frames)
    return xxhash.xxh3_128_hexdigest(bytes(digests))
