"""What was seen of the frames of one device while they were decoded, stored and read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.qc.measure import Measure, Verdict
from miniscope_to_nwb_zarr.qc.picture_measures import picture_measures
from miniscope_to_nwb_zarr.qc.stream_measures import aspect_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miniscope_to_nwb_zarr.core.model import Stream
    from miniscope_to_nwb_zarr.qc.seen import SeenFrames

FRAMES_STORED, DAMAGED, SATURATION = "Frames stored", "Damaged frames", "Saturation"
# a cell fills about this share of a picture
_SATURATED_SHARE = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class StoredFrames:
    """What is known of the frames of a stream once they are in the store."""

    stream: Stream
    n_frames: int
    n_damaged: int
    """Frames that the decoder complained of."""
    n_lost: int
    """Those of them of which there is no picture."""
    n_values: int
    """Pixels of all frames of which there is a picture, times their channels."""
    n_white: int
    """Those of them that have the largest value."""
    white: int
    """The largest value that a pixel can have."""
    seen: SeenFrames | None = None
    """What was seen of them, if they were looked at."""


def frame_measures(stored: StoredFrames) -> Iterator[Measure]:
    """The measures of the frames of one device in one recording."""
    stream = stored.stream
    aspect = aspect_of(stream)
    numbers = stream.table.frame_number[stream.table.frame_number >= 0]
    # not all software begins at 0; where the first rows are lost, a finding says so
    recorded = max(stream.table.n_rows, int(np.ptp(numbers)) + 1 if len(numbers) else 0)
    yield Measure(
        FRAMES_STORED,
        "Passes where all frames are stored that the time table says were recorded; fails otherwise.",
        {"stored": stored.n_frames, "recorded": recorded},
        Verdict.GOOD if stored.n_frames == recorded else Verdict.BAD,
        aspect,
    )
    yield Measure(
        DAMAGED,
        "Passes where the decoder reported no error in any frame; fails otherwise. Damage to frames without a checksum "
        "cannot always be noticed.",
        {
            "damaged": stored.n_damaged,
            "without_picture": stored.n_lost,
            "have_checksum": bool(stream.picture and stream.picture.has_checksum),
        },
        Verdict.BAD if stored.n_damaged else Verdict.GOOD,
        aspect,
    )
    if stored.n_values:
        share = stored.n_white / stored.n_values
        yield Measure(
            SATURATION,
            f"Share of all pixels that have the largest possible value. Passes up to {_SATURATED_SHARE:.1%}, about "
            "the share of a picture that one cell fills; a person has to look otherwise.",
            {"share": round(share, 9), "largest_value": stored.white},
            Verdict.LOOK if share > _SATURATED_SHARE else Verdict.GOOD,
            aspect,
        )
    if stored.seen is not None and stream.picture is not None:
        shorter_side = min(stream.picture.width_px, stream.picture.height_px)
        yield from picture_measures(stored.seen, shorter_side, aspect)
