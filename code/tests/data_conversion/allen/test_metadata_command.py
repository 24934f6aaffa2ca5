"""AIND metadata of sessions of the four Allen data sets, from the command line."""

import json

import h5py
import pytest
from aind_data_schema.core.acquisition import Acquisition
from aind_data_schema.core.data_description import DataDescription
from aind_data_schema.core.instrument import Instrument
from aind_data_schema.core.metadata import Metadata
from aind_data_schema.core.procedures import Procedures
from aind_data_schema.core.processing import Processing
from aind_data_schema.core.quality_control import QualityControl
from aind_data_schema.core.subject import Subject

from miniscope_to_nwb_zarr.data_conversion.allen.metadata_lab import animal_in
from tests.allen import ecephys_files, ophys_files, visual_coding_ephys, visual_coding_ophys
from tests.allen.metadata_records import LAB, write_records
from tests.allen.runs import outputs, receipt_of, run, store_of

pytestmark = pytest.mark.filterwarnings("ignore:Deprecated. use .*coordinate_system:DeprecationWarning")

MODELS = {
    "subject": Subject,
    "data_description": DataDescription,
    "procedures": Procedures,
    "instrument": Instrument,
    "processing": Processing,
    "acquisition": Acquisition,
    "quality_control": QualityControl,
}
VCE, VCE_START = "session_715093703", "2019-01-18T16:54:18-08:00"


def read(results, name):
    """The files of an output, each by its own class, and together as AIND's own object of all files."""
    models = {}
    for stem, model in MODELS.items():
        path = results / name / f"{stem}.json"
        if path.exists():
            models[stem] = model.model_validate_json(path.read_text())
    Metadata(name=models["data_description"].name, location="", **models)
    return models


def facts_from(results, name):
    return json.loads((results / name / "metadata_report.json").read_text())["facts_from"]


def left_out(results, name):
    return {f.where: f.sentence for f in receipt_of(results, name).findings if f.code == "fact_missing"}


def write_coding_ephys(folder, date="2019-01-19T00:54:18Z"):
    visual_coding_ephys.write_session(folder)
    visual_coding_ephys.write_tables(folder)
    row = f"715093703,brain_observatory_1.1,{date}\n"
    (folder / "sessions.csv").write_text(f"id,session_type,date_of_acquisition\n{row}")


@pytest.fixture(scope="module")
def coding_ephys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ecephys-cache")
    write_coding_ephys(folder)
    return folder


@pytest.fixture
def lab(tmp_path):
    path = tmp_path / "lab.yml"
    path.write_text(LAB)
    return path


def test_visual_behavior_ephys(tmp_path, lab):
    data, results = tmp_path / "data", tmp_path / "results"
    ecephys_files.write_session(data)
    ecephys_files.write_tables(data)
    words = ("--data_dir", data, "--session_metadata", lab, "--metadata", "True")
    assert run("Visual Behavior Ephys", results, *words) == 0
    name = f"ecephys_session_{ecephys_files.SESSION}"
    made = read(results, name)
    assert set(made) == {"subject", "acquisition", "data_description", "processing"}
    assert not store_of(results, name).exists()
    acquisition = made["acquisition"]
    assert acquisition.acquisition_start_time.isoformat() == "2019-09-20T09:24:25-07:00"
    assert acquisition.acquisition_type == "EPHYS_1_images_G_5uL_reward"
    assert acquisition.instrument_id == "NP.1"
    assert {one.abbreviation for one in made["data_description"].modalities} == {
        "ecephys",
        "behavior",
        "behavior-videos",
    }
    assert [one.stimulus_name for one in acquisition.stimulus_epochs][-1] == "optotagging"
    assert acquisition.subject_details.reward_consumed_total is not None
    assert set(left_out(results, name)) == {"instrument.json", "procedures.json"}
    assert facts_from(results, name)["session.acquisition_type"] == "the NWB file"


