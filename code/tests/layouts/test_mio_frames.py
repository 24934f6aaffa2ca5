"""Buffers against the frames that mio made of them: a frame is given its own buffers, or none."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.demo.mio_radio import Flip, MioVersion, Radio, Sender, combine, send
from miniscope_to_nwb_zarr.layouts.mio.frames import Written, frames_of_buffers
from miniscope_to_nwb_zarr.sources.buffers_csv import BufferTable

N_FRAMES, N_PIXELS, BUFFER_PIXELS = 12, 20, 5
OLD = MioVersion.V0_6


class Blank:
    def frame(self, index):
        return np.full((4, 5), index + 1, np.uint8)


SENDER = Sender(
    movie=Blank(),
    n_frames=N_FRAMES,
    buffer_pixels=BUFFER_PIXELS,
    rate_hz=20,
    start=datetime(2026, 3, 14, tzinfo=UTC),
    first_ms=1000,
    first_frame=64,
)


def made(version=MioVersion.V0_9, radio=None, skipped=(), sender=SENDER):
    """The frames and the rows that mio makes, and the table of the rows."""
    frames, rows = combine(send(sender, radio or Radio()), N_PIXELS, BUFFER_PIXELS, version, skipped)
    return frames, rows, table_of(rows, version)


def table_of(rows, version=MioVersion.V0_9):
    names = ["frame_num", "frame_buffer_count", "timestamp"]
    values = [[row.buffer.header[name] for name in names] + [row.index] for row in rows]
    table = BufferTable(
        Path("wl.csv"),
        (*names, "reconstructed_frame_index"),
        np.array(values, float).reshape(-1, 4),
        np.arange(len(rows)) + 2,
        np.zeros(len(rows), np.int64),
    )
    return replace(table, columns=tuple(names), values=table.values[:, :3]) if version is OLD else table


def joined(first, second):
    return BufferTable(
        first.path,
        first.columns,
        np.concatenate([first.values, second.values]),
        np.arange(first.n_rows + second.n_rows) + 2,
        np.repeat([0, 1], [first.n_rows, second.n_rows]),
    )


def placed(table, n_frames, *, is_whole=True, is_first_black=False):
    return frames_of_buffers(table, Written(n_frames, is_whole, is_first_black), "wl.csv")


def rows_of(frames, rows):
    """For each row the frame of the video that it is in, by the buffers themselves."""
    of = {id(row): number for number, frame in enumerate(frames) for row in frame.rows}
    return [of.get(id(row), -1) for row in rows]


@pytest.mark.parametrize("version", [MioVersion.V0_9, MioVersion.UNRELEASED])
def test_numbered_frames(version):
    frames, rows, table = made(version)
    number, findings = placed(table, len(frames))
    assert findings == ()
    in_video = number < len(frames)
    assert number[in_video].tolist() == np.array(rows_of(frames, rows))[in_video].tolist()
    # the last frame is never written
    assert set(number[-4:].tolist()) == ({11} if version is MioVersion.UNRELEASED else {-1})


def test_before_frames_were_numbered_each_is_one_behind_the_black_picture():
    frames, rows, table = made(OLD)
    assert not frames[0].picture.any()
    number, findings = placed(table, len(frames), is_first_black=True)
    assert number.tolist() == rows_of(frames, rows) == [k // 4 + 1 for k in range(44)] + [-1] * 4
    assert [(finding.code, finding.severity) for finding in findings] == [(Code.TABLE_FORMAT, Severity.WARNING)]
    assert "black" in findings[0].sentence


def test_the_first_versions_wrote_no_black_picture():
    frames, rows, table = made(OLD)
    number, (finding,) = placed(table, len(frames) - 1)
    assert number.tolist() == [max(k - 1, -1) for k in rows_of(frames, rows)]
    assert "black" not in finding.sentence


@pytest.mark.parametrize(("n_frames", "is_first_black"), [(11, True), (12, False), (13, True), (10, False), (1, True)])
def test_without_numbers_other_counts_of_frames_are_refused(n_frames, is_first_black):
    _, _, table = made(OLD)
    with pytest.raises(InputError, match=f"lists 12 frames.* holds {n_frames}"):
        placed(table, n_frames, is_first_black=is_first_black)


def test_a_table_that_can_tell_nothing_of_frames():
    _, _, table = made(OLD)
    lacking = replace(table, columns=("frame_num", "slot", "timestamp"))
    with pytest.raises(InputError, match="frame_buffer_count"):
        placed(lacking, 12)
    table = made()[2]
    table.values[:, 3] = -1
    with pytest.raises(InputError, match="no frame has a buffer"):
        placed(table, 12)


def test_frames_that_were_counted_and_not_written():
    frames, rows, table = made(skipped=(3, 4, 8))
    number, (finding,) = placed(table, len(frames))
    assert number.tolist() == rows_of(frames, rows)
    assert (finding.code, finding.severity, finding.numbers) == (Code.ROWS_RENUMBERED, Severity.WARNING, {"frames": 3})


def test_rows_that_are_missing_beside_a_video_with_all_frames():
    frames, rows, _ = made()
    kept = [k for k, row in enumerate(rows) if row.index not in {3, 4}]
    number, findings = placed(table_of([rows[k] for k in kept]), len(frames))
    assert findings == ()
    assert number.tolist() == [rows_of(frames, rows)[k] for k in kept]


def test_rows_that_cannot_be_read_are_no_frames_that_were_not_written():
    frames, rows, table = made()
    table.values[12:16] = np.nan
    number, findings = placed(table, len(frames) - 1)
    assert findings == ()
    expected = np.array(rows_of(frames, rows))
    expected[12:16] = -1
    assert number.tolist() == expected.tolist()


@pytest.mark.parametrize(("n_frames", "is_whole"), [(7, True), (8, False), (11, False), (40, True)])
def test_where_a_hole_may_be_either_no_frame_behind_it_is_given_a_stamp(n_frames, is_whole):
    frames, rows, table = made(skipped=(3, 4, 8))
    number, (finding,) = placed(table, n_frames, is_whole=is_whole)
    expected = np.array(rows_of(frames, rows))
    expected[expected >= 3] = -1
    assert number.tolist() == expected.tolist()
    assert (finding.code, finding.severity) == (Code.ROWS_RENUMBERED, Severity.ERROR)
    assert finding.numbers["first"] == 3


def test_a_table_that_begins_late_beside_another_video():
    _, rows, _ = made()
    late = table_of([row for row in rows if row.index >= 3])
    with pytest.raises(InputError, match="begins at 3"):
        placed(late, 40)


@pytest.mark.parametrize("version", [MioVersion.V0_9, OLD])
def test_of_two_recordings_in_one_table_the_video_is_of_the_last(version):
    is_old = version is OLD
    earlier = made(version, sender=replace(SENDER, n_frames=5))
    frames, rows, table = made(version)
    number, findings = placed(joined(earlier[2], table), len(frames), is_first_black=is_old)
    assert number.tolist() == [-1] * 20 + rows_of(frames, rows)
    assert (findings[0].code, findings[0].numbers) == (Code.TABLE_FORMAT, {"rows": 20})
    with pytest.raises(InputError):
        placed(joined(earlier[2], table), len(frames) + 3, is_first_black=is_old)


def test_a_number_beyond_all_tables_is_none():
    _, _, table = made()
    number, _ = placed(table, N_FRAMES - 1)
    table.values[20, 3] = 2e24
    damaged, _ = placed(table, N_FRAMES - 1)
    assert damaged[20] == -1
    assert np.array_equal(np.delete(damaged, 20), np.delete(number, 20))


def test_numbers_that_go_back_without_a_header_between():
    _, _, table = made()
    twice = replace(joined(table, table), part=np.zeros(2 * table.n_rows, np.int64))
    with pytest.raises(InputError, match="goes back at line 50"):
        placed(twice, 11)


COLUMNS = ["frame_num", "frame_buffer_count", "timestamp"]
FLIPS = st.builds(Flip, st.integers(0, N_FRAMES - 1), st.integers(0, 3), st.sampled_from(COLUMNS), st.integers(0, 31))
SLOTS = st.tuples(st.integers(0, N_FRAMES - 1), st.integers(0, 3))


@given(
    st.sampled_from(MioVersion),
    st.lists(SLOTS, max_size=6),
    st.lists(FLIPS, max_size=4),
    st.sets(st.integers(0, 10), max_size=2),
)
def test_no_buffer_is_ever_placed_in_another_frame(version, lost, flips, skipped):
    """Whatever the radio did: by the version's own rule, or not at all."""
    skipped = set() if version is OLD else skipped
    frames, rows, table = made(version, Radio(lost=lost, flips=flips), skipped)
    if not frames:
        return
    is_black = not frames[0].picture.any()
    try:
        number, _ = placed(table, len(frames), is_first_black=version is OLD and is_black)
    except InputError:
        return
    expected = np.array(rows_of(frames, rows))
    wrong = (number != expected) & (number >= 0) & (number < len(frames))
    assert not wrong.any()
