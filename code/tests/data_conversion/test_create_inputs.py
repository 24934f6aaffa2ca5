"""Shards are made the same every time, run in any order and twice, and are what a run on one machine makes."""

import json
import random
import shutil
from datetime import timedelta

import pytest

from miniscope_to_nwb_zarr.run.main import main
from miniscope_to_nwb_zarr.run.shard_folder import read_shards
from tests.allen import ecephys_files, visual_coding_ephys, visual_coding_ophys
from tests.nwb_files import bare_file
from tests.recordings import SMALL, small_recording
from tests.sharded import digests, make_shards

N_SESSIONS = 3


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for day in range(N_SESSIONS):
        small_recording(folder, start=SMALL.start + timedelta(days=day))
    return folder


def run_shard(shard, data, folder, *more, name="jobs"):
    """One run of a pipeline: the data set as a link, one shard under a name that says nothing."""
    place = folder / "mounted"
    if not place.exists():
        place.mkdir(parents=True)
        (place / "recordings").symlink_to(data)
        (place / ".DS_Store").write_bytes(b"\0\0")
        (place / "jobs").mkdir()
        shutil.copy(shard, place / "jobs" / name)
    results = folder / "results"
    return main(["--data_dir", str(place), "--results_dir", str(results), "--quiet", "True", *more], {}), results


def test_the_union_of_all_shards_is_the_run_on_one_machine(data, tmp_path):
    assert make_shards(data, tmp_path / "inputs") == 0
    shards = sorted((tmp_path / "inputs" / "shards").iterdir())
    assert [path.name for path in shards] == ["0.json", "1.json", "2.json"]
    order = [*shards, shards[1]]
    random.Random(7).shuffle(order)
    union, runs = {}, set()
    for number, shard in enumerate(order):
        code, results = run_shard(shard, data, tmp_path / str(number))
        assert code == 0
        found = digests(results)
        assert len(found) == 1
        assert all(union.setdefault(name, digest) == digest for name, digest in found.items())
        runs |= {path.name for path in results.glob("run-*")}
    assert len(runs) == len(order)
    whole = tmp_path / "whole"
    assert (
        main(["--data_dir", str(data), "--results_dir", str(whole), "--engine", "serial", "--quiet", "True"], {}) == 0
    )
    assert union == digests(whole)


def test_shards_are_the_same_again_and_others_are_refused(data, tmp_path, capsys):
    assert make_shards(data, tmp_path) == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    assert make_shards(data, tmp_path) == 0
    assert make_shards(data, tmp_path, "--shards", "2") == 5
    assert "nothing was changed" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.json")} == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("options", "sessions"),
    [
        (("--shards", "2"), [1, 2]),
        (("--shards", "9"), [1, 1, 1]),
        (("--limit", "2"), [1, 1]),
        (("--only", "M770001_2026-03-16_09-26-53"), [1]),
    ],
)
def test_sessions_are_chosen_and_grouped(data, tmp_path, options, sessions):
    assert make_shards(data, tmp_path, *options) == 0
    shards = read_shards(tmp_path / "shards")
    assert sorted(len(shard.sessions) for shard in shards) == sessions
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [len(one["sessions"]) for one in manifest["shards"]] == [len(shard.sessions) for shard in shards]


def test_a_name_that_no_session_has_is_refused(data, tmp_path, capsys):
    assert make_shards(data, tmp_path / "inputs", "--only", "M1") == 2
    assert "--only M1: no session has this name, among 3 found" in capsys.readouterr().err
    assert not (tmp_path / "inputs").exists()


def test_shards_do_not_go_into_the_data(data, capsys):
    assert make_shards(data, data / "inputs") == 2
    assert "--output_dir" in capsys.readouterr().err


def test_what_cannot_be_converted_is_in_the_manifest(tmp_path, capsys):
    small_recording(tmp_path / "data")
    broken = small_recording(tmp_path / "data", start=SMALL.start + timedelta(days=1)).folder
    for table in broken.rglob("timeStamps.csv"):
        table.unlink()
    assert make_shards(tmp_path / "data", tmp_path) == 4
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert len(manifest["shards"]) == 1
    assert len(manifest["not_in_any_shard"]) == 1
    assert manifest["not_in_any_shard"][0] in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize("checksums", ["ends", "full"])
@pytest.mark.parametrize("change", ["bytes", "gone", "new"])
def test_a_source_that_changed_is_refused(tmp_path, capsys, change, checksums):
    data = tmp_path / "data"
    scope = small_recording(data).folder / "HPC_miniscope1"
    assert make_shards(data, tmp_path / "inputs", "--checksums", checksums) == 0
    if change == "bytes":
        with (scope / "1.avi").open("r+b") as file:
            file.seek(900)
            file.write(b"\xff\x00\xff")
    elif change == "gone":
        (scope / "headOrientation.csv").unlink()
    else:
        shutil.copy(scope / "2.avi", scope / "3.avi")
    code, results = run_shard(tmp_path / "inputs" / "shards" / "0.json", data, tmp_path / "run")
    assert code == 3
    assert "shard 0 of 1" in capsys.readouterr().err
    # a run of a pipeline must leave something, and nothing that looks finished
    (run,) = results.iterdir()
    assert run.name.startswith("run-")
    assert (run / "summary.json").is_file()


