import av
import numpy as np
import pytest

from miniscope_to_nwb_zarr.data_conversion.preview_movie import PreviewTask, write_preview
from miniscope_to_nwb_zarr.qc.digits import clock_text, draw_text
from miniscope_to_nwb_zarr.qc.preview_frames import Tile, choose, preview_frames
from miniscope_to_nwb_zarr.qc.preview_plan import frames_shown, plan_preview


def test_moments_are_spread_over_the_time_that_was_recorded():
    plan = plan_preview([(0.0, 30.0), (100.0, 130.0)])
    assert plan.speed == 3
    assert len(plan.time_s) == 200
    assert np.all(np.diff(plan.time_s) > 0)
    assert not np.any((plan.time_s > 30) & (plan.time_s < 100))
    assert np.sum(plan.time_s < 30) == 100


def test_a_short_recording_is_shown_at_its_own_speed():
    plan = plan_preview([(0.0, 2.0)])
    assert (plan.speed, len(plan.time_s)) == (1, 20)
    assert len(plan_preview([(0.0, 0.0)]).time_s) == 0


def test_each_device_shows_the_frame_that_had_been_taken():
    plan = plan_preview([(0.0, 10.0)])
    time_s = np.array([1.0, 2.0, 3.0, 8.0])
    shown = frames_shown(plan, time_s)
    at = dict(zip(np.round(plan.time_s, 2).tolist(), shown.tolist(), strict=True))
    assert (at[0.95], at[1.05], at[2.95], at[5.05], at[8.05], at[9.95]) == (-1, 0, 1, 2, 3, 3)
    assert frames_shown(plan, time_s, step=2).max() == 2
    # long after the last frame there is nothing to show
    assert frames_shown(plan, np.array([0.0, 0.1]))[-1] == -1
    assert set(frames_shown(plan, np.empty(0))) == {-1}


def test_a_clock_that_was_set_back_takes_no_picture_back():
    plan = plan_preview([(0.0, 4.0)])
    shown = frames_shown(plan, np.array([0.0, 1.0, 2.0, 1.5, 3.0]))
    assert np.all(np.diff(shown) >= 0)


def test_of_what_there_is_the_latest_is_chosen():
    assert choose(np.array([0, 4, 8]), np.array([-1, 0, 3, 4, 9])).tolist() == [-1, 0, 0, 1, 2]


def test_the_clock_is_written_in_figures():
    assert [clock_text(s) for s in (-0.02, 9.96, 65.0, 7322.5)] == ["00:00.0", "00:09.9", "01:05.0", "2:02:02.5"]
    assert draw_text("1", 1).astype(int).tolist()[0] == [0, 0, 1, 0, 0, 0]
    assert draw_text("10:2.3", 3).shape == (21, 18 * 6)


@pytest.fixture
def task(tmp_path):
    """A scope that brightens and a camera that turns red, of odd sizes."""
    plan = plan_preview([(0.0, 4.0)])
    ramp = np.linspace(20, 90, len(plan.time_s)).astype(np.uint8)
    scope = np.tile(ramp[:, None, None], (1, 51, 61)) + np.arange(61, dtype=np.uint8)
    camera = np.zeros((2, 40, 41, 3), np.uint8)
    camera[1, ..., 0] = 250
    shown = (np.arange(len(ramp)) > 20).astype(np.int64)
    shown[:5] = -1
    return PreviewTask(
        tmp_path / "qc" / "p.mp4", plan, (Tile("HPC", np.arange(len(ramp)), scope), Tile("C", shown, camera))
    )


def test_devices_stand_side_by_side(task):
    pictures = list(preview_frames(task.plan, task.tiles))
    assert len(pictures) == 40
    # 50 and 22 rows, and 60, 4 and 40 columns, in whole blocks of 16
    height, width = 80, 112
    assert {picture.shape for picture in pictures} == {(height * 3 // 2, width)}
    luma = np.array(pictures)[:, :height]
    # the scope takes the range there is
    assert luma[0, :50, :60].min() < 25
    assert luma[-1, :50, :60].max() > 225
    # the camera had not begun, then is black, then red
    red = np.array(pictures)[:, height + height // 4 :].reshape(40, height // 2, width // 2)[:, 15, 50]
    assert (red[0], red[10], red[30]) == (128, 128, 238)


def test_the_movie_is_one_that_browsers_play_and_always_the_same(task):
    made = set()
    for _ in range(5):
        write_preview(task)
        made.add(task.path.read_bytes())
    (first,) = made
    with av.open(str(task.path)) as movie:
        stream = movie.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt, float(stream.average_rate)) == ("h264", "yuv420p", 10.0)
        frames = [frame.to_ndarray(format="rgb24") for frame in movie.decode(stream)]
    assert len(frames) == 40
    assert frames[30][20, 90, 0] > 200 > frames[30][20, 90, 1] + 100
    assert frames[-1][10, 50, 0] > frames[2][10, 50, 0] + 60
    # what begins to play before all of it is there has its index in front
    assert first.index(b"moov") < first.index(b"mdat")
