"""Traces of cells whose footprints and background are known, each freed of the others and taken apart into spikes.

The sums of the pixels of a tile give the right side V of ``G C = V``, in which G tells how much of each cell's trace is
in the sum of another, by overlap and by way of the background. It is solved cell by cell, and what a cell's turn gives
is its raw trace, of which the deconvolved part goes on (HALS with constraints: Pnevmatikakis et al. 2016,
10.1016/j.neuron.2015.11.037).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.analysis.native.deconvolution import decay_of, deconvolve, noise_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

_SWEEPS = 2
_DECAY_CELLS = 60
"""So many of the clearest cells tell how fast transients fall."""
_CLEAR_NOISE = 10.0
"""A clear cell rises so far above its noise at least once."""


@dataclass(frozen=True, slots=True, eq=False)
class Traces:
    """Traces of all cells; `raw`, `calcium` and `spikes` have the shape (n_cells, n_frames).

    Attributes
    ----------
    raw : float32
        With its noise; the resting level is 0.
    calcium, spikes : float32
    noise : float32, shape (n_cells,)
    """

    raw: NDArray[np.float32]
    calcium: NDArray[np.float32]
    spikes: NDArray[np.float32]
    noise: NDArray[np.float32]
    decay: float

    @property
    def centered(self) -> NDArray[np.float32]:
        """Calcium of mean 0."""
        return np.asarray(self.calcium - self.calcium.mean(axis=1, keepdims=True))

    def only(self, kept: NDArray[np.int64] | NDArray[np.bool_]) -> Traces:
        """Those of some cells."""
        return Traces(self.raw[kept], self.calcium[kept], self.spikes[kept], self.noise[kept], self.decay)


def solve_traces(
    sums: NDArray[np.float32], mixing: sparse.csr_array, start: NDArray[np.float32], rate_hz: float, decay: float | None
) -> Traces:
    """Traces that explain the sums.

    Parameters
    ----------
    sums : float32, shape (n_cells, n_frames)
    mixing : sparse, shape (n_cells, n_cells)
        Share of each cell's trace in the sum of each.
    start : float32, shape (n_cells, n_frames)
        What the cells were thought to do, of mean 0.
    decay : float or None
        Share of the calcium that is left after a frame; found in the traces where it is None.
    """
    n_cells, n_frames = sums.shape
    centered, raw = start.astype(np.float32), np.zeros((n_cells, n_frames), np.float32)
    calcium, spikes = np.zeros_like(raw), np.zeros_like(raw)
    noise, own = np.zeros(n_cells, np.float32), mixing.diagonal()
    order = np.argsort(-own, kind="stable")
    if decay is None:
        decay = _found_decay(sums, mixing, centered, order, rate_hz)
    for sweep in range(_SWEEPS):
        for cell in order:
            trace = _turn(int(cell), sums, mixing, centered, own)
            if trace is None:
                continue
            if sweep == 0:
                noise[cell] = noise_of(trace)
            apart = deconvolve(trace, decay, float(noise[cell]))
            raw[cell], calcium[cell], spikes[cell] = trace - apart.baseline, apart.calcium, apart.spikes
            centered[cell] = apart.calcium - apart.calcium.mean()
    return Traces(raw, calcium, spikes, noise, decay)


def _turn(
    cell: int,
    sums: NDArray[np.float32],
    mixing: sparse.csr_array,
    centered: NDArray[np.float32],
    own: NDArray[np.floating],
) -> NDArray[np.float64] | None:
    """The trace of a cell if all others do what they are thought to do."""
    if not own[cell] > 0:
        return None
    part = slice(mixing.indptr[cell], mixing.indptr[cell + 1])
    others, shares = mixing.indices[part], mixing.data[part]
    left = sums[cell].astype(np.float64)
    for other, share in zip(others, shares, strict=True):
        if other != cell:
            left -= share * centered[other]
    return np.asarray(left / own[cell])


def _found_decay(
    sums: NDArray[np.float32],
    mixing: sparse.csr_array,
    centered: NDArray[np.float32],
    order: NDArray[np.int64],
    rate_hz: float,
) -> float:
    own = mixing.diagonal()
    traces = [trace for cell in order if (trace := _turn(int(cell), sums, mixing, centered, own)) is not None]
    noises = [noise_of(trace) for trace in traces]
    height = [trace.max() / noise if noise > 0 else 0.0 for trace, noise in zip(traces, noises, strict=True)]
    clear = [place for place in np.argsort(-np.array(height), kind="stable") if height[place] > _CLEAR_NOISE]
    clear = clear[:_DECAY_CELLS]
    return decay_of([traces[place] for place in clear], [noises[place] for place in clear], rate_hz)
