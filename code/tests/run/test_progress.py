import io
from itertools import count

import pytest

from miniscope_to_nwb_zarr.core.amounts import duration_text, size_text
from miniscope_to_nwb_zarr.run import session_job
from miniscope_to_nwb_zarr.run.console import Console
from miniscope_to_nwb_zarr.run.named_session import SessionTask
from miniscope_to_nwb_zarr.run.options import Options
from miniscope_to_nwb_zarr.run.progress import Meter
from tests.conversions import job, no_processes, sessions_in
from tests.recordings import SCOPE, small_recording


def test_nothing_is_claimed_before_the_first_frame():
    assert Meter(100, 100, clock=lambda: 0.0).line() == "0 of 100 frames (0 %)"


def test_a_recording_without_frames_is_complete():
    assert Meter(0, 0, clock=lambda: 0.0).line() == "0 of 0 frames (100 %)"


@pytest.mark.parametrize(
    ("done", "line"),
    [
        (0, "0 of 1,198 frames written (0 %)"),
        (366, "366 of 1,198 frames written (30 %)"),
        (1198, "1,198 of 1,198 frames written (100 %)"),
        (1199, "1 of 1,198 frames read back (0 %)"),
        (2396, "1,198 of 1,198 frames read back (100 %)"),
    ],
)
def test_frames_that_are_worked_on_twice_are_no_more_frames(done, line):
    meter = Meter(2396, 2396, clock=lambda: 0.0, steps=("written", "read back"))
    meter.advance(done, done)
    assert meter.line() == line


def test_a_conversion_tells_of_as_many_frames_as_there_are(tmp_path, monkeypatch):
    monkeypatch.setattr(session_job, "open_pool", no_processes)
    small_recording(tmp_path / "data", devices=(SCOPE,))
    (session,) = sessions_in(tmp_path / "data")
    log = io.StringIO()
    # a minute passes between any two looks at the clock
    console = Console(stdout=io.StringIO(), stderr=log, clock=count(0, 60).__next__)
    SessionTask(session, job(tmp_path / "results"), Options.from_python()).run(console)
    lines = [line.partition(": ")[2].partition(",")[0] for line in log.getvalue().splitlines()]
    assert "25 of 25 frames written (100 %)" in lines
    assert lines[-1] == "25 of 25 frames read back (100 %)"
    assert all(" of 25 frames " in line for line in lines)


def test_the_time_left_is_that_of_all_steps():
    now_s = 0.0
    meter = Meter(200, 200, clock=lambda: now_s, steps=("written", "read back"))
    now_s = 10.0
    meter.advance(50, 50)
    assert meter.line() == "50 of 100 frames written (50 %), 5 frames/s, 5 B/s, 30 s left"


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_940, "99.9 kB"), (132_000_000, "132 MB"), (8.2e9, "8.2 GB")],
)
def test_sizes_are_those_on_the_label_of_a_disk(n_bytes, text):
    assert size_text(n_bytes) == text


@pytest.mark.parametrize(("n_bytes", "text"), [(999_600, "1.0 MB"), (2.5e12, "2.5 TB"), (4.2e15, "4200.0 TB")])
def test_sizes_change_unit_where_rounding_would_give_four_digits(n_bytes, text):
    assert size_text(n_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599.7, "1 h 00 min"), (90_000, "25 h 00 min")],
)
def test_durations(seconds, text):
    assert duration_text(seconds) == text
