"""What the analysis asks of every engine, and what an engine gives back.

Pictures are arrays of shape (height, width), row first, as people see them; movies are (frame, height, width). Stores
hold frames as (frame, x, y): the one place that turns them is the reader behind `Movie`. All values are float32.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    Progress = Callable[[str, float], None]
    """Told the step and which share of it is done, 0 to 1."""


class Movie(Protocol):
    """A movie that is read in parts: it never has to fit into memory."""

    @property
    def n_frames(self) -> int:
        """Frames."""

    @property
    def height_px(self) -> int:
        """Rows."""

    @property
    def width_px(self) -> int:
        """Columns."""

    @property
    def rate_hz(self) -> float:
        """Frames in a second."""

    def read(self, frames: slice, rows: slice = ..., columns: slice = ...) -> NDArray[np.float32]:
        """A part of the movie, shape (frame, row, column); all rows and columns where they are not given."""


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """How far the picture had moved in each frame.

    Attributes
    ----------
    shift_px : float32, shape (n_frames, 2)
        Rows and columns by which the content of a frame lies further down and right than in the template; subtracting
        it brings the frame back.
    local_px : float32, shape (n_frames, n_rows, n_columns, 2), or None
        The same for patches that lie side by side, where the picture was bent; None where motion is rigid.
    quality : float32, shape (n_frames,)
        Correlation of each corrected frame with the template.
    reach_px : float, or None
        The largest shift down or right that the engine looks for; None where it has no such limit.
    sharpness : tuple of float, or None
        Of the mean picture before and after, whichever engine was at work; see `analysis.sharpness`.
    patch_edges_px : pair of int arrays, or None
        Rows where the rows of patches begin, and where the last ends; the same for columns. None where motion is rigid.
    """

    shift_px: NDArray[np.float32]
    template: NDArray[np.float32]
    quality: NDArray[np.float32]
    local_px: NDArray[np.float32] | None = None
    reach_px: float | None = None
    sharpness: tuple[float, float] | None = None
    patch_edges_px: tuple[NDArray[np.integer], NDArray[np.integer]] | None = None

    @property
    def is_bent(self) -> bool:
        """Whether patches moved by themselves."""
        return self.local_px is not None

    @property
    def patch_px(self) -> float | None:
        """Side of the patches, the mean of their heights and widths; None where motion is rigid."""
        if self.patch_edges_px is None:
            return None
        return float(np.mean([np.diff(edges).mean() for edges in self.patch_edges_px]))


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Everything an engine took for a cell, those that evaluation rejects included.

    Attributes
    ----------
    footprints : sparse float32, shape (n_units, height * width)
        Weight of each pixel, rows of pixels one after the other.
    raw : float32, shape (n_units, n_frames)
        Demixed fluorescence with its noise: denoised trace plus what is left of the movie under the footprint.
    denoised, deconvolved : float32, shape (n_units, n_frames)
        In the units of `raw`.
    baseline : float32, shape (n_units,)
        Fluorescence of the cell at rest in the units of `raw`, background included where the engine knows it.
    noise : float32, shape (n_units,)
        Standard deviation of the noise of `raw`.
    """

    footprints: csr_array
    raw: NDArray[np.float32]
    denoised: NDArray[np.float32]
    deconvolved: NDArray[np.float32]
    baseline: NDArray[np.float32]
    noise: NDArray[np.float32]
    images: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    """Summary images by name (``mean``, ``max``, ``correlation``, ``peak_to_noise``), each of shape (height, width)."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """All that were used, estimated ones included, as JSON values with units in their names."""
    estimated: tuple[str, ...] = ()
    """Which of them were estimated from the movie."""

    @property
    def n_units(self) -> int:
        """Cells and what was taken for one."""
        return int(self.footprints.shape[0])


class Engine(Protocol):
    """Finds motion and cells in a movie."""

    NAME: str
    EVENT_NOISE: float
    """Jumps of its deconvolved traces count as events from this multiple of the noise on."""

    def version(self) -> str:
        """Of the program that does the work."""

    def unavailable(self) -> str | None:
        """Why the engine cannot be used here, with what to do about it; None where it can."""

    def correct_motion(
        self, movie: Movie, parameters: Mapping[str, Any], corrected: Path, workers: int, progress: Progress
    ) -> Motion:
        """Estimate the motion and write the corrected movie as a zarr array (frame, row, column) to `corrected`."""

    def find_units(
        self, movie: Movie, parameters: Mapping[str, Any], workers: int, scratch: Path, progress: Progress
    ) -> Units:
        """Find the cells of a movie whose motion was corrected, and demix their traces."""
