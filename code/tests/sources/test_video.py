"""Decoded frames are those that were written, in any order of asking, and damage is told."""

import logging
from itertools import count

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.demo.avi import Encoding, even, write_avi
from miniscope_to_nwb_zarr.sources.avi import NotAnAviError
from miniscope_to_nwb_zarr.sources.video import UndecodableError, VideoFile, listen_to_decoder
from tests import defects

listen_to_decoder()
EXACT = [encoding for encoding in Encoding if encoding.is_exact]
# OpenCV writes a key frame every 12 frames; the frames between go on from it
KEY_INTERVAL = 12
# FFmpeg has x264 write one every 250
X264_KEY_INTERVAL = 250


def noise(n, width=64, height=48, seed=0, bit_depth=8):
    rng = np.random.default_rng(seed)
    dtype = np.uint8 if bit_depth == 8 else np.uint16
    return [rng.integers(0, 1 << bit_depth, (height, width), dtype) for _ in range(n)]


@pytest.fixture
def written(tmp_path):
    """A file of 30 frames as OpenCV writes FFV1, and its frames."""
    frames = noise(30)
    path = tmp_path / "0.avi"
    write_avi(path, frames, 64, 48)
    return path, frames


names = count()


@pytest.mark.parametrize("encoding", EXACT)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_frames_are_exact_whatever_their_size_and_number(tmp_path_factory, encoding, data):
    width, height = (data.draw(st.integers(2, 70)) for _ in range(2))
    n_frames = data.draw(st.integers(1, 14))
    frames = noise(n_frames, width, height, seed=data.draw(st.integers(0, 99)), bit_depth=encoding.bit_depth)
    path = tmp_path_factory.getbasetemp() / f"exact{next(names)}.avi"
    assert write_avi(path, frames, width, height, encoding) == n_frames
    if not encoding.keeps_odd_sizes:
        width, height = even(width), even(height)
    with VideoFile(path) as video:
        picture = video.picture(raw16_is_gray=True)
        assert (picture.width_px, picture.height_px, picture.is_color) == (width, height, False)
        assert picture.dtype == frames[0].dtype
        for k in data.draw(st.permutations(range(n_frames))):
            frame = video.read(k)
            assert not frame.is_damaged
            assert frame.array.dtype == picture.dtype
            assert np.array_equal(frame.array, frames[k][:height, :width])
    path.unlink()


def test_frames_are_those_that_opencv_writes_and_reads(tmp_path):
    path = tmp_path / "0.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FFV1"), 60, (64, 48), isColor=False)
    for frame in noise(30):
        writer.write(frame)
    writer.release()
    capture = cv2.VideoCapture(str(path))
    with VideoFile(path) as video:
        for k in range(30):
            assert np.array_equal(video.read(k).array, capture.read()[1][..., 0])


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize("order", [[29, 0, 13, 12, 11, 25, 24, 23], [5, 6, 7, 5, 6, 28], list(range(29, -1, -1))])
def test_any_order_gives_the_frames_of_reading_in_order(tmp_path, encoding, order):
    path = tmp_path / "0.avi"
    write_avi(path, noise(30), 64, 48, encoding)
    with VideoFile(path) as video:
        in_order = [video.read(k).array.copy() for k in range(30)]
    with VideoFile(path) as video:
        for k in order:
            frame = video.read(k)
            assert not frame.is_damaged
            assert np.array_equal(frame.array, in_order[k]), k


@pytest.mark.parametrize("encoding", [Encoding.FFV1, Encoding.GREY, Encoding.XVID, Encoding.H264_B_FRAMES])
def test_asking_for_the_picture_changes_no_frame(tmp_path, encoding):
    path = tmp_path / "0.avi"
    write_avi(path, noise(30), 64, 48, encoding)
    with VideoFile(path) as video:
        in_order = [video.read(k).array.copy() for k in range(30)]
    with VideoFile(path) as video:
        video.picture()
        assert np.array_equal(video.read(1).array, in_order[1])
        video.read(15)
        video.picture()
        assert np.array_equal(video.read(16).array, in_order[16])


@pytest.mark.parametrize("frame", [0, 5, 12, 17, 29])
def test_a_flipped_bit_is_told_up_to_the_next_key_frame(written, frame):
    path, frames = written
    defects.flip_bit(path, frame)
    with VideoFile(path) as video:
        decoded = [video.read(k) for k in range(30)]
        damaged = {k for k in range(30) if decoded[k].is_damaged}
        assert frame in damaged
        assert damaged <= set(range(frame, frame - frame % KEY_INTERVAL + KEY_INTERVAL))
        sound = [k for k in range(30) if k not in damaged]
    with VideoFile(path) as video:
        assert all(np.array_equal(video.read(k).array, frames[k]) for k in sound)


