"""How a picture is bent beyond its rigid shift: small shifts of a grid of patches that vary smoothly.

Each patch is compared with the template to first order (Lucas & Kanade 1981): with the gradient G of the template and
the difference D of a frame from it, a shift d explains D as -G d. An active cell also makes a difference, and looks
like a shift of its patch, but not of the patches around; a bent picture moves neighbours alike. So the shifts of all
patches of a frame are drawn together as one smooth field (a Gaussian process with a Gaussian kernel), whose strength
and the strength of all else are those under which the sample of frames is most probable. Where that strength is nought,
the movie's motion is rigid, and nothing is bent.

Patches that are corrected together after a rigid step: Pnevmatikakis & Giovannucci 2017 (NoRMCorre,
10.1016/j.jneumeth.2017.07.031).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KERNEL_SHARE = 0.35
"""Distance over which a field changes, as a share of the longer side of the picture."""
_STRENGTHS_PX = (0.0, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7, 1.0, 1.5, 2.0, 3.0)
"""Standard deviations of a field that are weighed against each other."""
_MIN_GAIN_NATS = 1.0
"""By which a frame must on average become more probable for a field to be believed in, per frame of the sample."""
_ROUNDS = 2
_FEWEST_PATCHES = 3
"""Along either side of the picture: of two, neither has others around it that could move alike."""
_SMALLEST_PATCH_PX = 32


@dataclass(frozen=True, eq=False)
class PatchGrid:
    """Patches side by side that fill the inner part of a picture.

    Attributes
    ----------
    edges : pair of int arrays
        Where the rows and the columns of patches begin, and where the last ends.
    gradient : float32, shape (2, height, width)
        Of the template, along rows and columns.
    stiffness : float64, shape (n_patches, 2, 2)
        Sums of the products of the gradients over each patch.
    """

    picture: NDArray[np.float32]
    edges: tuple[NDArray[np.int64], NDArray[np.int64]]
    gradient: NDArray[np.float32]
    stiffness: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return len(self.edges[0]) - 1, len(self.edges[1]) - 1

    @property
    def centers(self) -> NDArray[np.float64]:
        """Of the patches in pixels, shape (n_patches, 2)."""
        rows, columns = ((edges[1:] + edges[:-1] - 1) / 2 for edges in self.edges)
        return np.array(list(product(rows, columns)))

    def sums(self, picture: NDArray[np.float32]) -> NDArray[np.float64]:
        """Of the pixels of each patch, shape (n_patches,)."""
        rows, columns = self.edges
        inner = picture[rows[0] : rows[-1], columns[0] : columns[-1]].astype(np.float64)
        by_row = np.add.reduceat(inner, rows[:-1] - rows[0], axis=0)
        return np.asarray(np.add.reduceat(by_row, columns[:-1] - columns[0], axis=1).ravel())

    def pull(self, difference: NDArray[np.float32]) -> NDArray[np.float64]:
        """Which way each patch of a difference from the template is drawn, shape (n_patches, 2)."""
        return -np.stack([self.sums(part * difference) for part in self.gradient], axis=1)


def grid_of(picture: NDArray[np.float32], reach_px: int, patch_px: int) -> PatchGrid | None:
    """Cut a template into patches of about `patch_px`, its border of `reach_px` left out.

    In a small picture they are smaller, so that there are enough of them; None where they would be too small.
    """
    lengths = [side - 2 * reach_px for side in picture.shape]
    counts = [max(_FEWEST_PATCHES, round(length / patch_px)) for length in lengths]
    if any(length / count < _SMALLEST_PATCH_PX for length, count in zip(lengths, counts, strict=True)):
        return None
    rows, columns = (
        np.linspace(reach_px, side - reach_px, count + 1).round().astype(np.int64)
        for side, count in zip(picture.shape, counts, strict=True)
    )
    gradient = np.stack([np.gradient(picture, axis=axis) for axis in (0, 1)]).astype(np.float32)
    bare = PatchGrid(picture, (rows, columns), gradient, np.empty(0))
    products = [[bare.sums(one * other) for other in gradient] for one in gradient]
    return PatchGrid(picture, bare.edges, gradient, np.moveaxis(np.array(products), -1, 0))


def smoothness(grid: PatchGrid) -> NDArray[np.float64]:
    """Covariance of a field of strength 1 over (patch, axis), shape (2 n_patches, 2 n_patches)."""
    centers = grid.centers
    length = _KERNEL_SHARE * max(grid.picture.shape)
    square = ((centers[:, None] - centers[None]) ** 2).sum(-1)
    return np.kron(np.exp(-square / (2 * length**2)), np.eye(2))


def as_one(stiffness: NDArray[np.float64]) -> NDArray[np.float64]:
    """The stiffness of all patches as one matrix, shape (2 n_patches, 2 n_patches)."""
    n_patches = len(stiffness)
    whole = np.zeros((n_patches, 2, n_patches, 2))
    whole[np.arange(n_patches), :, np.arange(n_patches)] = stiffness
    return whole.reshape(2 * n_patches, 2 * n_patches)


def gain_of(grid: PatchGrid, pulls: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The matrix that turns the pulls of a frame into its most probable field.

    Parameters
    ----------
    pulls : float64, shape (n_frames, n_patches, 2)
        Of a sample of frames whose rigid shift was undone.

    Returns
    -------
    float64, shape (2 n_patches, 2 n_patches), or None
        None where the sample is most probable without any bending.
    """
    seen = pulls.reshape(len(pulls), -1)
    stiffness = as_one(grid.stiffness)
    if len(seen) < 2 or np.linalg.matrix_rank(stiffness) < len(stiffness):
        return None
    # a pull is made by the field through the stiffness, and by all else with a variance in proportion to it
    bent = stiffness @ smoothness(grid) @ stiffness
    best = (-np.inf, 0.0, 0.0)
    rigid = -np.inf
    scale = float(np.mean(seen**2) / np.mean(np.diag(stiffness)))
    for strength, share in product(_STRENGTHS_PX, np.geomspace(0.02, 1.5, 24)):
        covariance = strength**2 * bent + share * scale * stiffness
        weight = log_probability(seen, covariance)
        best = max(best, (weight, strength, share * scale))
        if strength == 0:
            rigid = max(rigid, weight)
    _, strength, else_ = best
    if strength == 0 or best[0] - rigid < _MIN_GAIN_NATS:
        return None
    prior = strength**2 * smoothness(grid)
    return np.asarray(prior @ np.linalg.inv(stiffness @ prior + else_ * np.eye(len(prior))))


