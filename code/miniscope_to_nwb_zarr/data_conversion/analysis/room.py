"""Room on the disks for an analysis: for what it keeps while it is at work, and for the next version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.data_conversion import disk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.analysis.pipeline import Plan
    from miniscope_to_nwb_zarr.data_conversion.analysis.base import Base
    from miniscope_to_nwb_zarr.data_conversion.analysis.job import AnalysisJob

# a corrected movie as float32, of which the noise does not pack
_BYTES_KEPT = 4
# the same in the NWB file, as whole numbers
_BYTES_STORED = 1
_OTHER_BYTES = 20_000_000


def check_room(base: Base, job: AnalysisJob, plans: Sequence[Plan]) -> None:
    """Refuse an analysis that will not find room.

    Raises
    ------
    TemporaryError
        A disk has too little room.
    """
    n_values = sum(plan.source.n_frames * plan.source.height_px * plan.source.width_px for plan in plans)
    copied = 0 if base.is_final else base.n_bytes
    stored = n_values * _BYTES_STORED if job.stores_movies else 0
    for folder, needed in (
        (job.scratch, n_values * _BYTES_KEPT + _OTHER_BYTES),
        (job.results, copied + stored + _OTHER_BYTES),
    ):
        disk.check_room(folder, needed, base.name)
