import contextlib
import json
import os
import signal

import pytest

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.run import main, named_session, session_job
from tests.conversions import listing
from tests.recordings import scope_recording, small_recording

pytestmark = pytest.mark.usefixtures("in_process")


def run(capsys, *words, env=None):
    code = main.main([str(word) for word in words], env or {})
    return code, capsys.readouterr()


def lines_of(captured):
    return [json.loads(line) for line in captured.out.splitlines()]


def test_a_conversion_ends_with_a_table_and_a_sentence(tiny, capsys):
    code, said = run(capsys, "--data_dir", tiny.folder, "--results_dir", tiny.results)
    assert code == 0
    header, row, sentence = said.out.splitlines()
    assert header.split()[:3] == ["session", "outcome", "frames"]
    assert row.split()[:3] == [tiny.session.name, "written", "25"]
    assert sentence.startswith("1 of 1 session done; summary in ")


def test_quiet_says_nothing_on_standard_output(tiny, capsys):
    code, said = run(capsys, "--data_dir", tiny.folder, "--results_dir", tiny.results, "--quiet", "True")
    assert (code, said.out) == (0, "")
    assert "info:" not in said.err


def test_json_lines_tell_findings_results_and_the_end(tiny, capsys):
    code, said = run(capsys, "--data_dir", tiny.folder, "--results_dir", tiny.results, "--json", "True")
    lines = lines_of(said)
    assert code == 0
    assert {line["type"] for line in lines} >= {"finding", "result", "summary"}
    (result,) = (line for line in lines if line["type"] == "result")
    assert (result["session"], result["outcome"], result["frames"]) == (tiny.session.name, "written", 25)
    assert lines[-1]["exit_code"] == 0
    (run_folder,) = tiny.results.glob("run-*")
    assert lines[-1]["run"] == str(run_folder)
    assert {path.name for path in run_folder.iterdir()} == {"report.html", "summary.json", "run.jsonl"}


def test_a_dry_run_writes_nothing_and_tells_sizes_and_chunks(tiny, capsys):
    before = listing(tiny.folder.parent)
    words = ["--data_dir", tiny.folder, "--results_dir", tiny.results, "--dry_run", "True"]
    code, said = run(capsys, *words)
    assert code == 0
    assert "Nothing written. Would write about 46.1 kB, 1 chunk of frames" in said.out
    _, said = run(capsys, *words, "--json", "True")
    (plan,) = (line for line in lines_of(said) if line["type"] == "plan")
    assert (plan["frames"], plan["objects"], plan["store_bytes_estimate"]) == (25, 1, 46080)
    assert listing(tiny.folder.parent) == before
    assert not tiny.results.exists()


def test_a_dry_run_of_what_would_fail_is_code_3(tmp_path, capsys):
    truth = scope_recording(tmp_path / "data")
    (truth.folder / "HPC_miniscope1" / "timeStamps.csv").unlink()
    words = ["--data_dir", tmp_path / "data", "--results_dir", tmp_path / "results"]
    assert run(capsys, *words, "--dry_run", "True")[0] == 3
    assert not (tmp_path / "results").exists()
    # and so it does: no session is written
    assert run(capsys, *words)[0] == 3
    assert [path.name[:4] for path in (tmp_path / "results").iterdir()] == ["run-"]


@pytest.mark.parametrize("dry", ["True", "False"])
def test_a_required_fact_that_is_missing_is_code_3_before_any_work(tiny, capsys, dry):
    words = ["--data_dir", tiny.folder, "--results_dir", tiny.results, "--require_metadata", "True", "--dry_run", dry]
    code, said = run(capsys, *words)
    assert code == 3
    assert "--session_metadata" in said.err
    assert not list(tiny.results.glob("M*"))


def test_templates_are_written_once_and_the_run_ends_there(tiny, capsys):
    words = ["--data_dir", tiny.folder, "--results_dir", tiny.results, "--write_templates", "True"]
    code, said = run(capsys, *words)
    assert (code, said.err) == (0, "")
    written = ["analysis_parameters.yml", "session_metadata.schema.json", "session_metadata.yml", "subjects.csv"]
    assert sorted(path.name for path in tiny.results.iterdir()) == written
    assert all(str(tiny.results / name) in said.out for name in written)
    before = listing(tiny.results)
    code, said = run(capsys, *words)
    assert code == 0
    assert said.err.count("is there already and was left as it is") == 4
    assert listing(tiny.results) == before


def test_every_fault_of_a_file_is_a_line_of_its_own(tiny, capsys):
    lab = tiny.folder.parent / "lab.yml"
    lab.write_text("subject:\n  sex: x\n  weight_g: heavy\n")
    words = ["--data_dir", tiny.folder, "--results_dir", tiny.results, "--session_metadata", lab, "--dry_run", "True"]
    code, said = run(capsys, *words)
    assert code == 3
    assert [line.split(": ")[1] for line in said.err.splitlines()] == [f"{lab}, line 2", f"{lab}, line 3"]


def test_an_unknown_data_set_is_code_2_and_the_known_ones_are_listed(tiny, capsys):
    before = listing(tiny.folder.parent)
    words = ["--dataset", "Minscope", "--data_dir", tiny.folder, "--results_dir", tiny.results]
    code, said = run(capsys, *words)
    assert code == 2
    assert "Miniscope DAQ" in said.err
    assert "demo" in said.err
    assert listing(tiny.folder.parent) == before
    assert not tiny.results.exists()


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (["--json", "True", "--dateset", "x"], {}),
        (["--dry_run", "--json=true"], {}),
        (["--workers", "0"], {"MINISCOPE_JSON": "True"}),
        (["--against_source", "True", "--json", "TRUE"], {}),
    ],
)
def test_usage_errors_are_json_too(capsys, words, env):
    code, said = run(capsys, *words, env=env)
    assert code == 2
    (line,) = lines_of(said)
    assert (line["type"], line["exit_code"]) == ("summary", 2)


