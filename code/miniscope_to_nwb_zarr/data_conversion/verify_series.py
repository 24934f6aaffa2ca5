"""Hold every series of a file that was read back against the one in memory, frames aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hdmf.data_utils import DataIO
from pynwb import TimeSeries

from miniscope_to_nwb_zarr.core.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.series import FrameSeries


def check_series(read: NWBFile, meant: NWBFile, series: Sequence[FrameSeries]) -> None:
    """Check stamps and values of every series as read back; of frames the stamps and the shape.

    Parameters
    ----------
    read : NWBFile
        As read back.
    meant : NWBFile
        As it was in memory.
    series : sequence of FrameSeries
        The arrays of frames.

    Raises
    ------
    VerificationError
        Naming the series.
    """
    for one in series:
        found = read.acquisition[one.name]
        stamps, expected = np.asarray(found.timestamps[:]), one.recording.offset_s + one.stream.time_s
        if found.data.shape != one.plan.shape or not np.array_equal(stamps, expected):
            raise VerificationError(
                f"{one.name}: {found.data.shape} frames and {stamps.shape} stamps were read back, "
                f"expected {one.plan.shape} and the {expected.shape} stamps of the time table"
            )
    frames = {read.acquisition[one.name].object_id for one in series}
    for container in meant.all_children():
        if not isinstance(container, TimeSeries) or container.object_id in frames:
            continue
        found = read.objects.get(container.object_id)
        if found is None or not all(
            _is_equal(getattr(container, f), getattr(found, f)) for f in ("timestamps", "data")
        ):
            raise VerificationError(f"{container.name}: what was read back is not what was to be written")


def _is_equal(meant: Any, found: Any) -> bool:  # noqa: ANN401 - whatever holds an array
    if meant is None or isinstance(meant, TimeSeries):
        # stamps taken over from another series, which is looked at itself
        return True
    if isinstance(meant, DataIO):
        meant = meant.data
    values, expected = np.asarray(found[:]), np.asarray(meant)
    if expected.dtype.kind in "OUS":
        return [str(value) for value in values] == [str(value) for value in expected]
    return np.array_equal(values, expected, equal_nan=expected.dtype.kind == "f")
