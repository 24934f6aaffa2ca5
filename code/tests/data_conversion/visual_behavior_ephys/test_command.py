"""Sessions of Visual Behavior Ephys from the command line: probes merged, and what the files do not say added."""

import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest
import zarr
from hdmf_zarr import NWBZarrIO

from miniscope_to_nwb_zarr.core.receipt import Receipt
from miniscope_to_nwb_zarr.data_conversion.nwb.announced import announced_by
from miniscope_to_nwb_zarr.data_conversion.nwb.moved import compare_moved
from miniscope_to_nwb_zarr.run.main import main
from tests.allen import assertions
from tests.allen import ecephys_files as files
from tests.allen.probe_files import Probe
from tests.allen.runs import bucket

BASE = f"ecephys_session_{files.SESSION}"
ALONE = f"behavior_session_{files.BEHAVIOR_ALONE}"
# of which the LFP is long enough to be copied by workers
PROBES = (Probe("probeA", 101, (101003, 101001, 101005), n_samples=100_000), files.PROBES[1])


READ_ALONE = """
import sys
from hdmf_zarr import NWBZarrIO
with NWBZarrIO(sys.argv[1], "r") as io:
    nwbfile = io.read()
    (name,) = (each for each in nwbfile.stimulus_template if not each.endswith("_unwarped"))
    image = nwbfile.stimulus_template[name]["im061_r"]
    density = nwbfile.processing["ecephys"]["probe_101_ecephys_csd"]
    lfp = nwbfile.acquisition["probe_101_lfp"]["probe_101_lfp_data"]
    eye = nwbfile.acquisition["EyeTracking"].pupil_tracking
    print(type(image).__name__, image.unwarped.parent.name, type(density).__name__, lfp.data.shape, type(eye).__name__)
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    files.write_session(folder, probes=PROBES)
    files.write_behavior_only(folder)
    files.write_tables(folder)
    return folder


def run(data, results, *more):
    return main(
        ["--dataset", "Visual Behavior Ephys", "--data_dir", str(data), "--results_dir", str(results), *more], {}
    )


@pytest.fixture(scope="module")
def results(data, tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    assert run(data, results, "--workers", "2") == 0
    return results


@pytest.fixture
def nwbfile(results):
    with NWBZarrIO(str(results / BASE / f"{BASE}.nwb.zarr"), "r") as io:
        yield io.read()


def receipt_of(results, name):
    return Receipt.from_text((results / name / "receipt.json").read_text())


def source(data, probe_id):
    return h5py.File(data / "behavior_ecephys_sessions" / str(files.SESSION) / f"probe_{probe_id}.nwb")


def test_a_session_with_its_probes_and_one_without(results):
    outputs = sorted(path.name for path in results.iterdir() if not path.name.startswith(("run-", ".")))
    assert outputs == [ALONE, BASE]
    # the base file, two probes, and the tables of units and of sessions
    assert len(receipt_of(results, BASE).sources) == 5


def test_lfp_of_each_probe_is_of_the_right_electrodes(data, nwbfile):
    for probe in PROBES:
        series = nwbfile.acquisition[f"probe_{probe.probe_id}_lfp"][f"probe_{probe.probe_id}_lfp_data"]
        electrodes = series.electrodes
        assert electrodes.table is nwbfile.electrodes
        assert [nwbfile.electrodes.id[int(row)] for row in electrodes.data[:]] == list(probe.ids)
        with source(data, probe.probe_id) as file:
            stored = file[f"acquisition/probe_{probe.probe_id}_lfp/probe_{probe.probe_id}_lfp_data/data"][:]
        assert np.array_equal(series.data[:], stored)
        assert series.data.dtype == np.float32
        assert series.data.compressor.cname == "zstd"


def test_current_source_density_is_kept_under_the_probe_s_name(data, nwbfile):
    module = nwbfile.processing["ecephys"]
    assert not module.description.endswith("..")
    for probe in PROBES:
        density = module[f"probe_{probe.probe_id}_ecephys_csd"]
        assert type(density).__name__ == "EcephysCSD"
        with source(data, probe.probe_id) as file:
            stored = file["processing/current_source_density/ecephys_csd/current_source_density/data"][:]
        assert np.array_equal(density.time_series.data[:], stored)


def test_electrodes_without_a_place_have_none(nwbfile):
    table = nwbfile.electrodes
    assert np.isnan(table["x"].data[8:]).all()
    assert table["z"].data[2] == 0
    assert table["x"].data[:8].tolist() == [8000.0 + k for k in range(8)]
    assert "imp" not in table.colnames


def test_units_know_where_they_are(nwbfile):
    units = nwbfile.units
    assert units["structure_acronym"].data[:].tolist() == ["", "VISp", "VISp", "VISp"]
    assert units["ecephys_channel_id"].data[:].tolist() == [101000, 101001, 101002, 101003]
    assert units["valid_data"].data[:].tolist() == [True, False, True, True]
    assert units["ecephys_session_id"].data.dtype == np.int64
    assert units["snr"].description.startswith("Ratio of the amplitude")
    assert "Kilosort2" in units.description
    assert [len(units["spike_times"][row]) for row in range(4)] == [5, 0, 7, 3]


def test_presentations_of_images_are_linked_and_others_are_not(nwbfile):
    shown = nwbfile.intervals[f"{files.IMAGE_SET}_presentations"]["template_image"]
    assert type(shown[0][0]).__name__ == "WarpedStimulusTemplateImage"
    assert shown[0][0].parent is nwbfile.stimulus_template[files.TEMPLATE]
    assert "template_image" not in nwbfile.intervals["gabor_20_deg_250ms_presentations"].colnames


def test_light_pulses_are_intervals(nwbfile):
    table = nwbfile.intervals["optogenetic_stimulation"]
    assert table["level"].data[:].tolist() == [1.0, 2.5]
    assert table["level"].description.startswith("Set power of the light")
    series = nwbfile.processing["ogen"]["optotagging"]
    assert table["timeseries"][0][0].timeseries is series
    assert "optotagging" not in nwbfile.processing


def test_what_the_file_does_not_say_is_said(nwbfile):
    assert "Neuropixels" in nwbfile.experiment_description
    assert nwbfile.session_id == str(files.SESSION)
    assert "extracellular electrophysiology" in nwbfile.keywords
    # a ragged column without any value was written as texts
    assert nwbfile.trials["reward_types"].data[:].tolist() == ["", "", ""]


def test_nothing_differs_from_the_source_but_what_the_log_says(results):
    for name in (BASE, ALONE):
        findings = receipt_of(results, name).findings
        warnings = [each.sentence for each in findings if each.severity != "info" and each.code != "fact_missing"]
        assert not warnings, name


def test_types_ids_references_and_codecs_are_as_they_should_be(data, results):
    folder = data / "behavior_ecephys_sessions" / str(files.SESSION)
    assertions.hold([folder / f"{BASE}.nwb", *sorted(folder.glob("probe_*.nwb"))], results, BASE)


LFP = "acquisition/probe_101_lfp/probe_101_lfp_data"
CSD = "processing/ecephys/probe_101_ecephys_csd"
SPOILT = {
    f"/{LFP}/data@unit": ("unit", "mV"),
    f"/{LFP}/data@conversion": ("conversion", 2.0),
    f"/{LFP}@description": ("description", "another"),
    f"/{LFP}/electrodes@description": ("description", "another"),
    "/processing/behavior/running/speed/data@unit": ("unit", "mm/s"),
    "/processing/behavior/running/speed@description": ("description", "another"),
    "/intervals/optogenetic_stimulation/tags@description": ("description", "another"),
}
GONE = (f"{LFP}/data", LFP, f"{CSD}/current_source_density", CSD, "processing/behavior/running/speed/data")


@pytest.fixture
def spoilt(data, results, tmp_path):
    """A copy of the output to spoil, and the places at which it is not as its sources are, then."""
    store = shutil.copytree(results / BASE / f"{BASE}.nwb.zarr", tmp_path / f"{BASE}.nwb.zarr")
    folder = data / "behavior_ecephys_sessions" / str(files.SESSION)
    sources = [folder / f"{BASE}.nwb", *sorted(folder.glob("probe_*.nwb"))]
    said = announced_by(receipt_of(results, BASE).findings)

    def differing():
        zarr.consolidate_metadata(str(store))
        return [one.where for one in compare_moved(sources, store, said)]

    return store, differing


def test_what_was_merged_and_is_not_as_it_was_is_found(spoilt):
    store, differing = spoilt
    assert differing() == []
    root = zarr.open_group(str(store), "a")
    for where, (name, value) in SPOILT.items():
        root[where.partition("@")[0]].attrs[name] = value
    root[f"{LFP}/electrodes"][:] = root[f"{LFP}/electrodes"][:][::-1]
    assert sorted(differing()) == sorted([*SPOILT, f"/{LFP}/electrodes"])


@pytest.mark.parametrize("part", GONE)
def test_a_part_that_was_merged_and_is_gone_is_found(spoilt, part):
    store, differing = spoilt
    shutil.rmtree(store / part)
    assert f"/{part}" in differing()


def test_an_output_has_few_objects(results):
    assert len(receipt_of(results, BASE).files) < 900
    assert len(receipt_of(results, ALONE).files) < 500


def test_an_output_is_read_by_a_process_without_this_program(results):
    command = [sys.executable, "-W", "ignore", "-c", READ_ALONE, str(results / BASE / f"{BASE}.nwb.zarr")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/")
    assert (
        said.stdout == f"WarpedStimulusTemplateImage {files.TEMPLATE}_unwarped EcephysCSD (100000, 3) EllipseSeries\n"
    )


def test_another_folder_gets_the_same(data, results, tmp_path):
    assert run(data, tmp_path, "--workers", "1", "--sessions", str(files.SESSION)) == 0
    assert receipt_of(tmp_path, BASE).content_digest == receipt_of(results, BASE).content_digest


def test_a_session_whose_probes_lack_parts(tmp_path):
    lacking = (Probe("probeA", 101, (101003,), has_csd=False), Probe("probeB", 102, (102001,), has_lfp=False))
    files.write_session(tmp_path / "data", probes=lacking)
    assert run(tmp_path / "data", tmp_path / "results") == 0
    findings = receipt_of(tmp_path / "results", BASE).findings
    missing = sorted(each.where for each in findings if each.code == "part_missing")
    assert {"probe_101.nwb", "probe_102.nwb"} <= set(missing)


def test_a_session_without_probe_files(tmp_path):
    files.write_session(tmp_path / "data", probes=())
    assert run(tmp_path / "data", tmp_path / "results") == 0
    with NWBZarrIO(str(tmp_path / "results" / BASE / f"{BASE}.nwb.zarr"), "r") as io:
        nwbfile = io.read()
        assert "ecephys" not in nwbfile.processing
        assert len(nwbfile.units) == 4


@pytest.mark.parametrize(
    ("probe", "said"),
    [
        (Probe("probeA", 101, (101003, 999)), "999"),
        (Probe("probeA", 101, (101003, 101003)), "101003"),
    ],
)
def test_a_probe_with_electrodes_of_another_session_writes_nothing(tmp_path, capsys, probe, said):
    files.write_session(tmp_path / "data", probes=(probe,))
    assert run(tmp_path / "data", tmp_path / "results") == 3
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "results" / BASE).exists()


def test_a_table_of_other_units_writes_nothing(tmp_path, capsys):
    files.write_session(tmp_path / "data", probes=())
    files.write_tables(tmp_path / "data", unit_ids=[1, 2])
    assert run(tmp_path / "data", tmp_path / "results") == 3
    assert "units.csv" in " ".join(capsys.readouterr().err.split())


def test_a_session_is_fetched_from_where_it_was_published(data, results, tmp_path, monkeypatch):
    with bucket("visual-behavior-neuropixels-data", ("visual-behavior-neuropixels",), data, monkeypatch):
        more = ("--sessions", str(files.BEHAVIOR), "--scratch_dir", str(tmp_path / "scratch"))
        assert run("s3://public", tmp_path / "results", *more) == 0
    assert not list((tmp_path / "scratch").rglob("*.nwb"))
    assert receipt_of(tmp_path / "results", BASE).content_digest == receipt_of(results, BASE).content_digest


def test_it_goes_to_hdf5_too(data, tmp_path, nwbfile):
    assert run(data, tmp_path, "--format", "hdf5", "--sessions", str(files.BEHAVIOR)) == 0
    with h5py.File(tmp_path / BASE / f"{BASE}.nwb") as file:
        stored = file["acquisition/probe_101_lfp/probe_101_lfp_data/data"][:]
        image = file[f"stimulus/templates/{files.TEMPLATE}/im061_r"]
        assert image.attrs["neurodata_type"] == "WarpedStimulusTemplateImage"
        assert file[image.attrs["unwarped"]].name == f"/stimulus/templates/{files.TEMPLATE}_unwarped/im061_r"
    assert np.array_equal(stored, nwbfile.acquisition["probe_101_lfp"]["probe_101_lfp_data"].data[:])
