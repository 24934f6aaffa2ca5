"""Clocks of lines: what is lost, shifted or torn is noticed, and nothing else is."""

import os
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.sources import line_clocks_raw
from miniscope_to_nwb_zarr.sources.line_clocks_raw import (
    FRAME_BYTES,
    LINES,
    begins_with_lines,
    clock_range,
    count_frames,
    read_line_clocks,
)

LINE, FRAME = 6750, 8_333_333
"""Ticks from line to line and from frame to frame: 27 us and 30 Hz at 250 MHz."""


def clocks(n_frames, line=LINE, frame=FRAME, seed=0):
    rng = np.random.default_rng(seed)
    step = line + rng.integers(-3, 4, (n_frames, LINES))
    step[:, 0] = 10**9 + np.arange(n_frames) * frame
    return step.cumsum(axis=1).astype(np.uint64)


@pytest.fixture
def read(tmp_path):
    def read_values(values):
        path = tmp_path / "clock.raw"
        path.write_bytes(values if isinstance(values, bytes) else np.asarray(values).astype("<u8").tobytes())
        return read_line_clocks(path, "clock.raw")

    return read_values


@pytest.mark.parametrize("n_frames", [1, 2, 3, 50])
@pytest.mark.parametrize("frame", [FRAME, 3 * FRAME, LINES * LINE], ids=["30Hz", "10Hz", "without pause"])
def test_a_sound_file(read, n_frames, frame):
    found, findings = read(clocks(n_frames, frame=frame))
    assert findings == ()
    assert found.is_placed.all()
    assert np.array_equal(found.first, clocks(n_frames, frame=frame)[:, 0])
    assert np.array_equal(found.last, clocks(n_frames, frame=frame)[:, -1])


def test_a_file_longer_than_what_is_read_at_once(read, monkeypatch):
    monkeypatch.setattr(line_clocks_raw, "_BLOCK_BYTES", 7 * FRAME_BYTES)
    found, findings = read(clocks(25))
    assert (found.n_frames, findings) == (25, ())
    assert np.array_equal(found.first, clocks(25)[:, 0])


def test_memory_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "clock.raw"
    with path.open("wb") as file:
        for k in range(8):
            file.write((clocks(2048) + np.uint64(k * 2048 * FRAME)).astype("<u8").tobytes())
    tracemalloc.start()
    found, findings = read_line_clocks(path, "x")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.n_frames, findings) == (8 * 2048, ())
    # one block, its copy and its steps; the file has 80 MB
    assert peak < 4 * 2048 * FRAME_BYTES


def test_a_tick_beyond_what_a_float_holds_is_kept(read):
    values = clocks(5) + np.uint64(2**60)
    found, findings = read(values)
    assert findings == ()
    assert np.array_equal(found.first, values[:, 0])


@pytest.mark.parametrize("n_lost", [1, 2, 100, 607])
def test_lost_values_shift_all_frames_behind_them(read, n_lost):
    flat = clocks(30).ravel()
    found, (cut, shifted) = read(np.delete(flat, slice(10 * LINES + 50, 10 * LINES + 50 + n_lost)))
    assert (cut.code, cut.numbers) == (Code.FILE_TRUNCATED, {"frames": 29, "cut_bytes": FRAME_BYTES - 8 * n_lost})
    assert (shifted.code, shifted.numbers["first_frame"]) == (Code.ROW_UNREADABLE, 10)
    assert found.is_placed.tolist() == [True] * 10 + [False] * 19


def test_an_added_value_shifts_too(read):
    flat = clocks(30).ravel()
    found, findings = read(np.insert(flat, 10 * LINES + 50, flat[10 * LINES + 50] - np.uint64(100)))
    assert [finding.code for finding in findings] == [Code.FILE_TRUNCATED, Code.ROW_UNREADABLE]
    # the last line of frame 10 is the first value of frame 11
    assert np.flatnonzero(~found.is_placed).tolist() == list(range(11, 30))


def test_a_lost_byte_spoils_all_frames_behind_it(read):
    raw = clocks(30).astype("<u8").tobytes()
    found, findings = read(raw[:50_000] + raw[50_001:])
    assert [finding.code for finding in findings] == [Code.FILE_TRUNCATED, Code.ROW_UNREADABLE]
    assert found.is_placed.tolist() == [True] * 10 + [False] * 19


