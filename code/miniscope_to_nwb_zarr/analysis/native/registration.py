"""How far the content of a frame lies from that of a template: whole frames, and patches of them.

Rigid shifts maximise the normalised cross-correlation of the inner part of a frame with every place of the template
within reach (Lewis 1995, "Fast normalized cross-correlation"), by Fourier transform; the place between pixels is the
top of the quadratic surface through the nine values around the highest one. Only the inner part is laid on the
template, so that the frame's border, which stands still, draws the shift nowhere. Frames and template are band-passed
first: the glow of the scope stands still and is wider than a cell, noise is finer (Pnevmatikakis & Giovannucci 2017,
NoRMCorre, 10.1016/j.jneumeth.2017.07.031).

Shifts are (row, column), positive where the content of the frame lies further down and right than in the template.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy import fft

if TYPE_CHECKING:
    from numpy.typing import NDArray

cv2.setNumThreads(1)

_FINE_PX = 1.0
"""Standard deviation of the blur against pixel noise."""
_FAR_SHARE = 0.3
"""By which a correlation at the end of the reach counts for less: what has moved little is more likely."""


def band_pass(frame: NDArray[np.float32], coarse_px: float) -> NDArray[np.float32]:
    """Difference of two Gaussian blurs, of standard deviations 1 and `coarse_px` pixels."""
    fine = cv2.GaussianBlur(frame, (0, 0), _FINE_PX)
    return np.asarray(fine - cv2.GaussianBlur(frame, (0, 0), coarse_px), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Template:
    """A band-passed picture onto which frames are laid.

    Attributes
    ----------
    picture : float32, shape (height, width)
    reach_px : int
        The largest shift that is looked for, and the width of the border of a frame that is not compared.
    """

    picture: NDArray[np.float32]
    reach_px: int

    @cached_property
    def inner(self) -> tuple[slice, slice]:
        """The part of a frame that is compared."""
        height, width = self.picture.shape
        return slice(self.reach_px, height - self.reach_px), slice(self.reach_px, width - self.reach_px)

    @cached_property
    def spectrum(self) -> NDArray[np.complex64]:
        """Of the picture."""
        return np.asarray(fft.rfft2(self.picture), dtype=np.complex64)

    @cached_property
    def norms(self) -> NDArray[np.float32]:
        """Norm of the mean-free part of the template under the inner frame, for each shift within reach."""
        inner = np.zeros(self.picture.shape)
        inner[self.inner] = 1
        window = np.conj(fft.rfft2(inner))
        picture = self.picture.astype(np.float64)
        total = self._within_reach(fft.irfft2(fft.rfft2(picture) * window, picture.shape))
        square = self._within_reach(fft.irfft2(fft.rfft2(picture**2) * window, picture.shape))
        variance = square - total**2 / inner.sum()
        least = 1e-9 * max(float(variance.max()), 1e-30)
        return np.asarray(np.sqrt(np.maximum(variance, least)), dtype=np.float32)

    @cached_property
    def likeliness(self) -> NDArray[np.float32]:
        """How much a correlation counts, for each shift within reach."""
        along = np.square(np.linspace(-1, 1, 2 * self.reach_px + 1, dtype=np.float32))
        return np.asarray(1 - _FAR_SHARE * (along[:, None] + along))

    def _within_reach(self, surface: NDArray[np.floating]) -> NDArray[np.floating]:
        reach = self.reach_px
        return np.roll(surface, (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]

    def correlate(self, frame: NDArray[np.float32]) -> NDArray[np.float32]:
        """Normalised correlation of a band-passed frame with the template, shape (2 reach + 1, 2 reach + 1).

        The value in the middle is that of a frame that has not moved; zeros where the frame is flat.
        """
        part = frame[self.inner]
        inner = np.zeros_like(frame)
        inner[self.inner] = part - part.mean()
        norm = float(np.sqrt((inner.astype(np.float64) ** 2).sum()))
        if not norm > 0:
            return np.zeros(self.norms.shape, dtype=np.float32)
        surface = fft.irfft2(self.spectrum * np.conj(fft.rfft2(inner)), frame.shape)
        return np.asarray(self._within_reach(surface) / self.norms / norm, dtype=np.float32)


def prepared(picture: NDArray[np.float32], reach_px: int) -> Template:
    """A template with all that is computed from its picture: it travels with it to other processes."""
    template = Template(picture, reach_px)
    _ = template.spectrum, template.norms, template.likeliness
    return template


def rigid_shift(frame: NDArray[np.float32], template: Template) -> tuple[float, float, float]:
    """Rows and columns by which the content of a band-passed frame has moved, and its correlation there.

    A frame without content, or whose best place lies at the end of the reach, has not been found: correlation 0.
    """
    surface = template.correlate(frame)
    reach = template.reach_px
    row, column = np.unravel_index(int(np.argmax(surface * template.likeliness)), surface.shape)
    quality = float(surface[row, column])
    if not (0 < row < 2 * reach and 0 < column < 2 * reach) or not quality > 0:
        return 0.0, 0.0, 0.0
    down, right = summit(surface[row - 1 : row + 2, column - 1 : column + 2])
    # the surface tells where in the template the frame fits
    return reach - float(row) - down, reach - float(column) - right, quality


def summit(nine: NDArray[np.float32]) -> tuple[float, float]:
    """Where the quadratic surface through 3 x 3 values is highest, from their middle, at most one pixel away."""
    values = nine.astype(np.float64)
    slope = np.array([values[2].mean() - values[0].mean(), values[:, 2].mean() - values[:, 0].mean()]) / 2
    rows = (values[0] - 2 * values[1] + values[2]).mean()
    columns = (values[:, 0] - 2 * values[:, 1] + values[:, 2]).mean()
    mixed = (values[2, 2] - values[2, 0] - values[0, 2] + values[0, 0]) / 4
    determinant = rows * columns - mixed**2
    if determinant <= 0 or rows >= 0:
        return 0.0, 0.0
    down = -(columns * slope[0] - mixed * slope[1]) / determinant
    right = -(rows * slope[1] - mixed * slope[0]) / determinant
    return float(np.clip(down, -1, 1)), float(np.clip(right, -1, 1))


def move_back(frame: NDArray[np.float32], shift: NDArray[np.floating]) -> NDArray[np.float32]:
    """Undo a rigid shift, by cubic interpolation; what comes in at the border repeats the border."""
    height, width = frame.shape
    matrix = np.array([[1, 0, shift[1]], [0, 1, shift[0]]], dtype=np.float64)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(frame, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE))