def test_visual_behavior_ophys_takes_no_wall_clock_for_utc(tmp_path, lab):
    data, results = tmp_path / "data", tmp_path / "results"
    ophys_files.ophys_experiment(data / f"behavior_ophys_experiment_{ophys_files.EXPERIMENT}.nwb")
    table = "behavior_session_id,ophys_session_id,ophys_experiment_id,project_code"
    row = f"6,600,[{ophys_files.EXPERIMENT}],VisualBehavior"
    (data / "behavior_session_table.csv").write_text(f"{table}\n{row}\n")
    words = ("--data_dir", data, "--session_metadata", lab, "--metadata", "True")
    name = "behavior_ophys_session_6"
    assert run("Visual Behavior Ophys", results, *words) == 0
    missing = left_out(results, name)
    assert set(missing) == {f"{stem}.json" for stem in MODELS} - {"processing.json", "quality_control.json"}
    assert "put behavior_session_table.csv" in missing["acquisition.json"]
    # the table knows: the file has the clock of Seattle
    (data / "behavior_session_table.csv").write_text(f"{table},date_of_acquisition\n{row},2019-09-20 23:24:25+00:00\n")
    assert run("Visual Behavior Ophys", results, *words, "--existing", "replace") == 0
    made = read(results, name)
    assert made["acquisition"].acquisition_start_time.isoformat() == "2019-09-20T16:24:25-07:00"
    assert made["data_description"].name.startswith("457841_2019-09-20_16-24-25_nwb_")
    assert facts_from(results, name)["acquisition_start_time"] == "date_of_acquisition in behavior_session_table.csv"


def test_visual_coding_ephys_with_records_has_all_files(coding_ephys, tmp_path, lab):
    results, records = tmp_path / "results", write_records(tmp_path / "records", "703279277")
    words = ("--data_dir", coding_ephys, "--session_metadata", lab, "--aind_records", records)
    assert run("Visual Coding Ephys", results, *words) == 0
    made = read(results, VCE)
    assert set(made) == set(MODELS)
    assert made["acquisition"].acquisition_start_time.isoformat() == VCE_START
    (stream,) = made["acquisition"].data_streams
    assert stream.active_devices == ["probeA", "probeB"]
    assert made["instrument"].instrument_id == made["acquisition"].instrument_id == "NP.0"
    # what was done to the animal after the session is not of it
    assert [str(one.start_date) for one in made["procedures"].subject_procedures] == ["2018-10-01"]
    assert made["subject"].subject_details.genotype == "Sst-IRES-Cre/wt"
    assert not left_out(results, VCE)
    process = made["processing"].data_processes[0]
    assert str(process.output_path) == f"{VCE}.nwb.zarr"
    assert process.code.parameters.model_dump()["dataset"] == "Visual Coding Ephys"
    names = {metric.name for metric in made["quality_control"].metrics}
    assert names == {"Findings", "Verification", "NWB validator and inspector"}
    sources = facts_from(results, VCE)
    assert sources["records.subject"] == "subject/703279277.json"
    assert sources["instrument"] == "rigs.csv, row 2"


def test_visual_coding_ophys(tmp_path, lab):
    data, results = tmp_path / "dandi", tmp_path / "results"
    visual_coding_ophys.write_session(data)
    visual_coding_ophys.write_tables(data / "tables")
    words = ("--data_dir", data, "--session_metadata", lab, "--metadata", "True")
    assert run("Visual Coding Ophys", results, *words) == 0
    (name,) = outputs(results)
    made = read(results, name)
    # the donor's name, as in the output, and epochs and gratings as the conversion restores them
    assert made["acquisition"].subject_id == visual_coding_ophys.DONOR
    assert made["acquisition"].acquisition_type == "three_session_B"
    epochs = [(e.stimulus_name, e.stimulus_start_time.second) for e in made["acquisition"].stimulus_epochs]
    assert epochs == [
        ("static gratings", 3),
        ("natural movie one", 10),
        ("spontaneous", 22),
        ("natural scenes", 31),
        ("static gratings", 41),
    ]
    assert "the genotype is not known" in left_out(results, name)["subject.json"]


def test_metadata_alone_read_no_large_array(tmp_path, lab):
    data, results = tmp_path / "data", tmp_path / "results"
    plane = ophys_files.Plane(device="BEH.A", n_frames=3_000)
    path = ophys_files.ophys_experiment(data / f"behavior_ophys_experiment_{plane.experiment_id}.nwb", plane)
    with h5py.File(path) as file:
        events = file["processing/ophys/event_detection/data"]
        places = [events.id.get_chunk_info(k) for k in range(events.id.get_num_chunks())]
    with path.open("r+b") as file:
        for place in places:
            file.seek(place.byte_offset)
            file.write(bytes(place.size))
    with h5py.File(path) as file, pytest.raises(OSError, match="filter"):
        file["processing/ophys/event_detection/data"][:]
    assert run("Visual Behavior Ophys", results, "--data_dir", data, "--metadata", "True") == 0
    assert (results / outputs(results)[0] / "processing.json").is_file()


