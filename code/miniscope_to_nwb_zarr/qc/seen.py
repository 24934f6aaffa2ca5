"""What was seen of the frames of one scope: the pictures and curves that a person judges a recording by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.qc import projections
from miniscope_to_nwb_zarr.qc.figures.png import encode_png, stretch
from miniscope_to_nwb_zarr.qc.frame_sums import NO_PICTURE, in_order
from miniscope_to_nwb_zarr.qc.motion import Motion, estimate_motion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.qc.frame_sums import FrameSums
    from miniscope_to_nwb_zarr.qc.sampling import Sampling


GLANCE_PX = 96
"""The longer side of a picture where many are shown, at most."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as files, upright: rows are the y of the movie."""

    name: str
    """What it shows, in one word: the name of its file."""
    png: bytes
    """In the resolution that it was made in."""
    shown: bytes
    """The same, no larger than a report has room for."""
    size_px: tuple[int, int]
    """Width and height of `shown`."""
    low: float
    """The value that is black."""
    high: float
    """The value that is white."""
    frame: int = -1
    """The number of the frame; -1 for a picture of the whole movie."""


@dataclass(frozen=True, slots=True, eq=False)
class SeenFrames:
    """What was seen of a series of frames.

    Attributes
    ----------
    level : float64, shape (n_frames,)
        The mean of all pixels of each frame; NaN without a picture.
    saturated : float64, shape (n_frames,)
        The share of its pixels that have the largest value there is.
    step : int
        Every so many frames one was looked at closely.
    n_looks : int
        Frames that were looked at closely.
    pictures : tuple of Picture
        ``maximum``, ``mean``, ``deviation``, ``correlation``, then single frames.
    motion : Motion or None
    glance : bytes
        The maximum as a PNG file of at most `GLANCE_PX`.
    """

    level: NDArray[np.float64]
    saturated: NDArray[np.float64]
    step: int
    n_looks: int
    pictures: tuple[Picture, ...]
    motion: Motion | None
    glance: bytes = b""

    def picture(self, name: str) -> Picture | None:
        """The picture of that name; None where there is none."""
        return next((one for one in self.pictures if one.name == name), None)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """The work of making something to see of a series."""

    place: int
    """Of the stream among those of the session."""
    levels: NDArray[np.int64]
    """Shape (n_frames, 2): sum of the values of each frame, and how many are the largest there is."""
    sums: FrameSums
    sampling: Sampling
    shown_px: int
    """The longer side that pictures have in the report, at most."""


def see(look: Look) -> SeenFrames:
    """Make it. Runs in a worker."""
    sums, sampling = look.sums, look.sampling
    n_values = max(1, sums.largest.size)
    has_picture = look.levels[:, 0] != NO_PICTURE
    motion = estimate_motion(*in_order(sums.tiny), sampling.small * sampling.tiny) if sums.tiny else None
    return SeenFrames(
        level=np.where(has_picture, look.levels[:, 0] / n_values, np.nan),
        saturated=look.levels[:, 1] / n_values,
        step=sampling.step,
        n_looks=sums.n_frames,
        pictures=tuple(_pictures(sums, sampling, look.shown_px)) if sums.largest.size else (),
        motion=motion,
        glance=_glance(sums) if sums.n_frames and sums.largest.size else b"",
    )


def _glance(sums: FrameSums) -> bytes:
    image = projections.maximum(sums)
    return encode_png(stretch(smaller(image.T, GLANCE_PX), *projections.contrast(image)))


def _pictures(sums: FrameSums, sampling: Sampling, shown_px: int) -> Iterator[Picture]:
    if sums.n_frames > 1:
        yield _picture("maximum", projections.maximum(sums), shown_px)
        yield _picture("mean", projections.mean(sums), shown_px)
        yield _picture("deviation", projections.deviation(sums), shown_px)
        yield _picture("correlation", projections.correlation(sums), shown_px)
    shown = sampling.shown(sums.examples)
    if shown:
        # in one contrast, so that they can be compared
        limits = projections.contrast(np.stack([sums.examples[frame] for frame in shown]))
        for frame in shown:
            yield _picture(f"frame_{frame}", sums.examples[frame], shown_px, limits, frame)


def _picture(
    name: str, image: NDArray[Any], shown_px: int, limits: tuple[float, float] | None = None, frame: int = -1
) -> Picture:
    low, high = limits or projections.contrast(image)
    pixels = stretch(image.T, low, high)
    shown = stretch(smaller(image.T, shown_px), low, high)
    return Picture(name, encode_png(pixels), encode_png(shown), (shown.shape[1], shown.shape[0]), low, high, frame)


def smaller(image: NDArray[Any], most_px: int) -> NDArray[Any]:
    """The image with means of blocks of pixels, so that its longer side has at most so many."""
    n = -(-max(image.shape[:2]) // most_px)
    if n == 1 or min(image.shape[:2]) < n:
        return image
    height, width = (side // n for side in image.shape[:2])
    blocks = image[: height * n, : width * n].reshape(height, n, width, n, *image.shape[2:])
    smaller: NDArray[np.float64] = blocks.mean(axis=(1, 3), dtype=np.float64)
    return smaller