def test_a_frame_after_a_damaged_one_is_damaged_in_any_order(written):
    path, _ = written
    defects.flip_bit(path, 13)
    with VideoFile(path) as video:
        assert video.read(20).is_damaged
        assert not video.read(12).is_damaged
        assert video.read(23).is_damaged
        assert not video.read(24).is_damaged


@pytest.mark.parametrize("place", range(1, 10))
def test_every_flipped_bit_of_a_frame_is_told(written, place):
    path, frames = written
    defects.flip_bit(path, 14, at=place / 10)
    with VideoFile(path) as video:
        for k in range(12, 24):
            frame = video.read(k)
            assert frame.is_damaged or np.array_equal(frame.array, frames[k])
            assert frame.is_damaged == (k >= 14)


@pytest.mark.parametrize(
    ("encoding", "pixel_format", "codec"),
    [
        (Encoding.FFV1, "gray", "ffv1"),
        (Encoding.FFV1_BGR, "bgr0", "ffv1"),
        (Encoding.FFV1_YUV420P, "yuv420p", "ffv1"),
        (Encoding.GREY, "gray", "rawvideo"),
        (Encoding.MJPG, "yuvj420p", "mjpeg"),
        (Encoding.XVID, "yuv420p", "mpeg4"),
        (Encoding.FMP4, "yuv420p", "mpeg4"),
        (Encoding.H264, "yuv420p", "h264"),
        (Encoding.H264_B_FRAMES, "yuv420p", "h264"),
        (Encoding.DIB, "gray", "rawvideo"),
        (Encoding.DIB_TOP_DOWN, "gray", "rawvideo"),
        (Encoding.DIB_BGR, "bgr24", "rawvideo"),
        (Encoding.Y800, "gray", "rawvideo"),
    ],
)
def test_gray_pictures_are_gray_however_they_are_stored(tmp_path, encoding, pixel_format, codec):
    path = tmp_path / "0.avi"
    write_avi(path, noise(3), 64, 48, encoding)
    with VideoFile(path) as video:
        picture = video.picture()
    assert (picture.width_px, picture.height_px) == (64, 48)
    assert (picture.codec, picture.pixel_format, picture.is_color, picture.bit_depth) == (codec, pixel_format, False, 8)


COLORED = [
    *(Encoding.FFV1_BGR, Encoding.FFV1_YUV420P, Encoding.MJPG, Encoding.XVID, Encoding.XVID_B_FRAMES, Encoding.FMP4),
    *(Encoding.H264, Encoding.H264_B_FRAMES, Encoding.DIB_BGR),
]


@pytest.mark.parametrize("encoding", COLORED)
def test_colour_is_seen(tmp_path, encoding):
    frame = np.zeros((48, 64, 3), np.uint8)
    frame[:24, :, 2] = 220
    write_avi(tmp_path / "0.avi", [frame] * 3, 64, 48, encoding)
    with VideoFile(tmp_path / "0.avi") as video:
        assert video.picture().is_color
    with VideoFile(tmp_path / "0.avi", as_color=True) as video:
        red, green, blue = video.read(0).array[10, 30]
    assert red > 180
    assert max(green, blue) < 60


@pytest.mark.parametrize("encoding", COLORED)
def test_colour_is_seen_where_the_first_picture_is_dark(tmp_path, encoding):
    dark, lit = (np.full((48, 64, 3), level, np.uint8) for level in ((0, 0, 0), (0, 0, 220)))
    write_avi(tmp_path / "0.avi", [dark, dark, lit, lit], 64, 48, encoding)
    with VideoFile(tmp_path / "0.avi") as video:
        assert video.picture().is_color


def test_luma_of_limited_range_is_stretched(tmp_path):
    frames = [np.full((48, 64), level, np.uint8) for level in (0, 128, 255)]
    write_avi(tmp_path / "0.avi", frames, 64, 48, Encoding.FFV1_YUV420P)
    with VideoFile(tmp_path / "0.avi") as video:
        levels = [int(video.read(k).array[20, 20]) for k in range(3)]
    assert levels == pytest.approx([0, 128, 255], abs=1)


