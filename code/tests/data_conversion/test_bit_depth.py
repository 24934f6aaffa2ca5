"""Video of every kind becomes the same numbers in the store: 8 bits stay 8, 16 stay 16, and none is scaled."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import zarr
from hdmf_zarr import NWBZarrIO
from numcodecs import Blosc
from pynwb import NWBHDF5IO

from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.demo.avi import Encoding, write_avi
from miniscope_to_nwb_zarr.layouts.daq_qt import device as daq_qt_device
from miniscope_to_nwb_zarr.layouts.discovery import Request, discover
from miniscope_to_nwb_zarr.layouts.video_files import read_videos
from miniscope_to_nwb_zarr.run import session_job
from miniscope_to_nwb_zarr.run.main import main
from tests import defects
from tests.conversions import convert, no_processes, sessions_in
from tests.recordings import SCOPE, scope_recording

SERIES = f"OnePhotonSeries_{SCOPE.folder_name}"
WIDTH, HEIGHT, N_FRAMES, PER_FILE = 150, 48, 25, 10
EIGHT_BITS = [Encoding.DIB, Encoding.DIB_TOP_DOWN, Encoding.DIB_BGR, Encoding.Y800]
SIXTEEN_BITS = [encoding for encoding in Encoding if encoding.bit_depth > 8]


def recorded(folder, encoding):
    """A scope's recording whose video is of another encoding: frames that use all of its bits, with bar codes."""
    truth = scope_recording(folder, width_px=WIDTH, height_px=HEIGHT, encoding=Encoding.GREY)
    rng = np.random.default_rng(4)
    dtype = np.uint8 if encoding.bit_depth == 8 else np.uint16
    frames = rng.integers(0, 1 << encoding.bit_depth, (N_FRAMES, HEIGHT, WIDTH), dtype)
    for number, frame in enumerate(frames):
        barcode.draw(frame, number)
    for number, first in enumerate(range(0, N_FRAMES, PER_FILE)):
        path = truth.folder / SCOPE.folder_name / f"{number}.avi"
        write_avi(path, frames[first : first + PER_FILE], WIDTH, HEIGHT, encoding)
    return SimpleNamespace(folder=folder, frames=frames, stamps=truth.devices[SCOPE.folder_name].rows.stamp_ms / 1000)


@pytest.fixture
def gray_sensor(monkeypatch):
    """The layout knows that the sensor is gray."""
    monkeypatch.setattr(daq_qt_device, "read_videos", partial(read_videos, raw16_is_gray=True))


@pytest.mark.usefixtures("gray_sensor")
@pytest.mark.parametrize("encoding", EIGHT_BITS + SIXTEEN_BITS)
def test_every_value_of_every_frame_is_in_the_store(tmp_path, encoding):
    made = recorded(tmp_path / "data", encoding)
    (session,) = sessions_in(made.folder)
    outcome = convert(session, tmp_path / "results", chunk_bytes=60_000)
    with NWBZarrIO(str(outcome.output / f"{session.name}.nwb.zarr"), mode="r") as io:
        series = io.read().acquisition[SERIES]
        assert series.data.dtype == np.dtype("u1" if encoding.bit_depth == 8 else "<u2")
        assert series.data.shape == (N_FRAMES, WIDTH, HEIGHT)
        assert np.array_equal(series.data[:], made.frames.swapaxes(1, 2))
        assert np.array_equal(series.timestamps[:], made.stamps)


def test_chunks_of_16_bits_are_as_large_as_those_of_8(tmp_path):
    data = {}
    for encoding in (Encoding.GREY, Encoding.FFV1_GRAY16):
        made = recorded(tmp_path / encoding.name, encoding)
        (session,) = sessions_in(made.folder)
        outcome = convert(session, tmp_path / f"{encoding.name} results", chunk_bytes=60_000)
        data[encoding.bit_depth] = zarr.open(str(outcome.output / f"{session.name}.nwb.zarr"), "r")[
            f"acquisition/{SERIES}/data"
        ]
    # half as many frames of twice as many bytes
    assert data[8].chunks == (16, 75, 48)
    assert data[16].chunks == (8, 75, 48)
    for one in data.values():
        assert [codec.get_config()["dtype"] for codec in one.filters] == ["<u2"]
    # high and low bytes lie apart
    assert (data[8].compressor.shuffle, data[16].compressor.shuffle) == (Blosc.NOSHUFFLE, Blosc.SHUFFLE)


def test_hdf5_holds_16_bits_too(tmp_path):
    made = recorded(tmp_path / "data", Encoding.FFV1_GRAY12)
    (session,) = sessions_in(made.folder)
    outcome = convert(session, tmp_path / "results", backend="hdf5")
    with NWBHDF5IO(str(outcome.output / f"{session.name}.nwb"), mode="r") as io:
        data = io.read().acquisition[SERIES].data
        assert data.dtype == np.uint16
        assert np.array_equal(data[:], made.frames.swapaxes(1, 2))


def test_a_damaged_frame_of_16_bits_is_marked(tmp_path):
    made = recorded(tmp_path / "data", Encoding.FFV1_GRAY16)
    # the last of its file: no other goes on from it
    defects.flip_bit(next(made.folder.rglob("1.avi")), PER_FILE - 1)
    (session,) = sessions_in(made.folder)
    outcome = convert(session, tmp_path / "results")
    with NWBZarrIO(str(outcome.output / f"{session.name}.nwb.zarr"), mode="r") as io:
        nwbfile = io.read()
        data = nwbfile.acquisition[SERIES].data[:]
        others = [k for k in range(N_FRAMES) if k != 2 * PER_FILE - 1]
        assert np.array_equal(data[others], made.frames[others].swapaxes(1, 2))
        assert nwbfile.invalid_times.start_time[:].tolist() == [made.stamps[2 * PER_FILE - 1]]


@pytest.mark.usefixtures("gray_sensor")
@pytest.mark.parametrize("encoding", [Encoding.FFV1_GRAY16, Encoding.DIB_GRAY16])
def test_16_bits_are_held_against_their_source(tmp_path, monkeypatch, capsys, encoding):
    monkeypatch.setattr(session_job, "open_pool", no_processes)
    made = recorded(tmp_path / "data", encoding)
    (session,) = sessions_in(made.folder)
    results = tmp_path / "results"
    convert(session, results)
    words = ["--verify_only", "True", "--against_source", "True", "--results_dir", results, "--data_dir", made.folder]
    assert main([*map(str, words), "--workers", "1"], {}) == 0
    made.frames[7, 40, 140] ^= 1
    path = next(made.folder.rglob("0.avi"))
    write_avi(path, made.frames[:PER_FILE], WIDTH, HEIGHT, encoding)
    capsys.readouterr()
    assert main([*map(str, words), "--workers", "1"], {}) == 6
    assert "decoded again, are not the 25 frames of the output" in capsys.readouterr().err.replace("\n", " ")


def test_16_bits_without_a_code_are_refused_with_the_reason(tmp_path):
    made = recorded(tmp_path / "data", Encoding.DIB_GRAY16)
    (failure,) = discover(made.folder, Request()).failures
    assert any("it may be gray or colour" in finding.sentence for finding in failure.findings)
