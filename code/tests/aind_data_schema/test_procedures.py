import datetime as dt

import pytest

from miniscope_to_nwb_zarr.aind_data_schema import procedures
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code

# the library reads its own deprecated fields
pytestmark = pytest.mark.filterwarnings("ignore:Deprecated. use .*coordinate_system:DeprecationWarning")

INJECTION = {
    "virus": "AAV1-Syn-GCaMP6f",
    "titer_gc_per_ml": 1.2e12,
    "volume_nl": 500,
    "profile": "continuous",
    "ap_mm": -2.1,
    "ml_mm": 1.8,
    "dv_mm": 1.35,
    "area": "CA1",
}
IMPLANT = {"device": "GRIN lens", "diameter_mm": 1.8, "ap_mm": -2.1, "ml_mm": 1.8, "dv_mm": 1.2}


def of(session, filled, *surgeries):
    made, findings = procedures.make(session, filled(surgeries=list(surgeries)))
    return made.model_dump(mode="json", exclude_none=True), findings


def without(given, *names):
    return {key: value for key, value in given.items() if key not in names}


def test_surgery_with_everything(session, filled):
    surgery = {
        "date": "2026-01-20",
        "ethics_review_id": "ARC-1",
        "protocol": "https://doi.org/10.1234/abc",
        "weight_before_g": "23.1",
        "injections": [INJECTION],
        "implants": [IMPLANT],
        "has_baseplate": True,
    }
    made, _ = of(session(), filled, surgery)
    (surgery,) = made["subject_procedures"]
    assert (surgery["start_date"], surgery["ethics_review_id"]) == ("2026-01-20", "ARC-1")
    assert (surgery["protocol_id"], surgery["animal_weight_prior"]) == ("10.1234/abc", 23.1)
    injection, implant, baseplate = surgery["procedures"]
    assert injection["injection_materials"][0]["titer"] == 1_200_000_000_000
    assert injection["dynamics"][0]["volume"] == 500
    assert injection["dynamics"][0]["profile"] == "Continuous"
    assert injection["coordinates"][0][0]["translation"] == [-2.1, 1.8, 1.35]
    assert injection["coordinate_system_name"] == made["global_coordinate_system"]["name"] == "BREGMA_ARI"
    assert injection["targeted_structure"]["acronym"] == "CA1"
    assert implant["implanted_device"]["name"] == "GRIN lens"
    assert implant["implanted_device"]["additional_settings"] == {"diameter_mm": 1.8}
    assert implant["transform"][0]["translation"] == [-2.1, 1.8, 1.2]
    assert baseplate["headframe_type"] == "Miniscope baseplate"


def test_no_records_are_said_and_not_made_up(session):
    made, (finding,) = procedures.make(session(), Sidecar())
    assert made.subject_procedures == []
    assert made.notes.startswith("Surgical records were not supplied")
    assert finding.code is Code.FACT_UNKNOWN
    assert "`surgeries:`" in finding.sentence


@pytest.mark.parametrize("absent", ["volume_nl", "profile", "ap_mm", "ml_mm", "dv_mm"])
def test_place_without_dose_or_dose_without_place_stands_in_words(session, filled, absent):
    """The schema wants as many places as doses."""
    made, (finding,) = of(session(), filled, {"date": "2026-01-20", "injections": [without(INJECTION, absent)]})
    (injection,) = made["subject_procedures"][0]["procedures"]
    assert injection["dynamics"] == injection["coordinates"] == []
    assert injection["injection_materials"][0]["name"] == INJECTION["virus"]
    assert finding.numbers["fact"] == f"surgeries.1.injections.1.{absent}"
    notes = made["subject_procedures"][0]["notes"]
    told = {"volume_nl": "500 nl", "profile": "ontinuous", "ap_mm": "-2.1 mm", "ml_mm": "1.8 mm", "dv_mm": "1.35 mm"}
    for name, words in told.items():
        assert (words in notes) is (name != absent)


def test_injection_of_something_unknown_stands_in_words(session, filled):
    made, (finding,) = of(session(), filled, {"date": "2026-01-20", "injections": [without(INJECTION, "virus")]})
    (step,) = made["subject_procedures"][0]["procedures"]
    assert step["object_type"] == "Generic surgery procedure"
    for words in ("500 nl", "1.2e+12 gc/ml", "-2.1 mm", "area CA1"):
        assert words in step["notes"]
    assert finding.numbers["fact"] == "surgeries.1.injections.1.virus"


def test_area_outside_the_atlas_stands_in_words(session, filled):
    made, _ = of(session(), filled, {"date": "2026-01-20", "injections": [INJECTION | {"area": "dorsal hippocampus"}]})
    surgery = made["subject_procedures"][0]
    assert "targeted_structure" not in surgery["procedures"][0]
    assert "Area dorsal hippocampus" in surgery["notes"]


def test_implant_without_a_whole_place_stands_in_words(session, filled):
    made, findings = of(session(), filled, {"date": "2026-01-20", "implants": [without(IMPLANT, "dv_mm")]})
    implant = made["subject_procedures"][0]["procedures"][0]
    assert "transform" not in implant
    assert "-2.1 mm anterior of bregma, 1.8 mm right" in implant["implanted_device"]["notes"]
    assert "global_coordinate_system" not in made
    assert {finding.numbers["fact"] for finding in findings} == {"surgeries.1.implants.1.manufacturer"}


def test_implants_have_names_of_their_own(session, filled):
    lens = {"device": "GRIN lens"}
    surgery = {"date": "2026-01-20", "implants": [lens, lens, {"name": "HPC"}, {"name": "Square arena"}, {}]}
    made, _ = of(session(), filled, surgery)
    names = [step["implanted_device"]["name"] for step in made["subject_procedures"][0]["procedures"]]
    assert names == ["GRIN lens", "GRIN lens 2", "HPC 2", "Square arena 2", "implant"]


def test_surgery_without_a_date_leaves_the_file_out(session, filled):
    made, (finding,) = procedures.make(session(), filled(surgeries=[{"date": "2026-01-20"}, {"has_baseplate": True}]))
    assert made is None
    assert finding.numbers["fact"] == "surgeries.2.date"


def test_surgery_without_a_step_says_so(session, filled):
    made, (finding,) = of(session(), filled, {"date": "2026-01-20", "protocol": "Lab protocol 7"})
    assert "not recorded" in made["subject_procedures"][0]["procedures"][0]["description"]
    assert made["subject_procedures"][0]["notes"] == "Protocol: Lab protocol 7."
    assert "2026-01-20" in finding.sentence


@pytest.mark.parametrize(
    ("date", "words"), [("2026-03-15", "on 2026-03-14, and a surgery"), ("2025-11-30", "born on 2025-12-01")]
)
def test_surgery_after_the_session_or_before_birth_is_an_error(session, filled, date, words):
    with pytest.raises(InputError, match=words):
        procedures.make(session(), filled(surgeries=[{"date": date}]))


def test_surgery_on_the_day_of_the_session_is_none(session, filled):
    made, _ = of(session(), filled, {"date": dt.date(2026, 3, 14), "has_baseplate": True})
    assert made["subject_procedures"][0]["start_date"] == "2026-03-14"


def test_session_without_animal_has_no_surgeries(session, filled):
    made, (finding,) = procedures.make(session(subject=None), filled(subject={"subject_id": None}))
    assert made is None
    assert finding.numbers["fact"] == "subject.subject_id"
