"""Wireless recordings converted whole, read back as any reader of NWB does."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hdmf_zarr import NWBZarrIO

from miniscope_to_nwb_zarr.demo.mio import MioSpec, columns_of, write_mio
from miniscope_to_nwb_zarr.demo.mio_radio import Flip, MioVersion, Radio
from miniscope_to_nwb_zarr.demo.real_video import VideoMovie
from tests.conversions import convert, sessions_in

VIDEO = Path(__file__).parents[4] / "shared" / "data" / "real" / "miniscope_wireless_200px.avi"
FRAMES = "OnePhotonSeries_Miniscope"


def acquisition_of(session, results):
    outcome = convert(session, results)
    with NWBZarrIO(str(outcome.output / f"{session.name}.nwb.zarr"), "r") as io:
        found = io.read().acquisition
        return {name: (series.data[:], series.timestamps[:], series.description) for name, series in found.items()}


def test_frames_buffers_and_losses_in_the_store(tmp_path):
    radio = Radio(lost={(3, 2)}, cut={(9, 4): 17}, flips=[Flip(11, 3, "timestamp", 16)])
    truth = write_mio(MioSpec(radio=radio, has_raw_stream=True), tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data", timezone="America/Los_Angeles")
    found = acquisition_of(session, tmp_path / "results")
    assert session.name.endswith("_2026-03-14_09-26-53")
    data, timestamps, _ = found[FRAMES]
    np.testing.assert_array_equal(timestamps, truth.time_s)
    for number, frame in enumerate(data):
        np.testing.assert_array_equal(frame.T, truth.picture(number))
    for name, expected in {
        "BuffersReceived_Miniscope": [8 - (k == 3) for k in range(24)],
        "BuffersLost_Miniscope": [int(k == 3) for k in range(24)],
        "BuffersDropped_Miniscope": [0] * 24,
        "BlackPaddingPx_Miniscope": [17 * (k == 9) for k in range(24)],
        "frame_num_Miniscope": [2514 + k for k in range(24)],
    }.items():
        np.testing.assert_array_equal(found[name][0], expected)
        np.testing.assert_array_equal(found[name][1], truth.time_s)
    values, timestamps, description = found["Buffers_Miniscope"]
    assert description.endswith(f"Columns: {', '.join(columns_of(MioVersion.V0_9))}")
    assert values.shape == (199, 15)
    assert values[:, 6].tolist() == [row.buffer.header["timestamp"] for row in truth.rows]
    assert np.flatnonzero(np.isnan(timestamps)).tolist() == [11 * 8 + 3 - 1]


@pytest.mark.skipif(not VIDEO.exists(), reason="the real video is not beside the repository")
@pytest.mark.parametrize("version", [MioVersion.V0_9, MioVersion.UNRELEASED])
def test_the_video_of_a_real_device_with_a_table_made_for_it(tmp_path, version):
    movie = VideoMovie(VIDEO)
    spec = MioSpec(version=version, width_px=200, height_px=200, buffer_pixels=5032, n_frames=95)
    truth = write_mio(spec, tmp_path / "data", movie)
    assert truth.video.read_bytes() == VIDEO.read_bytes()
    (session,) = sessions_in(tmp_path / "data")
    found = acquisition_of(session, tmp_path / "results")
    data, timestamps, _ = found[FRAMES]
    assert timestamps.tolist() == truth.time_s
    assert data.shape == (94, 200, 200)
    assert found["BuffersReceived_Miniscope"][0].tolist() == [8] * 94
    video = cv2.VideoCapture(str(VIDEO))
    for frame in data:
        np.testing.assert_array_equal(frame.T, video.read()[1][..., 0])
