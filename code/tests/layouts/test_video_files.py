"""Video files as a layout sees them: how many frames, of what kind, and what is said of those that cannot be used."""

import struct

import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.demo.avi import Encoding, write_avi
from miniscope_to_nwb_zarr.demo.spec import Scene
from miniscope_to_nwb_zarr.layouts.discovery import Request, discover
from miniscope_to_nwb_zarr.layouts.video_files import read_videos
from tests.recordings import scope_recording
from tests.sources.test_video import COLORED, noise


def codes(videos):
    return [finding.code for finding in videos.findings]


@pytest.mark.parametrize("encoding", Encoding)
def test_a_last_file_without_a_frame_is_nothing_to_tell(tmp_path, encoding):
    """The V3 software opens a new file after each thousandth frame."""
    numbered = {1: tmp_path / "msCam1.avi", 2: tmp_path / "msCam2.avi"}
    write_avi(numbered[1], noise(5, bit_depth=encoding.bit_depth), 64, 48, encoding)
    write_avi(numbered[2], [], 64, 48, encoding)
    videos = read_videos(numbered, "", raw16_is_gray=True)
    assert [(file.n_frames, file.problem, file.is_whole) for file in videos.files.values()] == [
        (5, None, True),
        (0, None, True),
    ]
    assert videos.findings == ()
    assert videos.picture.dtype == np.dtype("u1" if encoding.bit_depth == 8 else "<u2")
    assert len(videos.sources) == 2


def damage_size(path, width_px, height_px):
    raw = bytearray(path.read_bytes())
    at = raw.index(b"strf") + 12
    raw[at : at + 8] = struct.pack("<ii", width_px, height_px)
    path.write_bytes(raw)


@pytest.mark.parametrize("encoding", [Encoding.Y800, Encoding.GREY, Encoding.DIB, Encoding.DIB_BGR, Encoding.Y16])
def test_a_header_that_says_smaller_pictures_than_there_are_bytes_for(tmp_path, encoding):
    path = tmp_path / "0.avi"
    write_avi(path, noise(5, bit_depth=encoding.bit_depth), 64, 48, encoding)
    assert Code.PICTURE_UNEXPECTED not in codes(read_videos({0: path}, ""))
    damage_size(path, 65, 1)
    (finding,) = [f for f in read_videos({0: path}, "").findings if f.code is Code.PICTURE_UNEXPECTED]
    assert finding.where == "0.avi"
    assert finding.numbers["frame_bytes"] == 64 * 48 * (3 if encoding is Encoding.DIB_BGR else encoding.bit_depth // 8)
    assert finding.sentence.startswith("its header says pictures of 65 x 1 pixels")


def test_16_bits_without_a_code_are_gray_where_the_sensor_is_known_to_be(tmp_path):
    path = tmp_path / "0.avi"
    write_avi(path, noise(3, bit_depth=16), 64, 48, Encoding.DIB_GRAY16)
    refused = read_videos({0: path}, "scope")
    assert (refused.picture, refused.n_frames, codes(refused)) == (None, 0, [Code.FILE_UNREADABLE])
    assert "it may be gray or colour" in refused.findings[0].sentence
    videos = read_videos({0: path}, "scope", raw16_is_gray=True)
    assert (videos.picture.pixel_format, videos.n_frames, codes(videos)) == ("gray16le", 3, [])


@pytest.mark.parametrize("encoding", [encoding for encoding in Encoding if encoding.bit_depth == 8])
def test_gray_pictures_are_gray_in_every_encoding(tmp_path, encoding):
    write_avi(tmp_path / "0.avi", noise(12), 64, 48, encoding)
    assert not read_videos({0: tmp_path / "0.avi"}, "").picture.is_color


@pytest.mark.parametrize("encoding", COLORED)
def test_colour_of_a_scope_is_refused_with_the_reason(tmp_path, encoding):
    scope_recording(tmp_path, scene=Scene.ARENA, encoding=encoding, width_px=160, height_px=120)
    found = discover(tmp_path, Request())
    (failure,) = found.failures
    assert found.sessions == ()
    assert "the videos of this scope hold colour pictures" in failure.message
