"""Whatever is done to the files of a recording, discovery says something and pairs no frame with another's stamp."""

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Severity
from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.layouts.discovery import Request, discover
from miniscope_to_nwb_zarr.sources.video import VideoFile
from tests.recordings import small_recording

N_FILES = 15


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    truth = small_recording(tmp_path_factory.mktemp("whole"), behavior_tracker={"enabled": True}, n_pose_points=2)
    assert len([path for path in truth.folder.rglob("*") if path.is_file()]) == N_FILES
    return truth


@st.composite
def damages(draw):
    """Number of the file, what is done to it, where, and with which byte."""
    what = st.sampled_from(["delete", "empty", "cut", "overwrite", "insert", "repeat"])
    place = st.floats(0, 1, exclude_max=True)
    return draw(
        st.lists(st.tuples(st.integers(0, N_FILES - 1), what, place, st.integers(0, 255)), min_size=1, max_size=4)
    )


def apply(path, what, place, byte):
    if not path.exists():
        return
    data = path.read_bytes()
    at = int(place * len(data))
    if what == "delete":
        path.unlink()
        return
    after = {
        "empty": b"",
        "cut": data[:at],
        "overwrite": data[:at] + bytes([byte]) + data[at + 1 :],
        "insert": data[:at] + bytes([byte]) * 3 + data[at:],
        "repeat": data[: at + 1] + data[at // 2 :],
    }
    path.write_bytes(after[what])


@given(damages())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_is_raised_and_nothing_is_shifted(recording, tmp_path_factory, damage):
    copy = tmp_path_factory.mktemp("damaged") / recording.folder.name
    shutil.copytree(recording.folder, copy)
    files = sorted(path for path in copy.rglob("*") if path.is_file())
    for number, *how in damage:
        apply(files[number], *how)
    try:
        found = discover(copy, Request(timezone="America/Los_Angeles"))
    finally:
        is_table_whole = all(
            (copy / name / "timeStamps.csv").exists()
            and (copy / name / "timeStamps.csv").read_bytes() == (device.folder / "timeStamps.csv").read_bytes()
            for name, device in recording.devices.items()
        )
        pairs = [
            pair for session in found.sessions for _, stream in session.streams for pair in shown_and_meant(stream)
        ]
        shutil.rmtree(copy.parent)
    assert len(found.sessions) + len(found.failures) + len(found.findings) >= 1
    if is_table_whole and not any(is_said(session) for session in found.sessions):
        assert [shown for shown, _ in pairs] == [meant for _, meant in pairs]


def shown_and_meant(stream):
    """For each frame that decodes without complaint, the number it shows and the number of its row."""
    meant = iter(stream.table.frame_number[stream.rows].tolist())
    for segment in stream.segments:
        with VideoFile(segment.path) as video:
            for k in range(segment.n_frames):
                frame, number = video.read(segment.first_in_file + k), next(meant)
                if not frame.is_damaged:
                    yield barcode.read(frame.array), number


def is_said(session):
    """Whether a finding says that stamps may belong to other frames."""
    return any(
        finding.severity is not Severity.INFO and finding.code == "frames_per_file" for finding in session.findings
    )
