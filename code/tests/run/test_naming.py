import json
import os

import pytest
from hdmf_zarr import NWBZarrIO

import make_dandiset
from miniscope_to_nwb_zarr.core.errors import ConflictError
from miniscope_to_nwb_zarr.data_conversion.commit import read_receipt
from miniscope_to_nwb_zarr.run.console import Console
from miniscope_to_nwb_zarr.run.existing import verify_outputs
from miniscope_to_nwb_zarr.run.main import main
from miniscope_to_nwb_zarr.run.options import Options
from tests.conversions import OPTIONS, convert, sessions_in
from tests.recordings import SMALL, small_recording

DANDI = {"naming": "dandi", "output_options": {**OPTIONS, "naming": "dandi"}}
STORE = "sub-M770001/sub-M770001_ses-20260314T092653_ophys.nwb.zarr"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dandi")
    small_recording(folder / "data")
    (session,) = sessions_in(folder / "data")
    return session, convert(session, folder / "results", **DANDI)


def test_the_file_lies_where_dandi_wants_it_and_finds_its_videos(made):
    session, outcome = made
    store = outcome.output / STORE
    assert outcome.output.name == session.name
    with NWBZarrIO(str(store), "r") as io:
        nwbfile = io.read()
        videos = list(nwbfile.acquisition["ImageSeries_Behavior_camera"].external_file)
    assert len(videos) == 3
    assert all((store.parent / video).is_file() for video in videos)
    assert {video.split("/")[0] for video in videos} == {"sub-M770001_ses-20260314T092653_ophys"}
    assert sorted(path.name for path in outcome.output.iterdir() if path.is_dir()) == ["qc", "sub-M770001"]
    processing = json.loads((outcome.output / "processing.json").read_text(encoding="utf-8"))
    assert processing["data_processes"][0]["output_path"] == STORE


def test_a_file_carries_no_schema_that_it_does_not_use(made):
    _, outcome = made
    assert sorted(path.name for path in (outcome.output / STORE / "specifications").iterdir() if path.is_dir()) == [
        "core", "hdmf-common", "hdmf-experimental", "ndx-miniscope"
    ]  # fmt: skip


def test_it_is_found_again(made, tmp_path):
    session, outcome = made
    again = convert(session, outcome.output.parent, **DANDI)
    assert again.word == "already done"
    options = Options.from_python(results_dir=outcome.output.parent)
    assert verify_outputs(options, {}, Console(quiet=True)) == 0
    with pytest.raises(ConflictError, match="--naming was dandi, is session"):
        convert(session, outcome.output.parent, output_options={**OPTIONS, "naming": "session"})


def test_metadata_can_be_added_and_a_lost_receipt_is_noticed(tmp_path):
    small_recording(tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data")
    first = convert(session, tmp_path / "results", **DANDI)
    options = {**DANDI["output_options"], "metadata": True}
    again = convert(session, tmp_path / "results", metadata_only=True, naming="dandi", output_options=options)
    assert (again.word, again.receipt.nwb_digest) == ("written", first.receipt.nwb_digest)
    assert (again.output / STORE / ".zmetadata").is_file()
    (again.output / "receipt.json").unlink()
    assert verify_outputs(Options.from_python(results_dir=tmp_path / "results"), {}, Console(quiet=True)) == 6


def test_an_animal_without_a_name_is_refused_before_any_work(tmp_path, capsys):
    small_recording(tmp_path / "data", animal="")
    words = ["--data_dir", str(tmp_path / "data"), "--results_dir", str(tmp_path / "results"), "--naming", "dandi"]
    assert main([*words, "--dry_run", "True"], os.environ) == 3
    assert "--subject_id" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_files_that_are_converted_keep_their_names(capsys):
    assert main(["--dataset", "NWB", "--naming", "dandi"], os.environ) == 2
    assert "keep theirs" in capsys.readouterr().err


def test_sessions_of_an_animal_become_one_data_set(tmp_path, capsys):
    for hour in (9, 11):
        small_recording(tmp_path / "data", start=SMALL.start.replace(hour=hour))
    for session in sessions_in(tmp_path / "data"):
        convert(session, tmp_path / "results", **DANDI)
    words = ["--results_dir", str(tmp_path / "results"), "--out", str(tmp_path / "set")]
    assert make_dandiset.main(words) == 0
    found = sorted(path.name for path in (tmp_path / "set" / "sub-M770001").iterdir())
    assert found == [
        f"sub-M770001_ses-20260314T{time}_ophys{suffix}"
        for time in ("092653", "112653")
        for suffix in ("", ".nwb.zarr")
    ]
    listed = [e.path for o in (tmp_path / "results").glob("M*") for e in read_receipt(o).files if e.path[:4] == "sub-"]
    assert all((tmp_path / "set" / path).is_file() for path in listed)
    # again: nothing to do; something else: named and left alone
    assert make_dandiset.main(words) == 0
    assert "0 put into" in capsys.readouterr().out
    other = tmp_path / "set" / listed[0]
    other.unlink()
    other.write_bytes(b"mine")
    assert make_dandiset.main(words) == 5
    assert other.read_bytes() == b"mine"
    assert "move it away" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["sub-M770001"]
