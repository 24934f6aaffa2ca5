import json

import pytest

import make_recording
from tests.demo.test_recording import decode
from tests.recordings import scope_recording


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr("sys.argv", ["make_recording.py", *map(str, arguments)])
    make_recording.main()
    return capsys.readouterr().out


def test_options_reach_the_recording(tmp_path, monkeypatch, capsys):
    out = run(
        *(monkeypatch, capsys, "--out", tmp_path, "--version", "v1.11", "--frames", 7, "--size", "80x64"),
        *("--codec", "GREY", "--scopes", 2, "--cameras", 1, "--frames-per-file", 4, "--noise", "False"),
        *("--user-config", tmp_path / "config.json"),
    )
    folder = next(tmp_path.rglob("notes.csv")).parent
    assert str(folder) in out
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {
        *("My_V4_Miniscope_0", "My_V4_Miniscope_1", "My_WebCam_0", "experiment")
    }
    frames = decode(folder / "My_V4_Miniscope_1")
    assert len(frames) == 7
    assert frames[0].shape == (64, 80)
    assert json.loads((folder / "My_V4_Miniscope_1" / "metaData.json").read_text())["compression"] == "GREY"
    assert list(json.loads((tmp_path / "config.json").read_text())["devices"]["cameras"]) == ["My WebCam 0"]


def test_real_video(tmp_path, monkeypatch, capsys):
    video = scope_recording(tmp_path / "source").devices["HPC_miniscope1"].folder / "0.avi"
    run(monkeypatch, capsys, "--out", tmp_path / "made", "--real-video", video)
    made = next((tmp_path / "made").rglob("0.avi"))
    assert made.read_bytes() == video.read_bytes()
    assert len((made.parent / "timeStamps.csv").read_text().splitlines()) == 11


def test_a_wrong_size_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        make_recording.parse(["--out", str(tmp_path), "--size", "600"])
    assert "--size" in capsys.readouterr().err
