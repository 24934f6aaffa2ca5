"""A recording of the V3 software in the store: frames, stamps, counts, remarks, read back."""

import numpy as np
import pytest
from hdmf_zarr import NWBZarrIO

from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.run import main
from tests.conversions import convert, sessions_in
from tests.v3_recordings import NAME, TABLE, ZONE, v3_recording

pytestmark = pytest.mark.usefixtures("in_process")


@pytest.fixture(scope="module")
def v3(tmp_path_factory):
    folder = tmp_path_factory.mktemp("v3 data")
    truth = v3_recording(folder)
    (session,) = sessions_in(folder, **ZONE)
    outcome = convert(session, tmp_path_factory.mktemp("v3 results"), embed_cameras=True)
    with NWBZarrIO(str(outcome.output / f"{NAME}.nwb.zarr"), mode="r") as io:
        yield truth, io.read()


def test_frames_and_stamps_of_the_scope(v3):
    truth, nwbfile = v3
    series, scope = nwbfile.acquisition["OnePhotonSeries_msCam"], truth.devices["msCam"]
    frames = series.data[:]
    assert np.array_equal(frames, np.stack([scope.frame(k).T for k in range(25)]))
    assert [barcode.read(frame.T) for frame in frames] == list(range(25))
    assert series.timestamps[:].tolist() == (scope.rows.stamp_ms / 1000).tolist()


def test_frames_and_stamps_of_the_camera(v3):
    truth, nwbfile = v3
    series, camera = nwbfile.acquisition["ImageSeries_behavCam"], truth.devices["behavCam"]
    # blue, green, red in the video, and red, green, blue in the store
    assert np.array_equal(series.data[:], np.stack([camera.frame(k)[..., ::-1].swapaxes(0, 1) for k in range(37)]))
    assert series.timestamps[:].tolist() == (camera.rows.stamp_ms / 1000).tolist()


def test_stamps_as_written_counts_and_remarks(v3):
    truth, nwbfile = v3
    clock = nwbfile.acquisition["SysClockMs_msCam"]
    assert clock.data[:].tolist() == truth.written_ms("msCam")
    assert clock.data[0] == -1
    for name, device in truth.devices.items():
        assert nwbfile.acquisition[f"Buffer_{name}"].data[:].tolist() == (device.rows.queue_depth + 1).tolist()
    notes = nwbfile.acquisition["Notes"]
    assert (list(notes.data), list(notes.timestamps)) == (["entered arm A, left"], [1.0])
    assert nwbfile.session_start_time.isoformat() == "2018-03-04T09:06:02-08:00"
    assert nwbfile.subject.subject_id == "mouse1"


def test_settings_texts_and_findings(v3):
    truth, nwbfile = v3
    assert '"excitation": 36, "msCamExposure": 255' in nwbfile.acquisition["OnePhotonSeries_msCam"].comments
    texts = nwbfile.processing["source"]["source_texts"].to_dataframe()
    assert dict(zip(texts.path, texts.text, strict=True)) == {
        name: (truth.folder / name).read_bytes().decode("cp1252") for name in (TABLE, "settings_and_notes.dat")
    }
    findings = nwbfile.processing["source"]["findings"].to_dataframe()
    mended = findings[findings.code == "stamp_mended"].iloc[0]
    assert mended["where"] == f"{TABLE} (msCam)"
    assert "written_s=-0.001" in mended.numbers


@pytest.mark.parametrize("dataset", ["auto", "Miniscope", "miniscope v3"])
def test_from_the_command_line(tmp_path, capsys, dataset):
    v3_recording(tmp_path / "data")
    words = ["--data_dir", tmp_path / "data", "--results_dir", tmp_path / "results", "--dataset", dataset]
    assert main.main([*map(str, words), "--timezone", ZONE["timezone"]], {}) == 0
    assert NAME in capsys.readouterr().out
    assert (tmp_path / "results" / NAME / f"{NAME}.nwb.zarr").is_dir()
    assert len(list((tmp_path / "results" / NAME / "behavior-videos" / "behavCam").iterdir())) == 4


def test_without_zone_it_is_code_3(tmp_path, capsys):
    v3_recording(tmp_path / "data")
    words = ["--data_dir", tmp_path / "data", "--results_dir", tmp_path / "results"]
    assert main.main([*map(str, words)], {}) == 3
    assert "--timezone" in capsys.readouterr().err
