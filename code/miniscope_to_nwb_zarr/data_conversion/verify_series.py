"""Hold every value of a file that was read back against the one in memory, frames aside."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from hdmf.container import Data
from hdmf.data_utils import DataIO

from miniscope_to_nwb_zarr.core.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hdmf.container import AbstractContainer
    from numpy.typing import NDArray
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.series import FrameSeries


def check_series(read: NWBFile, meant: NWBFile, series: Sequence[FrameSeries]) -> None:
    """Check every value as read back: stamps, series, columns of tables, text; of frames the shape.

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
        Naming what differs.
    """
    for one in series:
        found = read.acquisition[one.name]
        stamps, expected = _as_read(found.timestamps, one.name), one.recording.offset_s + one.stream.time_s
        if found.data.shape != one.plan.shape or not np.array_equal(stamps, expected):
            raise VerificationError(
                f"{one.name}: {found.data.shape} frames and {stamps.shape} stamps were read back, "
                f"expected {one.plan.shape} and the {expected.shape} stamps of the time table"
            )
    check_containers(read, meant.all_children())


def check_containers(read: NWBFile, meant: Iterable[AbstractContainer]) -> None:
    """Check every value of some objects as read back; of frames nothing.

    Raises
    ------
    VerificationError
        Naming what differs.
    """
    for container in meant:
        found = read.objects.get(container.object_id)
        if found is None:
            raise _not_as_meant(f"{container.name}: is missing")
        theirs = _values(found)
        for name, value in _values(container).items():
            # a unit is stored with the array that it belongs to, if that is there
            if not name.endswith("_unit") and not _is_equal(value, theirs.get(name), f"{container.name}: {name}"):
                raise _not_as_meant(f"{container.name}: {name} is not what was to be written")


@contextmanager
def as_damage(what: str) -> Iterator[None]:
    """Within this context what decompressors say of damaged bytes comes out as `VerificationError`."""
    try:
        yield
    except (MemoryError, RuntimeError, SystemError, ValueError) as error:
        raise _not_as_meant(f"{what}: cannot be read back ({error})") from error


def _not_as_meant(what: str) -> VerificationError:
    return VerificationError(
        f"{what}; no output was made. A faulty disk or memory can do this: run again, and if it happens again, check "
        "the machine"
    )


def _values(container: AbstractContainer) -> dict[str, Any]:
    values = {name: value.data if isinstance(value, DataIO) else value for name, value in container.fields.items()}
    if isinstance(container, Data):
        values["data"] = container.data.data if isinstance(container.data, DataIO) else container.data
    return values


def _as_read(found: Any, what: str) -> NDArray[Any]:  # noqa: ANN401 - whatever holds an array, or a single value
    with as_damage(what):
        return np.asarray(found[:] if np.ndim(found) or hasattr(found, "chunks") else found)


def _is_equal(meant: Any, found: Any, what: str) -> bool:  # noqa: ANN401 - whatever a field may hold
    if isinstance(meant, date):
        return bool(meant == found)
    is_many = isinstance(meant, (list, tuple, np.ndarray)) and len(meant)
    if not is_many and (not isinstance(meant, (str, int, float)) or meant == ""):
        # frames, which are compared one by one, and links
        return True
    try:
        expected = np.asarray(meant)
    except ValueError:
        # references to places in other series
        return True
    if expected.dtype.kind in "OUS" and all(isinstance(value, (str, bytes)) for value in expected.flat):
        return [str(value) for value in _as_read(found, what).flat] == [str(value) for value in expected.flat]
    if expected.dtype.kind not in "biuf":
        return True
    return np.array_equal(_as_read(found, what), expected, equal_nan=expected.dtype.kind == "f")
