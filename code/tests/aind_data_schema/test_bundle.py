import datetime as dt
import json
import warnings
from dataclasses import replace

import pytest
from aind_data_schema.core.acquisition import Acquisition
from aind_data_schema.core.data_description import DataDescription
from aind_data_schema.core.instrument import Instrument
from aind_data_schema.core.procedures import Procedures
from aind_data_schema.core.subject import Subject

from miniscope_to_nwb_zarr.aind_data_schema import facts
from miniscope_to_nwb_zarr.aind_data_schema.bundle import make_bundle
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.errors import InputError, MetadataError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.model import DeviceKind

PACKAGED = dt.datetime(2026, 11, 20, 20, 5, 7, 123_456, dt.UTC)
MODELS = {
    "subject.json": Subject,
    "acquisition.json": Acquisition,
    "data_description.json": DataDescription,
    "instrument.json": Instrument,
    "procedures.json": Procedures,
}

# the library reads its own deprecated fields
pytestmark = pytest.mark.filterwarnings("ignore:Deprecated. use .*coordinate_system:DeprecationWarning")


def bundle_of(session, sidecar, packaged=PACKAGED):
    made = make_bundle(facts.complete(session, sidecar), sidecar, packaged)
    return made, {name: json.loads(text) for name, text in made.files.items()}


def models_of(made):
    return {name: MODELS[name].model_validate_json(text) for name, text in made.files.items()}


def lacks(made, file):
    return {finding.numbers["fact"] for finding in made.findings if finding.where == file}


def test_filled_sidecar_gives_all_files(session, filled):
    made, files = bundle_of(session(), filled())
    assert list(files) == list(MODELS)
    assert {(finding.code, finding.numbers.get("value")) for finding in made.findings} == {
        (Code.FACT_UNKNOWN, "Lumileds"), (Code.FACT_UNKNOWN, "Inscopix")
    }  # fmt: skip
    assert files["subject.json"]["subject_details"]["date_of_birth"] == "2025-12-01"
    assert files["subject.json"]["subject_details"]["sex"] == "Female"
    acquisition = files["acquisition.json"]
    assert acquisition["acquisition_start_time"] == "2026-03-14T09:26:53.589000-07:00"
    assert acquisition["acquisition_start_tz"] == "America/Los_Angeles"
    assert acquisition["acquisition_end_time"] == "2026-03-14T09:36:54.089000-07:00"
    assert acquisition["protocol_id"] == ["10.17504/protocols.io.example"]
    assert acquisition["subject_details"]["animal_weight_prior"] == "23.1"
    description = files["data_description.json"]
    assert description["name"] == "m770001_2026-03-14_09-26-53_nwb_2026-11-20_12-05-07"
    assert description["creation_time"] == "2026-11-20T12:05:07-08:00"
    assert description["source_data"] == ["m770001_2026-03-14_09-26-53"]
    assert description["tags"] == ["platform:miniscope"]
    assert (description["data_level"], description["license"]) == ("derived", "CC-BY-4.0")
    assert [m["abbreviation"] for m in description["modalities"]] == ["one-photon"]
    assert "null" not in "".join(made.files.values())


def test_no_warnings_reach_the_person(session, filled):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bundle_of(session(), filled())


def test_without_a_sidecar_every_missing_line_is_named(session):
    made, files = bundle_of(session(), Sidecar())
    assert set(files) == {"procedures.json"}
    assert lacks(made, "subject.json") == {
        "subject.species", "subject.sex", "subject.date_of_birth", "subject.genotype"
    }  # fmt: skip
    assert lacks(made, "acquisition.json") == {"session.acquisition_type", "session.mouse_platform"}
    assert lacks(made, "data_description.json") == {
        "session.institution", "dataset.project_name", "dataset.funding_sources", "dataset.investigators",
        "dataset.license",
    }  # fmt: skip
    assert lacks(made, "instrument.json") == {"rig.instrument_id", "rig.modification_date"}
    assert {f.where for f in made.findings if f.code is Code.FACT_MISSING} == set(MODELS) - {"procedures.json"}
    sentence = next(f.sentence for f in made.findings if f.numbers["fact"] == "subject.sex")
    assert sentence == (
        "subject.json is left out: the animal's sex is not known; "
        "add a line like `sex: F` under `subject:` in --session_metadata, or fill in the animal's row in --subjects"
    )


