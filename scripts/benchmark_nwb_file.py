"""The NWB file that is converted for time: LFP, two-photon frames and units, as large and as cut as the Allen's.

Noise of a fixed seed: LFP in steps of a converter's unit, slowly drifting; frames with a smooth background and the
noise of counted photons; spikes at random times.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import h5py
import numpy as np
from hdmf.backends.hdf5 import H5DataIO
from hdmf.common import VectorData
from hdmf.data_utils import GenericDataChunkIterator
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.ecephys import ElectricalSeries
from pynwb.ophys import TwoPhotonSeries

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

LFP_BYTES = 2_000_000_000
FRAME_BYTES = 1_000_000_000
N_UNITS = 2_000
_CHANNELS = 93
_SIDE_PX = 512
_LFP_CHUNK = 21_250
_SPIKES = 2_500
_STEP_V = 4.69e-6
_GZIP_LEVEL = 4
_BUFFER_BYTES = 2e8


class Made(GenericDataChunkIterator):  # type: ignore[misc] # hdmf has no types
    """An array that is made part by part."""

    def __init__(
        self,
        make: Callable[[tuple[slice, ...]], NDArray[np.generic]],
        shape: tuple[int, ...],
        dtype: str,
        chunks: tuple[int, ...],
        buffer: tuple[int, ...],
    ) -> None:
        self._make, self._shape, self._type = make, shape, np.dtype(dtype)
        super().__init__(buffer_shape=buffer, chunk_shape=chunks)

    def _get_data(self, selection: tuple[slice, ...]) -> NDArray[np.generic]:
        return self._make(selection)

    def _get_maxshape(self) -> tuple[int, ...]:
        return self._shape

    def _get_dtype(self) -> np.dtype[np.generic]:
        return self._type


def make_file(path: Path, share: float) -> None:
    """Write the file, unless it is there.

    Parameters
    ----------
    path : Path
    share : float
        Of the full size: 1 is 2 GB of LFP, 1 GB of frames and 2000 units.
    """
    if path.exists():
        return
    nwbfile = NWBFile("made to measure time", "benchmark", datetime(2026, 1, 1, tzinfo=UTC))
    _add_lfp(nwbfile, int(share * LFP_BYTES))
    _add_frames(nwbfile, int(share * FRAME_BYTES))
    _add_units(nwbfile, max(1, int(share * N_UNITS)))
    unfinished = path.with_suffix(".unfinished")
    with NWBHDF5IO(unfinished, "w") as io:
        io.write(nwbfile)
    unfinished.rename(path)


def n_array_bytes(path: Path) -> int:
    """Bytes of all arrays of the file, before compression."""
    sizes: list[int] = []
    with h5py.File(path) as file:
        file.visititems(lambda _, item: sizes.append(item.nbytes) if isinstance(item, h5py.Dataset) else None)
    return sum(sizes)


def _add_lfp(nwbfile: NWBFile, n_bytes: int) -> None:
    n_samples = n_bytes // (4 * _CHANNELS)

    def make(part: tuple[slice, ...]) -> NDArray[np.generic]:
        rows, columns = (range(*one.indices(size)) for one, size in zip(part, (n_samples, _CHANNELS), strict=True))
        random = np.random.default_rng([1, rows.start, columns.start])
        steps = random.normal(scale=8, size=(len(rows), len(columns))).cumsum(axis=0)
        steps -= np.linspace(0, 1, len(rows))[:, None] * steps[-1]
        return (np.rint(steps) * _STEP_V).astype("f4")

    chunk = min(_LFP_CHUNK, n_samples)
    group = nwbfile.create_electrode_group("probe", "a probe", "V1", nwbfile.create_device("probe"))
    for _ in range(_CHANNELS):
        nwbfile.add_electrode(group=group, location="V1")
    data = Made(make, (n_samples, _CHANNELS), "f4", (chunk, 1), (chunk, _CHANNELS))
    series = ElectricalSeries(
        name="probe_lfp_data",
        data=H5DataIO(data, compression="gzip", compression_opts=_GZIP_LEVEL),
        electrodes=nwbfile.create_electrode_table_region(list(range(_CHANNELS)), "all"),
        timestamps=H5DataIO(np.arange(n_samples) / 1250 + 3.7, compression="gzip"),
    )
    nwbfile.add_acquisition(series)


def _add_frames(nwbfile: NWBFile, n_bytes: int) -> None:
    n_frames = max(1, n_bytes // (2 * _SIDE_PX**2))
    axis = np.linspace(-1, 1, _SIDE_PX)
    background = 300 + 200 * np.exp(-(axis[:, None] ** 2) - axis**2)

    def make(part: tuple[slice, ...]) -> NDArray[np.generic]:
        frames = range(*part[0].indices(n_frames))
        random = np.random.default_rng([2, frames.start])
        noise = random.standard_normal((len(frames), _SIDE_PX, _SIDE_PX), dtype="f4")
        return (background + np.sqrt(background) * noise).astype("u2")

    device = nwbfile.create_device("microscope")
    plane = nwbfile.create_imaging_plane(
        optical_channel=_channel(),
        description="a plane",
        device=device,
        excitation_lambda=910.0,
        indicator="GCaMP6f",
        location="V1",
        name="plane",
    )
    chunks = (min(10, n_frames), _SIDE_PX, _SIDE_PX)
    data = Made(make, (n_frames, _SIDE_PX, _SIDE_PX), "u2", chunks, (min(100, n_frames), _SIDE_PX, _SIDE_PX))
    nwbfile.add_acquisition(
        TwoPhotonSeries(
            name="frames",
            data=H5DataIO(data, compression="gzip", compression_opts=_GZIP_LEVEL),
            imaging_plane=plane,
            unit="counts",
            rate=30.0,
        )
    )


def _channel() -> object:
    from pynwb.ophys import OpticalChannel  # noqa: PLC0415 - used here alone

    return OpticalChannel("channel", "green", 520.0)


def _add_units(nwbfile: NWBFile, n_units: int) -> None:
    random = np.random.default_rng(3)
    for _ in range(n_units):
        n_spikes = int(random.poisson(_SPIKES))
        nwbfile.add_unit(
            spike_times=np.sort(random.uniform(0, 4000, n_spikes)), waveform_mean=random.normal(size=(82, 10))
        )
    nwbfile.add_unit_column("quality", "by a curator", data=["good" if k % 3 else "noise" for k in range(n_units)])
    firing = VectorData("firing_rate", "spikes a second", random.gamma(2.0, size=n_units))
    nwbfile.units.add_column(firing.name, firing.description, data=firing.data)
    running = TimeSeries("running_speed", data=random.normal(size=60 * 4000), unit="cm/s", rate=60.0)
    nwbfile.create_processing_module("running", "running speed").add(running)
