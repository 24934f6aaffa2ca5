"""Sessions of Visual Coding Ephys from the command line: what comes of them, and that nothing else does."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import zarr
from hdmf.common import VectorIndex
from pynwb import NWBHDF5IO

from tests.allen import assertions
from tests.allen import visual_coding_ephys as made
from tests.allen.probe_files import Probe
from tests.allen.runs import bucket, doubts, opened, outputs, receipt_of, run, store_of

DATASET = "Visual Coding Ephys"
NAME, LONE = "session_715093703", "session_839557629"
# long enough for its LFP to be copied by workers
LONG = Probe("probeB", 102, (102006, 102002), n_samples=150_000)
READ_ALONE = """
import sys
from hdmf_zarr import NWBZarrIO
with NWBZarrIO(sys.argv[1], "r") as io:
    nwbfile = io.read()
    csd = nwbfile.processing["ecephys"]["probe_101_ecephys_csd"]
    series = nwbfile.acquisition["probe_102_lfp"]["probe_102_lfp_data"]
    rows = nwbfile.intervals["drifting_gratings_presentations"]["timeseries"][1]
    print(csd.neurodata_type, series.data.shape, rows[0].timeseries.name, nwbfile.subject.strain)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ecephys-cache")
    made.write_session(folder, probes=(made.PROBE_A, LONG))
    # a session without LFP, of the other kind
    made.write_session(folder, 839557629, "functional_connectivity", probes=())
    made.write_tables(folder)
    (folder / "sessions.csv").write_text(
        "id,session_type\n715093703,brain_observatory_1.1\n839557629,functional_connectivity\n1,functional_connectivity\n"
    )
    return folder


