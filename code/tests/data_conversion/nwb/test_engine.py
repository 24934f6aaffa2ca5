"""NWB files on the engine that the options name, and finished outputs held against their sources again."""

import json
import shutil
from dataclasses import replace

import h5py
import numpy as np
import pytest
import zarr
from pynwb import NWBHDF5IO, TimeSeries

from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError
from miniscope_to_nwb_zarr.data_conversion.nwb import task as tasks
from miniscope_to_nwb_zarr.data_conversion.nwb.announced import announced_by
from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob, convert
from miniscope_to_nwb_zarr.data_conversion.nwb.moved import compare_moved
from miniscope_to_nwb_zarr.data_conversion.nwb.task import NwbTask
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change, Move
from miniscope_to_nwb_zarr.run.console import Console
from miniscope_to_nwb_zarr.run.main import main
from miniscope_to_nwb_zarr.run.summary import SessionResult
from tests.nwb_files import bare_file


def run(data, results, *more):
    words = ["--dataset", "NWB", "--data_dir", data, "--results_dir", results, "--json", "True", *more]
    return main([str(word) for word in words], {})


def lines(capsys, kind):
    return [line for text in capsys.readouterr().out.splitlines() if (line := json.loads(text))["type"] == kind]


@pytest.fixture
def two(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for name in "ab":
        bare_file(folder / f"{name}.nwb", experiment_description=name)
    return folder


def test_several_files_on_a_local_cluster_are_those_that_one_process_writes(two, tmp_path, capsys, monkeypatch):
    here = []
    monkeypatch.setattr(tasks, "run_apart", lambda *order: here.append(order))
    (two / "c.nwb").write_bytes(b"no file of NWB")
    # more than one file and more than one worker
    assert run(two, tmp_path / "results", "--workers", "2") == ExitCode.SOME_FAILED
    assert here == []
    rows = lines(capsys, "result")
    assert [(row["session"], row["outcome"]) for row in rows] == [("a", "written"), ("b", "written"), ("c", "failed")]
    monkeypatch.undo()
    assert run(two, tmp_path / "results", "--engine", "serial") == ExitCode.SOME_FAILED
    assert [row["outcome"] for row in lines(capsys, "result")] == ["already done", "already done", "failed"]
    assert not list((tmp_path / "results").glob(".staging*"))


@pytest.mark.parametrize("more", [("--engine", "serial"), ("--workers", "1")])
def test_one_worker_or_serial_takes_one_file_after_the_other(two, tmp_path, monkeypatch, more):
    here = []

    def fail(_work, name, _results):
        here.append(name)
        return SessionResult(name, ExitCode.TEMPORARY, "failed", "no room")

    monkeypatch.setattr(tasks, "run_apart", fail)
    assert run(two, tmp_path / "results", *more) == ExitCode.TEMPORARY
    assert here == ["a", "b"]


def test_a_file_that_cannot_be_fetched_fails_alone(tmp_path):
    def fetch():
        raise InputError("s3://x/y: is not there")

    result = NwbTask("s", fetch).run(Console(quiet=True))
    assert (result.exit_code, result.word, result.message) == (
        ExitCode.INVALID_INPUT,
        "failed",
        "s3://x/y: is not there",
    )


def verified(two, tmp_path, capsys, *more):
    capsys.readouterr()
    more = ("--verify_only", "True", "--against_source", "True", *more)
    code = run(two, tmp_path / "results", *more)
    return code, {line["session"]: line["problems"] for line in lines(capsys, "verified")}


def test_an_output_is_held_against_its_source_again(two, tmp_path, capsys):
    assert run(two, tmp_path / "results", "--workers", "1") == ExitCode.DONE
    assert verified(two, tmp_path, capsys) == (ExitCode.DONE, {"a": [], "b": []})
    with h5py.File(two / "b.nwb", "a") as file:
        file["general/experiment_description"][()] = "another"
    code, problems = verified(two, tmp_path, capsys)
    assert (code, problems["a"]) == (ExitCode.VERIFICATION, [])
    assert problems["b"][0] == "b.nwb: this source file has been changed"
    assert problems["b"][1].startswith("/general/experiment_description: ")
    (two / "b.nwb").write_bytes(b"")
    code, problems = verified(two, tmp_path, capsys)
    assert code == ExitCode.VERIFICATION
    assert problems["b"][-1].startswith("cannot be compared with its source: ")
    (two / "b.nwb").unlink()
    assert verified(two, tmp_path, capsys) == (ExitCode.INVALID_INPUT, {"a": [], "b": []})


def move(nwbfile, context):
    """Move a series of the base file and one of another file, both to another place."""
    module = nwbfile.create_processing_module("moved", "what was moved")
    moves = []
    for path, each in ((context.path, nwbfile), (context.others[0].path, context.others[0].nwbfile)):
        name = next(iter(each.acquisition))
        module.add(each.acquisition.pop(name))
        moves.append(Move(path.name, f"/acquisition/{name}", f"/processing/moved/{name}"))
    return [Change("move", "/processing/moved", "moved", moved=tuple(moves), made=("/processing/moved",))]


def move_unsaid(nwbfile, context):
    """Do the same, and name no more than the place."""
    return [replace(change, moved=(), made=(), also=("/acquisition",)) for change in move(nwbfile, context)]


def spoil(nwbfile, _context):
    """Change a value of each of them, and more of one, which no log names."""
    for series in nwbfile.processing["moved"].data_interfaces.values():
        series.fields["data"] = np.where(series.data[:] == 3, 4, series.data[:])
        series.set_modified()
    series.fields.update(description="another", comments="announced")
    nwbfile.processing["moved"].add(TimeSeries(name="from_nowhere", data=[1.0], unit="V", rate=2.0))
    return [Change("comments", "/processing/moved/of_other@comments", "changed")]


def two_series(folder):
    paths = []
    for name in ("base", "other"):
        paths.append(bare_file(folder / f"{name}.nwb"))
        with NWBHDF5IO(paths[-1], "a") as io:
            nwbfile = io.read()
            nwbfile.add_acquisition(TimeSeries(name=f"of_{name}", data=np.arange(9.0), unit="V", rate=2.0))
            io.write(nwbfile)
    return tuple(paths)


def unsaid(folder, *transforms):
    """What the output has that its change log does not say, and the comparison of the finished output."""
    paths = two_series(folder)
    outcome = convert(NwbJob("s", paths, folder / "results", transforms=transforms))
    changes = [one for one in outcome.receipt.findings if one.code == "nwb_changed"]
    found = {one.where: one.sentence for one in changes if one.severity != "info"}
    said = announced_by(one for one in changes if one.severity == "info")
    return found, lambda: compare_moved(paths, outcome.output / "s.nwb.zarr", said)


def test_what_was_moved_as_it_was_is_no_difference(tmp_path):
    assert unsaid(tmp_path, move)[0] == {}


def test_what_was_moved_is_compared_in_all_that_it_is(tmp_path):
    found, again = unsaid(tmp_path, move, spoil)
    assert list(found) == [
        "/processing/moved/from_nowhere",
        "/processing/moved/of_base/data",
        "/processing/moved/of_other@description",
        "/processing/moved/of_other/data",
    ]
    for name in ("base", "other"):
        said = found[f"/processing/moved/of_{name}/data"]
        assert said.startswith("1 of 9 values differ, the first at [3]: ")
        assert f"compared with /acquisition/of_{name} in {name}.nwb; no change in the log" in said
    assert [one.where for one in again()] == list(found)


@pytest.mark.parametrize("part", ["of_base", "of_other", "of_base/data", "of_other/starting_time"])
def test_a_part_that_was_moved_and_is_gone_is_a_difference(tmp_path, part):
    found, again = unsaid(tmp_path, move)
    assert (found, again()) == ({}, [])
    store = tmp_path / "results" / "s" / "s.nwb.zarr"
    shutil.rmtree(store / "processing" / "moved" / part)
    zarr.consolidate_metadata(str(store))
    assert [(one.where, one.kind) for one in again()] == [(f"/processing/moved/{part}", "missing")]


def test_a_move_of_which_the_log_says_nothing_is_a_difference(tmp_path):
    found, _ = unsaid(tmp_path, move_unsaid)
    assert found == {
        f"/processing/moved/of_{name}": f"was moved from /acquisition/of_{name} in {name}.nwb; no change in the log "
        "says so"
        for name in ("base", "other")
    }
