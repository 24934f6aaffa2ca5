"""What a format to write in must offer: `zarr_stage` and `hdf5_stage` are the two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hdmf.backends.io import HDMFIO
    from hdmf.data_utils import DataIO
    from numpy.typing import NDArray
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.frames import SlabReport, SlabTask
    from miniscope_to_nwb_zarr.data_conversion.frames_stage import WrittenSeries
    from miniscope_to_nwb_zarr.data_conversion.pool import Pool
    from miniscope_to_nwb_zarr.data_conversion.series import FrameSeries


class Backend(Protocol):
    """A module with these functions."""

    SUFFIX: str

    def series_data(self, series: FrameSeries, level: int, filled: Path | None) -> DataIO:
        """The `data` of a series of frames; `filled` is the array that the workers fill."""

    def table_data(self, values: NDArray[Any]) -> DataIO:
        """A small array."""

    def write_store(self, nwbfile: NWBFile, store: Path, series: Sequence[FrameSeries], frames: Path) -> None:
        """Write the file; the frames of each series lie in arrays below `frames`."""

    def open_store(self, store: Path) -> HDMFIO:
        """Open the file as any reader would."""

    def start_reading(
        self, series: Sequence[FrameSeries], store: Path, pool: Pool
    ) -> Iterator[tuple[SlabTask, SlabReport]]:
        """Read every frame back."""

    def known_objects(self, path: str, written: WrittenSeries) -> dict[str, tuple[int, str]]:
        """Size and sha256 of files that were hashed as they were written, by their path in the output."""
