"""Bitmaps, and gray under other names: what was stored, byte for byte, whatever libav takes it for."""

import struct
from contextlib import nullcontext

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.demo.avi import Encoding, write_avi
from miniscope_to_nwb_zarr.demo.dib import write_dib
from miniscope_to_nwb_zarr.sources.raw_video import raw_format
from miniscope_to_nwb_zarr.sources.video import UndecodableError, VideoFile, listen_to_decoder
from tests import defects
from tests.sources.test_video import noise

listen_to_decoder()


@pytest.mark.parametrize("encoding", [Encoding.DIB, Encoding.DIB_TOP_DOWN, Encoding.DIB_BGR])
@pytest.mark.parametrize("size", [(64, 48), (65, 49), (66, 49), (67, 48)])
def test_bitmaps_are_what_libav_makes_of_the_whole_file(tmp_path, encoding, size):
    """libav's own demuxer hands the palette on to its decoder, which `VideoFile` does not ask."""
    path = tmp_path / "0.avi"
    write_avi(path, noise(5, *size), *size, encoding)
    with av.open(str(path)) as container, VideoFile(path) as video:
        for k, frame in enumerate(container.decode(video=0)):
            channels = frame.to_ndarray(format="rgb24")
            assert np.array_equal(channels, video.read(k).array[..., None].repeat(3, axis=2))
    assert k == 4


def test_bitmaps_are_what_opencv_makes_of_the_whole_file(tmp_path):
    # not of those of 24 bits: OpenCV 5.0 writes beyond its memory where rows lie from the bottom up
    path = tmp_path / "0.avi"
    write_avi(path, noise(5, 65, 49), 65, 49, Encoding.DIB)
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    with VideoFile(path) as video:
        for k in range(5):
            assert np.array_equal(video.read(k).array, capture.read()[1][..., 0])


def palette_of(colors):
    return np.pad(np.asarray(colors, np.uint8), ((0, 0), (0, 1))).tobytes()


def test_indices_into_another_palette_of_grays_are_its_grays(tmp_path):
    levels = np.arange(256)[::-1] // 2
    frames = noise(3, 33, 20)
    write_dib(tmp_path / "0.avi", frames, 33, 20, 8, palette=palette_of(levels[:, None].repeat(3, axis=1)))
    with VideoFile(tmp_path / "0.avi") as video:
        assert video.picture().pixel_format == "gray"
        assert np.array_equal(video.read(2).array, levels[frames[2]])


def test_indices_into_a_palette_of_colours_are_colours(tmp_path):
    colors = np.random.default_rng(3).integers(0, 256, (256, 3), np.uint8)
    frames = noise(3, 33, 20)
    path = tmp_path / "0.avi"
    write_dib(path, frames, 33, 20, 8, palette=palette_of(colors))
    with VideoFile(path) as video:
        picture = video.picture()
        assert (picture.is_color, picture.pixel_format) == (True, "bgr24")
    with VideoFile(path, as_color=True) as video, av.open(str(path)) as container:
        decoded = next(container.decode(video=0)).to_ndarray(format="rgb24")
        assert np.array_equal(video.read(0).array, decoded)
        assert np.array_equal(decoded, colors[frames[0]][..., ::-1])


def with_palette_change(path):
    """Take one of the frames for a change of the palette, in the list of packets and in the index."""
    data = path.read_bytes()
    at, _ = defects.payloads(path)[1]
    in_index = data.rfind(b"idx1") + 8 + 16
    for place in (at - 8, in_index):
        assert data[place : place + 4] == b"00db"
        data = data[:place] + b"00pc" + data[place + 4 :]
    path.write_bytes(data)


@pytest.mark.parametrize("is_closed", [True, False])
@pytest.mark.parametrize("encoding", [Encoding.DIB, Encoding.DIB_BGR])
def test_a_palette_that_changes_is_refused_where_it_matters(tmp_path, encoding, is_closed):
    path = tmp_path / "0.avi"
    frames = noise(4)
    write_avi(path, frames, 64, 48, encoding)
    with_palette_change(path)
    if not is_closed:
        path.write_bytes(path.read_bytes()[: -8 - 4 * 16])
    refused = pytest.raises(UndecodableError, match="palette changes")
    with refused if encoding is Encoding.DIB else nullcontext(), VideoFile(path) as video:
        assert [np.array_equal(video.read(k).array, frames[row]) for k, row in enumerate((0, 2, 3))] == [True] * 3


def with_bits(path, bits, compression=0):
    data = bytearray(path.read_bytes())
    at = data.index(b"strf") + 8
    data[at + 14 : at + 16] = bits.to_bytes(2, "little")
    data[at + 16 : at + 20] = compression.to_bytes(4, "little")
    path.write_bytes(data)


@pytest.mark.parametrize("bits", [1, 4])
def test_bitmaps_of_few_bits_are_refused(tmp_path, bits):
    path = tmp_path / "0.avi"
    write_avi(path, noise(2), 64, 48, Encoding.DIB)
    with_bits(path, bits)
    with pytest.raises(UndecodableError, match=f"bitmaps of {bits} bits"):
        VideoFile(path)


