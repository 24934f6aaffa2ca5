"""Recordings in a bucket, outputs in a bucket, or both: what comes of it is what comes of folders."""

import dataclasses
import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.paths import moved
from miniscope_to_nwb_zarr.core.receipt import Receipt
from miniscope_to_nwb_zarr.data_conversion.create_inputs import main as create_inputs
from miniscope_to_nwb_zarr.run.inputs import find_sessions
from miniscope_to_nwb_zarr.run.main import main
from miniscope_to_nwb_zarr.run.options import Options
from tests.bucket_outputs import left_in
from tests.faults import samples
from tests.faults.program import run_in_child, wanted_digest, words
from tests.nwb_files import bare_file
from tests.recordings import SMALL, small_recording
from tests.s3_server import KEYS, Bucket, address, faulty

DAQ = "Miniscope DAQ"
HDF5 = {"format": "hdf5"}
"""Few objects instead of hundreds."""


@pytest.fixture(autouse=True)
def keys(monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", address())


@pytest.fixture
def bucket():
    return Bucket()


def with_data(bucket, layout=DAQ):
    """The sample of a layout below ``raw``."""
    samples.session_of(layout)
    bucket.put_folder(samples.folder_of(layout), "raw")
    return bucket


def run(folder, data, results, **options):
    given = {"engine": "serial", "scratch_dir": folder / "scratch", "s3_credentials": True, **options}
    return run_in_child(words(data, results, **given), folder / "said")


def digests(bucket, prefix="out"):
    keys = [key for key in bucket.objects(f"{prefix}/") if key.endswith("/receipt.json") and "/." not in key]
    receipts = [Receipt.from_text(bucket.get(key).decode()) for key in keys]
    return {receipt.session: receipt.content_digest for receipt in receipts}


@pytest.mark.parametrize("layout", samples.FORMS)
def test_what_is_found_in_a_bucket_is_what_is_found_in_the_folder(bucket, tmp_path, layout):
    with_data(bucket, layout)
    request = samples.FORMS[layout].request
    here, there = (found_in(place, tmp_path, request) for place in (samples.folder_of(layout), f"{bucket}/raw"))
    assert len(here) == 1
    assert there == here


def found_in(place, tmp_path, request):
    """The sessions as plain values, with paths from the data folder on."""
    options = Options.from_python(data_dir=place, scratch_dir=tmp_path / "scratch", **request)
    sessions = find_sessions(options, options.data_dir, Sidecar()).sessions
    return [plain(moved(session, options.data_dir.resolve(), Path("/data"))) for session in sessions]


def plain(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return [plain(each) for each in value] if isinstance(value, tuple) else repr(value)


@pytest.mark.parametrize("options", [{}, HDF5], ids=["zarr", "hdf5"])
def test_a_recording_goes_from_bucket_to_bucket_as_it_goes_from_folder_to_folder(bucket, tmp_path, options):
    with_data(bucket)
    before = bucket.objects()
    said = run(tmp_path, f"{bucket}/raw", f"{bucket}/out", **options)
    assert said.code == 0, said.err
    name = samples.session_of(DAQ).name
    assert digests(bucket) == {name: wanted_digest(DAQ, **options)}
    assert not left_in(tmp_path / "scratch")
    # the data are as they were, and the run tells of itself there
    assert {key: bucket.objects()[key] for key in before} == before
    (summary,) = (key for key in bucket.objects("out/run-") if key.endswith("summary.json"))
    assert json.loads(bucket.get(summary))["exit_code"] == 0
    assert f"s3://{bucket.name}/out/{name}" in said.out
    # its page leads to that of the session and has its pictures, as one in a folder does
    page = bucket.get(summary.replace("summary.json", "report.html")).decode()
    assert f'href="../{name}/qc/report.html"' in page
    assert "data:image/png;base64," in page
    assert b"<!doctype html>" in bucket.get(f"out/{name}/qc/report.html")[:100].lower()
    assert bucket.kind(f"out/{name}/qc/report.html") == "text/html"
    # again: known by what the server says of its files, none of which is fetched
    with faulty() as proxy:
        again = run(tmp_path, f"{bucket}/raw", f"{bucket}/out", s3_endpoint=proxy.url, **options)
    assert again.outcomes == {name: "already done"}
    assert [method for method, path, _ in proxy.asked if method == "PUT" and "/run-" not in path] == []


def test_a_recording_in_a_bucket_is_converted_into_a_folder_and_known_again(bucket, tmp_path):
    with_data(bucket)
    for outcome in ("written", "already done"):
        said = run(tmp_path, f"{bucket}/raw", tmp_path / "results", **HDF5)
        assert (said.code, list(said.outcomes.values())) == (0, [outcome]), said.err
        assert not left_in(tmp_path / "scratch")
    receipt = Receipt.from_text(next((tmp_path / "results").glob("*/receipt.json")).read_text())
    assert receipt.content_digest == wanted_digest(DAQ, **HDF5)


def test_a_listing_fetches_no_videos(bucket, tmp_path):
    small_recording(tmp_path / "data")
    folder = next((tmp_path / "data").rglob("0.avi")).parent
    # as long as a real one: what follows the index is padding
    for path in folder.glob("*.avi"):
        path.write_bytes(path.read_bytes() + bytes(3_000_000))
    bucket.put_folder(tmp_path / "data", "raw")
    with faulty() as proxy:
        said = run(tmp_path, f"{bucket}/raw", f"{bucket}/out", s3_endpoint=proxy.url, dry_run=True)
    assert said.code == 0, said.err
    assert sorted(line["frames"] for line in said.lines if line["type"] == "plan") == [24, 25]
    assert proxy.n_bytes < 2_000_000
    assert not (tmp_path / "scratch").exists() or not list((tmp_path / "scratch").iterdir())


def test_no_more_than_one_session_is_fetched_ahead(bucket, tmp_path):
    for day in range(4):
        small_recording(tmp_path / "data", start=SMALL.start + timedelta(days=day))
    bucket.put_folder(tmp_path / "data", "raw")
    most = 0

    def watch(_method, _path, _number):
        nonlocal most
        here = (tmp_path / "scratch" / "s3").glob("*/raw/*/*/*/*/*")
        most = max(most, len(list(here)))
        return ""

    with faulty(watch) as proxy:
        said = run(tmp_path, f"{bucket}/raw", f"{bucket}/out", s3_endpoint=proxy.url, **HDF5)
    assert said.code == 0, said.err
    assert len(digests(bucket)) == 4
    assert most == 2
    assert not left_in(tmp_path / "scratch")


def test_existing_outputs_in_a_bucket_are_verified_refused_or_replaced(bucket, tmp_path):
    with_data(bucket)
    data, out = f"{bucket}/raw", f"{bucket}/out"
    name = samples.session_of(DAQ).name
    assert run(tmp_path, data, out, **HDF5).code == 0
    assert run(tmp_path, data, out, **HDF5, existing="error").code == 5
    embedded = {**HDF5, "behavior_video": "embed"}
    other = run(tmp_path, data, out, **embedded)
    assert other.code == 5
    assert "--behavior_video was external, is embed" in other.err
    assert run(tmp_path, data, out, **embedded, existing="replace").outcomes == {name: "written"}
    assert run(tmp_path, data, out, **embedded, existing="replace").outcomes == {name: "already done"}
    (kept,) = {key.split("/")[2] for key in bucket.objects("out/.replaced/")}
    assert Receipt.from_text(bucket.get(f"out/.replaced/{kept}/receipt.json").decode()).session == name
    # damage is found, and mended by replacing
    store = f"out/{name}/{name}.nwb"
    bucket.put(store, bucket.get(store)[:-1] + b"x")
    damaged = run(tmp_path, data, out, **embedded)
    assert damaged.code == 6
    assert "its content has changed" in damaged.err
    assert run(tmp_path, data, out, verify_only=True).code == 6
    assert run(tmp_path, data, out, **embedded, existing="replace").outcomes == {name: "written"}
    assert run(tmp_path, data, out, verify_only=True).code == 0
    against = run(tmp_path, data, out, verify_only=True, against_source=True)
    assert against.code == 0, against.err
    assert not left_in(tmp_path / "scratch")


def test_metadata_are_added_to_an_output_in_a_bucket(bucket, tmp_path):
    with_data(bucket)
    data, out, name = f"{bucket}/raw", f"{bucket}/out", samples.session_of(DAQ).name
    assert run(tmp_path, data, out, **HDF5).code == 0
    (facts := tmp_path / "facts.yml").write_text("subject:\n  species: Mus musculus\n  sex: F\n  genotype: wt/wt\n")
    before = bucket.objects(f"out/{name}/{name}.nwb")
    given = {**HDF5, "metadata": True, "session_metadata": facts}
    said = run(tmp_path, data, out, **given)
    assert said.outcomes == {name: "written"}, said.err
    receipt = Receipt.from_text(bucket.get(f"out/{name}/receipt.json").decode())
    assert receipt.parent
    assert bucket.objects(f"out/{name}/{name}.nwb") == before
    assert run(tmp_path, data, out, **given).outcomes == {name: "already done"}
    assert run(tmp_path, data, out, verify_only=True).code == 0
    assert not left_in(tmp_path / "scratch")


def test_a_store_is_added_to_metadata_in_a_bucket(bucket, tmp_path):
    with_data(bucket)
    data, out, name = f"{bucket}/raw", f"{bucket}/out", samples.session_of(DAQ).name
    assert run(tmp_path, data, out, metadata=True).outcomes == {name: "written"}
    said = run(tmp_path, data, out, **HDF5)
    assert said.outcomes == {name: "written"}, said.err
    assert digests(bucket) == {name: wanted_digest(DAQ, **HDF5)}


def test_what_is_in_the_way_in_a_bucket_is_said_before_anything_is_fetched(bucket, tmp_path):
    with_data(bucket)
    name = samples.session_of(DAQ).name
    bucket.put(f"out/{name}/thesis.txt", b"the only copy")
    with faulty() as proxy:
        said = run(tmp_path, f"{bucket}/raw", f"{bucket}/out", s3_endpoint=proxy.url)
    assert said.code == 5
    assert "holds no receipt of this program" in said.err
    assert bucket.get(f"out/{name}/thesis.txt") == b"the only copy"
    assert not left_in(tmp_path / "scratch")


def test_shards_of_a_bucket_look_at_nothing_but_their_own_files(bucket, tmp_path):
    for day in range(3):
        small_recording(tmp_path / "data", start=SMALL.start + timedelta(days=day))
    bucket.put_folder(tmp_path / "data", "raw")
    given = ["--dataset", "Miniscope", "--data_dir", f"{bucket}/raw", "--s3_credentials", "True"]
    given += ["--format", "hdf5", "--output_dir", str(tmp_path / "inputs"), "--scratch_dir", str(tmp_path / "scratch")]
    assert create_inputs(given, {}) == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "inputs" / "shards").iterdir()}
    assert create_inputs(given, {}) == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "inputs" / "shards").iterdir()} == before
    shard = json.loads(before["1.json"])
    assert shard["source"] == f"{bucket}/raw"
    assert all(file["checksum"].startswith("etag:") for file in shard["sessions"][0]["files"])
    (mounted := tmp_path / "mounted").mkdir()
    (mounted / "job").write_bytes(before["1.json"])
    with faulty() as proxy:
        said = run(tmp_path, mounted, f"{bucket}/out", s3_endpoint=proxy.url, **HDF5)
    assert said.code == 0, said.err
    assert list(digests(bucket)) == [shard["sessions"][0]["name"]]
    own = Path(shard["sessions"][0]["files"][0]["path"]).parts[3]
    asked = {path for method, path, _ in proxy.asked if method == "GET" and "/raw/" in path}
    assert all(own in path for path in asked)
    # a source that was changed since is refused
    bucket.put(f"raw/{shard['sessions'][0]['files'][-1]['path']}", b"another content")
    said = run(tmp_path, mounted, f"{bucket}/out2")
    assert said.code == 3
    assert "has changed" in said.err
    assert list(bucket.objects("out2/"))


