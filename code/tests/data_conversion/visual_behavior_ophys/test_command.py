"""Sessions of Visual Behavior Ophys from the command line: what comes of them, and that nothing else does."""

import json
import subprocess
import sys

import boto3
import h5py
import numpy as np
import pytest
from hdmf_zarr import NWBZarrIO
from moto.server import ThreadedMotoServer

from miniscope_to_nwb_zarr.core.receipt import Receipt
from miniscope_to_nwb_zarr.run.main import main
from tests.allen import assertions
from tests.allen.behavior_parts import IMAGE_SET, IMAGES, TEMPLATE
from tests.allen.ophys_files import BEHAVIOR_SESSION, Plane, behavior_session, ophys_experiment

MESO = {"device": "MESO.1", "group_count": 4, "indicator": "GCaMP6s"}
# long enough for its traces to be copied by workers
SINGLE = Plane(experiment_id=61, n_frames=60_000, ophys_session_id=600)
PLANES = (
    Plane(experiment_id=52, n_rois=3, group=0, ophys_session_id=500, **MESO),
    Plane(experiment_id=51, n_rois=5, group=0, n_frames=190, ophys_session_id=500, **MESO),
)
TABLE = f"""behavior_session_id,ophys_session_id,ophys_experiment_id,project_code
{BEHAVIOR_SESSION},,,VisualBehavior
5,500,"[51, 52]",VisualBehaviorMultiscope
6,600,[61],VisualBehavior
7,700,[71],VisualBehavior
"""
# an image of a stack that was read, in a process that has no part of this program
READ_ALONE = """
import sys
from hdmf_zarr import NWBZarrIO
with NWBZarrIO(sys.argv[1], "r") as io:
    nwbfile = io.read()
    image = nwbfile.stimulus_template[sys.argv[2]]["im061_r"]
    print(type(image).__name__, image.unwarped.name, image.unwarped.parent.name)
    print(len(nwbfile.processing["source"]["changes"]), nwbfile.processing["ophys"]["dff"]["traces"].data.shape)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bucket")
    behavior_session(folder / "behavior_sessions" / f"behavior_session_{BEHAVIOR_SESSION}.nwb")
    for plane in (SINGLE, *PLANES):
        name = f"behavior_ophys_experiment_{plane.experiment_id}.nwb"
        ophys_experiment(folder / "behavior_ophys_experiments" / name, plane)
    (folder / "project_metadata").mkdir()
    (folder / "project_metadata" / "behavior_session_table.csv").write_text(TABLE)
    return folder


def run(results, *more):
    return main(["--dataset", "visual behavior ophys", "--results_dir", str(results), "--workers", "2", *more], {})


@pytest.fixture(scope="module")
def results(data, tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    assert run(results, "--data_dir", str(data)) == 0
    return results


def receipt_of(results, name):
    return Receipt.from_text((results / name / "receipt.json").read_text())


def opened(results, name):
    return NWBZarrIO(str(results / name / f"{name}.nwb.zarr"), "r")


def outputs(results):
    return sorted(path.name for path in results.iterdir() if not path.name.startswith(("run-", ".")))


def test_each_session_of_the_table_is_one_output(results):
    expected = ["behavior_ophys_session_5", "behavior_ophys_session_6", f"behavior_session_{BEHAVIOR_SESSION}"]
    assert outputs(results) == expected
    (run_folder,) = results.glob("run-*")
    assert json.loads((run_folder / "summary.json").read_text())["exit_code"] == 0


def test_a_behavior_session(results):
    with opened(results, f"behavior_session_{BEHAVIOR_SESSION}") as io:
        nwbfile = io.read()
        assert nwbfile.session_id == nwbfile.identifier == str(BEHAVIOR_SESSION)
        assert [image.name for image in nwbfile.stimulus_template[TEMPLATE].order_of_images.data] == list(IMAGES)
        assert nwbfile.intervals[f"{IMAGE_SET}_presentations"]["template_image"][1][0].name == "im061_r"
        assert nwbfile.processing["behavior"]["licking"]["licks"].data[:].tolist() == [30, 90, 400]
        assert {"Camk2a-tTA", "visual"} <= set(nwbfile.keywords)
        changes = nwbfile.processing["source"]["changes"].to_dataframe()
    assert {"keywords", "module_names", "template_links", "regular_times", "stimulus_templates"} <= set(
        changes["change"]
    )


def test_planes_are_merged_in_the_order_of_the_table(data, results):
    with opened(results, "behavior_ophys_session_5") as io:
        nwbfile = io.read()
        assert nwbfile.identifier == "51"
        for number, experiment in ((1, 51), (2, 52)):
            path = data / "behavior_ophys_experiments" / f"behavior_ophys_experiment_{experiment}.nwb"
            with h5py.File(path) as file:
                traces = file["processing/ophys/dff/traces/data"][:]
            found = nwbfile.processing[f"ophys_plane_{number}"]["dff"]["traces"]
            assert np.array_equal(found.data[:], traces)
            assert found.rois.table.imaging_plane is nwbfile.imaging_planes[f"imaging_plane_{number}"]


def test_a_long_recording_is_cut_anew_and_no_filter_of_hdf5_is_left(data, results):
    path = data / "behavior_ophys_experiments" / "behavior_ophys_experiment_61.nwb"
    with opened(results, "behavior_ophys_session_6") as io, h5py.File(path) as file:
        events = io.read().processing["ophys"]["event_detection"].data
        assert events.chunks == events.shape == (60_000, 3)
        assert events.compressor.cname == "zstd"
        assert [codec.codec_id for codec in events.filters or []] in ([], ["delta"])
        assert np.array_equal(events[:], file["processing/ophys/event_detection/data"][:])


def test_nothing_differs_from_the_source_but_what_the_log_says(results):
    for name in outputs(results):
        findings = [one for one in receipt_of(results, name).findings if one.code != "fact_missing"]
        warnings = [finding for finding in findings if finding.severity != "info"]
        assert not warnings, name


def test_types_ids_references_and_codecs_are_as_they_should_be(data, results):
    folder = data / "behavior_ophys_experiments"
    for session, planes in ((5, (51, 52)), (6, (61,))):
        files = [folder / f"behavior_ophys_experiment_{plane}.nwb" for plane in planes]
        assertions.hold(files, results, f"behavior_ophys_session_{session}")


def test_an_output_has_few_objects(results):
    for name in outputs(results):
        assert len(receipt_of(results, name).files) < 750


def test_an_output_is_read_by_a_process_without_this_program(results):
    store = results / "behavior_ophys_session_6" / "behavior_ophys_session_6.nwb.zarr"
    said = subprocess.run(
        [sys.executable, "-c", READ_ALONE, str(store), TEMPLATE], capture_output=True, text=True, check=True, cwd="/"
    )
    first, second = said.stdout.splitlines()
    assert first == f"WarpedStimulusTemplateImage im061_r {TEMPLATE}_unwarped"
    assert second.endswith("(60000, 3)")


def test_a_second_run_writes_nothing_and_another_folder_gets_the_same(data, results, tmp_path):
    more = ("--data_dir", str(data), "--sessions", "5")
    assert run(results, *more) == 0
    assert run(tmp_path, *more) == 0
    name = "behavior_ophys_session_5"
    assert outputs(tmp_path) == [name]
    assert receipt_of(tmp_path, name).content_digest == receipt_of(results, name).content_digest


def test_improvements_can_be_left_out(data, tmp_path):
    leave_out = "keywords, module_names,regular_times,template_links"
    assert run(tmp_path, "--data_dir", str(data), "--sessions", "61", "--leave_out", leave_out) == 0
    with opened(tmp_path, "behavior_ophys_session_6") as io:
        nwbfile = io.read()
        assert list(nwbfile.keywords) == ["visual", "behavior", "task"]
        assert "licks" in nwbfile.processing["licking"].data_interfaces
        assert "template_image" not in nwbfile.intervals[f"{IMAGE_SET}_presentations"].colnames
        assert nwbfile.processing["ophys"]["dff"]["traces"].rate is None
    assert run(tmp_path, "--data_dir", str(data), "--sessions", "61") == 5


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--leave_out", "keyword"], 2, "did you mean 'keywords'"),
        (["--sessions", "12"], 2, "no session has this id or name"),
        (["--sessions", "twelve"], 2, "no session has this id or name"),
        (["--data_dir", "s3://public"], 2, "--sessions"),
        (["--data_dir", "s3://", "--sessions", "5"], 2, "s3://bucket/folder"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_written(data, tmp_path, capsys, more, code, said):
    assert run(tmp_path / "results", "--data_dir", str(data), *more) == code
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "results").exists()


def test_a_folder_without_sessions_is_refused(tmp_path, capsys):
    (tmp_path / "data").mkdir()
    assert run(tmp_path / "results", "--data_dir", str(tmp_path / "data")) == 3
    assert "behavior_session_<id>.nwb" in " ".join(capsys.readouterr().err.split())


def test_a_dry_run_writes_nothing(data, tmp_path):
    assert run(tmp_path / "results", "--data_dir", str(data), "--dry_run", "True") == 0
    assert not (tmp_path / "results").exists()


def test_without_the_table_planes_are_put_together_by_what_they_say(data, tmp_path):
    for name in ("51", "52"):
        file = data / "behavior_ophys_experiments" / f"behavior_ophys_experiment_{name}.nwb"
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / file.name).symlink_to(file)
    assert run(tmp_path / "results", "--data_dir", str(tmp_path / "data")) == 0
    assert outputs(tmp_path / "results") == ["ophys_session_500"]
    with opened(tmp_path / "results", "ophys_session_500") as io:
        assert len(io.read().imaging_planes) == 2


def test_a_plane_that_is_not_there_is_reported(data, tmp_path, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "behavior_session_table.csv").write_text(TABLE)
    file = data / "behavior_ophys_experiments" / "behavior_ophys_experiment_52.nwb"
    (tmp_path / "data" / file.name).symlink_to(file)
    assert run(tmp_path / "results", "--data_dir", str(tmp_path / "data")) == 0
    assert outputs(tmp_path / "results") == ["behavior_ophys_session_5"]
    assert "behavior_ophys_experiment_51.nwb" in " ".join(capsys.readouterr().err.split())
    findings = receipt_of(tmp_path / "results", "behavior_ophys_session_5").findings
    assert [each.numbers for each in findings if each.code == "part_missing"] == [
        {"missing": ["behavior_ophys_experiment_51.nwb"]}
    ]


@pytest.fixture
def bucket(data, monkeypatch):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
    client = boto3.client("s3", **keys)
    client.create_bucket(Bucket="visual-behavior-ophys-data")
    for path in data.rglob("*"):
        if path.is_file():
            key = f"visual-behavior-ophys/{path.relative_to(data).as_posix()}"
            client.put_object(Bucket="visual-behavior-ophys-data", Key=key, Body=path.read_bytes(), ACL="public-read")
    yield client
    server.stop()


def test_a_session_is_fetched_from_where_it_was_published(bucket, data, results, tmp_path):
    more = ("--data_dir", "s3://public", "--sessions", "5", "--scratch_dir", str(tmp_path / "scratch"))
    assert run(tmp_path / "results", *more, "--dry_run", "True") == 0
    assert not list((tmp_path / "scratch").rglob("*.nwb"))
    assert run(tmp_path / "results", *more) == 0
    name = "behavior_ophys_session_5"
    assert outputs(tmp_path / "results") == [name]
    # what was fetched is given back
    left = [path for path in (tmp_path / "scratch").rglob("*") if path.is_file()]
    assert [path.parent.name for path in left] == [".checksums"]
    assert receipt_of(tmp_path / "results", name).content_digest == receipt_of(results, name).content_digest


def test_a_bucket_that_is_gone_writes_nothing(bucket, tmp_path, capsys):
    more = ("--data_dir", "s3://nowhere/data", "--sessions", "5", "--scratch_dir", str(tmp_path / "scratch"))
    assert run(tmp_path / "results", *more) == 3
    assert "is not there" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(("row", "name"), [("0", "behavior_session_775614751"), ("1", "behavior_ophys_session_5")])
def test_an_empty_numbered_file_is_a_row_of_the_table(data, tmp_path, capsys, row, name):
    (folder := tmp_path / "data").mkdir()
    (folder / "set").symlink_to(data)
    (inputs := folder / "visual-behavior-ophys-inputs").mkdir()
    (inputs / row).touch()
    (inputs / ".DS_Store").touch()
    assert run(tmp_path / "results", "--data_dir", str(folder), "--dry_run", "True") == 0
    assert name in capsys.readouterr().out


def test_an_empty_numbered_file_alone_means_the_published_data_set(bucket, tmp_path, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "1").touch()
    more = ("--data_dir", str(tmp_path / "data"), "--scratch_dir", str(tmp_path / "scratch"), "--dry_run", "True")
    assert run(tmp_path / "results", *more) == 0
    assert "behavior_ophys_session_5" in capsys.readouterr().err


@pytest.mark.parametrize(("names", "said"), [(["99999"], "which has"), (["0", "1"], "holds 2 empty numbered files")])
def test_a_numbered_file_that_says_nothing_is_refused(data, tmp_path, capsys, names, said):
    (folder := tmp_path / "data").mkdir()
    (folder / "set").symlink_to(data)
    for name in names:
        (folder / name).touch()
    assert run(tmp_path / "results", "--data_dir", str(folder)) == 3
    assert said in " ".join(capsys.readouterr().err.split())
