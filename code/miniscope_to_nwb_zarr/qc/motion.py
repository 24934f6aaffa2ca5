"""How far the tissue moved, from tiny pictures of some frames: enough to judge a recording, too coarse to correct it.

Each picture is correlated with the mean of all of them. What hardly changes over a picture (the light falls off to its
sides) and what changes from pixel to pixel (noise, dust on the sensor) is filtered away before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# widths of the Gaussians whose difference is kept, in tiny pixels
_FINE, _COARSE = 0.7, 5.0
_FARTHEST = 0.2
_FEWEST_PX = 16
_ROUNDS = 2
# sides that are multiples of it have fast transforms
_GRAIN = 4
_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """Where the picture was, relative to its mean place.

    Attributes
    ----------
    frames : int64, shape (n,)
        Numbers of the frames that were looked at.
    shift_px : float64, shape (n, 2)
        Along x and y, in pixels of the movie, to a tenth.
    """

    frames: NDArray[np.int64]
    shift_px: NDArray[np.float64]

    @property
    def distance_px(self) -> NDArray[np.float64]:
        """Shape (n,): how far each frame was from the place where most of them were."""
        if not len(self.shift_px):
            return np.empty(0)
        distance: NDArray[np.float64] = np.hypot(*(self.shift_px - np.median(self.shift_px, axis=0)).T)
        return distance


def estimate_motion(frames: NDArray[np.int64], tiny: NDArray[Any], px_per_tiny: int) -> Motion | None:
    """Estimate the motion of a movie; None where its pictures are too few, too small or without any detail.

    Parameters
    ----------
    frames : int64, shape (n,)
    tiny : whole numbers, shape (n, x, y)
    px_per_tiny : int
        Pixels of the movie a side that make one of a tiny picture.
    """
    if len(tiny) < 2 or min(tiny.shape[1:]) < _FEWEST_PX:
        return None
    tiny = tiny[:, : tiny.shape[1] // _GRAIN * _GRAIN, : tiny.shape[2] // _GRAIN * _GRAIN]
    spectra = _filtered(tiny)
    if not spectra.any():
        return None
    shift = np.zeros((len(tiny), 2))
    for _ in range(_ROUNDS):
        shift = _shifts(spectra, _mean_at_place(spectra, shift, tiny.shape[1:]), tiny.shape[1:])
    return Motion(frames, np.round(shift * px_per_tiny, 1) + 0.0)


def _filtered(tiny: NDArray[Any]) -> NDArray[np.complex64]:
    """The spectra of the pictures, of shape (n, x, y / 2 + 1), with details of the size of cells and vessels only."""
    x, y = tiny.shape[1:]
    window = np.outer(np.hanning(x + 2)[1:-1], np.hanning(y + 2)[1:-1]).astype(np.float32)
    f2 = np.fft.fftfreq(x)[:, None] ** 2 + np.fft.rfftfreq(y) ** 2
    band = np.exp(-2 * (np.pi * _FINE) ** 2 * f2) - np.exp(-2 * (np.pi * _COARSE) ** 2 * f2)
    spectra = np.empty((len(tiny), x, y // 2 + 1), np.complex64)
    mean = tiny.mean(axis=(1, 2), dtype=np.float64).astype(np.float32)
    for first in range(0, len(tiny), _BATCH):
        some = slice(first, first + _BATCH)
        spectra[some] = np.fft.rfft2((tiny[some] - mean[some, None, None]) * window) * band
    return spectra


def _mean_at_place(
    spectra: NDArray[np.complex64], shift: NDArray[np.float64], shape: tuple[int, ...]
) -> NDArray[np.complex64]:
    """The spectrum of the mean of all pictures, each moved back to its place."""
    total = np.zeros(spectra.shape[1:], np.complex128)
    for spectrum, (x, y) in zip(spectra, shift, strict=True):
        back_x, back_y = (
            np.exp(2j * np.pi * x * np.fft.fftfreq(shape[0])),
            np.exp(2j * np.pi * y * np.fft.rfftfreq(shape[1])),
        )
        total += spectrum * np.outer(back_x, back_y).astype(np.complex64)
    return (total / len(spectra)).astype(np.complex64)


def _shifts(
    spectra: NDArray[np.complex64], reference: NDArray[np.complex64], shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Shape (n, 2): where each picture fits the reference best, in tiny pixels and parts of them."""
    shift = np.empty((len(spectra), 2))
    reach = [max(1, int(side * _FARTHEST)) for side in shape]
    near = np.ix_(*(np.arange(-r - 1, r + 2) for r in reach))
    mirrored = reference.conj()
    for number, spectrum in enumerate(spectra):
        fit = np.fft.irfft2(spectrum * mirrored, shape)[near]
        inner = fit[1:-1, 1:-1]
        at = np.unravel_index(int(np.argmax(inner)), inner.shape)
        top = [int(k) + 1 for k in at]
        shift[number] = [
            top[axis] - reach[axis] - 1 + _between(*(fit[_step(top, axis, by)] for by in (-1, 0, 1))) for axis in (0, 1)
        ]
    return shift


def _step(place: list[int], axis: int, by: int) -> tuple[int, ...]:
    return tuple(k + by * (number == axis) for number, k in enumerate(place))


def _between(before: float, at: float, after: float) -> float:
    """Where the parabola through three neighbours has its top, from the middle one."""
    curve = before - 2 * at + after
    return 0.0 if curve >= 0 else float(np.clip((before - after) / (2 * curve), -0.5, 0.5))
