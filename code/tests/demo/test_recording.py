import json

import av
import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.real_video import VideoMovie, device_of
from miniscope_to_nwb_zarr.demo.recording import write_recording
from miniscope_to_nwb_zarr.demo.spec import RecordingSpec, Scene, camera
from miniscope_to_nwb_zarr.demo.versions import SoftwareVersion
from tests.recordings import aliased_devices, reused_folder, save_user_config, scope_recording, small_recording


def decode(folder, pixel_format="gray"):
    frames = []
    for path in sorted(folder.glob("*.avi"), key=lambda path: int(path.stem)):
        with av.open(str(path)) as container:
            frames += [picture.to_ndarray(format=pixel_format) for picture in container.decode(video=0)]
    return frames


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.mark.parametrize("version", SoftwareVersion)
def test_layout_and_frames_of_every_version(tmp_path, version):
    truth = small_recording(tmp_path, version)
    assert (truth.folder / "experiment").is_dir()
    scope, cam = truth.devices["HPC_miniscope1"], truth.devices["Behavior_camera"]
    assert {path.name for path in scope.folder.iterdir()} == {
        *("metaData.json", "timeStamps.csv", "headOrientation.csv", "0.avi", "1.avi", "2.avi")
    }
    assert not (cam.folder / "headOrientation.csv").exists()
    decoded = decode(scope.folder)
    assert len(decoded) == len(scope.rows.stamp_ms) == 25
    for row, frame in enumerate(decoded):
        np.testing.assert_array_equal(frame, scope.frame(row))
    assert [barcode.read(frame) for frame in decode(cam.folder)] == list(range(24))
    end = json.loads((truth.folder / "metaData.json").read_text("utf-8")).get("recordingEndTime")
    assert (end is not None) is (version is SoftwareVersion.UNRELEASED)


def test_end_of_the_recording_tells_a_clock_step(tmp_path):
    truth = small_recording(tmp_path, "unreleased", clock_drift_ms=-3000)
    settings = json.loads((truth.folder / "metaData.json").read_text("utf-8"))
    end, start = settings["recordingEndTime"], settings["recordingStartTime"]
    assert end["driftMs"] == -3000
    assert end["msecSinceEpoch"] - start["msecSinceEpoch"] - end["elapsedMonotonicMs"] == -3000


def test_equal_specs_give_equal_bytes(tmp_path):
    first, second = (small_recording(tmp_path / name) for name in ("a", "b"))
    assert contents(first.folder) == contents(second.folder)
    other = small_recording(tmp_path / "c", seed=9)
    assert contents(other.folder).keys() == contents(first.folder).keys()
    assert contents(other.folder) != contents(first.folder)


def test_a_device_without_frames_leaves_a_header(tmp_path):
    truth = scope_recording(tmp_path, n_frames=0, has_orientation=False)
    folder = truth.devices["HPC_miniscope1"].folder
    assert {path.name for path in folder.iterdir()} == {"metaData.json", "timeStamps.csv"}
    assert (folder / "timeStamps.csv").read_text() == "Frame Number,Time Stamp (ms),Buffer Index,DAQ Frame Number\n"


def test_odd_region_of_interest(tmp_path):
    truth = scope_recording(tmp_path, width_px=65, height_px=49).devices["HPC_miniscope1"]
    assert json.loads((truth.folder / "metaData.json").read_text())["ROI"]["width"] == 65
    frames = decode(truth.folder)
    assert frames[3].shape == (48, 64)
    np.testing.assert_array_equal(frames[3], truth.frame(3))


def test_colour_and_equal_channels_of_a_scope(tmp_path):
    colour = scope_recording(tmp_path / "a", scene=Scene.ARENA, encoding=Encoding.FFV1_BGR)
    equal = scope_recording(tmp_path / "b", encoding=Encoding.FFV1_BGR)
    for truth, is_colour in ((colour, True), (equal, False)):
        device = truth.devices["HPC_miniscope1"]
        frame = decode(device.folder, "bgr24")[4]
        assert (np.ptp(frame.astype(int), axis=2).max() > 0) == is_colour
        np.testing.assert_array_equal(frame if is_colour else frame[..., 1], device.frame(4))


def test_a_reused_folder_keeps_old_settings_and_old_files(tmp_path):
    first, second = reused_folder(tmp_path)
    assert first.folder == second.folder
    settings = json.loads((second.folder / "metaData.json").read_text())
    assert settings["recordingStartTime"]["msecSinceEpoch"] == first.spec.start_unix_ms
    folder = second.devices["HPC_miniscope1"].folder
    assert len((folder / "timeStamps.csv").read_text().splitlines()) == 1 + 15
    decoded = decode(folder)
    assert [barcode.read(frame) for frame in decoded] == [*range(15), *range(20, 35)]
    np.testing.assert_array_equal(decoded[14], second.devices["HPC_miniscope1"].frame(14))
    np.testing.assert_array_equal(decoded[15], first.devices["HPC_miniscope1"].frame(20))


def test_aliased_devices_share_a_folder(tmp_path):
    truth = aliased_devices(tmp_path)
    assert json.loads((truth.folder / "metaData.json").read_text())["cameras"] == ["My Cam", "My_Cam"]
    assert json.loads((truth.folder / "My_Cam" / "metaData.json").read_text())["deviceName"] == "My Cam"
    assert len(truth.devices["My_Cam"].rows.stamp_ms) == 22


def test_behavior_tracker(tmp_path):
    truth = small_recording(tmp_path, behavior_tracker={"enabled": False}, n_pose_points=2)
    assert json.loads((truth.folder / "behaviorTracker" / "metaData.json").read_text()) == {"enabled": False}
    assert len((truth.folder / "behaviorTracker" / "pose.csv").read_text().splitlines()) == 25
    assert json.loads((truth.folder / "metaData.json").read_text())["behaviorTracker"] == {"enabled": False}
    old = small_recording(tmp_path / "old", "v1.02", behavior_tracker={"enabled": False})
    assert not (old.folder / "behaviorTracker").exists()


def test_a_real_video_becomes_a_device(tmp_path):
    source = scope_recording(tmp_path / "a", encoding=Encoding.GREY).devices["HPC_miniscope1"].folder / "1.avi"
    device = device_of(source, "Real scope")
    assert (device.width_px, device.height_px, device.n_frames, device.rate_hz) == (64, 48, 10, 60)
    spec = RecordingSpec(devices=(device, camera("C", n_frames=3, width_px=64, height_px=48)))
    truth = write_recording(spec, tmp_path / "b", {"Real scope": VideoMovie(source)})
    made = truth.devices["Real_scope"]
    assert (made.folder / "0.avi").read_bytes() == source.read_bytes()
    assert json.loads((made.folder / "metaData.json").read_text())["compression"] == "GREY"
    assert barcode.read(made.frame(2)) == 12
    assert len(made.rows.stamp_ms) == 10


def test_a_file_without_video_is_refused(tmp_path):
    with av.open(str(tmp_path / "sound.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 80), np.int16), layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(InputError, match=r"sound\.wav: expected a video"):
        device_of(tmp_path / "sound.wav", "S")


def test_user_config_file(tmp_path):
    truth = small_recording(tmp_path)
    path = save_user_config(truth, tmp_path / "UserConfigFile.json", as_arrays=True)
    assert json.loads(path.read_text())["devices"]["miniscopes"][0]["deviceName"] == "HPC miniscope1"
