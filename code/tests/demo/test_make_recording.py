import json

import pytest

import make_recording
from miniscope_to_nwb_zarr.layouts import LAYOUTS
from miniscope_to_nwb_zarr.layouts.discovery import Request, discover
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


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_made_as_its_reader_knows_it(tmp_path, monkeypatch, capsys, layout):
    small = ["--frames", 12, "--size", "64x48"] if layout == "Miniscope DAQ" else []
    run(monkeypatch, capsys, "--out", tmp_path, "--layout", layout, *small, "--set", "seed=3")
    zone = "America/Los_Angeles" if layout == "Miniscope V3" else None
    (session,) = discover(tmp_path, Request(timezone=zone)).sessions
    assert session.layout == layout


def test_options_that_change_nothing_are_refused(tmp_path, monkeypatch, capsys):
    with pytest.raises(SystemExit, match="--frames, --size: of Miniscope DAQ only"):
        run(monkeypatch, capsys, "--out", tmp_path, "--layout", "Miniscope ONIX", "--frames", 9, "--size=64x48")
    assert not list(tmp_path.iterdir())


def test_fields_of_a_spec_are_set_and_listed(tmp_path, monkeypatch, capsys):
    shared = (monkeypatch, capsys, "--out", tmp_path, "--layout", "Miniscope V3")
    run(*shared, "--set", "scope.n_frames=5", "--set", "animal=m 12", "--set", "start=2018-12-24T18:00:05")
    folder = tmp_path / "12_24_2018" / "H18_M0_S5"
    assert "m 12\t" in (folder / "settings_and_notes.dat").read_text()
    assert "excitation=36" in run(*shared, "--fields", "True")


@pytest.mark.parametrize("wrong", ["nothing=1", "scope.nothing=1", "encoding", "animal.x=1", "excitation=much"])
def test_a_field_that_cannot_be_set_is_refused_in_words(tmp_path, monkeypatch, capsys, wrong):
    with pytest.raises(SystemExit, match=wrong.partition("=")[0].rpartition(".")[2]):
        run(monkeypatch, capsys, "--out", tmp_path, "--layout", "Miniscope V3", "--set", wrong)


def test_a_recording_is_damaged_as_ordered(tmp_path, monkeypatch, capsys):
    shared = (monkeypatch, capsys, "--out", tmp_path, "--frames", 6, "--size", "64x48", "--frames-per-file", 3)
    run(*shared, "--damage", "truncate_avi:fraction=0.5@*/1.avi", "--damage", "step_clock:row=4,by_ms=9000@My_*")
    device = next(tmp_path.rglob("timeStamps.csv")).parent
    assert (device / "1.avi").stat().st_size < (device / "0.avi").stat().st_size * 0.7
    stamps = [int(line.split(",")[1]) for line in (device / "timeStamps.csv").read_text().splitlines()[1:]]
    assert stamps[4] - stamps[3] > 8000


@pytest.mark.parametrize(("order", "words"), [("burn@*", "none of"), ("remove@nowhere", "matches 'nowhere'")])
def test_a_damage_that_is_not_known_is_refused_in_words(tmp_path, monkeypatch, capsys, order, words):
    with pytest.raises(SystemExit, match=words):
        run(monkeypatch, capsys, "--out", tmp_path, "--frames", 2, "--size", "64x48", "--damage", order)
