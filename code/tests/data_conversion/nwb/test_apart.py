"""A file's job in a child process: what comes of it, and of the child's death."""

import os
import signal
import threading
import time
from functools import partial

import pytest

from miniscope_to_nwb_zarr.core.errors import ExitCode, Stopped
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.nwb.apart import run_apart
from miniscope_to_nwb_zarr.run.main import main
from miniscope_to_nwb_zarr.run.summary import SessionResult
from miniscope_to_nwb_zarr.sources import limits
from tests.nwb_files import bare_file


def told(name):
    return SessionResult(name, ExitCode.DONE, "written", f"folders: {limits.FOLDERS.value}, process {os.getpid()}")


def killed(number, results):
    with commit.staging_folder(results, "session"):
        os.kill(os.getpid(), number)
        time.sleep(60)


def failing():
    raise LookupError("what nobody thought of")


def waiting(results):
    with commit.staging_folder(results, "session"):
        (results / "begun").touch()
        time.sleep(60)


def left_in(results):
    return [path.name for path in results.iterdir() if path.name != "begun"]


def test_the_result_of_the_child_is_given_and_it_has_the_limits_of_the_run(tmp_path):
    limits.choose({"folders": 7})
    try:
        result = run_apart(partial(told, "session"), "session", tmp_path)
    finally:
        limits.choose({})
    assert result.message.startswith("folders: 7, process ")
    assert str(os.getpid()) not in result.message


@pytest.mark.parametrize(
    ("number", "code", "sentence"),
    [
        (signal.SIGSEGV, ExitCode.INVALID_INPUT, "crashed on it (SIGSEGV), as it does on damaged files"),
        (signal.SIGKILL, ExitCode.TEMPORARY, "ended from outside (SIGKILL), most likely because memory ran out"),
    ],
)
def test_a_dead_child_is_the_failure_of_its_file_and_leaves_nothing(number, code, sentence, tmp_path):
    result = run_apart(partial(killed, number, tmp_path), "session", tmp_path)
    assert (result.exit_code, result.word) == (code, "failed")
    assert sentence in result.message
    assert left_in(tmp_path) == []


def test_an_error_of_ours_is_the_failure_of_its_file(tmp_path):
    result = run_apart(failing, "session", tmp_path)
    assert result.exit_code is ExitCode.INTERNAL
    assert result.message == "session: a fault of this program, please report it: LookupError: what nobody thought of"


def test_a_request_to_stop_is_passed_on_and_the_child_clears_up(tmp_path):
    def ask(_number, _frame):
        raise Stopped(ExitCode.TERMINATED)

    def send_when_begun():
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, ask)
    threading.Thread(target=send_when_begun, daemon=True).start()
    try:
        with pytest.raises(Stopped):
            run_apart(partial(waiting, tmp_path), "session", tmp_path)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert left_in(tmp_path) == []


def test_a_file_that_cannot_be_read_does_not_stop_the_others(tmp_path, capsys):
    data = tmp_path / "data"
    data.mkdir()
    whole = bare_file(data / "b.nwb").read_bytes()
    (data / "a.nwb").write_bytes(whole[: len(whole) // 2])
    (data / "c.nwb").write_bytes(whole[:2000] + bytes(2000) + whole[4000:])
    words = ["--dataset", "NWB", "--data_dir", str(data), "--results_dir", str(tmp_path / "results")]
    code = main([*words, "--engine", "serial"], {})
    said = capsys.readouterr()
    assert code == ExitCode.SOME_FAILED
    assert "a.nwb: cannot be read as an NWB file" in said.err
    assert (tmp_path / "results" / "b" / "receipt.json").is_file()


def test_a_file_that_keeps_the_library_busy_for_ever_is_refused(tmp_path, capsys):
    path = tmp_path / "data" / "damaged.nwb"
    path.parent.mkdir()
    bare_file(path)
    raw = bytearray(path.read_bytes())
    # the blocks that hold texts, filled with zeros behind their heads: to libhdf5 the next text lies at the same place
    at = raw.find(b"GCOL")
    while at >= 0:
        raw[at + 16 : at + 4096] = bytes(4096 - 16)
        at = raw.find(b"GCOL", at + 4)
    path.write_bytes(raw)
    results = tmp_path / "results"
    words = ["--dataset", "NWB", "--data_dir", str(path.parent), "--results_dir", str(results), "--workers", "1"]
    assert main(words, {}) == ExitCode.INVALID_INPUT
    assert "the library that reads the file goes round in circles in it" in capsys.readouterr().err
    assert not [entry for entry in results.iterdir() if not entry.name.startswith("run-")]
