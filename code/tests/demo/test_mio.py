"""The generator of wireless recordings: what it writes is what mio writes, and what it says is in it, is in it."""

import csv
from dataclasses import replace
from itertools import pairwise

import av
import numpy as np
import pytest

from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.demo.mio import RATE_HZ, MioSpec, columns_of, write_mio
from miniscope_to_nwb_zarr.demo.mio_radio import Flip, MioVersion, Radio


def decode(truth):
    with av.open(str(truth.video)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.average_rate) == ("rawvideo", RATE_HZ)
        return [picture.to_ndarray(format="gray") for picture in container.decode(video=0)]


def table_of(truth):
    with truth.table.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("version", MioVersion)
def test_files_of_every_version(tmp_path, version):
    truth = write_mio(MioSpec(version=version, has_raw_stream=True), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"wl_200px{s}" for s in (".avi", ".bin", ".csv")]
    assert truth.table.read_bytes().count(b"\r\n") == 1 + 25 * 8
    pictures = decode(truth)
    is_old = version is MioVersion.V0_6
    assert len(pictures) == len(truth.frames) == 24 + is_old
    for k, picture in enumerate(pictures):
        np.testing.assert_array_equal(picture, truth.picture(k))
    # the last frame is never written
    assert [barcode.read(picture) for picture in pictures[is_old:]] == list(range(24))
    assert pictures[0].any() != is_old
    rows = table_of(truth)
    assert tuple(rows[0]) == columns_of(version)
    if not is_old:
        last = "24" if version is MioVersion.UNRELEASED else "-1"
        assert [row["reconstructed_frame_index"] for row in rows] == [str(k // 8) for k in range(192)] + [last] * 8


def test_stamps_are_never_regular_and_begin_at_the_first_frame(tmp_path):
    truth = write_mio(MioSpec(), tmp_path)
    assert truth.time_s[0] == 0
    steps = np.diff(truth.time_s)
    assert steps.std() > 0
    assert abs(np.median(steps) - 1 / RATE_HZ) < 0.002
    stamps = [int(row["timestamp"]) for row in table_of(truth)]
    assert stamps == sorted(stamps)
    assert truth.frames[3].stamp_ms == stamps[24]


def test_a_turned_bit_in_the_frame_number_makes_three_frames_of_one(tmp_path):
    truth = write_mio(MioSpec(radio=Radio(flips=[Flip(5, 3, "frame_num", 4)])), tmp_path)
    assert [len(frame.rows) for frame in truth.frames[4:9]] == [8, 3, 1, 4, 8]
    for number, kept in ((5, slice(0, 1200)), (6, slice(1200, 1600)), (7, slice(1600, None))):
        picture = truth.frames[number].picture
        assert picture[kept].any()
        assert not np.delete(picture, kept).any()


def test_what_the_radio_takes_is_black_and_told(tmp_path):
    radio = Radio(lost={(3, 2)}, dropped={(4, 7)}, cut={(6, 1): 50})
    truth = write_mio(MioSpec(radio=radio), tmp_path)
    assert not truth.frames[3].picture[800:1200].any()
    assert not truth.frames[4].picture[2800:].any()
    assert not truth.frames[6].picture[750:800].any()
    # below the number in its corner no pixel of a picture is black
    assert truth.frames[6].picture[1100:].all()
    rows = table_of(truth)
    assert [int(row["black_padding_px"]) for row in rows if row["black_padding_px"] != "0"] == [50]
    assert sum(int(b["buffer_count"]) - int(a["buffer_count"]) == 2 for a, b in pairwise(rows)) == 2
    assert [rows[k]["dropped_buffer_count"] for k in (0, 37, 38, 190)] == ["0", "0", "1", "1"]


def test_frames_that_are_counted_and_not_written(tmp_path):
    truth = write_mio(MioSpec(skipped=(4,)), tmp_path)
    assert len(decode(truth)) == len(truth.frames) == 23
    numbers = {int(row["reconstructed_frame_index"]) for row in table_of(truth)}
    assert numbers == {-1, *range(24)} - {4}


def test_buffers_of_a_place_that_frames_do_not_have(tmp_path):
    flips = [Flip(9, 3, "frame_buffer_count", 5)]
    new = write_mio(MioSpec(radio=Radio(flips=flips)), tmp_path / "new")
    old = write_mio(MioSpec(radio=Radio(flips=flips), version=MioVersion.V0_6), tmp_path / "old")
    assert len(new.rows) == 199
    # the rows since the frame began come twice: two buffers and the odd one
    assert len(old.rows) == 203
    assert [len(frame.rows) for frame in new.frames[8:11]] == [8, 7, 8]


@pytest.mark.parametrize(
    ("changes", "n_lines"),
    [({"repeated_headers": (0, 9)}, 203), ({"lost_rows": (3, 4)}, 199), ({"cut_bytes": 3}, 201)],
)
def test_damage_to_the_table(tmp_path, changes, n_lines):
    truth = write_mio(MioSpec(**changes), tmp_path)
    assert len(truth.table.read_bytes().split(b"\n")) - ("cut_bytes" not in changes) == n_lines


def test_a_device_that_is_started_again_counts_from_nothing(tmp_path):
    truth = write_mio(MioSpec(restart_at=10), tmp_path)
    assert truth.frames[9].stamp_ms > 124_000
    assert truth.frames[10].stamp_ms < 10
    assert truth.frames[10].rows[0].buffer.header["frame_num"] == 0
    received = [frame.rows[0].buffer.received_s for frame in truth.frames]
    assert np.all(np.diff(received) > 0.04)


def test_equal_specs_give_equal_bytes(tmp_path):
    first, second = (write_mio(MioSpec(), tmp_path / name) for name in ("a", "b"))
    other = write_mio(replace(first.spec, seed=3), tmp_path / "c")
    for truth, is_equal in ((second, True), (other, False)):
        assert (truth.video.read_bytes() == first.video.read_bytes()) is is_equal
        assert (truth.table.read_bytes() == first.table.read_bytes()) is is_equal
