"""Recordings of the older package Bonsai.ONIX."""

from pathlib import Path

import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.onix_older import OlderOnixSpec, write_older_onix

ONIX = "Miniscope ONIX"


@pytest.fixture
def truth(tmp_path):
    return write_older_onix(OlderOnixSpec(), tmp_path / "run")


def codes_of(holder):
    return {finding.code for finding in holder.findings}


def assert_true_to(truth, session, numbers_seen):
    ((recording, stream),) = session.streams
    assert recording.start == truth.spec.first_stamp
    assert stream.rows.tolist() == numbers_seen(stream) == list(range(truth.spec.n_frames))
    assert np.array_equal(stream.time_s, truth.ticks / 1e7)
    assert np.array_equal(stream.table.extra["Clock"], truth.clock)


@pytest.mark.parametrize("encoding", [Encoding.FMP4, Encoding.DIB])
def test_frames_have_the_times_of_the_computer(tmp_path, find_one, numbers_seen, encoding):
    truth = write_older_onix(OlderOnixSpec(encoding=encoding), tmp_path)
    session = find_one(tmp_path)
    assert session.layout == ONIX
    assert_true_to(truth, session, numbers_seen)
    (told,) = (f.sentence for f in session.findings if f.code is Code.TABLE_FORMAT)
    assert "the rate of the acquisition clock is not recorded" in told


def test_the_table_of_its_sensor_is_kept_and_not_read(truth, find_one):
    (truth.folder / "bno055_2021-11-05T10_15_00.csv").write_text("2021-11-05T10:15:01.25-04:00,1,0,0,0\n")
    session = find_one(truth.folder)
    assert session.streams[0][1].orientation is None
    told = {finding.where: finding.sentence for finding in session.findings}
    assert "it is kept and not read" in told["bno055_2021-11-05T10_15_00.csv"]
    assert "2021-11-05T10:15:01.25-04:00,1,0,0,0\n" in {file.text for file in session.source_files}


def test_several_recordings_of_a_folder(tmp_path, find, numbers_seen):
    specs = [OlderOnixSpec(n_frames=20 + k, seed=k, suffix=f"2021-11-05T10_1{k}_00") for k in range(3)]
    truths = [write_older_onix(spec, tmp_path) for spec in specs]
    found = find(tmp_path, layout=ONIX)
    assert found.failures == ()
    for truth, session in zip(truths, found.sessions, strict=True):
        assert_true_to(truth, session, numbers_seen)


def test_named_files(truth, find_one, numbers_seen):
    session = find_one(Path("nowhere"), video_files=(truth.video,), timestamps_file=truth.times)
    assert_true_to(truth, session, numbers_seen)


@pytest.mark.parametrize("line", ["", "2021-11-05T10:15:01.25-04:00,5,6", "yesterday,5", "2021-11-05T10:15:01.25,5"])
def test_a_bad_row_costs_its_frame_only(truth, find_one, line):
    lines = truth.times.read_text().splitlines()
    lines[7] = line or "x"
    truth.times.write_text("\n".join(lines) + "\n")
    session = find_one(truth.folder)
    ((_, stream),) = session.streams
    kept = [k for k in range(25) if k != 7]
    assert stream.rows.tolist() == kept
    assert np.array_equal(stream.time_s, truth.ticks[kept] / 1e7)
    assert Code.ROW_UNREADABLE in codes_of(session)


def test_a_cut_last_row_keeps_its_time(truth, find_one):
    truth.times.write_bytes(truth.times.read_bytes()[:-4])
    session = find_one(truth.folder)
    ((_, stream),) = session.streams
    assert np.array_equal(stream.time_s, truth.ticks / 1e7)
    assert stream.table.extra["Clock"].tolist() == [*truth.clock[:-1].tolist(), 0]
    assert Code.ROW_TORN in codes_of(session)


def test_a_table_without_video_is_named(truth, find):
    truth.video.unlink()
    found = find(truth.folder, layout=ONIX)
    assert (found.sessions, found.failures) == ((), ())
    assert codes_of(found) == {Code.FOLDER_INCOMPLETE}


def test_tables_of_cameras_are_not_taken_for_it(truth, find):
    truth.times.rename(truth.folder / "camera.csv")
    found = find(truth.folder, layout=ONIX)
    assert (found.sessions, found.failures) == ((), ())
    assert [finding.code for finding in found.findings] == [Code.FOLDER_INCOMPLETE]
