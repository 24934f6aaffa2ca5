"""The analysis as people call it: what is found, what is refused, what is said."""

import json
import shutil
from dataclasses import replace

import pytest
from hdmf_zarr import NWBZarrIO

from miniscope_to_nwb_zarr.analysis import workers
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.analysis import task
from miniscope_to_nwb_zarr.data_conversion.conversion_utils import list_sessions
from miniscope_to_nwb_zarr.run import session_job
from miniscope_to_nwb_zarr.run.main import main
from miniscope_to_nwb_zarr.run.options import Options
from tests.analysis.plain_engine import PlainEngine
from tests.conversions import listing, no_processes
from tests.data_conversion.analysis.conftest import LIVELY
from tests.recordings import small_recording

QUICK = "cells: {find: false}\nmotion: {correct: false}\n"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The plain engine, and workers that are this process."""
    monkeypatch.setattr(task, "engine_named", lambda _name: PlainEngine())
    monkeypatch.setattr(session_job, "open_pool", no_processes)
    monkeypatch.setattr(workers, "open_pool", no_processes)


def run(capsys, *words):
    code = main([str(word) for word in words], {})
    return code, capsys.readouterr()


def places(tmp_path):
    return ["--results_dir", tmp_path / "results", "--scratch_dir", tmp_path / "scratch"]


@pytest.fixture
def project(tmp_path):
    """A recording of two, and a project whose tables name it as on another machine."""
    truth = small_recording(tmp_path / "data" / "K99", devices=(LIVELY,), animal="M5")
    small_recording(tmp_path / "data" / "K99", devices=(LIVELY,), animal="M6")
    folder = tmp_path / "project"
    folder.mkdir()
    place = truth.folder.relative_to(tmp_path / "data").as_posix().replace("/", "\\")
    (folder / "experiments.csv").write_text(
        f"line number,id,calcium imaging directory,systemic drug\n96,R1,none,NA\n97,R2,D:\\lab\\{place},ketamine\n"
    )
    (folder / "analysis_parameters.csv").write_text(
        "line number,run_CNMFE,apply_motion_correction,crop_coords,K,cut,min_pmr,comments\n"
        '97,FALSE,FALSE,"(3, 8, 61, 40)",4,"[0.3, 2]",7,\n'
    )
    return folder


def test_a_row_of_a_project_names_the_recording_and_its_parameters(project, tmp_path, capsys):
    words = ["--dataset", "analysis", "--data_dir", tmp_path / "data", *places(tmp_path)]
    code, said = run(capsys, *words, "--project_path", project, "--line_num", "97")
    assert code == 0, said.err
    (output,) = (tmp_path / "results").glob("M*")
    assert output.name.startswith("M5_")
    with NWBZarrIO(str(next(output.glob("*.zarr"))), "r") as io:
        module = io.read().processing["ophys"]
        used = module["AnalysisParameters"].to_dataframe().set_index("parameter")
        assert json.loads(used.loc["picture.crop_px", "value"]) == [3, 8, 61, 40]
        assert used.loc["phase.low_hz", "origin"] == "analysis_parameters.csv, line 2, column `cut`"
        kept = module["ProjectTables"].to_dataframe().set_index("column")
        assert kept.loc["systemic drug", "text"] == "ketamine"
        assert "CaImAn" in kept.loc["K", "note"]
        assert kept.loc["run_CNMFE", "note"] == "became cells.find = false"
        assert kept.loc["comments", "text"] == ""
    assert "ophys: HPC_miniscope1: no units" in said.out
    found = {one.code: one for one in commit.read_receipt(output).findings}
    assert "perhaps `min_pnr` is meant" in found["parameter_unknown"].sentence
    assert found["parameter_unused"].sentence.startswith("1 column of this table without a counterpart here: K.")
    # the former version is the conversion
    (former,) = (tmp_path / "results" / ".replaced").iterdir()
    assert not commit.read_receipt(former).analyses


def test_a_row_whose_recording_is_not_there_is_refused(project, tmp_path, capsys):
    words = ["--dataset", "analysis", "--data_dir", tmp_path / "data", *places(tmp_path)]
    code, said = run(capsys, *words, "--project_path", project, "--line_num", "96")
    assert code == 3
    assert "experiments.csv, line 2, column `calcium imaging directory`" in said.err
    code, said = run(capsys, *words, "--project_path", project, "--line_num", "5")
    assert (code, "it has 96, 97" in said.err) == (3, True)
    assert run(capsys, *words, "--line_num", "97")[0] == 2


def test_outputs_in_the_results_are_analysed_by_name(converted, tmp_path, capsys):
    results = tmp_path / "results"
    shutil.copytree(converted.parent, results)
    (tmp_path / "lab.yml").write_text(QUICK)
    words = ["--dataset", "analysis", "--data_dir", results, *places(tmp_path)]
    words += ["--analysis_parameters", tmp_path / "lab.yml", "--corrected_movie", "none"]
    before = listing(results)
    code, said = run(capsys, *words, "--dry_run", "True")
    assert (code, listing(results)) == (0, before)
    assert "Nothing written. Would analyse 1 output or recording with plain 1" in said.out
    code, said = run(capsys, *words, "--sessions", "other")
    assert (code, "no session has this name" in said.err) == (2, True)
    code, said = run(capsys, *words, "--sessions", converted.name, "--json", "True", "--engine", "serial")
    lines = [json.loads(line) for line in said.out.splitlines()]
    (result,) = (line for line in lines if line["type"] == "result")
    assert (code, result["outcome"], result["frames"]) == (0, "written", 120)
    assert "mean trace (" in said.err
    # what the conversion has said is not said again
    assert not [line for line in lines if line["type"] == "finding" and line["code"] == "frames_damaged"]
    summary = json.loads(next(results.glob("run-*/summary.json")).read_text())
    assert {"check output", "write NWB", "verify", "pictures", "publish"} <= set(summary["sessions"][0]["phases_s"])


def test_what_is_done_already_tells_of_the_analysis_that_was_asked_for(converted, tmp_path, capsys):
    shutil.copytree(converted.parent, tmp_path / "results")
    (tmp_path / "lab.yml").write_text(QUICK)
    words = ["--dataset", "analysis", "--data_dir", tmp_path / "none", *places(tmp_path), "--json", "True"]
    words += ["--corrected_movie", "none"]

    def message(*more):
        code, said = run(capsys, *words, *more)
        (result,) = (line for line in map(json.loads, said.out.splitlines()) if line["type"] == "result")
        assert code == 0
        return result["outcome"], result["message"].partition("(")[2]

    first = message()
    second = message("--analysis_parameters", tmp_path / "lab.yml")
    assert first[1].startswith("ophys: ")
    assert second[1].startswith("ophys_")
    assert message() == ("already done", first[1])
    assert message("--analysis_parameters", tmp_path / "lab.yml") == ("already done", second[1])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--metadata", "True"], 2, "--metadata True"),
        (["--verify_only", "True", "--against_source", "True"], 2, "--against_source True"),
        (["--analysis_parameters", "none.yml"], 3, "file of analysis parameters cannot be read"),
        (["--apply_curation", "none.json"], 3, "file of decisions cannot be read"),
        ([], 3, "nothing to analyse"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(tmp_path, capsys, words, code, said):
    found, told = run(capsys, "--dataset", "analysis", "--data_dir", tmp_path / "none", *places(tmp_path), *words)
    assert found == code
    assert said in told.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--dataset", "NWB", "--process", "True"], "--dataset analysis"),
        (["--dataset", "Miniscope", "--apply_curation", "x.json"], "belongs to --dataset analysis"),
        (["--dataset", "analysis", "--analysis_engine", "suite2p"], "'native'"),
        (
            ["--dataset", "analysis", "--data_dir", "s3://lab/raw", "--project_path", ".", "--line_num", "1"],
            "its tables name folders on a disk",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(capsys, words, said):
    code, told = run(capsys, *words)
    assert (code, said in told.err) == (2, True)


def test_what_is_analysed_can_be_put_into_shards(converted, tmp_path):
    data = tmp_path / "data"
    small_recording(data / "raw", devices=(replace(LIVELY, n_frames=60),), animal="M3")
    (data / "asset").symlink_to(converted.parent)
    found = list_sessions(Options.from_python(dataset="analysis", data_dir=data, results_dir=tmp_path / "results"))
    names = {one.name: [file.path for file in one.files] for one in found.sessions}
    assert names[converted.name] == [f"asset/{converted.name}/receipt.json"]
    assert len(names) == 2
