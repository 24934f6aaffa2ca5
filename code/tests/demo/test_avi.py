import cv2
import numpy as np
import pytest

from miniscope_to_nwb_zarr.demo.avi import Encoding, write_avi


def random_frames(*shape):
    return np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)


def smooth_frames(n):
    y, x = np.mgrid[:48, :64]
    gray = np.stack([(20 + 3 * x + y + 4 * k).clip(0, 255).astype(np.uint8) for k in range(n)])
    return np.stack([gray, gray // 2, 255 - gray], axis=-1)


def opencv_frames(path):
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    assert capture.get(cv2.CAP_PROP_FPS) == 60
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1])
    assert len(frames) == capture.get(cv2.CAP_PROP_FRAME_COUNT)
    return np.stack(frames)


@pytest.mark.parametrize("encoding", [Encoding.FFV1, Encoding.GREY])
def test_gray_is_read_back_as_written(tmp_path, encoding):
    frames = random_frames(7, 46, 50)
    assert write_avi(tmp_path / "0.avi", iter(frames), 50, 46, encoding) == 7
    read = opencv_frames(tmp_path / "0.avi")
    assert all(np.array_equal(read[..., channel], frames) for channel in range(3))


def test_colour_is_read_back_as_written(tmp_path):
    frames = random_frames(3, 48, 64, 3)
    write_avi(tmp_path / "0.avi", frames, 64, 48, Encoding.FFV1_BGR)
    np.testing.assert_array_equal(opencv_frames(tmp_path / "0.avi"), frames)


@pytest.mark.parametrize(("encoding", "error"), [(Encoding.FFV1_YUV420P, 1), (Encoding.MJPG, 12), (Encoding.XVID, 12)])
def test_other_encodings_are_near(tmp_path, encoding, error):
    gray = smooth_frames(4)[..., 0]
    write_avi(tmp_path / "0.avi", gray, 64, 48, encoding)
    read = opencv_frames(tmp_path / "0.avi").astype(int)
    assert np.abs(read - gray[..., None]).max() <= error


def test_lossy_colour_keeps_its_colours(tmp_path):
    frames = smooth_frames(4)
    write_avi(tmp_path / "0.avi", frames, 64, 48, Encoding.MJPG)
    assert np.abs(opencv_frames(tmp_path / "0.avi").astype(int) - frames).mean() < 5


def written_by_opencv(encoding):
    """Its codecs are a choice of libav's, and Video for Windows is elsewhere."""
    return encoding.value.codec in {"ffv1", "mjpeg", "mpeg4"} or encoding.value.pixel_format == "gray"


@pytest.mark.parametrize("encoding", [*filter(written_by_opencv, Encoding)])
def test_header_is_that_of_opencv(tmp_path, encoding):
    gray = smooth_frames(2)[..., 0]
    write_avi(tmp_path / "ours.avi", gray, 64, 48, encoding)
    fourcc = cv2.VideoWriter.fourcc(*encoding.fourcc)
    writer = cv2.VideoWriter(str(tmp_path / "cv.avi"), cv2.CAP_FFMPEG, fourcc, 60, (64, 48), isColor=False)
    for frame in gray:
        writer.write(frame)
    writer.release()
    ours, theirs = ((tmp_path / name).read_bytes() for name in ("ours.avi", "cv.avi"))
    # rate, frame count, flags, size; then stream type and fourcc
    assert ours[0x20:0x24] == theirs[0x20:0x24]
    assert ours[0x2C:0x3C] == theirs[0x2C:0x3C]
    assert ours[0x40:0x48] == theirs[0x40:0x48]
    assert ours[0x6C:0x74] == theirs[0x6C:0x74]


def test_odd_sizes_lose_a_line(tmp_path):
    frames = random_frames(2, 49, 65)
    write_avi(tmp_path / "0.avi", frames, 65, 49)
    np.testing.assert_array_equal(opencv_frames(tmp_path / "0.avi")[..., 0], frames[:, :48, :64])


def test_bytes_depend_on_the_frames_alone(tmp_path):
    frames = random_frames(3, 48, 64)
    for name in ("a", "b"):
        write_avi(tmp_path / name, frames, 64, 48)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