def test_a_folder_without_a_recording_is_code_3_and_says_what_was_looked_for(tmp_path, capsys):
    (tmp_path / "data").mkdir()
    code, said = run(capsys, "--data_dir", tmp_path / "data", "--results_dir", tmp_path / "results")
    assert code == 3
    assert "timeStamps.csv" in said.err
    (left,) = (tmp_path / "results").iterdir()
    summary = json.loads((left / "summary.json").read_text("utf-8"))
    assert summary["exit_code"] == 3
    assert "timeStamps.csv" in summary["sessions"][0]["message"]
    assert run(capsys, "--data_dir", tmp_path / "none", "--results_dir", tmp_path / "results")[0] == 3
    assert {path.name[:4] for path in (tmp_path / "results").iterdir()} == {"run-"}


def test_results_inside_the_data_are_code_2(tiny, capsys):
    before = listing(tiny.folder)
    assert run(capsys, "--data_dir", tiny.folder, "--results_dir", tiny.folder / "results")[0] == 2
    assert listing(tiny.folder) == before


def test_results_that_cannot_be_made_are_code_3(tiny, capsys):
    tiny.results.write_text("a file")
    code, said = run(capsys, "--data_dir", tiny.folder, "--results_dir", tiny.results / "below", "--json", "True")
    assert code == 3
    assert lines_of(said)[-1]["exit_code"] == 3
    assert "a fault of this program" not in said.err


def test_the_environment_stands_in_for_options(tiny, capsys):
    env = {
        "MINISCOPE_DATA_DIR": str(tiny.folder),
        "MINISCOPE_RESULTS_DIR": str(tiny.results),
        "MINISCOPE_QUIET": "True",
    }
    code, said = run(capsys, env=env)
    assert (code, said.out) == (0, "")
    assert (tiny.results / tiny.session.name).is_dir()


def test_existing_outputs_are_code_0_or_5(done, capsys):
    words = ["--data_dir", done.folder, "--results_dir", done.results]
    code, said = run(capsys, *words, "--json", "True")
    # it was made with other options
    assert code == 5
    assert "--existing replace" in lines_of(said)[-2]["message"]
    assert run(capsys, *words, "--existing", "replace")[0] == 0
    code, said = run(capsys, *words)
    assert code == 0
    assert "already done" in said.out
    assert run(capsys, *words, "--existing", "error")[0] == 5


def test_one_bad_recording_does_not_stop_the_others(tiny, capsys):
    bad = small_recording(tiny.folder, animal="M2")
    for device in bad.devices.values():
        (device.folder / "timeStamps.csv").unlink()
    code, said = run(capsys, "--data_dir", tiny.folder, "--results_dir", tiny.results, "--json", "True")
    assert code == 4
    results = {line["outcome"] for line in lines_of(said) if line["type"] == "result"}
    assert results == {"written", "failed"}
    assert (tiny.results / tiny.session.name).is_dir()


def test_a_fault_of_ours_is_code_1_with_the_lines_to_report(tiny, capsys, monkeypatch):
    def fault(*_args):
        raise ZeroDivisionError("what")

    monkeypatch.setattr(named_session, "run_session", fault)
    code, said = run(capsys, "--data_dir", tiny.folder, "--results_dir", tiny.results, "--json", "True")
    assert code == 1
    assert lines_of(said)[-1]["exit_code"] == 1
    assert "please report it" in said.err
    assert "ZeroDivisionError" in said.err


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_run_with_its_code_and_a_summary(tiny, capsys, monkeypatch, number, expected):
    def signalled(*_args):
        os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    monkeypatch.setattr(named_session, "run_session", signalled)
    code, said = run(capsys, "--data_dir", tiny.folder, "--results_dir", tiny.results, "--json", "True")
    assert code == expected
    assert lines_of(said)[-1]["exit_code"] == expected
    (run_folder,) = tiny.results.iterdir()
    assert json.loads((run_folder / "summary.json").read_text("utf-8"))["exit_code"] == expected
    assert signal.getsignal(number) is before


def test_a_signal_is_not_mistaken_for_an_error_of_what_it_interrupts(capsys):
    def careless():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except Exception:  # noqa: BLE001 - as the NWB inspector does around each of its checks
            return "went on"

    with pytest.raises(main.Stopped), main.obeying_signals():
        careless()


def test_the_version(capsys):
    code, said = run(capsys, "--version", "True")
    assert code == 0
    assert said.out == f"miniscope-to-nwb-zarr {__version__}\n"


def test_an_error_that_a_signal_was_turned_into_is_still_the_signal():
    def wrapping():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except main.Stopped as error:
            raise RuntimeError("while loading a library") from error

    with pytest.raises(main.Stopped) as stopped, main.obeying_signals():
        wrapping()
    assert stopped.value.exit_code == 130


def test_a_signal_that_a_library_swallows_stops_the_run_at_its_next_step(tiny, capsys, monkeypatch):
    def swallowed(*_args):
        with contextlib.suppress(BaseException):
            os.kill(os.getpid(), signal.SIGTERM)
        return started(*_args)

    started = session_job.start_frames
    monkeypatch.setattr(session_job, "start_frames", swallowed)
    code, _ = run(capsys, "--data_dir", tiny.folder, "--results_dir", tiny.results)
    assert code == 143
    assert [path.name[:4] for path in tiny.results.iterdir()] == ["run-"]