def test_nwb_files_go_from_bucket_to_bucket_with_what_they_name(bucket, tmp_path):
    from pynwb import NWBHDF5IO
    from pynwb.image import ImageSeries

    (data := tmp_path / "data").mkdir()
    bare_file(data / "a.nwb")
    with NWBHDF5IO(data / "a.nwb", "a") as io:
        nwbfile = io.read()
        videos = {"external_file": ["videos/0.avi", "https://host/1.avi"], "starting_frame": [0, 1]}
        camera = ImageSeries("camera", **videos, timestamps=[0.0, 1.0], format="external", unit="n.a.")
        nwbfile.add_acquisition(camera)
        io.write(nwbfile)
    (data / "videos").mkdir()
    (data / "videos" / "0.avi").write_bytes(b"a video")
    (data / "videos" / "of others.avi").write_bytes(b"another")
    bucket.put_folder(data, "raw")
    given = ["--dataset", "NWB", "--workers", "1", "--s3_credentials", "True", "--quiet", "True"]
    given += ["--scratch_dir", str(tmp_path / "scratch")]
    assert main([*given, "--data_dir", f"{bucket}/raw", "--results_dir", f"{bucket}/out"], {}) == 0
    assert bucket.get("out/a/videos/0.avi") == b"a video"
    assert main([*given, "--data_dir", str(data), "--results_dir", str(tmp_path / "results")], {}) == 0
    local = Receipt.from_text((tmp_path / "results" / "a" / "receipt.json").read_text())
    assert digests(bucket) == {"a": local.content_digest}
    assert not left_in(tmp_path / "scratch")
    # and back
    back = ["--data_dir", f"{bucket}/out", "--results_dir", str(tmp_path / "back"), "--format", "hdf5"]
    assert main([*given, *back], {}) == 0
    assert (tmp_path / "back" / "a" / "a.nwb").is_file()
    assert not left_in(tmp_path / "scratch")


def test_a_bucket_that_is_not_there_is_an_error_of_the_input(bucket, tmp_path):
    said = run(tmp_path, "s3://nowhere/raw", tmp_path / "results")
    assert said.code == 3
    assert "s3://nowhere/raw: is not there" in said.err
    said = run(tmp_path, f"{bucket}/raw", tmp_path / "results")
    assert said.code == 3
    assert f"no recording was found in s3://{bucket.name}/raw" in said.err


def test_no_credentials_are_written_or_said(bucket, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-lab")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHELAB")
    with_data(bucket)
    said = run(tmp_path, f"{bucket}/raw", f"{bucket}/out", **HDF5)
    assert said.code == 0, said.err
    text = said.out + said.err + "".join(bucket.get(key).decode("latin-1") for key in bucket.objects("out/"))
    for key in bucket.objects("out/"):
        head = bucket.client.head_object(Bucket=bucket.name, Key=key)
        text += str(head["Metadata"])
    assert "secret-of-the-lab" not in text
    assert "AKIAOFTHELAB" not in text