RE_ENCODED = [
    Encoding.FFV1,
    Encoding.MJPG,
    Encoding.XVID,
    Encoding.XVID_B_FRAMES,
    Encoding.H264,
    Encoding.H264_B_FRAMES,
]


def numbered(path, encoding=Encoding.XVID, n_frames=40):
    """A file of noisy frames that show their numbers; returns where their packets are."""
    frames = noise(n_frames, 128, 96)
    for number, frame in enumerate(frames):
        barcode.draw(frame, number)
    write_avi(path, frames, 128, 96, encoding)
    return defects.payloads(path)


def numbers_shown(path):
    """For each frame the number that it shows, None where it is damaged."""
    with VideoFile(path) as video:
        decoded = [video.read(k) for k in range(video.scan.n_frames)]
    return [None if frame.is_damaged else barcode.read(frame.array) for frame in decoded]


@pytest.mark.parametrize("encoding", RE_ENCODED)
@pytest.mark.parametrize("n_frames", [1, 2, 3, 40])
def test_every_frame_of_a_re_encoded_copy_is_in_its_place(tmp_path, encoding, n_frames):
    path = tmp_path / "0.avi"
    numbered(path, encoding, n_frames)
    assert numbers_shown(path) == list(range(n_frames))
    with VideoFile(path) as video:
        assert not video.picture().is_color


def test_the_same_packets_give_the_same_frames_every_time(tmp_path):
    # what happened to lie in memory after a packet was taken for a part of it
    path = tmp_path / "0.avi"
    numbered(path)
    for _ in range(10):
        assert numbers_shown(path) == list(range(40))


@pytest.mark.parametrize("content", [b"\0", b"\xff"])
@pytest.mark.parametrize("frame", [0, 5, 12, 39])
@pytest.mark.parametrize("encoding", RE_ENCODED)
def test_a_lost_frame_shifts_no_other(tmp_path, encoding, frame, content):
    path = tmp_path / "0.avi"
    at, size = numbered(path, encoding)[frame]
    data = bytearray(path.read_bytes())
    data[at : at + size] = content * size
    path.write_bytes(data)
    if encoding.value.codec == "libx264" and frame == 0:
        # what all frames go on from stood in the first one
        with pytest.raises(UndecodableError, match="cannot open"):
            VideoFile(path)
        return
    shown = numbers_shown(path)
    assert len(shown) == 40
    assert all(number in {k, None} for k, number in enumerate(shown))
    assert None in shown
    # a packet with pictures out of order may hold that of a neighbour
    held = 3 if encoding.value.b_frames else 0
    assert shown[: max(0, frame - held)] == list(range(max(0, frame - held)))
    if encoding.value.codec != "libx264":
        after = frame + KEY_INTERVAL + held
        assert shown[after:] == list(range(after, 40))


@pytest.mark.parametrize("encoding", [Encoding.H264, Encoding.H264_B_FRAMES])
@pytest.mark.parametrize(("frame", "place"), [(0, 0.5), (5, 0.0), (6, 0.0), (7, 0.5), (120, 0.0)])
def test_frames_after_a_damaged_one_are_sure_again_at_the_next_key_frame(tmp_path, encoding, frame, place):
    path = tmp_path / "0.avi"
    at, size = numbered(path, encoding, X264_KEY_INTERVAL + 30)[frame]
    data = bytearray(path.read_bytes())
    data[at + int(place * size) : at + size] = bytes(size - int(place * size))
    path.write_bytes(data)
    shown = numbers_shown(path)
    assert all(number in {k, None} for k, number in enumerate(shown))
    assert None in shown
    assert shown[X264_KEY_INTERVAL:] == list(range(X264_KEY_INTERVAL, X264_KEY_INTERVAL + 30))


@pytest.mark.parametrize("encoding", [Encoding.XVID, Encoding.XVID_B_FRAMES])
def test_a_frame_without_content_is_not_the_end_of_the_file(tmp_path, encoding):
    path = tmp_path / "0.avi"
    at, size = numbered(path, encoding)[5]
    data = bytearray(path.read_bytes())
    data[at - 4 : at] = bytes(4)
    padded = size + size % 2
    data[at : at + 8] = b"JUNK" + (padded - 8).to_bytes(4, "little")
    path.write_bytes(data)
    shown = numbers_shown(path)
    held = 3 if encoding.value.b_frames else 0
    assert all(number in {k, None} for k, number in enumerate(shown))
    assert shown[: 5 - held] == list(range(5 - held))
    assert None in shown[5 - held : 6 + held]
    assert shown[17:] == list(range(17, 40))