@pytest.mark.parametrize(
    ("lines", "fact"),
    [
        ({"sex": None}, "subject.sex"),
        ({"date_of_birth": None}, "subject.date_of_birth"),
        ({"species": None}, "subject.species"),
        ({"sex": "U"}, "subject.sex"),
        ({"sex": "O"}, "subject.sex"),
        ({"species": "Rattus norvegicus"}, "subject.species"),
        ({"date_of_birth": None, "age": "P3M"}, "subject.age"),
        ({"genotype": None}, "subject.genotype"),
        ({"source": "Allen Institute"}, "subject.source"),
    ],
)
def test_animal_that_the_schema_cannot_hold(session, filled, lines, fact):
    made, files = bundle_of(session(), filled(subject=lines))
    assert set(files) == set(MODELS) - {"subject.json"}
    assert lacks(made, "subject.json") == {fact}


@pytest.mark.parametrize("label", [None, "none"])
def test_session_without_animal(session, filled, label):
    made, files = bundle_of(session(subject=label), filled(subject={"subject_id": None}))
    assert set(files) == {"data_description.json", "instrument.json"}
    assert "subject_id" not in files["data_description.json"]
    assert lacks(made, "acquisition.json") == lacks(made, "procedures.json") == {"subject.subject_id"}


def test_unknown_strain_and_source_are_said(session, filled):
    made, files = bundle_of(session(), filled(subject={"strain": None, "source": None}))
    details = files["subject.json"]["subject_details"]
    assert (details["strain"]["name"], details["source"]["name"]) == ("Unknown", "Unknown")
    assert {(f.code, f.numbers["fact"]) for f in made.findings if f.where == "subject.json"} == {
        (Code.FACT_UNKNOWN, "subject.strain"), (Code.FACT_UNKNOWN, "subject.source")
    }  # fmt: skip


def test_names_that_the_schema_lacks_stay_findable(session, filled):
    sidecar = filled(
        subject={"strain": "129S6", "source": "Our own colony"},
        session={"institution": "University of California, Los Angeles"},
        dataset={"funding_sources": [{"funder": "Rich Uncle"}]},
    )
    made, files = bundle_of(session(), sidecar)
    assert files["subject.json"]["subject_details"]["source"]["name"] == "Other"
    assert all(name in files["subject.json"]["notes"] for name in ("129S6", "Our own colony"))
    summary = files["data_description.json"]["data_summary"]
    assert "University of California, Los Angeles" in summary
    assert "Rich Uncle" in summary
    assert len([f for f in made.findings if f.where in {"subject.json", "data_description.json"}]) == 4


@pytest.mark.parametrize("name", ["The Jackson Laboratory", "jackson laboratory"])
def test_organizations_are_found_by_the_names_people_use(session, filled, name):
    _, files = bundle_of(session(), filled(subject={"source": name}))
    assert files["subject.json"]["subject_details"]["source"]["name"] == "Jackson Laboratory"


def test_lab_spelling_of_the_animal_is_kept(session, filled):
    _, files = bundle_of(session(subject="m-77", label="m_77"), filled(subject={"subject_id": "m_77"}))
    assert files["subject.json"]["subject_id"] == "m-77"
    assert "m_77" in files["subject.json"]["notes"]


def test_streams_split_where_devices_did_not_run_together(session, recording, stream, filled):
    scope = stream(orientation=True)
    camera = stream("BehavCam", DeviceKind.CAMERA, (0.1, 601.0))
    late = stream("SideCam", DeviceKind.CAMERA, (300.0, 601.5))
    _, files = bundle_of(session(recording(streams=(scope, camera, late))), filled())
    first, second = files["acquisition.json"]["data_streams"]
    assert [m["abbreviation"] for m in first["modalities"]] == ["one-photon", "behavior-videos", "behavior"]
    assert [m["abbreviation"] for m in second["modalities"]] == ["behavior-videos"]
    assert first["stream_start_time"] == files["acquisition.json"]["acquisition_start_time"]
    assert second["stream_end_time"] == files["acquisition.json"]["acquisition_end_time"]
    assert all(name in first["notes"] for name in ("HPC (Miniscope_V4_BNO)", "BehavCam"))


