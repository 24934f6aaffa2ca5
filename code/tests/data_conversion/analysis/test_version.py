"""The next version of an output: what is new, what stays, what is said of it."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hdmf_zarr import NWBZarrIO
from pynwb import NWBHDF5IO

from miniscope_to_nwb_zarr.core.errors import ConflictError, InputError, TemporaryError, VerificationError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.analysis import job as analysis_job
from miniscope_to_nwb_zarr.data_conversion.analysis.base import Base
from miniscope_to_nwb_zarr.data_conversion.analysis.stored import output_in
from miniscope_to_nwb_zarr.data_conversion.disk import hash_file
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from tests.conversions import convert, listing, staged
from tests.data_conversion.analysis.conftest import N_FRAMES, analysed, base_of, job, linked_copy
from tests.data_conversion.conftest import FACTS

SERIES = "OnePhotonSeries_HPC_miniscope1"


@pytest.fixture(scope="module")
def nwbfile(done):
    with NWBZarrIO(str(done.store), "r") as io:
        yield io.read()


def again(done, tmp_path):
    """The results once more, for a test that changes them."""
    results = linked_copy(done.results, tmp_path / "results")
    return base_of(results / done.outcome.output.name)


def test_the_results_are_in_the_file_that_any_reader_opens(nwbfile):
    module = nwbfile.processing["ophys"]
    cells = module["ImageSegmentation"]["PlaneSegmentation_HPC_miniscope1"]
    assert len(cells) >= 3
    traces = module["Fluorescence"]["RoiResponseSeries_HPC_miniscope1"]
    assert traces.data.shape == (N_FRAMES, len(cells))
    assert traces.timestamps[:].tolist() == nwbfile.acquisition[SERIES].timestamps[:].tolist()
    events = nwbfile.events["CalciumEvents_HPC_miniscope1"].to_dataframe()
    assert len(events)
    assert set(events["frame"]) <= set(range(N_FRAMES))
    corrected = module["MotionCorrection"]["CorrectedImageStack_HPC_miniscope1"].corrected
    raw = nwbfile.acquisition[SERIES].data
    # nothing moved in this movie: all but the damaged frame is as it was recorded
    kept = np.delete(np.arange(N_FRAMES), done_damaged(nwbfile))
    assert np.array_equal(corrected.data[:][kept], raw[:][kept])


def done_damaged(nwbfile):
    stamps = nwbfile.acquisition[SERIES].timestamps[:]
    return np.flatnonzero(np.isin(stamps, nwbfile.invalid_times["start_time"][:])).tolist()


def test_a_damaged_frame_is_replaced_and_its_traces_are_none(nwbfile, done):
    (damaged,) = done_damaged(nwbfile)
    traces = nwbfile.processing["ophys"]["Fluorescence"]["RoiResponseSeries_HPC_miniscope1"].data[:]
    assert np.isnan(traces[damaged]).all()
    assert np.isfinite(np.delete(traces, damaged, axis=0)).all()
    assert Code.FRAMES_REPLACED in {finding.code for finding in done.outcome.receipt.findings}
    corrected = nwbfile.processing["ophys"]["MotionCorrection"]["CorrectedImageStack_HPC_miniscope1"].corrected.data
    assert np.array_equal(corrected[damaged], corrected[damaged - 1])


def test_every_file_that_was_there_is_the_same_file(done):
    before, after = (commit.read_receipt(folder) for folder in (done.former, done.outcome.output))
    now = {entry.path: entry for entry in after.files}
    changed = {entry.path for entry in before.files if now.get(entry.path) != entry}
    store = done.store.name
    assert changed == {
        f"{store}/.zmetadata",
        "qc/report.html",
        "qc/glance.json",
        f"qc/{after.session}.nwb.inspector_report.txt",
        "processing.json",
        "quality_control.json",
    }
    for path in now.keys() & {entry.path for entry in before.files} - changed:
        assert (done.former / path).samefile(done.outcome.output / path), path
    added = now.keys() - {entry.path for entry in before.files}
    assert {path.split("/")[1] for path in added if path.startswith(store)} == {"processing", "events"}
    assert {path for path in added if not path.startswith(store)} == {
        "qc/curation.html",
        *(f"qc/ophys/{what}_HPC_miniscope1.png" for what in ("footprints", "traces", "motion", "fluorescence")),
    }


def test_an_output_named_as_in_dandi_keeps_its_names(recording, tmp_path):
    convert(recording.session, tmp_path / "results", naming="dandi", sidecar=FACTS)
    base = base_of(tmp_path / "results" / recording.session.name)
    assert base.store_name.startswith("sub-")
    outcome = analysed(base, job(tmp_path))
    assert check_files(outcome.output, outcome.receipt, 1) == []
    with NWBZarrIO(str(outcome.output / base.store_name), "r") as io:
        assert "ophys" in io.read().processing
    assert {path.suffix for path in outcome.output.iterdir() if path.is_dir()} == {""}


def test_the_version_before_is_kept_as_it_was_and_both_are_whole(done):
    (former,) = (done.results / ".replaced").iterdir()
    assert hash_file(former / "receipt.json") == done.outcome.receipt.parent
    for folder in (former, done.outcome.output):
        assert check_files(folder, commit.read_receipt(folder), 1) == []
    assert not staged(done.results)
    assert not list((done.tmp / "scratch" / "analysis").iterdir())


def test_the_steps_were_told_of_and_stand_in_the_files_beside_the_store(done):
    assert list(dict.fromkeys(step for _, step, _ in done.told)) == ["mean trace", "motion", "cells", "evaluation"]
    processes = json.loads((done.outcome.output / "processing.json").read_text())["data_processes"]
    assert [one["process_type"] for one in processes] == [
        "File format conversion",
        "Analysis",
        "Video motion correction",
        "Video ROI segmentation",
        "Video ROI classification",
    ]
    metrics = json.loads((done.outcome.output / "quality_control.json").read_text())["metrics"]
    (cells,) = (one for one in metrics if one["name"] == "HPC_miniscope1: Cells (ophys)")
    (entry,) = done.outcome.receipt.analyses
    assert (cells["value"]["units"], cells["value"]["accepted"]) == (entry.units[0], entry.accepted[0])
    assert cells["status_history"][0]["status"] == "Pass"


def test_the_same_analysis_again_is_done_already_and_writes_nothing(done):
    before = listing(done.results)
    outcome = analysed(base_of(done.outcome.output), job(done.tmp))
    assert outcome.word == "already done"
    assert listing(done.results) == before
    with pytest.raises(ConflictError, match="has this analysis already"):
        analysed(base_of(done.outcome.output), job(done.tmp, existing="error"))


def test_the_recording_converted_again_is_done_already(done, recording):
    before = listing(done.results)
    assert convert(recording.session, done.results, sidecar=FACTS).word == "already done"
    assert listing(done.results) == before


def test_another_analysis_stands_beside_the_first_and_a_third_in_place_of_both(done, tmp_path):
    base = again(done, tmp_path)
    text = "picture: {crop_px: [4, 2, 61, 46], bin_px: 2}\nmovie: {detrend: pixel_linear}"
    second = analysed(base, job(tmp_path, text))
    first, other = second.receipt.analyses
    assert first == done.outcome.receipt.analyses[0]
    assert other.module == f"ophys_{other.digest[:8]}"
    with NWBZarrIO(str(second.output / done.store.name), "r") as io:
        nwbfile = io.read()
        assert {"ophys", other.module} <= set(nwbfile.processing)
        mask = nwbfile.processing[other.module]["ImageSegmentation"]["PlaneSegmentation_HPC_miniscope1"]["pixel_mask"][
            0
        ]
        assert all(4 <= x < 60 and 2 <= y < 46 for x, y, _ in mask)
        assert f"CalciumEvents_HPC_miniscope1_{other.digest[:8]}" in nwbfile.events
    third = analysed(
        base_of(second.output), job(tmp_path, "cells: {find: false}", existing="replace", stores_movies=False)
    )
    assert [entry.module for entry in third.receipt.analyses] == ["ophys"]
    with NWBZarrIO(str(third.output / done.store.name), "r") as io:
        nwbfile = io.read()
        assert set(nwbfile.processing) & {"ophys", other.module} == {"ophys"}
        assert not nwbfile.events
        assert "MotionCorrection" not in nwbfile.processing["ophys"].data_interfaces
    assert not list((third.output / "qc").glob("curation*"))
    assert len(list((tmp_path / "results" / ".replaced").iterdir())) == 3
    for folder in (*(tmp_path / "results" / ".replaced").iterdir(), third.output):
        assert check_files(folder, commit.read_receipt(folder), 1) == []


def test_two_runs_give_the_same_content(done, converted, tmp_path):
    results = linked_copy(converted.parent, tmp_path / "results")
    outcome = analysed(base_of(results / converted.name), job(tmp_path))
    assert outcome.receipt.content_digest == done.outcome.receipt.content_digest


def test_an_output_in_the_data_is_copied_and_left_alone(converted, tmp_path):
    before = listing(converted.parent)
    outcome = analysed(output_in(converted), job(tmp_path, "cells: {find: false}\nmotion: {correct: false}"))
    assert listing(converted.parent) == before
    assert outcome.output == tmp_path / "results" / converted.name
    for entry in commit.read_receipt(outcome.output).files:
        path = converted / entry.path
        assert not (path.exists() and path.samefile(outcome.output / entry.path))
    assert outcome.receipt.parent == hash_file(converted / "receipt.json")
    assert check_files(outcome.output, outcome.receipt, 1) == []


def test_an_output_that_has_rotted_is_not_analysed(converted, tmp_path):
    results = tmp_path / "results"
    shutil.copytree(converted.parent, results)
    chunk = next((results / converted.name).glob(f"*.zarr/acquisition/{SERIES}/data/0.0.0"))
    chunk.write_bytes(chunk.read_bytes()[:-1] + b"!")
    with pytest.raises(VerificationError, match="1 file of the output changed after"):
        analysed(base_of(results / converted.name), job(tmp_path))


def test_parameters_that_do_not_fit_are_refused_before_anything_is_done(converted, tmp_path):
    base = base_of(linked_copy(converted.parent, tmp_path / "results") / converted.name)
    for text, said in (
        ("picture: {crop_px: [0, 0, 65, 10]}", "64 x 48 pixels"),
        ("picture: {bin_px: 4}", "16 x 12 pixels are left"),
        ("phase: {high_hz: 16}", "phase.high_hz"),
    ):
        with pytest.raises(InputError, match=said):
            analysed(base, job(tmp_path, text))
    assert not staged(tmp_path / "results")


def test_a_run_that_was_overtaken_leaves_what_is_there(converted, tmp_path, monkeypatch):
    base = base_of(linked_copy(converted.parent, tmp_path / "results") / converted.name)
    quick = "cells: {find: false}\nmotion: {correct: false}"
    publish = analysis_job.publish_version

    def late(*arguments):
        monkeypatch.setattr(analysis_job, "publish_version", publish)
        analysed(base, job(tmp_path, quick, stores_movies=False))
        return publish(*arguments)

    monkeypatch.setattr(analysis_job, "publish_version", late)
    with pytest.raises(TemporaryError, match="another run has changed"):
        analysed(base, job(tmp_path, quick))
    final = tmp_path / "results" / converted.name
    assert len(commit.read_receipt(final).analyses) == 1
    assert check_files(final, commit.read_receipt(final), 1) == []
    assert not staged(tmp_path / "results")
    # run again, it goes on
    assert len(analysed(base_of(final), job(tmp_path, quick)).receipt.analyses) == 2


def test_hdf5_is_analysed_in_a_copy_of_its_own(recording, tmp_path):
    output = convert(recording.session, tmp_path / "results", backend="hdf5", sidecar=FACTS).output
    first = analysed(base_of(output), job(tmp_path))
    again = analysed(base_of(output), job(tmp_path, "cells: {find: false}", existing="replace"))
    for folder in (*(tmp_path / "results" / ".replaced").iterdir(), output):
        assert check_files(folder, commit.read_receipt(folder), 1) == []
    assert [one.module for one in (*first.receipt.analyses, *again.receipt.analyses)] == ["ophys", "ophys"]
    with NWBHDF5IO(str(output / f"{output.name}.nwb"), "r") as io:
        nwbfile = io.read()
        assert nwbfile.processing["ophys"]["MotionCorrection"][
            "CorrectedImageStack_HPC_miniscope1"
        ].corrected.data.shape
        assert "ImageSegmentation" not in nwbfile.processing["ophys"].data_interfaces


def test_a_base_knows_the_files_of_the_next_version(converted):
    base = output_in(converted)
    assert "receipt.json" not in base.files
    assert "processing.json" not in base.files
    assert "subject.json" in base.files
    plain = replace(base, receipt=None)
    assert isinstance(plain, Base)
    assert set(plain.files) == {path for path in base.files if path.startswith(base.store.name)}
