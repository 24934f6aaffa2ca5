import datetime as dt
import json
import os
import time
import warnings
from dataclasses import replace

import pytest
from aind_data_schema.core.acquisition import Acquisition
from aind_data_schema.core.data_description import DataDescription
from aind_data_schema.core.subject import Subject
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.aind_data_schema import facts
from miniscope_to_nwb_zarr.aind_data_schema.bundle import check, make_bundle
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_file import parse_sidecar
from miniscope_to_nwb_zarr.aind_data_schema.templates import example
from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError, MetadataError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.model import DeviceKind

PACKAGED = dt.datetime(2026, 11, 20, 20, 5, 7, 123_456, dt.UTC)
TOO_EARLY = dt.datetime(2026, 3, 14, 9, 0, tzinfo=dt.UTC)
MODELS = {"subject.json": Subject, "acquisition.json": Acquisition, "data_description.json": DataDescription}

# the library reads its own deprecated fields
pytestmark = pytest.mark.filterwarnings("ignore:Deprecated. use .*coordinate_system:DeprecationWarning")


def bundle_of(session, sidecar, packaged=PACKAGED):
    made = make_bundle(facts.complete(session, sidecar), sidecar, packaged)
    return made, {name: json.loads(text) for name, text in made.files.items()}


def models_of(made):
    return {name: MODELS[name].model_validate_json(text) for name, text in made.files.items()}


def lacks(made, file):
    return {finding.numbers["fact"] for finding in made.findings if finding.where == file}


def test_filled_sidecar_gives_all_files_and_no_findings(session, filled):
    made, files = bundle_of(session(), filled())
    assert list(files) == list(MODELS)
    assert made.findings == ()
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
    assert (description["data_level"], description["license"]) == ("derived", "CC-BY-4.0")
    assert [m["abbreviation"] for m in description["modalities"]] == ["one-photon"]
    assert "null" not in "".join(made.files.values())


def test_no_warnings_reach_the_person(session, filled):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bundle_of(session(), filled())


def test_without_a_sidecar_every_missing_line_is_named(session):
    made, files = bundle_of(session(), Sidecar())
    assert files == {}
    assert lacks(made, "subject.json") == {
        "subject.species", "subject.sex", "subject.date_of_birth", "subject.genotype"
    }  # fmt: skip
    assert lacks(made, "acquisition.json") == {"session.acquisition_type", "session.mouse_platform"}
    assert lacks(made, "data_description.json") == {
        "session.institution", "dataset.project_name", "dataset.funding_sources", "dataset.investigators",
        "dataset.license",
    }  # fmt: skip
    assert {finding.code for finding in made.findings} == {Code.FACT_MISSING}
    sentence = next(f.sentence for f in made.findings if f.numbers["fact"] == "subject.sex")
    assert sentence == (
        "subject.json is left out: the animal's sex is not known; "
        "add a line like `sex: F` under `subject:` in --session_metadata"
    )