def test_combined_recordings_name_each_source(session, recording, filled):
    first = recording()
    second = recording(first.start + dt.timedelta(hours=2), offset_s=7200.0)
    _, files = bundle_of(session(first, second), filled())
    assert len(files["acquisition.json"]["data_streams"]) == 2
    assert files["acquisition.json"]["acquisition_end_time"] == "2026-03-14T11:36:54.089000-07:00"
    assert files["data_description.json"]["source_data"] == [
        "m770001_2026-03-14_09-26-53", "m770001_2026-03-14_11-26-53"
    ]  # fmt: skip


def test_end_across_the_change_of_clocks(session, recording, stream, filled):
    start = dt.datetime(2026, 11, 1, 1, 50, tzinfo=dt.timezone(dt.timedelta(hours=-7)))
    _, files = bundle_of(session(recording(start, [stream(time_s=(0.0, 1800.0))])), filled())
    assert files["acquisition.json"]["acquisition_start_time"] == "2026-11-01T01:50:00-07:00"
    assert files["acquisition.json"]["acquisition_end_time"] == "2026-11-01T01:20:00-08:00"


def test_absurd_first_stamp_does_not_move_the_end(session, recording, stream, filled):
    _, files = bundle_of(session(recording(streams=[stream(time_s=(4294967.0, 0.05, float("nan"), 60.0))])), filled())
    assert files["acquisition.json"]["acquisition_end_time"] == "2026-03-14T09:27:53.589000-07:00"


def test_session_without_a_frame_has_no_modality(session, recording, stream, filled):
    made, files = bundle_of(session(recording(streams=[stream(time_s=())])), filled())
    assert set(files) == {"subject.json", "procedures.json"}
    assert lacks(made, "data_description.json") == lacks(made, "instrument.json") == {"modalities"}


@pytest.mark.parametrize("time_s", [(), (-2.0, -1.0), (0.0, 1e12)])
def test_end_that_is_not_known_leaves_the_file_out(session, recording, stream, filled, time_s):
    made, files = bundle_of(session(recording(streams=[stream(time_s=time_s)])), filled())
    assert "acquisition.json" not in files
    assert lacks(made, "acquisition.json") == {"acquisition_end_time"}


def test_half_hour_offset_needs_a_named_zone(session, recording, filled):
    start = dt.datetime(2026, 3, 14, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30)))
    made, files = bundle_of(session(recording(start)), filled(session={"timezone": None}))
    assert "acquisition.json" not in files
    assert lacks(made, "acquisition.json") == {"session.timezone"}
    _, files = bundle_of(session(recording(start)), filled(session={"timezone": "Asia/Kolkata"}))
    assert files["acquisition.json"]["acquisition_start_tz"] == "Asia/Kolkata"


def test_without_a_zone_the_offset_of_the_recording_holds(session, filled):
    _, files = bundle_of(session(), filled(session={"timezone": None}))
    assert files["acquisition.json"]["acquisition_start_tz"] == -7
    assert files["data_description.json"]["creation_time"] == "2026-11-20T13:05:07-07:00"


def test_session_named_after_another_animal_is_refused(session, filled):
    odd = replace(session(), name="m9_2026-03-14_09-26-53")
    with pytest.raises(MetadataError, match="its animal is `m770001`"):
        make_bundle(odd, filled(), PACKAGED)


def test_packaged_before_the_session_or_without_zone(session, filled):
    with pytest.raises(MetadataError, match="before the session ended"):
        bundle_of(session(), filled(), dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    with pytest.raises(MetadataError, match="no time zone"):
        bundle_of(session(), filled(), dt.datetime(2026, 12, 1))  # noqa: DTZ001 - the point of the test


def test_animal_of_the_sidecar_must_be_that_of_the_recording(session, filled):
    with pytest.raises(InputError, match=r"`m2`.*`m770001`"):
        make_bundle(session(), filled(subject={"subject_id": "m2"}), PACKAGED)