def test_options_travel_with_the_shards(data, tmp_path, capsys):
    (sidecar := tmp_path / "facts.yml").write_text("subject:\n  species: Mus musculus\n")
    assert make_shards(data, tmp_path / "inputs", "--session_metadata", str(sidecar)) == 2
    assert "lies outside --data_dir" in capsys.readouterr().err
    assert make_shards(data, tmp_path / "inputs", "--format", "hdf5", "--limit", "1", "--workers", "1") == 0
    (shard,) = read_shards(tmp_path / "inputs" / "shards")
    assert shard.options == {"format": "hdf5"}
    path = tmp_path / "inputs" / "shards" / "0.json"
    code, results = run_shard(path, data, tmp_path / "run")
    assert (code, len(list(results.glob("*/*.nwb")))) == (0, 1)
    # the panel of a pipeline gives every option, most of them as they are anyway
    assert run_shard(path, data, tmp_path / "run", "--format", "hdf5", "--combine", "none")[0] == 0
    assert run_shard(path, data, tmp_path / "run", "--chunk_mb", "8")[0] == 5
    assert run_shard(path, data, tmp_path / "run", "--dataset", "NWB")[0] == 2
    assert "the shard 0 of 1 says Miniscope" in capsys.readouterr().err


def test_several_shards_at_once_are_refused(data, tmp_path, capsys):
    assert make_shards(data, tmp_path / "inputs") == 0
    (tmp_path / "inputs" / "recordings").symlink_to(data)
    run = ["--data_dir", str(tmp_path / "inputs"), "--results_dir", str(tmp_path / "results")]
    assert main([*run, "--dry_run", "True"], {}) == 3
    assert not (tmp_path / "results").exists()
    assert main(run, {}) == 3
    assert "holds 3 shards" in capsys.readouterr().err
    (summary,) = (tmp_path / "results").glob("run-*/summary.json")
    (result,) = json.loads(summary.read_text())["sessions"]
    assert result["exit_code"] == 3
    assert "holds 3 shards" in result["message"]


@pytest.mark.parametrize("name", ["0", "0.JSON", "shard.txt", "shard.v2", "part.1 of 3"])
def test_a_shard_is_known_by_its_content_not_by_its_name(data, tmp_path, name, capsys):
    assert make_shards(data, tmp_path / "inputs") == 0
    shards = read_shards(tmp_path / "inputs" / "shards")
    capsys.readouterr()
    shard = tmp_path / "inputs" / "shards" / "1.json"
    code, _ = run_shard(shard, data, tmp_path, "--dry_run", "True", "--json", "True", name=name)
    said = capsys.readouterr().out
    assert code == 0
    assert [shard.sessions[0].name in said for shard in shards] == [False, True, False]


def test_a_shard_that_was_edited_is_refused(data, tmp_path, capsys):
    assert make_shards(data, tmp_path / "inputs") == 0
    path = tmp_path / "inputs" / "shards" / "0.json"
    path.write_text(path.read_text().replace('"index": 0', '"index": 1'))
    assert run_shard(path, data, tmp_path / "run")[0] == 3
    assert "changed since it was made" in capsys.readouterr().err


def test_files_that_are_not_there_are_asked_for(data, tmp_path, capsys):
    assert make_shards(data, tmp_path / "inputs") == 0
    (empty := tmp_path / "empty").mkdir()
    assert run_shard(tmp_path / "inputs" / "shards" / "0.json", empty, tmp_path / "run")[0] == 3
    assert "Put the data set beside the shard" in capsys.readouterr().err


def test_nwb_files_are_cut_into_shards_too(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for name in ("a", "b"):
        bare_file(data / f"{name}.nwb")
    assert make_shards(data, tmp_path / "inputs", dataset="NWB") == 0
    code, results = run_shard(tmp_path / "inputs" / "shards" / "1.json", data, tmp_path / "run")
    assert code == 0
    assert digests(results).keys() == {"b"}


def test_credentials_are_not_written_into_shards(data, tmp_path, capsys):
    assert make_shards(data, tmp_path / "inputs", "--metadata_service", "http://jane:secret@host") == 2
    said = capsys.readouterr()
    assert "MINISCOPE_METADATA_SERVICE" in said.err
    assert "secret" not in said.err + said.out
    assert not (tmp_path / "inputs").exists()


def test_sessions_of_an_allen_data_set_are_cut_into_shards_too(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for experiment in (501, 502):
        visual_coding_ophys.write_session(data, "StimB", experiment=experiment)
    visual_coding_ophys.write_tables(data / "tables", {"StimB": 501})
    assert make_shards(data, tmp_path / "inputs", dataset="Visual Coding Ophys") == 0
    shards = read_shards(tmp_path / "inputs" / "shards")
    assert len(shards) == 2
    # a table is a source, too
    assert any(file.path.startswith("tables/") for shard in shards for file in shard.sessions[0].files)
    code, results = run_shard(tmp_path / "inputs" / "shards" / "1.json", data, tmp_path / "run")
    assert code == 0
    assert digests(results).keys() == {shards[1].sessions[0].name}


@pytest.mark.parametrize(
    ("dataset", "files"), [("Visual Coding Ephys", visual_coding_ephys), ("Visual Behavior Ephys", ecephys_files)]
)
def test_a_session_and_its_probes_are_one_shard(tmp_path, dataset, files):
    data = tmp_path / "data"
    data.mkdir()
    files.write_session(data)
    files.write_tables(data)
    assert make_shards(data, tmp_path / "inputs", dataset=dataset) == 0
    (shard,) = read_shards(tmp_path / "inputs" / "shards")
    listed = {file.path for file in shard.sessions[0].files}
    assert listed >= {path.relative_to(data).as_posix() for path in data.rglob("*.nwb")}