@pytest.mark.parametrize(
    ("lines", "fact"),
    [
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
    assert set(files) == {"acquisition.json", "data_description.json"}
    assert lacks(made, "subject.json") == {fact}


@pytest.mark.parametrize("label", [None, "none"])
def test_session_without_animal(session, filled, label):
    made, files = bundle_of(session(subject=label), filled(subject={"subject_id": None}))
    assert set(files) == {"data_description.json"}
    assert "subject_id" not in files["data_description.json"]
    assert lacks(made, "acquisition.json") == {"subject.subject_id"}


def test_unknown_strain_and_source_are_said(session, filled):
    made, files = bundle_of(session(), filled(subject={"strain": None, "source": None}))
    details = files["subject.json"]["subject_details"]
    assert (details["strain"]["name"], details["source"]["name"]) == ("Unknown", "Unknown")
    assert {(f.code, f.numbers["fact"]) for f in made.findings} == {
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
    assert len(made.findings) == 4


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
    assert set(files) == {"subject.json"}
    assert lacks(made, "data_description.json") == {"modalities"}


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


def test_same_files_in_every_zone_of_the_machine(session, filled, monkeypatch):
    texts = []
    for zone in ("UTC", "Asia/Tokyo", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        made, _ = bundle_of(session(), filled(), PACKAGED.astimezone())
        texts.append(made.files)
    monkeypatch.undo()
    time.tzset()
    assert texts[0] == texts[1] == texts[2]
    assert "TZ" not in os.environ or os.environ["TZ"] not in {"Asia/Tokyo", "America/New_York"}


@pytest.mark.parametrize(
    ("file", "change", "words"),
    [
        ("subject.json", {"subject_id": "other"}, "about animal `other`"),
        ("acquisition.json", {"subject_id": "other"}, "about animal `other`"),
        ("acquisition.json", {"data_streams": []}, "no data stream"),
        ("acquisition.json", {"acquisition_end_time": TOO_EARLY}, "before its start"),
        ("acquisition.json", {"acquisition_start_time": TOO_EARLY}, "begins at"),
        ("acquisition.json", {"acquisition_type": "TO ENTER"}, "`TO ENTER`"),
        ("acquisition.json", {"subject_details": None}, "subject_details are required"),
        ("data_description.json", {"name": None}, "is named ``"),
        ("data_description.json", {"name": "m770001_2026-03-14_09-26-53_nwb_2026-11-20_12-05-08"}, "was created at"),
        ("data_description.json", {"name": "m1_2026-03-14_09-26-53_nwb_2026-11-20_12-05-07"}, "is named"),
        ("data_description.json", {"modalities": []}, "has the modalities"),
        ("data_description.json", {"source_data": ["x"]}, "names the sources"),
        ("data_description.json", {"creation_time": TOO_EARLY}, "before the session ended"),
    ],
)  # fmt: skip
def test_files_that_contradict_are_refused(session, filled, file, change, words):
    made, _ = bundle_of(session(), filled())
    models = models_of(made)
    models[file] = models[file].model_copy(update=change)
    with pytest.raises(MetadataError) as caught:
        check(session(), models)
    assert words in str(caught.value)
    assert caught.value.exit_code is ExitCode.SOME_FAILED


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


def texts(*examples):
    return st.none() | st.sampled_from(examples) | st.text(max_size=20)


LINES = {
    "subject": {
        "subject_id": texts("m770001", "m_1", "none"),
        "species": texts("Mus musculus", "Rattus norvegicus"),
        "sex": st.sampled_from(["M", "F", "U", "O", None, "x"]),
        "date_of_birth": texts("2025-12-01", "2027-01-01", "0001-01-01"),
        "age": texts("P90D", "P12W", "P3M", "P9999W9999D", "P0D"),
        "genotype": texts("wt/wt"),
        "strain": texts("C57BL/6J", "Unknown"),
        "source": texts("Jackson Laboratory", "Allen Institute", "AI"),
        "weight_g": texts("23.1", "1e-400", "NaN", "0.0001"),
    },
    "session": {
        "experimenters": st.none() | st.lists(st.text(max_size=10), max_size=2),
        "institution": texts("Allen Institute", "UCLA"),
        "acquisition_type": texts("Open field"),
        "mouse_platform": texts("Arena"),
        "timezone": texts("America/Los_Angeles", "UTC", "Asia/Tokyo", "America", ".."),
        "protocol": texts("10.1234/x"),
    },
    "dataset": {
        "project_name": texts("Maps", "a_b"),
        "license": st.sampled_from(["MIT", "CC-BY-4.0", None]),
        "funding_sources": st.lists(st.fixed_dictionaries({"funder": texts("NIMH")}), max_size=2),
        "investigators": st.lists(st.fixed_dictionaries({"name": texts("Jane Doe")}), max_size=2),
    },
}
# a few odd lines at a time, so that most examples get past the first check
ODD_LINE = st.one_of(
    [
        st.tuples(st.just(section), st.just(name), values)
        for section, lines in LINES.items()
        for name, values in lines.items()
    ]
)


# the fixture is a factory and keeps nothing between examples
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(odd_lines=st.lists(ODD_LINE, max_size=4), complete=st.sampled_from([True, True, False]))
def test_any_sidecar_gives_a_bundle_or_a_message(session, odd_lines, complete):
    values = parse_sidecar(example(), "example").model_dump(mode="json") if complete else {}
    for section, name, value in odd_lines:
        values.setdefault(section, {})[name] = value
    try:
        sidecar = parse_sidecar(json.dumps(values), "lab.json")
        done = facts.complete(session(), sidecar)
        facts.nwb_subject(done, sidecar)
        made = make_bundle(done, sidecar, PACKAGED)
    except (InputError, MetadataError) as error:
        event(type(error).__name__)
        return
    event(f"{len(made.files)} files")
    models_of(made)
    left_out = set(MODELS) - set(made.files)
    assert left_out == {finding.where for finding in made.findings if finding.code is Code.FACT_MISSING}
