"""Frames are found in the container alone, whatever became of its header and index."""

import struct

import av as libav
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.demo.avi import Encoding, write_avi
from miniscope_to_nwb_zarr.sources import avi, opened
from miniscope_to_nwb_zarr.sources.avi import NotAnAviError, scan_avi
from tests import defects


def frames(n, width=64, height=48, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (height, width), np.uint8) for _ in range(n)]


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "0.avi"
    write_avi(path, frames(12), 64, 48)
    return path


def packets(scan):
    return list(zip(scan.offsets.tolist(), scan.sizes.tolist(), strict=True))


@pytest.mark.parametrize("encoding", list(Encoding))
def test_every_packet_as_libav_finds_it(tmp_path, encoding):
    path = tmp_path / "0.avi"
    write_avi(path, frames(7), 64, 48, encoding)
    scan = scan_avi(path)
    with libav.open(str(path)) as container:
        expected = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    data = path.read_bytes()
    assert [data[at : at + size] for at, size in packets(scan)] == expected
    assert (scan.width_px, scan.height_px, scan.header_rate_hz) == (64, 48, 60)
    assert (scan.is_closed, scan.cut_bytes, scan.header_frames) == (True, 0, 7)


def test_the_code_of_the_codec(tmp_path):
    for encoding in (Encoding.FFV1, Encoding.GREY, Encoding.MJPG):
        path = tmp_path / f"{encoding.fourcc}.avi"
        write_avi(path, frames(1), 64, 48, encoding)
        assert scan_avi(path).fourcc == encoding.fourcc


@pytest.mark.parametrize("n_frames", [0, 1, 7])
def test_a_file_that_was_never_closed(video, n_frames):
    whole = packets(scan_avi(video))
    defects.unclose_avi(video, n_frames)
    scan = scan_avi(video)
    assert packets(scan) == whole[:n_frames]
    assert not scan.is_closed
    assert scan.cut_bytes > 0
    assert scan.header_frames == 0


@given(st.floats(0.0, 1.0))
@settings(max_examples=60)
def test_a_file_cut_anywhere_gives_its_whole_packets(tmp_path_factory, fraction):
    path = tmp_path_factory.mktemp("cut") / "0.avi"
    write_avi(path, frames(5), 64, 48)
    whole = packets(scan_avi(path))
    keep = int(path.stat().st_size * fraction)
    path.write_bytes(path.read_bytes()[:keep])
    try:
        found = packets(scan_avi(path))
    except NotAnAviError:
        assert keep < whole[0][0]
        return
    assert found == [(at, size) for at, size in whole if at + size <= keep]


@pytest.mark.parametrize("entry", [0, 4, 11])
@pytest.mark.parametrize("field", [0, 8, 12])
def test_an_index_that_lies_is_not_used(video, entry, field):
    """A damaged name, offset or size: an entry passed over would shift all frames after it."""
    expected = packets(scan_avi(video))
    data = bytearray(video.read_bytes())
    at = data.rfind(b"idx1") + 8 + 16 * entry + field
    data[at] ^= 0x41
    video.write_bytes(data)
    scan = scan_avi(video)
    assert packets(scan) == expected
    assert scan.is_closed


def test_a_packet_whose_name_is_damaged_ends_a_file_without_index(video):
    expected = packets(scan_avi(video))
    defects.unclose_avi(video, 10)
    data = bytearray(video.read_bytes())
    data[expected[6][0] - 8 + 3] = ord("x")
    video.write_bytes(data)
    assert packets(scan_avi(video)) == expected[:6]


@given(st.binary(max_size=400))
@settings(max_examples=150)
def test_any_bytes_are_refused_or_read(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("bytes") / "0.avi"
    path.write_bytes(data)
    with pytest.raises(NotAnAviError):
        scan_avi(path)


@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8))
@settings(max_examples=200)
def test_damaged_bytes_never_give_a_packet_outside_of_the_file(tmp_path_factory, damage):
    path = tmp_path_factory.mktemp("damage") / "0.avi"
    write_avi(path, frames(3, 16, 16), 16, 16, Encoding.GREY)
    data = bytearray(path.read_bytes())
    for place, value in damage:
        data[int(place * len(data))] = value
    path.write_bytes(data)
    try:
        scan = scan_avi(path)
    except NotAnAviError:
        return
    assert all(0 <= at <= at + size <= len(data) for at, size in packets(scan))


def test_no_bytes(tmp_path):
    path = tmp_path / "0.avi"
    path.touch()
    with pytest.raises(NotAnAviError, match="empty"):
        scan_avi(path)


def test_further_riff_lists_are_followed(video):
    """OpenDML: beyond 1 GB a file goes on in lists of type AVIX, which only the first index knows nothing of."""
    first = scan_avi(video)
    data = video.read_bytes()
    packet = data[first.offsets[0] - 8 : first.offsets[0] + first.sizes[0]]
    packet += b"\0" * (len(packet) % 2)
    movi = b"movi" + packet * 3
    more = b"AVIX" + b"LIST" + struct.pack("<I", len(movi)) + movi
    # what FFmpeg keeps as padding until there is more than one list: the number of frames in all of them
    at = data.index(b"odmldmlh")
    data = data[: at - 8] + b"LIST" + data[at - 4 : at + 12] + struct.pack("<I", 15) + data[at + 16 :]
    video.write_bytes(data + b"RIFF" + struct.pack("<I", len(more)) + more)
    scan = scan_avi(video)
    assert (scan.n_frames, scan.header_frames) == (15, 15)
    assert all(scan.sizes[12:] == first.sizes[0])