def test_a_file_of_frames_that_do_not_decode_has_no_picture(written):
    path, _ = written
    data = bytearray(path.read_bytes())
    for at, size in defects.payloads(path):
        data[at : at + size] = b"\xff" * size
    path.write_bytes(data)
    with pytest.raises(UndecodableError), VideoFile(path) as video:
        video.picture()


@pytest.mark.parametrize("n_zeros", [8, 40, 900, None])
@pytest.mark.parametrize("encoding", [Encoding.FFV1, Encoding.FFV1_GRAY16, Encoding.FFV1_BGR])
def test_zeros_that_a_crash_left_at_the_end_of_a_frame_are_told(tmp_path, encoding, n_zeros):
    """Their checksum is zero, as it should be: libav gives a wrong picture and reports nothing."""
    path = tmp_path / "0.avi"
    write_avi(path, noise(30, bit_depth=encoding.bit_depth), 64, 48, encoding)
    at, size = defects.payloads(path)[14]
    data = bytearray(path.read_bytes())
    n_zeros = n_zeros or size
    data[at + size - n_zeros : at + size] = bytes(n_zeros)
    path.write_bytes(data)
    with VideoFile(path) as video:
        assert video.picture().has_checksum
        assert [k for k in range(30) if video.read(k).is_damaged] == list(range(14, 24))


@pytest.mark.parametrize(("options", "has_checksum"), [({}, True), ({"slicecrc": "0"}, False), ({"level": "1"}, False)])
def test_a_video_without_checksums_is_known(tmp_path, options, has_checksum):
    path = tmp_path / "0.avi"
    frames = noise(14)
    with av.open(str(path), "w", format="avi") as container:
        stream = container.add_stream("ffv1", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "gray"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="gray")))
        container.mux(stream.encode(None))
    with VideoFile(path) as video:
        assert video.picture().has_checksum == has_checksum
        for k, expected in enumerate(frames):
            frame = video.read(k)
            assert not frame.is_damaged
            assert np.array_equal(frame.array, expected)


def test_an_empty_packet_is_a_frame_without_picture(tmp_path):
    path = tmp_path / "0.avi"
    write_avi(path, noise(4), 64, 48, Encoding.MJPG)
    at, size = defects.payloads(path)[1]
    data = bytearray(path.read_bytes())
    data[at : at + size] = bytes(size)
    path.write_bytes(data)
    with VideoFile(path) as video:
        assert [video.read(k).is_damaged for k in range(4)] == [False, True, False, False]


def test_no_video(tmp_path):
    path = tmp_path / "0.avi"
    path.write_bytes(b"RIFF" + bytes(100))
    with pytest.raises(NotAnAviError):
        VideoFile(path)


def test_the_decoder_prints_nothing(written, capfd, caplog):
    path, _ = written
    defects.flip_bit(path, 3)
    with caplog.at_level(logging.DEBUG), VideoFile(path) as video:
        assert video.read(3).is_damaged
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("pixel_format", ["gbrp16le", "yuv444p10le"])
def test_colours_of_more_than_8_bits_are_colours_even_where_they_are_gray(tmp_path, pixel_format):
    """There is no gray of their depth to be had from them: a scope's are refused, not cut down to 8 bits."""
    path = tmp_path / "0.avi"
    with av.open(str(path), "w", format="avi") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixel_format
        picture = av.VideoFrame.from_ndarray(noise(1)[0], format="gray").reformat(format=pixel_format)
        container.mux([*stream.encode(picture), *stream.encode(None)])
    with VideoFile(path) as video:
        assert video.picture().is_color


@pytest.mark.parametrize("encoding", Encoding)
def test_a_file_without_a_frame_has_no_picture(tmp_path, encoding):
    path = tmp_path / "0.avi"
    assert write_avi(path, [], 64, 48, encoding) == 0
    with VideoFile(path) as video:
        assert video.scan.n_frames == 0
        with pytest.raises(UndecodableError):
            video.picture()


def test_damaged_words_in_the_header_cost_nothing(written):
    path, frames = written
    raw = path.read_bytes()
    assert b"Lavf" in raw
    path.write_bytes(raw.replace(b"Lavf", b"La\xff\xfe"))
    with VideoFile(path) as video:
        assert np.array_equal(video.read(0).array, frames[0])
