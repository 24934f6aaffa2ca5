"""What is found in a data folder, and what is said of the rest."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.demo.versions import SoftwareVersion
from miniscope_to_nwb_zarr.layouts import LAYOUTS, load
from miniscope_to_nwb_zarr.layouts.discovery import Discovery, Request, nothing_found
from tests import defects
from tests.recordings import SCOPE, across_dst, reused_folder, scope_recording, small_recording

HPC = "HPC_miniscope1"
START = datetime(2026, 3, 14, 16, 26, 53, 589_000, UTC)


@pytest.mark.parametrize("version", [str(version) for version in SoftwareVersion])
def test_every_version_is_found_alike(tmp_path, find_one, scope_of, numbers_seen, version):
    truth = small_recording(tmp_path, version)
    session = find_one(tmp_path)
    assert session.name == "M770001_2026-03-14_09-26-53"
    assert (session.subject_id, session.experimenter, session.experiment) == ("M770001", "Dr Miniscope", "Open field")
    assert session.start == START
    assert [(s.device.name, s.device.kind) for _, s in session.streams] == [
        ("Behavior_camera", DeviceKind.CAMERA),
        (HPC, DeviceKind.SCOPE),
    ]
    stream = scope_of(session)
    assert stream.device.label == "HPC miniscope1"
    assert (stream.time_s * 1000).round().tolist() == truth.devices[HPC].rows.stamp_ms.tolist()
    assert numbers_seen(stream) == list(range(25))
    assert len(stream.orientation.time_s) == 25
    assert len(session.recordings[0].notes) == 2
    assert all(finding.severity is not Severity.ERROR for finding in session.findings)


def test_a_layout_keeps_the_contract():
    for name in LAYOUTS:
        layout = load(name)
        assert name == layout.NAME
        assert ".avi" in layout.LOOKED_FOR


def test_every_file_is_kept_with_the_text_of_small_ones(tmp_path, find_one):
    tracker = {"enabled": False, "type": "DeepLabCut-Live"}
    truth = small_recording(tmp_path, behavior_tracker=tracker)
    (truth.folder / "imageCaptures").mkdir()
    (truth.folder / "imageCaptures" / "shot.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    session = find_one(tmp_path)
    files = {file.path.relative_to(truth.folder).as_posix(): file for file in session.source_files}
    assert set(files) == {
        path.relative_to(truth.folder).as_posix() for path in truth.folder.rglob("*") if path.is_file()
    }
    assert files["metaData.json"].text == (truth.folder / "metaData.json").read_text("utf-8")
    assert files["behaviorTracker/pose.csv"].text == "DLC-Live Pose Data.\n"
    assert files["imageCaptures/shot.png"].text is None
    assert files[f"{HPC}/0.avi"].size_bytes > 0


def test_live_pose_is_read(tmp_path, find_one):
    truth = small_recording(tmp_path, behavior_tracker={"enabled": True}, n_pose_points=3)
    session = find_one(truth.folder)
    assert session.recordings[0].pose.x_px.shape == (24, 3)
    assert Code.POSE_TIME_ESTIMATED in {finding.code for finding in session.findings}


def test_the_folder_of_the_recording_itself_can_be_given(tmp_path, find_one):
    assert find_one(small_recording(tmp_path).folder).name == "M770001_2026-03-14_09-26-53"


def test_one_bad_recording_does_not_stop_the_others(tmp_path, find):
    good = scope_recording(tmp_path / "good")
    bad = scope_recording(tmp_path / "bad")
    (bad.devices[HPC].folder / "timeStamps.csv").unlink()
    found = find(tmp_path)
    assert [session.recordings[0].folder for session in found.sessions] == [good.folder]
    assert [failure.folder for failure in found.failures] == [bad.folder]


def test_a_recording_inside_another_is_found_too(tmp_path, find):
    outer = small_recording(tmp_path, directory_structure=("animalName",))
    inner = small_recording(outer.folder, directory_structure=("date",), start=START + timedelta(days=1))
    found = find(tmp_path)
    assert [session.recordings[0].folder for session in found.sessions] == [outer.folder, inner.folder]


def test_results_inside_the_folder_of_a_device_are_no_recording(tmp_path, find_one):
    truth = scope_recording(tmp_path)
    copy = truth.devices[HPC].folder / "minian" / "part"
    copy.mkdir(parents=True)
    for name in ("0.avi", "timeStamps.csv", "metaData.json"):
        (copy / name).write_bytes((truth.devices[HPC].folder / name).read_bytes())
    assert find_one(tmp_path).streams[0][1].n_frames == 25


def test_folders_that_come_near_a_recording_are_named(tmp_path, find):
    truth = scope_recording(tmp_path)
    (tmp_path / "avis only").mkdir()
    (tmp_path / "avis only" / "0.avi").write_bytes((truth.devices[HPC].folder / "0.avi").read_bytes())
    (tmp_path / "json only").mkdir()
    (tmp_path / "json only" / "metaData.json").write_bytes((truth.folder / "metaData.json").read_bytes())
    found = find(tmp_path)
    assert {(f.code, f.where) for f in found.findings} == {
        (Code.FOLDER_INCOMPLETE, "avis only"),
        (Code.FOLDER_INCOMPLETE, "json only"),
    }
    assert len(found.sessions) == 1


def test_videos_beside_the_devices_of_a_recording_are_named(tmp_path, find_one, codes):
    truth = scope_recording(tmp_path)
    (truth.folder / "corrected").mkdir()
    (truth.folder / "corrected" / "0.avi").write_bytes((truth.devices[HPC].folder / "0.avi").read_bytes())
    session = find_one(tmp_path)
    assert (Code.FOLDER_INCOMPLETE, "corrected") in codes(session)
    assert len(session.streams) == 1


def test_a_configured_device_without_folder_is_named(tmp_path, find_one, codes):
    truth = small_recording(tmp_path)
    for path in truth.devices["Behavior_camera"].folder.iterdir():
        path.unlink()
    truth.devices["Behavior_camera"].folder.rmdir()
    assert (Code.FOLDER_INCOMPLETE, "Behavior_camera") in codes(find_one(tmp_path))


def test_the_folder_of_one_device_says_what_to_give_instead(tmp_path, find):
    truth = scope_recording(tmp_path)
    found = find(truth.devices[HPC].folder)
    assert found.sessions == ()
    sentence = nothing_found(truth.devices[HPC].folder, found, Request())
    assert "timeStamps.csv and 0.avi" in sentence
    assert "give the folder above it as --data_dir" in sentence


def test_an_empty_folder_says_what_was_looked_for(tmp_path, find):
    found = find(tmp_path)
    assert found == Discovery()
    assert "metaData.json" in nothing_found(tmp_path, found, Request(layout="Miniscope DAQ"))


def test_a_folder_that_is_not_there(tmp_path, find):
    with pytest.raises(InputError, match="--data_dir"):
        find(tmp_path / "nowhere")


def test_animals_whose_names_come_out_alike_stay_apart(tmp_path, find):
    scope_recording(tmp_path / "a")
    for folder, animal in (("a", "mouse 1"), ("b", "mouse_1"), ("c", "mouse 1"), ("d", "mouse-1-2")):
        small_recording(tmp_path / folder, animal=animal, start=START + timedelta(seconds=ord(folder)))
    sessions = {session.subject_label: session for session in find(tmp_path).sessions}
    assert {label: session.subject_id for label, session in sessions.items() if "mouse" in label} == {
        "mouse 1": "mouse-1",
        "mouse_1": "mouse-1-3",
        "mouse-1-2": "mouse-1-2",
    }
    renamed = [f for f in sessions["mouse_1"].findings if f.code is Code.SUBJECT_RENAMED]
    assert "would both be called" in renamed[-1].sentence
    assert sessions["mouse_1"].name.startswith("mouse-1-3_")


def test_recordings_of_one_animal_in_one_second_have_their_own_names(tmp_path, find, codes):
    small_recording(tmp_path / "a")
    small_recording(tmp_path / "b")
    first, second = find(tmp_path).sessions
    assert (first.name, second.name) == ("M770001_2026-03-14_09-26-53", "M770001_2026-03-14_09-26-53-2")
    assert (Code.NAME_SHARED, ".") in codes(second)
    assert str(tmp_path) not in "".join(finding.sentence for finding in second.findings)


def test_combined_recordings_across_a_change_of_the_clock(tmp_path, find):
    first, second = across_dst(tmp_path)
    (session,) = find(tmp_path, combine="day").sessions
    assert [recording.folder for recording in session.recordings] == [first.folder, second.folder]
    assert [recording.offset_s for recording in session.recordings] == [0, 20 * 60]
    assert len({finding.where.split("/")[0] for finding in session.findings}) == 2


def test_a_subject_without_name_is_called_after_its_data(tmp_path, find_one):
    names = set()
    for folder in "ab":
        small_recording(tmp_path / folder, animal="", seed=ord(folder))
        names.add(find_one(tmp_path / folder).name)
    assert len(names) == 2
    assert all(name.startswith("unnamed-") and name.endswith("_2026-03-14_09-26-53") for name in names)


def test_the_user_names_the_animal(tmp_path, find_one, codes):
    session = find_one(small_recording(tmp_path).folder, subject_id="mouse 7")
    assert (session.subject_id, session.subject_label) == ("mouse-7", "mouse 7")
    assert (Code.SUBJECT_RENAMED, "metaData.json") in codes(session)


def test_an_earlier_recording_in_the_folder_does_not_hide_the_later(tmp_path, find):
    reused_folder(tmp_path)
    assert len(find(tmp_path).sessions) == 1


def test_a_damaged_settings_file_does_not_hide_the_recording(tmp_path, find_one, codes):
    truth = scope_recording(tmp_path)
    (truth.folder / "metaData.json").write_text('{"miniscopes": [', "utf-8")
    session = find_one(tmp_path, timezone="America/Los_Angeles")
    assert (Code.SETTINGS_UNREADABLE, "metaData.json") in codes(session)
    assert {f.path: f.text for f in session.source_files}[truth.folder / "metaData.json"] == '{"miniscopes": ['


def test_many_recordings_are_found_fast(tmp_path, find):
    devices = tuple(replace(SCOPE, name=f"scope {k}", n_frames=3, has_noise=False) for k in range(3))
    for k in range(50):
        small_recording(tmp_path / str(k), devices=devices, start=START + timedelta(minutes=k))
    begin = time.process_time()
    found = find(tmp_path)
    # measured 0.6 s
    assert time.process_time() - begin < 3
    assert len(found.sessions) == 50


def test_settings_of_the_wrong_types_are_survived(tmp_path, find_one):
    truth = scope_recording(tmp_path)
    defects.change_settings(
        truth.folder, miniscopes={"a": 1}, cameras=[1, None, ["x"]], animalName=7, researcherName=[]
    )
    session = find_one(tmp_path)
    assert session.subject_id is None
    assert session.streams[0][1].n_frames == 25