@pytest.fixture(scope="module")
def results(data, tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    assert run(DATASET, results, "--data_dir", data) == 0
    return results


def test_each_base_file_is_one_output(results):
    assert outputs(results) == [NAME, LONE]
    for name in (NAME, LONE):
        assert (results / name / "qc" / f"{name}.nwb.inspector_report.txt").is_file()


def test_nothing_differs_from_the_source_but_what_the_log_says(results):
    assert doubts(results, NAME) == [("part_missing", "brain_observatory_1.1_analysis_metrics.csv")]
    assert doubts(results, LONE) == []


def test_an_output_is_held_against_its_sources_again(data, results, tmp_path, capsys):
    check = ("--data_dir", data, "--verify_only", "True", "--against_source", "True")
    assert run(DATASET, results, *check) == 0
    # moved from a probe file into the output, in which it is of the wrong value now
    spoilt = tmp_path / NAME
    shutil.copytree(results / NAME, spoilt)
    store = zarr.open(str(store_of(tmp_path, NAME)), "r+")
    store["processing/ecephys/probe_101_ecephys_csd/current_source_density/data"][2, 3] = 7
    capsys.readouterr()
    assert run(DATASET, tmp_path, *check) == 6
    said = " ".join(capsys.readouterr().err.split())
    assert "/processing/ecephys/probe_101_ecephys_csd/current_source_density/data: 1 of " in said
    assert "values differ, the first at [2, 3]: " in said
    assert "then 7.0; compared with /processing/current_source_density/ecephys_csd in probe_101_lfp.nwb" in said


def test_probes_units_and_electrodes_are_put_together(results):
    with opened(results, NAME) as nwbfile:
        for probe, rows in ((made.PROBE_A, [3, 1, 5]), (LONG, [14, 10])):
            series = nwbfile.acquisition[f"probe_{probe.probe_id}_lfp"][f"probe_{probe.probe_id}_lfp_data"]
            np.testing.assert_array_equal(series.data[:], probe.lfp)
            assert list(series.electrodes.data[:]) == rows
            assert series.electrodes.table is nwbfile.electrodes
        assert "imp" not in nwbfile.electrodes.colnames
        np.testing.assert_array_equal(nwbfile.electrodes["z"].data[:4], [7000, 7001, 7002, 7003])
        np.testing.assert_array_equal(nwbfile.units["g_dsi_dg"].data[:], [0.5, np.nan, 0.3, 0.2])
        assert list(nwbfile.invalid_times["start_time"].data[:]) == [10.2, 10.2, 12.6]
        means = nwbfile.units["waveform_mean"]
        np.testing.assert_array_equal(means.target.data[:], made.waveform_means())
        assert [len(means[row]) for row in range(4)] == [2, 0, 3, 1]
        np.testing.assert_array_equal(means[2], made.waveform_means()[2:5])
        assert nwbfile.subject.strain == "C57BL/6J"
        assert "optogenetic_stimulation" in nwbfile.intervals
        indices = [one for one in nwbfile.all_children() if isinstance(one, VectorIndex)]
        assert {one.data.dtype.kind for one in indices} == {"u"}
        logged = set(nwbfile.processing["source"]["changes"]["change"].data[:])
    improvements = {"unit_metrics", "unit_places", "electrode_places", "drop_impedances", "sort_invalid_times"}
    assert {"merge_probes", "strain", "keywords", "module_names", "optotagging", *improvements} <= logged


def test_a_session_without_lfp_has_no_module_for_it(results):
    with opened(results, LONE) as nwbfile:
        assert "ecephys" not in nwbfile.processing
        assert len(nwbfile.acquisition) == 0
        np.testing.assert_array_equal(nwbfile.units["c50_dg"].data[:], [0.25] * 4)


def test_lfp_is_cut_anew_and_no_filter_of_hdf5_is_left(results):
    with opened(results, NAME) as nwbfile:
        data = nwbfile.acquisition["probe_102_lfp"]["probe_102_lfp_data"].data
        assert data.chunks == data.shape == (150_000, 2)
        assert data.compressor.cname == "zstd"
        assert "zlib" not in [codec.codec_id for codec in data.filters or []]


def test_types_ids_references_and_codecs_are_as_they_should_be(data, results):
    for name in (NAME, LONE):
        folder = data / name
        assertions.hold([folder / f"{name}.nwb", *sorted(folder.glob("probe_*.nwb"))], results, name)


def test_an_output_has_few_objects(results):
    assert len(receipt_of(results, NAME).files) < 700


def test_an_output_is_read_by_a_process_without_this_program(results):
    command = [sys.executable, "-W", "ignore", "-c", READ_ALONE, str(store_of(results, NAME))]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    assert said.stdout == "EcephysCSD (150000, 2) timestamps C57BL/6J\n"


def test_object_ids_are_those_of_the_sources(data, results):
    with NWBHDF5IO(str(data / NAME / f"{NAME}.nwb"), "r") as io:
        before = {
            one.object_id for one in io.read().all_children() if one.name not in {"imp", "optotagging", "running"}
        }
    with opened(results, NAME) as nwbfile:
        assert before <= {one.object_id for one in nwbfile.all_children()}


def test_a_second_run_writes_nothing_and_another_folder_gets_the_same(data, results, tmp_path):
    more = ("--data_dir", data, "--sessions", "715093703")
    assert run(DATASET, results, *more) == 0
    assert run(DATASET, tmp_path, *more) == 0
    assert receipt_of(tmp_path, NAME).content_digest == receipt_of(results, NAME).content_digest


def test_improvements_can_be_left_out(data, tmp_path):
    leave_out = "drop_impedances,sort_invalid_times,optotagging,electrode_places,unit_metrics"
    assert run(DATASET, tmp_path, "--data_dir", data, "--sessions", "839557629", "--leave_out", leave_out) == 0
    with opened(tmp_path, LONE) as nwbfile:
        assert np.isnan(nwbfile.electrodes["imp"].data[:]).all()
        assert "optogenetic_stimulation" in nwbfile.processing["optotagging"].data_interfaces
        assert "c50_dg" not in nwbfile.units.colnames
        assert list(nwbfile.invalid_times["start_time"].data[:]) == [12.6, 10.2, 10.2]
        np.testing.assert_array_equal(nwbfile.electrodes["z"].data[:], nwbfile.electrodes["y"].data[:])


def test_tables_that_are_not_there_are_missed(data, tmp_path, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / f"{LONE}.nwb").symlink_to(data / LONE / f"{LONE}.nwb")
    assert run(DATASET, tmp_path / "results", "--data_dir", tmp_path / "data") == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "sessions.csv is not there" in said
    assert "channels.csv is not there" in said


def test_probe_files_in_one_folder_with_several_sessions_are_not_guessed(data, tmp_path, capsys):
    flat = tmp_path / "data"
    flat.mkdir()
    for path in data.rglob("*.*"):
        (flat / path.name).symlink_to(path)
    assert run(DATASET, tmp_path / "results", "--data_dir", flat, "--sessions", "715093703") == 0
    assert "2 probe files lie in one folder with several sessions" in " ".join(capsys.readouterr().err.split())
    with opened(tmp_path / "results", NAME) as nwbfile:
        assert len(nwbfile.acquisition) == 0


def test_a_session_is_fetched_from_where_it_was_published(data, results, tmp_path, monkeypatch):
    below = ("visual-coding-neuropixels", "ecephys-cache")
    with bucket("allen-brain-observatory", below, data, monkeypatch):
        more = ("--data_dir", "s3://public", "--sessions", "715093703", "--scratch_dir", tmp_path / "scratch")
        assert run(DATASET, tmp_path / "results", *more) == 0
    assert outputs(tmp_path / "results") == [NAME]
    assert not list((tmp_path / "scratch").rglob("*.nwb"))
    assert receipt_of(tmp_path / "results", NAME).content_digest == receipt_of(results, NAME).content_digest
