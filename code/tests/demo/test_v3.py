"""The generator of V3 recordings writes what the software writes."""

from dataclasses import replace
from datetime import datetime

import av
import numpy as np
import pytest

from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.v3 import CAMERA, SCOPE, V3Spec, write_v3
from tests.v3_recordings import TABLE, v3_recording


def decode(path):
    with av.open(str(path)) as container:
        return [picture.to_ndarray(format="bgr24") for picture in container.decode(video=0)]


def test_files_and_folders_are_named_as_the_software_names_them(tmp_path):
    truth = v3_recording(tmp_path)
    assert truth.folder == tmp_path / "3_4_2018" / "H9_M6_S2"
    assert {path.name for path in truth.folder.iterdir()} == {
        *(f"msCam{k}.avi" for k in (1, 2, 3)),
        *(f"behavCam{k}.avi" for k in (1, 2, 3, 4)),
        TABLE,
        "settings_and_notes.dat",
    }


def test_videos_hold_the_frames_of_the_truth(tmp_path):
    truth = v3_recording(tmp_path)
    for name, device in truth.devices.items():
        paths = sorted(truth.folder.glob(f"{name}*.avi"))
        frames = [frame for path in paths for frame in decode(path)]
        assert [barcode.read(frame) for frame in frames] == list(range(device.spec.n_frames))
        for row, frame in enumerate(frames):
            expected = device.frame(row)
            np.testing.assert_array_equal(frame, expected if expected.ndim == 3 else np.stack([expected] * 3, axis=2))
        # the fourcc of uncompressed bitmaps
        assert all(b"vidsDIB " in path.read_bytes()[:2048] for path in paths)


def test_a_full_last_file_is_followed_by_an_empty_one(tmp_path):
    truth = v3_recording(tmp_path, scope=replace(SCOPE, n_frames=20), camera=None)
    assert len(decode(truth.folder / "msCam2.avi")) == 10
    with av.open(str(truth.folder / "msCam3.avi")) as container:
        assert container.streams.video[0].frames == 0


def test_the_table_interleaves_both_cameras_in_the_order_of_time(tmp_path):
    truth = v3_recording(tmp_path)
    raw = (truth.folder / TABLE).read_bytes()
    assert raw.startswith(b"camNum\tframeNum\tsysClock\tbuffer\r\n1\t1\t-1\t")
    assert raw.count(b"\r\n") == raw.count(b"\n") == 1 + 25 + 37
    rows = np.array([line.split("\t") for line in raw.decode().splitlines()[1:]], int)
    assert np.all(np.diff(rows[1:, 2]) >= 0)
    assert len(np.flatnonzero(np.diff(rows[:, 0]))) > 20
    for number, name in ((1, "msCam"), (0, "behavCam")):
        own = rows[rows[:, 0] == number]
        assert own[:, 1].tolist() == list(range(1, len(own) + 1))
        assert own[:, 2].tolist() == truth.written_ms(name)
        assert len(set(np.diff(own[1:, 2]))) > 1
        assert own[:, 3].min() >= 1


def test_only_the_first_stamp_is_written_otherwise_than_taken(tmp_path):
    truth = v3_recording(tmp_path, first_clock_ms={"msCam": 935_703_178, "behavCam": None})
    assert truth.written_ms("msCam") == [935_703_178, *truth.devices["msCam"].rows.stamp_ms[1:].tolist()]
    assert truth.devices["msCam"].rows.stamp_ms[0] == 0
    assert truth.written_ms("behavCam") == truth.devices["behavCam"].rows.stamp_ms.tolist()


def test_settings_and_notes_in_the_letters_of_windows(tmp_path):
    truth = v3_recording(tmp_path, animal="Mäuschen", notes=((3, "läuft"), (70, "ruht")))
    assert (truth.folder / "settings_and_notes.dat").read_bytes() == (
        b"animal\texcitation\tmsCamExposure\trecordLength\r\nM\xe4uschen\t36\t255\t600\r\n\r\nelapsedTime\tNote\r\n"
        b"3\tl\xe4uft\r\n70\truht\r\n"
    )


def test_equal_specs_give_equal_bytes(tmp_path):
    spec = V3Spec(start=datetime(2016, 12, 25, 0, 0, 0), camera=replace(CAMERA, encoding=Encoding.FFV1_BGR))  # noqa: DTZ001
    first, second = (write_v3(spec, tmp_path / name).folder for name in "ab")
    assert first == tmp_path / "a" / "12_25_2016" / "H0_M0_S0"
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


@pytest.mark.parametrize("changes", [{"label": "m1_"}, {"folder": "day 3"}])
def test_names_that_a_lab_gives(tmp_path, changes):
    truth = v3_recording(tmp_path, **changes)
    assert (truth.folder / f"{changes.get('label', '')}msCam1.avi").is_file()
    assert truth.folder == tmp_path / changes.get("folder", "3_4_2018/H9_M6_S2")