def with_indexed_list(video, *, damage=""):
    """A further list of twenty packets, which has an index of its own, as FFmpeg writes it."""
    first = scan_avi(video)
    data = bytearray(video.read_bytes())
    packet = bytes(data[first.offsets[0] - 8 : first.offsets[0] + first.sizes[0]])
    packet += b"\0" * (len(packet) % 2)
    movi_at = len(data) + 24
    entries = [(k * len(packet) + 8, int(first.sizes[0]) | (0x80000000 if k else 0)) for k in range(20)]
    if damage == "entry":
        entries[1] = (entries[1][0] + 2, entries[1][1])
    index = struct.pack("<HBBI4sQI", 2, 0, 1, len(entries), packet[:4], movi_at, 0)
    index += b"".join(struct.pack("<II", *entry) for entry in entries)
    index = b"ix00" + struct.pack("<I", len(index)) + index
    movi = b"movi" + packet * 20 + index
    more = b"AVIX" + b"LIST" + struct.pack("<I", len(movi)) + movi
    # FFmpeg leaves room for it, which stays padding while there is one list
    at = data.index(b"JUNK")
    where = movi_at + 20 * len(packet)
    data[at : at + 4] = b"indx"
    data[at + 8 : at + 48] = struct.pack("<HBBI4s12xQII", 4, 0, 0, 1, packet[:4], where, len(index), 20)
    data += b"RIFF" + struct.pack("<I", len(more)) + more
    if damage == "packet":
        data[movi_at : movi_at + 4] = b"junk"
    if damage == "cut":
        data = data[:-40]
    video.write_bytes(data)
    return first


def n_reads(monkeypatch, video):
    reads = []
    read_at = opened._LocalFile.read_at
    monkeypatch.setattr(opened._LocalFile, "read_at", lambda self, *args: reads.append(args) or read_at(self, *args))
    return scan_avi(video), len(reads)


def test_further_lists_are_known_by_their_own_index(video, monkeypatch):
    first = with_indexed_list(video)
    scan, with_index = n_reads(monkeypatch, video)
    monkeypatch.setattr(avi, "frames_of_list", lambda *_: None)
    walked, without = n_reads(monkeypatch, video)
    assert packets(scan) == packets(walked)
    assert scan.n_frames == first.n_frames + 20
    assert with_index < without


@pytest.mark.parametrize("damage", ["entry", "packet", "cut"])
def test_an_index_that_does_not_fit_is_not_trusted(video, monkeypatch, damage):
    with_indexed_list(video, damage=damage)
    scan = scan_avi(video)
    monkeypatch.setattr(avi, "frames_of_list", lambda *_: None)
    assert packets(scan) == packets(scan_avi(video))


@pytest.mark.parametrize("encoding", list(Encoding))
def test_a_closed_file_without_a_frame(tmp_path, encoding):
    """The V3 software opens a new file after each thousandth frame, also after the last one."""
    path = tmp_path / "msCam2.avi"
    write_avi(path, [], 64, 48, encoding, 20)
    scan = scan_avi(path)
    assert (scan.n_frames, scan.is_closed, scan.cut_bytes, scan.header_frames) == (0, True, 0, 0)
    assert (scan.width_px, scan.height_px, scan.header_rate_hz) == (64, 48, 20)


def test_a_closed_file_may_have_no_index(tmp_path):
    path = tmp_path / "msCam2.avi"
    write_avi(path, [], 64, 48, Encoding.DIB)
    data = path.read_bytes()
    assert data[-20:] == b"LIST\4\0\0\0movi" + b"idx1\0\0\0\0"
    data = data[:-8]
    path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
    scan = scan_avi(path)
    assert (scan.n_frames, scan.is_closed, scan.cut_bytes) == (0, True, 0)
    # a size that the writer never came to write
    path.write_bytes(data[:4] + bytes(4) + data[8:])
    assert not scan_avi(path).is_closed


@pytest.mark.parametrize("encoding", [Encoding.DIB, Encoding.DIB_TOP_DOWN])
def test_the_format_of_a_bitmap_is_all_there(tmp_path, encoding):
    path = tmp_path / "0.avi"
    write_avi(path, frames(2, 65, 49), 65, 49, encoding)
    scan = scan_avi(path)
    assert (scan.width_px, scan.height_px, scan.fourcc) == (65, 49, "DIB")
    # the header, and a palette of 256 colours
    assert len(scan.stream_format) == 40 + 4 * 256
    assert scan.stream_format[-4:] == b"\xff\xff\xff\0"
    assert scan.sizes.tolist() == [68 * 49] * 2
    assert not scan.changes_palette
