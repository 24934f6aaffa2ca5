"""Files of bitmaps are those that other programs read, and their bytes are where Video for Windows put them."""

import struct

import av
import cv2
import numpy as np
import pytest

from miniscope_to_nwb_zarr.demo.avi import Encoding, write_avi
from miniscope_to_nwb_zarr.demo.dib import write_dib


def gray_frames(n, width, height):
    return np.random.default_rng(7).integers(0, 256, (n, height, width), np.uint8)


def libav_frames(path):
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)])


@pytest.mark.parametrize("encoding", [Encoding.DIB, Encoding.DIB_TOP_DOWN, Encoding.DIB_BGR])
@pytest.mark.parametrize(("width", "height"), [(64, 48), (65, 49), (66, 2), (1, 1)])
def test_libav_reads_gray_as_written(tmp_path, encoding, width, height):
    frames = gray_frames(4, width, height)
    assert write_avi(tmp_path / "msCam1.avi", iter(frames), width, height, encoding) == 4
    assert np.array_equal(libav_frames(tmp_path / "msCam1.avi"), frames[..., None].repeat(3, axis=3))


@pytest.mark.parametrize("encoding", [Encoding.DIB, Encoding.DIB_TOP_DOWN])
def test_opencv_reads_gray_as_written(tmp_path, encoding):
    frames = gray_frames(4, 65, 49)
    write_avi(tmp_path / "msCam1.avi", frames, 65, 49, encoding, 20)
    capture = cv2.VideoCapture(str(tmp_path / "msCam1.avi"), cv2.CAP_FFMPEG)
    assert (capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)) == (20, 4)
    for frame in frames:
        assert np.array_equal(capture.read()[1], frame[..., None].repeat(3, axis=2))
    assert not capture.read()[0]


def test_libav_reads_colour_as_written(tmp_path):
    frames = np.random.default_rng(7).integers(0, 256, (3, 49, 65, 3), np.uint8)
    write_avi(tmp_path / "behavCam1.avi", frames, 65, 49, Encoding.DIB_BGR)
    assert np.array_equal(libav_frames(tmp_path / "behavCam1.avi"), frames)


def test_16_bits_are_stored_as_they_are(tmp_path):
    frames = np.random.default_rng(7).integers(0, 1024, (2, 3, 5), np.uint16)
    write_avi(tmp_path / "0.avi", frames, 5, 3, Encoding.DIB_GRAY16)
    # rows of 10 bytes padded to 12, the last one first
    packet = (tmp_path / "0.avi").read_bytes()[2048 + 8 :][:36]
    rows = np.frombuffer(packet, "<u2").reshape(3, 6)
    assert np.array_equal(rows[::-1, :5], frames[0])
    assert not rows[:, 5].any()


@pytest.mark.parametrize(("is_top_down", "height"), [(False, 3), (True, -3)])
def test_bytes_are_where_video_for_windows_put_them(tmp_path, is_top_down, height):
    path = tmp_path / "0.avi"
    write_dib(path, gray_frames(2, 6, 3), 6, 3, 8, rate_hz=20, is_top_down=is_top_down)
    data = path.read_bytes()
    assert struct.unpack_from("<4sI4s", data) == (b"RIFF", len(data) - 8, b"AVI ")
    at = data.index(b"strh")
    assert data[at + 8 : at + 16] == b"vidsDIB "
    scale, rate = struct.unpack_from("<II", data, at + 28)
    assert (rate / scale, struct.unpack_from("<I", data, at + 40)) == (20, (2,))
    at = data.index(b"strf")
    assert struct.unpack_from("<IIiiHHI", data, at + 4) == (40 + 1024, 40, 6, height, 1, 8, 0)
    assert struct.unpack_from("<4sI4s4sI", data, 2036) == (b"LIST", 4 + 2 * 32, b"movi", b"00db", 24)
    entries = list(struct.iter_unpack("<4sIII", data[data.index(b"idx1") + 8 :]))
    assert entries == [(b"00db", 0x10, 4, 24), (b"00db", 0x10, 36, 24)]


@pytest.mark.parametrize("encoding", [Encoding.DIB, Encoding.FFV1, Encoding.H264_B_FRAMES])
def test_a_file_without_a_frame_is_one_that_libav_opens(tmp_path, encoding):
    assert write_avi(tmp_path / "msCam2.avi", [], 64, 48, encoding) == 0
    with av.open(str(tmp_path / "msCam2.avi")) as container:
        assert container.streams.video[0].codec_context.width == 64
        assert list(container.demux(video=0))[:-1] == []
