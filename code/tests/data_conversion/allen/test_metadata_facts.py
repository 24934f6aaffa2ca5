"""What is known of a session of an Allen data set: when it began, what was shown, who says what."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from pynwb import NWBFile, TimeSeries
from pynwb.epoch import TimeIntervals
from pynwb.file import Subject

from miniscope_to_nwb_zarr.aind_data_schema.allen_facts import Record
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.allen import metadata_start
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_epochs import epochs_of
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_facts import session_facts
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_lab import Lab, LabFiles
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_nwb import read_facts, together
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_records import read_rigs, record_of, rig_of
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_rules import RULES
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_start import table_time
from miniscope_to_nwb_zarr.run.options import Options
from tests.allen.metadata_records import write_records
from tests.metadata_server import serving

START = datetime(2019, 9, 20, 16, 24, 25, tzinfo=UTC)
OUTPUT = "ecephys_session_5"


def made(**facts):
    nwbfile = NWBFile("EPHYS_1", "5", START, **facts)
    nwbfile.subject = Subject(
        subject_id="457841", species="Mus musculus", sex="F", age="P140D", genotype="wt/wt", strain="unknown"
    )
    return nwbfile


def known(nwbfile=None, lab=None, row=None, data_set="Visual Behavior Ephys", **changes):
    nwb = replace(read_facts(nwbfile or made()), **changes)
    return session_facts(
        OUTPUT, RULES[data_set], nwb, row or {}, Lab(Sidecar.model_validate(lab or {})), frozenset({5})
    )


def imaged(**changes):
    return replace(read_facts(made()), modalities=("pophys",), **changes)


@pytest.mark.parametrize(
    ("text", "when", "is_known"),
    [
        ("2019-09-20 16:24:25+00:00", START, True),
        ("2019-09-20T16:24:25.4Z", START, True),
        # without an offset it is UTC, as in these tables
        ("2019-09-20 16:24:25", START, True),
        # the file has the clock of Seattle: seven hours in summer
        ("2019-09-20 23:24:25Z", datetime(2019, 9, 20, 23, 24, 25, tzinfo=UTC), True),
        ("2019-09-20 22:24:25Z", START, False),
        ("soon", START, False),
        ("", START, False),
    ],
)
def test_start_of_an_imaging_session(text, when, is_known):
    found = metadata_start.of_file_or_wall_clock(imaged(), table_time("t.csv", text))
    assert found.when == when
    assert bool(found.lacks) is not is_known
    if found.lacks:
        assert "t.csv" in found.lacks[0].remedy


def test_start_of_a_session_without_imaging_needs_no_table():
    nwb = read_facts(made())
    assert metadata_start.of_file_or_wall_clock(nwb, table_time("t.csv", "")).lacks == ()


def test_a_wall_clock_in_winter_is_eight_hours_off():
    winter = datetime(2019, 1, 20, 10, tzinfo=UTC)
    found = metadata_start.of_file_or_wall_clock(imaged(start=winter), table_time("t.csv", "2019-01-20T18:00:00Z"))
    assert (found.when.hour, found.lacks) == (18, ())


def test_start_where_only_the_table_knows():
    nwb = read_facts(made())
    assert "packaged" in metadata_start.of_table(nwb, table_time("sessions.csv", "")).lacks[0].reason
    found = metadata_start.of_table(nwb, table_time("sessions.csv", "2018-10-26T12:59:18Z"))
    assert (found.when.year, found.lacks) == (2018, ())
    assert "2018-10-26" in found.remarks[0].sentence


def test_start_where_the_file_is_right_and_the_table_wrong():
    found = metadata_start.of_file(read_facts(made()), table_time("t.csv", "2019-09-21T00:00:00Z"))
    assert found.when == START
    assert "the file's is used" in found.remarks[0].sentence


def test_facts_of_the_file_the_data_set_and_the_lab():
    facts = known(lab={"session": {"acquisition_type": "Probing"}, "subject": {"source": "Jackson Laboratory"}})
    assert facts.session.name == "457841_2019-09-20_09-24-25"
    assert facts.sidecar.session.acquisition_type == "Probing"
    assert facts.sidecar.dataset.project_name == "Visual Behavior Neuropixels"
    # a word that stands for nothing is none
    assert facts.sidecar.subject.strain is None
    assert facts.remarks == ()
    assert facts.sources["session.acquisition_type"] == "the session metadata file"
    assert facts.sources["subject.sex"] == "the NWB file"
    assert facts.sources["dataset.project_name"] == "the data set"


def test_no_wheel_in_the_file_no_platform_in_the_facts():
    assert known().sidecar.session.mouse_platform is None
    nwbfile = made()
    module = nwbfile.create_processing_module("running", "running")
    module.add(TimeSeries(name="speed", data=[1.0, 2.0], timestamps=[1.0, 2.0], unit="cm/s"))
    assert known(nwbfile).sidecar.session.mouse_platform == "Running wheel"


def test_a_disagreement_of_lab_and_file_names_both():
    with pytest.raises(
        InputError, match=r"`subject\.sex` is `M` in the session metadata file, but `F` in the NWB file"
    ):
        known(lab={"subject": {"sex": "M"}})
    with pytest.raises(InputError, match="140 days old"):
        known(lab={"subject": {"date_of_birth": "2019-01-01"}})
    # the lab's day, which the age in whole days bears out
    assert known(lab={"subject": {"date_of_birth": "2019-05-02"}}).sidecar.subject.age is None


def test_an_age_that_is_none_is_not_used_and_said():
    facts = known(subject={"subject_id": "457841", "age": "old"})
    assert facts.sidecar.subject.age is None
    assert "`age` of the animal is `old`" in facts.remarks[0].sentence


def test_without_an_animal_nothing_can_be_said_of_it():
    facts = known(subject={})
    assert [lack.fact for lack in facts.lacks] == ["subject.subject_id"]


def test_span_by_the_ends_of_long_stamps_and_of_rates():
    nwbfile = made()
    stamps = np.arange(300_000) / 1000 - 0.5
    stamps[-1] = np.nan
    nwbfile.add_acquisition(TimeSeries(name="long", data=np.zeros(300_000, "u1"), timestamps=stamps, unit="V"))
    rate = {"rate": 10.0, "starting_time": 1.0}
    nwbfile.add_acquisition(TimeSeries(name="rate", data=np.zeros(5_001), unit="V", **rate))
    nothing = {"rate": np.nan, "starting_time": np.nan}
    nwbfile.add_acquisition(TimeSeries(name="none", data=np.zeros(5), unit="V", **nothing))
    assert read_facts(nwbfile).span_s == (-0.5, 501.0)
    assert read_facts(made()).span_s is None
    assert together(read_facts(made()), read_facts(nwbfile)).span_s == (-0.5, 501.0)


def presentations(name, rows, **columns):
    table = TimeIntervals(name=name, description="shown")
    for column in columns:
        table.add_column(name=column, description=column)
    for k, (start, stop) in enumerate(rows):
        table.add_row(start_time=start, stop_time=stop, **{column: values[k] for column, values in columns.items()})
    return table


def test_epochs_are_blocks_and_end_where_rewards_do():
    nwbfile = made()
    rows = [(10.0, 11.0), (1.0, 2.0), (2.0, 3.5), (20.0, 21.0)]
    blocks = {"stimulus_block": [2.0, 0.0, 0.0, 2.0], "active": [True, True, True, False]}
    nwbfile.add_time_intervals(
        presentations("flash_250ms_presentations", rows, **blocks, contrast=[0.8, 0.8, 0.4, 0.8])
    )
    # rows without a block are one run, though NaN is not equal to itself
    nwbfile.add_time_intervals(
        presentations("gray_presentations", [(3.5, 4.0), (4.0, 9.0)], stimulus_block=[np.nan] * 2)
    )
    found = [(one.name, one.start_s, one.stop_s) for one in epochs_of(nwbfile)]
    assert found == [
        ("flash 250ms", 1.0, 3.5),
        ("gray", 3.5, 9.0),
        ("flash 250ms", 10.0, 11.0),
        ("flash 250ms", 20.0, 21.0),
    ]
    first, _, _, last = epochs_of(nwbfile)
    assert first.notes == "The animal could earn rewards. contrast: 0.4, 0.8."
    assert last.notes.startswith("Replayed, without rewards")


def test_parameters_that_say_nothing_or_several_things_are_no_notes():
    nwbfile = made()
    columns = {"color": ["null", "null"], "phase": [[0.0, 1.0], [0.5, 1.0]], "contrast": [0.8, np.nan]}
    nwbfile.add_time_intervals(presentations("flash_presentations", [(1.0, 2.0), (2.0, 3.0)], **columns))
    assert [one.notes for one in epochs_of(nwbfile)] == ["contrast: 0.8."]


def test_an_epoch_without_a_time_is_left_out():
    nwbfile = made()
    nwbfile.add_time_intervals(presentations("gray_presentations", [(np.nan, 1.0)]))
    assert epochs_of(nwbfile) == ()


def test_a_setup_is_found_by_its_name_day_and_session(tmp_path):
    folder = write_records(tmp_path, "1")
    header = "rig,sessions,first_day,last_day,instrument\n"
    (folder / "rigs.csv").write_text(
        f"{header}NP.0,,2018-01-01,2018-12-31,np0.json\nNP.0,,2019-01-01,,np0.json\n,5;6,,,np0.json\n"
    )
    rows = read_rigs(folder)
    assert rig_of(rows, "NP.0", frozenset(), date(2018, 5, 1)).where == "rigs.csv, row 2"
    assert rig_of(rows, "NP.0", frozenset(), date(2020, 5, 1)).where == "rigs.csv, row 3"
    assert rig_of(rows, "NP.1", frozenset({6}), date(2020, 5, 1)).where == "rigs.csv, row 4"
    assert rig_of(rows, "NP.1", frozenset({7}), date(2020, 5, 1)) is None
    with pytest.raises(InputError, match=r"row 3 and rigs\.csv, row 4: both are of NP\.0"):
        rig_of(rows, "NP.0", frozenset({5}), date(2020, 5, 1))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("instrument\nnp9.json\n", "names the file np9.json, which is not in"),
        ("instrument,first_day\nnp0.json,June\n", "'June' is not a date; expected YYYY-MM-DD"),
        ("instrument,date\nnp0.json,1\n", "has a column date, which is not known; expected some of rig"),
        ("rig\nNP.0\n", "expected column instrument"),
        ("instrument,sessions\nnp0.json,all\n", "not a list of ids"),
    ],
)
def test_a_rig_table_that_is_none(tmp_path, text, said):
    folder = write_records(tmp_path, "1")
    (folder / "rigs.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        read_rigs(folder)


def test_records_that_are_none(tmp_path):
    folder = write_records(tmp_path, "1")
    assert record_of(folder, "subject", "2") is None
    assert isinstance(record_of(folder, "subject", "1"), Record)
    for text, said in (("[]", "not a JSON object"), ("{", "is not JSON"), ("[" * 100_000, "is not JSON")):
        (folder / "subject" / "2.json").write_text(text)
        with pytest.raises(InputError, match=said):
            record_of(folder, "subject", "2")
    (folder / "subject" / "3.json").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="leads outside"):
        record_of(folder, "subject", "3")


def test_records_of_the_folder_before_those_of_the_service(tmp_path):
    folder = write_records(tmp_path, "457841")
    (folder / "procedures" / "457841.json").unlink()
    body = b'{"subject_id": "457841"}'
    said = []
    with serving(body=body) as (url, asked):
        options = Options.from_python(aind_records=folder, metadata_service=url)
        lab = LabFiles(options, said.append).of_animal("457841")
    assert [path.rpartition("/")[0] for path in asked] == ["/api/v2/procedures"]
    assert lab.records["subject"].source == "subject/457841.json"
    assert (lab.records["procedures"].text, lab.records["procedures"].source) == (body.decode(), url)
    # the service is gone: said once, and nothing fails
    files = LabFiles(options, said.append)
    assert set(files.of_animal("457841").records) == {"subject"}
    assert set(files.of_animal("2").records) == set()
    assert len(said) == 1
    assert lab.digest != files.of_animal("457841").digest


def test_nothing_given_has_no_digest(tmp_path):
    assert LabFiles(Options.from_python(), print).of_animal("1").digest is None
    with pytest.raises(InputError, match="is not a folder"):
        LabFiles(Options.from_python(aind_records=tmp_path / "nowhere"), print)
