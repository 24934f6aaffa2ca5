"""A real sensor's video, where it is at hand: it is not part of the repository."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import zarr

from miniscope_to_nwb_zarr.demo.avi import Encoding, write_avi
from miniscope_to_nwb_zarr.demo.real_video import VideoMovie, device_of
from miniscope_to_nwb_zarr.demo.recording import write_recording
from miniscope_to_nwb_zarr.demo.spec import RecordingSpec
from miniscope_to_nwb_zarr.sources.video import VideoFile, listen_to_decoder
from tests.conversions import convert, sessions_in

VIDEO = Path(__file__).parents[3] / "shared" / "data" / "real" / "miniscope_wireless_200px.avi"


pytestmark = pytest.mark.skipif(not VIDEO.exists(), reason="the real video is not beside the repository")


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


@pytest.mark.parametrize("encoding", [encoding for encoding in Encoding if encoding.is_exact])
def test_copies_of_a_real_sensors_video_hold_its_frames(tmp_path, encoding):
    listen_to_decoder()
    path = tmp_path / "copy.avi"
    with VideoFile(VIDEO) as video:
        frames = [video.read(k).array.copy() for k in range(94)]
    if encoding.bit_depth > 8:
        frames = [frame.astype(np.uint16) << encoding.bit_depth - 8 for frame in frames]
    write_avi(path, frames, 200, 200, encoding)
    with VideoFile(path) as copy:
        assert all(np.array_equal(copy.read(k).array, frame) for k, frame in enumerate(frames))
