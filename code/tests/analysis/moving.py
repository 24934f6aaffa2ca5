"""Movies whose motion, bending and cells are known."""

from dataclasses import dataclass

import cv2
import numpy as np

ALL = slice(None)


@dataclass(frozen=True, eq=False)
class MemoryMovie:
    """A movie in memory, of chunks of some frames."""

    frames: np.ndarray
    chunk_frames: int = 1
    rate_hz: float = 20.0

    @property
    def n_frames(self):
        """Frames."""
        return len(self.frames)

    @property
    def height_px(self):
        """Rows."""
        return self.frames.shape[1]

    @property
    def width_px(self):
        """Columns."""
        return self.frames.shape[2]

    def read(self, frames, rows=ALL, columns=ALL):
        """A part of the movie."""
        return np.array(self.frames[frames, rows, columns])


def still_picture(rng, side_px):
    """Structures some pixels wide."""
    texture = cv2.GaussianBlur(rng.normal(size=(side_px, side_px)), (0, 0), 3)
    return (100 + 10 * texture / texture.std()).astype(np.float32)


def spots(places, side_px, radius_px=4.0):
    """Footprints of round cells."""
    rows, columns = np.mgrid[:side_px, :side_px]
    return np.float32([np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * radius_px**2)) for y, x in places])


def calcium(rng, n_cells, n_frames, rate=0.02, decay=0.9):
    """Transients that fall exponentially, shape (n_cells, n_frames)."""
    traces = (rng.random((n_cells, n_frames)) < rate).astype(float)
    for frame in range(1, n_frames):
        traces[:, frame] += decay * traces[:, frame - 1]
    return traces


def walk(rng, n_frames, step_px=0.4, most_px=4.0):
    """Shifts of frames (rows, columns) as of an animal that moves."""
    shifts = np.cumsum(rng.normal(0, step_px, (n_frames, 2)), axis=0)
    return np.clip(shifts - np.median(shifts, axis=0), -most_px, most_px)


def moved(pictures, shifts, rng, bend=None, noise=2.0):
    """Pictures moved by the shifts of frames, and by `bend` (frame, row or column, height, width) besides."""
    frames = np.empty(pictures.shape, np.float32)
    side = pictures.shape[1]
    rows, columns = np.mgrid[:side, :side].astype(np.float32)
    for number, (picture, (down, right)) in enumerate(zip(pictures, shifts, strict=True)):
        more = np.zeros((2, 1, 1)) if bend is None else bend[number]
        source = columns - np.float32(right + more[1]), rows - np.float32(down + more[0])
        frames[number] = cv2.remap(picture, *source, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return frames + rng.normal(0, noise, frames.shape).astype(np.float32)


def swaying(n_frames, side_px, most_px):
    """A bend as of tissue that is stretched to and fro, shape (frame, row or column, height, width)."""
    at = np.arange(n_frames)
    along = np.cos(np.pi * np.arange(side_px) / side_px)
    down = 0.7 * np.sin(at / 9 + 1)[:, None, None] * along[:, None]
    right = np.sin(at / 7)[:, None, None] * along
    shape = n_frames, side_px, side_px
    return np.float32(most_px) * np.stack([np.broadcast_to(one, shape) for one in (down, right)], axis=1)
