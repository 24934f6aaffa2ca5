import json
import shutil

import pytest

from miniscope_to_nwb_zarr.analysis.kept_steps import scratch_folder
from miniscope_to_nwb_zarr.run.main import main
from tests.conversions import convert, listing
from tests.recordings import SCOPE

pytestmark = pytest.mark.usefixtures("in_process")


def run(capsys, *words):
    code = main([*map(str, words), "--json", "True"], {})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[-1]["type"] == "summary"
    assert lines[-1]["exit_code"] == code
    return code, lines


def verify(done, capsys, *words):
    return run(capsys, "--verify_only", "True", "--results_dir", done.results, *words)


def test_a_sound_output_is_verified_without_its_source(done, capsys):
    shutil.rmtree(done.folder)
    before = listing(done.results)
    code, lines = verify(done, capsys)
    assert code == 0
    assert lines[0] == {"type": "verified", "session": done.session.name, "problems": []}
    assert listing(done.results) == before


@pytest.mark.parametrize("damage", ["flip", "delete", "add", "receipt", "no receipt"])
def test_a_changed_output_is_code_6_and_the_file_is_named(done, capsys, damage):
    name = f"{done.session.name}.nwb.zarr/acquisition/OnePhotonSeries_HPC_miniscope1/data/0.0.0"
    path = done.output / name
    if damage == "flip":
        data = bytearray(path.read_bytes())
        data[100] ^= 1
        path.write_bytes(data)
    elif damage == "delete":
        path.unlink()
    elif damage == "add":
        name = "notes.txt"
        (done.output / name).write_text("mine")
    else:
        name = "receipt.json"
        text = (done.output / name).read_text("utf-8")
        (done.output / name).write_text(text.replace("0.1.0", "0.1.1"), "utf-8")
        if damage == "no receipt":
            (done.output / name).unlink()
    code, lines = verify(done, capsys)
    assert code == 6
    (problem,) = lines[0]["problems"]
    assert problem.startswith(name)


def test_results_without_an_output_are_code_3(tmp_path, capsys):
    (tmp_path / ".staging-x").mkdir()
    (tmp_path / ".staging-x" / "receipt.json").write_text("{}")
    assert run(capsys, "--verify_only", "True", "--results_dir", tmp_path)[0] == 3


def test_a_source_with_the_same_frames_agrees(done, capsys):
    code, lines = verify(done, capsys, "--against_source", "True", "--data_dir", done.folder)
    assert (code, lines[0]["problems"]) == (0, [])


@pytest.mark.parametrize("what", ["frames", "table", "added", "gone"])
def test_a_source_that_has_changed_is_found(done, capsys, what):
    scope = done.truth.folder / SCOPE.folder_name
    if what == "frames":
        (scope / "1.avi").write_bytes((scope / "0.avi").read_bytes())
        named = "OnePhotonSeries_HPC_miniscope1: the 25 frames of the source"
    elif what == "table":
        table = scope / "timeStamps.csv"
        table.write_text(table.read_text("utf-8").replace(",0,", ",1,", 1), "utf-8")
        named = "HPC_miniscope1/timeStamps.csv: this source file has been changed"
    elif what == "added":
        (done.truth.folder / SCOPE.folder_name / "headOrientation.csv").write_text("Time Stamp (ms),qw,qx,qy,qz\n")
        named = "HPC_miniscope1/headOrientation.csv: this source file has been added"
    else:
        (done.truth.folder / "notes.csv").unlink()
        named = "notes.csv: this source file is no longer there"
    code, lines = verify(done, capsys, "--against_source", "True", "--data_dir", done.folder)
    (verified,) = (line for line in lines if line["type"] == "verified")
    assert code == 6
    assert any(problem.startswith(named) for problem in verified["problems"]), verified["problems"]


def test_an_output_without_its_source_is_not_called_verified_against_it(done, capsys, tmp_path):
    from tests.recordings import scope_recording

    scope_recording(tmp_path / "other", n_frames=7)
    done.output.rename(done.results / "M9_2020-01-01_00-00-00")
    code, lines = verify(done, capsys, "--against_source", "True", "--data_dir", tmp_path / "other")
    assert code == 3
    assert lines[-1]["without_source"] == 1


def test_metadata_alone_is_held_against_the_source_too(tiny, capsys):
    convert(tiny.session, tiny.results, metadata_only=True, output_options={"metadata": True})
    assert verify(tiny, capsys, "--against_source", "True", "--data_dir", tiny.folder)[0] == 0


def test_leftovers_are_listed_and_removed_only_when_asked(tiny, capsys, tmp_path):
    dead = tiny.results / ".staging-M1-1"
    dead.mkdir(parents=True)
    (dead / ".owner.json").write_text('{"program": "miniscope-to-nwb-zarr"}')
    foreign = tiny.results / ".staging-foreign"
    foreign.mkdir()
    places = ("--results_dir", tiny.results, "--scratch_dir", tmp_path / "scratch")
    code, lines = run(capsys, "--clean_staging", "list", *places)
    assert (code, lines[-1]["found"], lines[-1]["removed"]) == (0, 2, 0)
    assert dead.exists()
    code, lines = run(capsys, "--clean_staging", "delete", *places)
    assert (code, lines[-1]["found"], lines[-1]["removed"]) == (0, 2, 1)
    assert not dead.exists()
    assert foreign.exists()


def test_kept_steps_are_listed_and_removed_where_no_run_is_at_work(tmp_path, capsys):
    def steps(name):
        (step := tmp_path / "scratch" / "analysis" / name / f"mean_trace-{'0' * 16}").mkdir(parents=True)
        (step / "values.npz").write_bytes(bytes(2_000_000))
        (step.parent / "lock").touch()
        return step.parent

    ours, thesis, unlocked = map(steps, ("M1", "M2", "M3"))
    (ours / f".motion-{'1' * 16}-{'2' * 32}").mkdir()
    (thesis / "thesis.txt").write_text("the only copy")
    (unlocked / "lock").unlink()
    linked = tmp_path / "scratch" / "analysis" / "M4"
    linked.symlink_to(steps("../elsewhere"))
    places = ("--results_dir", tmp_path / "results", "--scratch_dir", tmp_path / "scratch")
    with scratch_folder(tmp_path / "scratch", "M5") as first, scratch_folder(tmp_path / "scratch", "M5") as second:
        for folder in (first, second):
            (folder / f"motion-{'0' * 16}").mkdir()
        before = listing(tmp_path)
        assert main(["--clean_staging", "list", *map(str, places)], {}) == 0
        said = capsys.readouterr().err
        assert f"{ours} (2.0 MB): steps of an analysis that the same command goes on from\n" in said
        assert f"{thesis} (2.0 MB): not made by this program" in said
        assert said.count("a run is filling it") == 2
        assert listing(tmp_path) == before
        code, lines = run(capsys, "--clean_staging", "delete", *places)
        assert (code, lines[-1]["found"], lines[-1]["removed"], lines[-1]["kept_steps"]) == (0, 5, 1, 5)
        assert all((folder / f"motion-{'0' * 16}").exists() for folder in (first, second))
    assert not ours.exists()
    assert (thesis / "thesis.txt").read_text() == "the only copy"
    assert unlocked.exists()
    assert (linked / "lock").exists()
    # the run has ended with an error, and its steps stay until they are not wanted any more
    assert run(capsys, "--clean_staging", "delete", *places)[1][-1]["removed"] == 1
    assert not first.exists()