def test_metadata_are_added_beside_a_store_that_is_there(tmp_path, lab):
    data, results = tmp_path / "data", tmp_path / "results"
    write_coding_ephys(data)
    (data / "sessions.csv").write_text("id,session_type\n715093703,brain_observatory_1.1\n")
    assert run("Visual Coding Ephys", results, "--data_dir", data) == 0
    before = receipt_of(results, VCE)
    assert "packaged" in left_out(results, VCE)["acquisition.json"]
    # the table with the dates comes later
    row = "715093703,brain_observatory_1.1,2019-01-19T00:54:18Z\n"
    (data / "sessions.csv").write_text(f"id,session_type,date_of_acquisition\n{row}")
    words = ("--data_dir", data, "--session_metadata", lab, "--metadata", "True")
    assert run("Visual Coding Ephys", results, *words) == 0
    after = receipt_of(results, VCE)
    made = read(results, VCE)
    assert made["acquisition"].acquisition_start_time.isoformat() == VCE_START
    assert [one.name for one in made["processing"].data_processes] == ["File format conversion", "Metadata files"]
    assert "quality_control" in made
    kept = {entry.path: entry.sha256 for entry in before.files if ".nwb.zarr/" in entry.path}
    assert kept == {entry.path: entry.sha256 for entry in after.files if ".nwb.zarr/" in entry.path}
    assert after.store_plan == before.plan_digest
    assert after.parent
    # done already
    assert run("Visual Coding Ephys", results, *words) == 0
    assert receipt_of(results, VCE) == after


def test_a_store_is_added_to_metadata_that_are_there(coding_ephys, tmp_path, lab):
    results = tmp_path / "results"
    words = ("--data_dir", coding_ephys, "--session_metadata", lab)
    assert run("Visual Coding Ephys", results, *words, "--metadata", "True") == 0
    assert run("Visual Coding Ephys", results, *words) == 0
    assert store_of(results, VCE).is_dir()
    assert "quality_control" in read(results, VCE)


def test_all_facts_required_stops_before_anything_is_written(coding_ephys, tmp_path, capsys):
    results = tmp_path / "results"
    words = ("--data_dir", coding_ephys, "--require_metadata", "True")
    assert run("Visual Coding Ephys", results, *words) == 3
    said = capsys.readouterr().err
    assert "who is responsible for the data is not known" in said
    assert "the licence of the data is not known" in said
    assert not results.exists() or not outputs(results)


def test_another_species_in_a_record_fails_the_session(coding_ephys, tmp_path, lab, capsys):
    results, records = tmp_path / "results", write_records(tmp_path / "records", "703279277")
    path = records / "subject" / "703279277.json"
    path.write_text(path.read_text().replace("703279277", "999"))
    words = ("--data_dir", coding_ephys, "--session_metadata", lab, "--aind_records", records, "--metadata", "True")
    assert run("Visual Coding Ephys", results, *words) == 4
    assert "subject/703279277.json is about animal `999`, the session about `703279277`" in capsys.readouterr().err
    assert not outputs(results)


def test_a_dry_run_of_metadata_says_what_is_missing_and_writes_nothing(coding_ephys, tmp_path, capsys):
    results = tmp_path / "results"
    words = ("--data_dir", coding_ephys, "--metadata", "True", "--dry_run", "True")
    assert run("Visual Coding Ephys", results, *words) == 0
    said = capsys.readouterr()
    assert "Would write the metadata files of 1 session" in said.out + said.err
    assert "the setup is not known" in said.err
    assert not results.exists()


def test_an_animal_behind_a_link_is_not_read(tmp_path):
    with h5py.File(tmp_path / "other.nwb", "w") as file:
        file["general/subject/subject_id"] = "457841"
    assert animal_in(tmp_path / "other.nwb") == "457841"
    with h5py.File(tmp_path / "linked.nwb", "w") as file:
        file["general/subject"] = h5py.ExternalLink("other.nwb", "/general/subject")
    assert animal_in(tmp_path / "linked.nwb") is None
    (tmp_path / "none.nwb").write_bytes(b"no file of HDF5")
    assert animal_in(tmp_path / "none.nwb") is None