def log_probability(seen: NDArray[np.float64], covariance: NDArray[np.float64]) -> float:
    """Of rows drawn from a normal distribution of mean 0, per row and without the constant."""
    _, log_determinant = np.linalg.slogdet(covariance)
    square = np.einsum("ij,ji->i", seen, np.linalg.solve(covariance, seen.T))
    # a few frames with much activity must not decide
    return float(-0.5 * (log_determinant + np.median(square) / _median_share(seen.shape[1])))


def _median_share(degrees: int) -> float:
    """The median of a chi-square distribution over its mean (Wilson & Hilferty 1931)."""
    return float((1 - 2 / (9 * degrees)) ** 3)


def field_of(
    grid: PatchGrid, gain: NDArray[np.float64], frame: NDArray[np.float32], shift: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Shift of each patch of a band-passed frame, its rigid shift included, shape (rows, columns, 2)."""
    stiffness = as_one(grid.stiffness)
    bend = np.zeros(len(stiffness))
    for _ in range(_ROUNDS):
        field = bend.reshape(*grid.shape, 2) + shift
        pull = grid.pull(difference(grid.picture, move_back_field(frame, grid, field)))
        bend = gain @ (pull.ravel() + stiffness @ bend)
    return np.asarray(bend.reshape(*grid.shape, 2) + shift)


def difference(picture: NDArray[np.float32], frame: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of a frame from the template, once both are equally strong."""
    strength = float(np.vdot(frame, picture) / max(float(np.vdot(picture, picture)), 1e-30))
    return np.asarray(frame / max(strength, 0.1) - picture, dtype=np.float32)


def move_back_field(
    frame: NDArray[np.float32], grid: PatchGrid, field: NDArray[np.float64], interpolation: int = cv2.INTER_LINEAR
) -> NDArray[np.float32]:
    """Undo a field of shifts given for the patches; beyond the outermost centres it goes on as it is there."""
    height, width = frame.shape
    rows, columns = grid.edges
    # pixel of the picture -> place in the grid of patches
    down = (np.arange(height) - rows[0] + 0.5) * (len(rows) - 1) / (rows[-1] - rows[0]) - 0.5
    right = (np.arange(width) - columns[0] + 0.5) * (len(columns) - 1) / (columns[-1] - columns[0]) - 0.5
    to_column, to_row = np.meshgrid(right.astype(np.float32), down.astype(np.float32))
    full = cv2.remap(field.astype(np.float32), to_column, to_row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    at_column, at_row = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    source = at_column + full[..., 1], at_row + full[..., 0]
    return np.asarray(cv2.remap(frame, source[0], source[1], interpolation, borderMode=cv2.BORDER_REPLICATE))