def test_lines_lost_on_the_way_tear_one_frame_and_shift_none(read):
    """The software fills a picture with the first lines of the next one, and then waits for a new picture."""
    sensor = clocks(31)
    torn = np.concatenate([sensor[10, :400], sensor[11, : LINES - 400]])
    saved = np.vstack([sensor[:10], torn, sensor[12:]])
    found, (finding,) = read(saved)
    assert found.is_placed.all()
    assert np.array_equal(found.first, saved[:, 0])
    assert (finding.code, finding.numbers) == (Code.FRAMES_TORN, {"count": 1, "first_frame": 10})


@pytest.mark.parametrize("where", [0, 1, 300, 607])
@pytest.mark.parametrize("value", [0, 1, 2**63 + 5, 2**64 - 1])
def test_a_value_that_is_no_clock_costs_its_frame_at_most(read, where, value):
    damaged = clocks(30)
    damaged[10, where] = value
    found, findings = read(damaged)
    assert findings
    assert found.is_placed.sum() >= 29
    assert np.array_equal(found.first[found.is_placed], clocks(30)[found.is_placed, 0])


def test_a_scope_that_always_pauses_within_a_frame_is_taken_as_it_is(read):
    values = clocks(30)
    values[:, 300:] += np.uint64(100 * LINE)
    found, findings = read(values)
    assert findings == ()
    assert found.is_placed.all()


def test_a_rate_that_was_changed_is_no_damage(read):
    slow, fast = clocks(10, frame=3 * FRAME), clocks(200, frame=LINES * LINE + 2 * LINE)
    found, findings = read(np.vstack([slow, fast + slow[-1, -1]]))
    assert findings == ()
    assert found.is_placed.all()


@pytest.mark.parametrize(("raw", "code"), [(b"", Code.FILE_EMPTY), (b"\1" * 4000, Code.FILE_TRUNCATED)])
def test_a_file_without_a_whole_frame(read, raw, code):
    found, (finding,) = read(raw)
    assert (found, finding.code) == (None, code)


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.raw")
    for name in ("pipe.raw", "none.raw", "."):
        found, (finding,) = read_line_clocks(tmp_path / name, "x")
        assert (found, finding.code) == (None, Code.FILE_UNREADABLE)
    assert (count_frames(tmp_path / "none.raw"), clock_range(tmp_path / "none.raw")) == (0, None)


def test_a_file_is_known_by_its_first_frames(tmp_path):
    path = tmp_path / "x.raw"
    for values, expected in (
        (clocks(2), True),
        (clocks(1), False),
        (np.arange(10_000) * 8333, False),
        (np.random.default_rng(0).integers(0, 2**60, 10_000), False),
        (np.zeros(10_000), False),
    ):
        path.write_bytes(values.astype("<u8").tobytes())
        assert begins_with_lines(path) is expected
    assert begins_with_lines(tmp_path / "none.raw") is False


def test_first_and_last_clock(tmp_path):
    path = tmp_path / "x.raw"
    path.write_bytes(clocks(3).astype("<u8").tobytes() + b"\1" * 100)
    assert clock_range(path) == (int(clocks(3)[0, 0]), int(clocks(3)[-1, -1]))


@settings(max_examples=50)
@given(st.binary(max_size=3 * FRAME_BYTES))
def test_no_bytes_raise(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "random_clock.raw"
    path.write_bytes(raw)
    found, findings = read_line_clocks(path, "x")
    assert (found is None) == (len(raw) < FRAME_BYTES)
    assert found is None or found.n_frames == len(raw) // FRAME_BYTES == count_frames(path)
    assert findings or not raw.strip(b"\0")
    begins_with_lines(path)


@settings(max_examples=50)
@given(st.integers(4, 29), st.integers(0, LINES - 1), st.integers(1, LINES - 1))
@example(frame=28, line=0, n_lost=1)
def test_wherever_values_are_lost_no_wrong_clock_is_taken_for_a_frame(tmp_path_factory, frame, line, n_lost):
    sound = clocks(30)
    path = tmp_path_factory.getbasetemp() / "shifted_clock.raw"
    at = frame * LINES + line
    path.write_bytes(np.delete(sound.ravel(), slice(at, at + n_lost)).astype("<u8").tobytes())
    found, _ = read_line_clocks(path, "x")
    taken = found.first[found.is_placed]
    assert np.array_equal(taken, sound[: found.n_frames, 0][found.is_placed])
    assert found.is_placed.sum() >= frame
