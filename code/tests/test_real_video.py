"""A real sensor's video, where it is at hand: it is not part of the repository."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import zarr

from miniscope_to_nwb_zarr.demo.real_video import VideoMovie, device_of
from miniscope_to_nwb_zarr.demo.recording import write_recording
from miniscope_to_nwb_zarr.demo.spec import RecordingSpec
from tests.conversions import convert, sessions_in

VIDEO = Path(__file__).parents[3] / "shared" / "data" / "real" / "miniscope_wireless_200px.avi"


@pytest.mark.skipif(not VIDEO.exists(), reason="the real video is not beside the repository")
def test_frames_of_a_real_sensor_are_those_that_opencv_reads(tmp_path):
    device = device_of(VIDEO, "My V4 Miniscope")
    write_recording(RecordingSpec(devices=(device,)), tmp_path / "data", {device.name: VideoMovie(VIDEO)})
    (session,) = sessions_in(tmp_path / "data")
    outcome = convert(session, tmp_path / "results")
    store = zarr.open(str(outcome.output / f"{session.name}.nwb.zarr"), "r")
    frames = store["acquisition/OnePhotonSeries_My_V4_Miniscope/data"]
    assert frames.shape == (94, 200, 200)
    video = cv2.VideoCapture(str(VIDEO))
    for k in range(94):
        assert np.array_equal(frames[k].T, video.read()[1][..., 0])
    assert not video.read()[0]