def test_bitmaps_of_32_bits_have_a_byte_that_is_not_shown(tmp_path):
    path = tmp_path / "0.avi"
    frames = noise(2, 64, 48)
    wide = [frame[..., None].repeat(4, axis=2).reshape(48, -1) for frame in frames]
    write_dib(path, wide, 256, 48, 8)
    data = path.read_bytes()
    at = data.index(b"strf") + 12
    path.write_bytes(data[:at] + (64).to_bytes(4, "little") + data[at + 4 :])
    with_bits(path, 32)
    with VideoFile(path) as video:
        assert not video.picture().is_color
        assert np.array_equal(video.read(1).array, frames[1])


def test_16_bits_without_a_code_are_refused_unless_the_sensor_is_known_to_be_gray(tmp_path):
    path = tmp_path / "0.avi"
    frames = noise(2, 33, 21, bit_depth=16)
    write_avi(path, frames, 33, 21, Encoding.DIB_GRAY16)
    with VideoFile(path) as video:
        with pytest.raises(UndecodableError, match="gray or colour"):
            video.picture()
        picture = video.picture(raw16_is_gray=True)
        assert (picture.codec, picture.pixel_format, picture.bit_depth) == ("rawvideo", "gray16le", 16)
        assert np.array_equal(video.read(1).array, frames[1])


def test_16_bits_that_say_that_they_are_gray(tmp_path):
    path = tmp_path / "0.avi"
    frames = noise(2, bit_depth=16)
    write_dib(path, frames, 64, 48, 16, is_top_down=True)
    with_bits(path, 16, compression=int.from_bytes(b"Y16 ", "little"))
    with VideoFile(path) as video:
        assert video.picture().pixel_format == "gray16le"
        assert np.array_equal(video.read(1).array, frames[1])


def test_16_bits_that_are_said_to_be_colours_stay_refused(tmp_path):
    path = tmp_path / "0.avi"
    write_avi(path, noise(2, bit_depth=16), 64, 48, Encoding.DIB_GRAY16)
    # BI_BITFIELDS: masks of the colours follow the header
    with_bits(path, 16, compression=3)
    with VideoFile(path) as video, pytest.raises(UndecodableError, match="gray or colour"):
        video.picture(raw16_is_gray=True)


def test_gray_that_opencv_stores_under_the_name_of_planar_colours(tmp_path):
    path = tmp_path / "0.avi"
    frames = noise(3)
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"I420"), 60, (64, 48), isColor=False)
    for frame in frames:
        writer.write(frame)
    writer.release()
    with VideoFile(path) as video:
        assert not video.picture().is_color
        assert all(np.array_equal(video.read(k).array, frame) for k, frame in enumerate(frames))


@pytest.mark.parametrize("encoding", [Encoding.DIB, Encoding.DIB_BGR, Encoding.DIB_GRAY16])
def test_a_bitmap_that_is_too_short_is_a_frame_without_picture(tmp_path, encoding):
    path = tmp_path / "0.avi"
    frames = noise(3, bit_depth=encoding.bit_depth)
    write_avi(path, frames, 64, 48, encoding)
    # the header says one row more than the packets hold
    data = bytearray(path.read_bytes())
    at = data.index(b"strf") + 16
    data[at : at + 4] = (49).to_bytes(4, "little")
    path.write_bytes(data)
    with VideoFile(path) as video:
        frame = video.read(1)
        assert (frame.array, frame.is_damaged) == (None, True)


def stream_format(width, height, bits, compression=b"\0\0\0\0", n_colors=0, palette=b""):
    return struct.pack("<IiiHH4sIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, n_colors, 0) + palette


def test_rows_may_be_without_padding():
    raw = raw_format(stream_format(5, 3, 8))
    assert raw.pixels(bytes(range(15))).tolist() == [[10, 11, 12, 13, 14], [5, 6, 7, 8, 9], [0, 1, 2, 3, 4]]


@pytest.mark.parametrize("n_colors", [0, 2, 3, 256])
def test_a_palette_that_is_not_all_there_is_gray_from_there_on(n_colors):
    raw = raw_format(stream_format(4, -1, 8, n_colors=n_colors, palette=bytes([7, 7, 7, 0, 9, 9, 9, 0])))
    assert raw.pixels(bytes([0, 1, 2, 255])).tolist() == [[7, 9, 2, 255]]


@pytest.mark.parametrize("fourcc", [b"FFV1", b"GREY", b"I420"])
def test_what_libav_reads_well_is_left_to_it(fourcc):
    assert raw_format(stream_format(64, 48, 24, fourcc)) is None


SIZES = st.one_of(st.integers(-(2**31), 2**31 - 1), st.integers(-9, 9))


@given(SIZES, SIZES, st.integers(0, 65535) | st.sampled_from([8, 16, 24, 32]), st.binary(max_size=80), st.binary())
def test_any_header_and_packet_are_refused_or_read(width, height, bits, palette, packet):
    header = stream_format(width, height, bits, n_colors=len(palette), palette=palette)
    try:
        raw = raw_format(header)
    except ValueError:
        assert bits not in {8, 16, 24, 32}
        return
    pixels = raw and raw.pixels(packet)
    assert pixels is None or pixels.shape[:2] == (abs(height), width)


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_or_read(data):
    try:
        raw_format(data)
    except ValueError as error:
        assert "bits a pixel" in str(error)  # noqa: PT017 - not every input raises
