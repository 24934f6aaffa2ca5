"""Analyses of what lies in a bucket, or whose outputs go into one: what comes of it is what comes of folders."""

import json
import shutil

import pytest

from miniscope_to_nwb_zarr.analysis import workers
from miniscope_to_nwb_zarr.analysis.curation import FORMAT
from miniscope_to_nwb_zarr.buckets import patience
from miniscope_to_nwb_zarr.core.receipt import Receipt
from miniscope_to_nwb_zarr.data_conversion.analysis import task
from miniscope_to_nwb_zarr.data_conversion.create_inputs import main as create_inputs
from miniscope_to_nwb_zarr.run import session_job
from miniscope_to_nwb_zarr.run.main import main
from tests.analysis.plain_engine import PlainEngine
from tests.bucket_outputs import left_in
from tests.conversions import convert, no_processes
from tests.data_conversion.conftest import FACTS
from tests.s3_server import KEYS, Bucket, address, faulty

QUICK = "cells: {find: false}\nmotion: {correct: false}\n"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The plain engine, workers that are this process, and the keys of the server."""
    monkeypatch.setattr(task, "engine_named", lambda _name: PlainEngine())
    monkeypatch.setattr(session_job, "open_pool", no_processes)
    monkeypatch.setattr(workers, "open_pool", no_processes)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bucket():
    return Bucket()


@pytest.fixture(scope="module")
def in_one_file(recording, tmp_path_factory):
    """The recording converted to HDF5: few objects instead of hundreds."""
    return convert(recording.session, tmp_path_factory.mktemp("hdf5 results"), sidecar=FACTS, backend="hdf5").output


@pytest.fixture
def run(tmp_path, capsys):
    """Runs the program; gives the exit code, and the outcome of each output or what was said."""
    (lab := tmp_path / "quick.yml").write_text(QUICK)

    def run(data, results, *words, dataset="analysis", endpoint=None):
        given = ["--dataset", dataset, "--data_dir", data, "--results_dir", results, "--scratch_dir", tmp_path / "s"]
        given += ["--s3_endpoint", endpoint or address(), "--s3_credentials", "True", "--json", "True"]
        given += ["--engine", "serial", *(() if "--analysis_parameters" in words else ("--analysis_parameters", lab))]
        capsys.readouterr()
        code = main([str(word) for word in (*given, *words)], {})
        said = capsys.readouterr()
        lines = [json.loads(line) for line in said.out.splitlines()]
        outcomes = {line["session"]: line["outcome"] for line in lines if line["type"] == "result"}
        return code, outcomes if code == 0 else said.out + said.err

    return run


def receipt_of(bucket, place):
    return Receipt.from_text(bucket.get(f"{place}/receipt.json").decode())


def test_a_recording_goes_from_a_bucket_into_one_converted_and_analysed(bucket, recording, run, tmp_path):
    bucket.put_folder(recording.folder, "raw")
    before = bucket.objects()
    name = recording.session.name
    words = ("--process", "True", "--format", "hdf5")
    assert run(f"{bucket}/raw", f"{bucket}/out", *words, dataset="Miniscope") == (0, {name: "written"})
    assert run(recording.folder, tmp_path / "results", *words, dataset="Miniscope") == (0, {name: "written"})
    local = Receipt.from_text((tmp_path / "results" / name / "receipt.json").read_text())
    there = receipt_of(bucket, f"out/{name}")
    assert there.analyses == local.analyses
    assert (there.content_digest, there.nwb_digest) == (local.content_digest, local.nwb_digest)
    assert {key: bucket.objects()[key] for key in before} == before
    # the conversion was never published by itself
    assert not bucket.objects("out/.replaced/")
    assert not left_in(tmp_path / "s")
    assert run(f"{bucket}/raw", f"{bucket}/out", *words, dataset="Miniscope") == (0, {name: "already done"})
    assert receipt_of(bucket, f"out/{name}") == there
    # another analysis is added to it
    (other := tmp_path / "other.yml").write_text(
        "cells: {find: false}\nmotion: {correct: false}\nphase: {low_hz: 0.2}\n"
    )
    words += ("--analysis_parameters", other)
    assert run(f"{bucket}/raw", f"{bucket}/out", *words, dataset="Miniscope") == (0, {name: "written"})
    assert len(receipt_of(bucket, f"out/{name}").analyses) == 2
    (kept,) = {key.split("/")[2] for key in bucket.objects("out/.replaced/")}
    assert receipt_of(bucket, f"out/.replaced/{kept}") == there
    assert run(f"{bucket}/none", f"{bucket}/out", "--verify_only", "True")[0] == 0


def test_an_output_in_a_bucket_is_followed_by_its_next_version(bucket, in_one_file, run, tmp_path):
    name = in_one_file.name
    bucket.put_folder(in_one_file, f"out/{name}")
    wanted = run(in_one_file.parent, tmp_path / "results")
    assert wanted == (0, {name: "written"})
    local = Receipt.from_text((tmp_path / "results" / name / "receipt.json").read_text())
    # named as the data too, or alone
    for data, outcome in ((f"{bucket}/out", "written"), (tmp_path / "none", "already done")):
        assert run(data, f"{bucket}/out") == (0, {name: outcome})
        assert receipt_of(bucket, f"out/{name}").content_digest == local.content_digest
    assert not left_in(tmp_path / "s")
    # and from one bucket into another folder, or here
    assert run(f"{bucket}/out", f"{bucket}/more", "--dry_run", "True") == (0, {})
    for results in (f"{bucket}/more", tmp_path / "here"):
        for outcome in ("written", "already done"):
            assert run(f"{bucket}/out", results, "--corrected_movie", "none") == (0, {name: outcome})
            assert not left_in(tmp_path / "s")
    assert len(receipt_of(bucket, f"more/{name}").analyses) == 2


def test_a_store_made_elsewhere_is_analysed_in_a_bucket(bucket, converted, run, tmp_path):
    # a Zarr store without its receipt
    shutil.copytree(next(converted.glob("*.zarr")), tmp_path / "data" / "theirs.nwb.zarr")
    bucket.put_folder(tmp_path / "data", "raw")
    assert run(f"{bucket}/raw", tmp_path / "there") == (0, {"theirs": "written"})
    assert run(tmp_path / "data", tmp_path / "here") == (0, {"theirs": "written"})
    there, here = (
        Receipt.from_text((tmp_path / place / "theirs" / "receipt.json").read_text()) for place in ("there", "here")
    )
    assert (there.sources, there.content_digest) == (here.sources, here.content_digest)
    assert not left_in(tmp_path / "s")


def test_decisions_by_hand_are_applied_to_an_output_in_a_bucket(bucket, in_one_file, run, tmp_path):
    name = in_one_file.name
    (all_units := tmp_path / "lab.yml").write_text(
        "accept: {min_snr: 0, min_footprint_correlation: 0, max_surround_share: 1000}\n"
    )
    assert run(in_one_file.parent, f"{bucket}/out", "--analysis_parameters", all_units) == (0, {name: "written"})
    receipt = receipt_of(bucket, f"out/{name}")
    (entry,) = receipt.analyses
    decisions = {entry.series[0]: {"0": False}}
    content = {"format": FORMAT, "session": name, "module": "ophys", "analysis": entry.digest, "curator": "Doe, Jane"}
    (path := tmp_path / "curation.json").write_text(
        json.dumps({**content, "saved": "2026-03-15T10:00:00Z", "decisions": decisions})
    )
    for outcome in ("written", "already done"):
        assert run(tmp_path / "none", f"{bucket}/out", "--apply_curation", path) == (0, {name: outcome})
    (after,) = receipt_of(bucket, f"out/{name}").analyses
    assert after.accepted == (entry.accepted[0] - 1,)
    assert run(f"{bucket}/out", tmp_path / "here", "--apply_curation", path) == (0, {name: "written"})
    code, said = run(f"{bucket}/raw", f"{bucket}/none", "--apply_curation", path)
    assert (code, f"nor below s3://{bucket.name}/raw" in said) == (3, True)


def test_what_is_in_the_way_in_a_bucket_is_neither_followed_nor_replaced(bucket, recording, run):
    name = recording.session.name
    bucket.put(f"out/{name}/thesis.txt", b"the only copy")
    words = ("--process", "True", "--format", "hdf5")
    for more in ((), ("--existing", "replace")):
        code, said = run(recording.folder, f"{bucket}/out", *words, *more, dataset="Miniscope")
        assert code == 5, said
        assert bucket.get(f"out/{name}/thesis.txt") == b"the only copy"


def test_a_version_that_could_not_be_published_is_published_by_the_next_run(
    bucket, in_one_file, run, tmp_path, monkeypatch
):
    name = in_one_file.name
    bucket.put_folder(in_one_file, f"out/{name}")
    before = bucket.objects(f"out/{name}/")
    puts = []

    def fails(method, path, _number):
        if method == "PUT" and path.endswith(f"out/{name}/processing.json"):
            puts.append(path)
        return "skew" if puts else ""

    with monkeypatch.context() as patched, faulty(fails) as proxy:
        patched.setattr(patience, "_FIRST_WAIT_S", 0.001)
        patched.setattr(patience, "_GIVE_UP_AFTER_S", 0.002)
        assert run(tmp_path / "none", f"{bucket}/out", endpoint=proxy.url)[0] == 75
    # the former is whole, and what is unfinished is not taken for an output
    (kept,) = {key.split("/")[2] for key in bucket.objects("out/.replaced/")}
    assert len(bucket.objects(f"out/.replaced/{kept}/")) == len(before)
    assert run(tmp_path / "none", f"{bucket}/out", "--verify_only", "True")[0] == 6
    assert run(tmp_path / "none", f"{bucket}/out") == (0, {name: "written"})
    assert len(bucket.objects(f"out/.replaced/{kept}/")) == len(before)
    assert {key.split("/")[2] for key in bucket.objects("out/.replaced/")} == {kept}
    assert run(tmp_path / "none", f"{bucket}/out", "--verify_only", "True")[0] == 0
    assert run(tmp_path / "none", f"{bucket}/out") == (0, {name: "already done"})


def test_what_is_analysed_in_a_bucket_can_be_put_into_shards(bucket, in_one_file, run, tmp_path):
    bucket.put_folder(in_one_file, f"raw/{in_one_file.name}")
    given = ["--dataset", "analysis", "--data_dir", f"{bucket}/raw", "--s3_endpoint", address(), "--s3_credentials"]
    given += ["True", "--output_dir", str(tmp_path / "inputs"), "--scratch_dir", str(tmp_path / "s")]
    assert create_inputs(given, {}) == 0
    (shard,) = (tmp_path / "inputs" / "shards").iterdir()
    (session,) = json.loads(shard.read_text())["sessions"]
    assert [file["path"] for file in session["files"]] == [f"{in_one_file.name}/receipt.json"]
    (mounted := tmp_path / "mounted").mkdir()
    shutil.copy(shard, mounted / "job")
    code, said = run(mounted, f"{bucket}/out")
    assert code == 0, said
    assert len(receipt_of(bucket, f"out/{in_one_file.name}").analyses) == 1
