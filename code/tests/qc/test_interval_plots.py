"""Plots of a device whose time does not go on evenly: nothing is drawn where no frame is, what is wrong is marked."""

import re
from dataclasses import replace

import numpy as np
import pytest

from miniscope_to_nwb_zarr.qc.figures.axis import axis, time_axis
from miniscope_to_nwb_zarr.qc.figures.curves import curve
from miniscope_to_nwb_zarr.qc.figures.plot import labels_beyond, mark
from miniscope_to_nwb_zarr.qc.motion import Motion
from miniscope_to_nwb_zarr.qc.report.facts import DeviceFacts
from miniscope_to_nwb_zarr.qc.report.interval_plots import histogram, intervals
from miniscope_to_nwb_zarr.qc.report.stream_plots import plots
from miniscope_to_nwb_zarr.qc.report.time_steps import pieces, set_backs
from miniscope_to_nwb_zarr.qc.seen import SeenFrames
from tests.conversions import sessions_in
from tests.recordings import CAMERA, SCOPE, small_recording


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A scope of 60 frames, 33 ms apart."""
    folder = tmp_path_factory.mktemp("time")
    small_recording(folder, devices=(replace(SCOPE, n_frames=60), CAMERA))
    (session,) = sessions_in(folder)
    recording = session.recordings[0]
    stream = next(one for one in recording.streams if one.device.name == "HPC_miniscope1")
    return DeviceFacts(recording, stream, "HPC_miniscope1")


def at(device, time_s, level=None):
    """The same device, its frames taken at other times."""
    table = replace(device.stream.table, time_s=np.asarray(time_s, np.float64))
    level = np.full(len(time_s), 70.0) if level is None else level
    frames = np.arange(0, len(time_s), 3)
    motion = Motion(frames[np.isfinite(level[frames])], np.zeros((int(np.isfinite(level[frames]).sum()), 2)))
    seen = SeenFrames(level, np.full(len(time_s), 0.1), 3, len(frames), (), motion)
    return replace(device, stream=replace(device.stream, table=table), seen=seen)


EVEN = np.arange(60) * 0.033
WITH_GAP = np.where(np.arange(60) < 30, EVEN, EVEN + 1.4)
SET_BACK = np.where(np.arange(60) < 40, EVEN, EVEN - 1.0)


def drawn(device, name):
    (plot,) = (one for one in plots(device) if one.name == name)
    return plot


@pytest.mark.parametrize("name", ["brightness", "saturation", "queue", "motion"])
@pytest.mark.parametrize(("time_s", "n_lines"), [(EVEN, 1), (WITH_GAP, 2), (SET_BACK, 2)])
def test_no_line_is_drawn_over_a_gap_or_back_in_time(sound, name, time_s, n_lines):
    for layer in drawn(at(sound, time_s), name).layers:
        assert layer.count("M") == n_lines


@pytest.mark.parametrize("name", ["brightness", "saturation", "motion"])
def test_no_line_is_drawn_over_frames_without_a_picture(sound, name):
    level = np.full(60, 70.0)
    level[31] = np.nan  # between two frames that were looked at closely
    assert all(layer.count("M") == 2 for layer in drawn(at(sound, EVEN, level), name).layers)


def test_motion_is_not_drawn_over_damaged_frames(sound):
    device = at(sound, EVEN)
    frames = np.delete(device.seen.motion.frames, [8, 9])
    seen = replace(device.seen, motion=Motion(frames, np.zeros((len(frames), 2))))
    assert all(layer.count("M") == 2 for layer in drawn(replace(device, seen=seen), "motion").layers)


def test_a_line_of_many_values_is_broken_too():
    time_s = np.arange(12_000) * 0.033
    time_s[6000:] += 40
    number = np.append(0, np.cumsum(np.diff(time_s) > 1))
    across, up = time_axis(0, time_s[-1]), axis(0, 2, "")
    band, line = re.findall(r' d="([^"]*)"', curve(time_s, np.ones(12_000), across, up, "blue", number))
    assert line.count("M") == band.count("M") == band.count("Z") == 2
    # a slow part is no gap
    slow = np.append(np.arange(6000) * 0.033, 200 + np.arange(40) * 2.0)
    (_, line) = re.findall(r' d="([^"]*)"', curve(slow, np.ones(6040), across, up, "blue", np.zeros(6040, np.int64)))
    assert line.count("M") == 1


def test_a_clock_that_was_set_back_is_seen(sound):
    device = at(sound, SET_BACK)
    (one,) = set_backs(device)
    assert one.said == "the clock was set back by 967 ms, from 1.287 s to 0.320 s"
    across = time_axis(0, 2)
    over_time = intervals(device, across)
    (arrow, label) = [part for part in over_time.marks if part]
    assert 'class="mark look"' in arrow
    assert one.said in arrow
    assert 'y="100%"' in arrow
    assert ">-967 ms<" in label
    assert "the clock was set back once" in over_time.note
    assert "No frame is missing" not in over_time.note
    usual, _, back = histogram(device, across).layers
    assert 'class="bars look"' in back
    # the first bar, and it is none of the usual ones
    assert back.count("M") == 1
    assert back.partition('d="M')[2].startswith(("0 ", "1 ", "2 "))
    assert min(int(x) for x in re.findall(r"M(\d+) ", usual)) > 300
    assert pieces(device)[[39, 40]].tolist() == [0, 1]


def test_what_lies_beyond_the_scale_is_an_arrow_with_its_length(sound):
    over_time = intervals(at(sound, WITH_GAP), time_axis(0, 4))
    (arrow, label) = over_time.marks
    assert 'y="0%"' in arrow
    assert 'class="mark bad"' in arrow
    assert ">1,433 ms<" in label
    assert "beyond the scale" in over_time.note
    across, up = axis(0, 10, ""), axis(0, 100, "ms")
    assert mark(across, up, 5, 50, "bad", "").startswith("<circle")
    # the longer one of two neighbours, and nothing of what is within
    assert re.findall(r">(.*?)<", labels_beyond(across, up, [(5, 300), (5.1, 400), (1, 50)])) == ["400 ms"]


def test_a_first_stamp_that_cannot_be_right_is_no_clock_set_back(sound):
    absurd = EVEN.copy()
    absurd[0] = 935_703.2
    assert set_backs(at(sound, absurd)) == ()


def test_whole_milliseconds_are_as_many_in_each_bar(sound):
    steps = np.random.default_rng(1).permutation(np.append(np.repeat(np.arange(24, 43), 3), [200, 200]))
    time_s = np.append(0, np.cumsum(steps)) / 1000
    # as computers have it
    assert np.any(np.diff(time_s) * 1000 != steps)
    usual, longer, _ = histogram(at(sound, time_s), time_axis(0, 2)).layers
    heights = re.findall(r"V(\d+)H", usual)
    # bars of 2 ms with 6 intervals each, but for 24 ms, which are alone
    assert [heights.count(height) for height in dict.fromkeys(heights)] == [1, 9]
    assert len(re.findall("H", longer)) == 1
