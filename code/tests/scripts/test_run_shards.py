"""Shards on a cluster on this machine: one that fails does not stop the others. Lost workers are in tests/faults."""

import pytest

from miniscope_to_nwb_zarr.core.receipt import Receipt
from tests.sharded import digests, make_inputs, run

N_SESSIONS = 4


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """A data folder, and its shards beside it."""
    return make_inputs(tmp_path_factory.mktemp("sharded"), N_SESSIONS)


def test_one_shard_that_fails_does_not_stop_the_rest(inputs, tmp_path):
    results = tmp_path / "results"
    taken = results / "M770001_2026-03-15_09-26-53"
    taken.mkdir(parents=True)
    (taken / "mine.txt").write_text("of somebody else")
    code, out, err = run(inputs, results, "--engine", "serial")
    assert code == 4
    assert "a folder of that name is in the results" in err
    assert "3 of 4 shards done" in out
    assert len(digests(results)) == N_SESSIONS - 1
    assert (taken / "mine.txt").read_text() == "of somebody else"
    # once it is out of the way, only what is missing is converted
    (taken / "mine.txt").unlink()
    taken.rmdir()
    before = {path: path.stat().st_mtime_ns for path in results.glob("*/receipt.json")}
    code, out, _ = run(inputs, results, "--engine", "serial")
    assert (code, out.count("already done"), out.count("written")) == (0, 3, 1)
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())
    assert Receipt.from_text((taken / "receipt.json").read_text()).session == taken.name


def test_what_is_no_folder_of_shards_is_refused(inputs, tmp_path):
    code, _, err = run(inputs / "data", tmp_path)
    assert code == 3
    assert "make it with create_inputs" in err
    (tmp_path / "shards").mkdir()
    (tmp_path / "shards" / "1.json").write_bytes((inputs / "shards" / "1.json").read_bytes())
    code, _, err = run(tmp_path, tmp_path / "results")
    assert code == 3
    assert "expected all shards of one data set" in err
