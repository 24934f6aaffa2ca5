import datetime as dt

import pytest

from miniscope_to_nwb_zarr.aind_data_schema import facts
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.errors import InputError


def sidecar(**sections):
    return Sidecar.model_validate(sections)


def named(subject_id):
    return sidecar(subject={"subject_id": subject_id})


def test_option_comes_before_sidecar_before_recording():
    assert facts.choose_subject("m_1", named("m-1"), "m 1") == "m_1"
    assert facts.choose_subject(None, named("m-1"), "m 1") == "m-1"
    assert facts.choose_subject(None, Sidecar(), "m 1") == "m 1"
    assert facts.choose_subject(None, Sidecar(), None) is None


def test_recording_that_says_none_names_no_animal():
    assert facts.choose_subject(None, named("m1"), "none") == "m1"


@pytest.mark.parametrize(("option", "lab", "recording"), [("m1", "m2", None), ("m1", None, "m2"), (None, "m1", "m2")])
def test_two_animals_are_an_error_that_names_both(option, lab, recording):
    with pytest.raises(InputError, match=r"`m1` in .*`m2` in "):
        facts.choose_subject(option, named(lab) if lab else Sidecar(), recording)


def test_two_zones_are_an_error_that_names_both():
    with pytest.raises(InputError, match=r"Asia/Tokyo.*Europe/Paris"):
        facts.choose_timezone("Asia/Tokyo", sidecar(session={"timezone": "Europe/Paris"}))


def test_complete_names_an_unnamed_session(session):
    unnamed = session(subject=None)
    assert unnamed.name == "unnamed-01234567_2026-03-14_09-26-53"
    done = facts.complete(unnamed, named("m_77"), timezone="America/Los_Angeles")
    assert (done.name, done.subject_id, done.subject_label) == ("m-77_2026-03-14_09-26-53", "m-77", "m_77")
    assert done.timezone == "America/Los_Angeles"


def test_complete_leaves_a_named_session_alone(session):
    done = facts.complete(session(), named("m770001"))
    assert (done.name, done.subject_id) == ("m770001_2026-03-14_09-26-53", "m770001")
    with pytest.raises(InputError, match=r"`other` in --subject_id, but `m770001` in the recording"):
        facts.complete(session(), Sidecar(), subject_id="other")


def test_zone_must_agree_with_the_recording(session):
    with pytest.raises(InputError, match=r"09:26:53.*-07:00.*Asia/Tokyo"):
        facts.zone_of(session(timezone="Asia/Tokyo"), Sidecar())
    with pytest.raises(InputError, match="IANA"):
        facts.zone_of(session(timezone="Nowhere/Town"), Sidecar())


def test_zone_in_the_hour_that_happens_twice(session, recording):
    """01:50 standard time on the day the clocks go back, not 01:50 summer time."""
    start = dt.datetime(2026, 11, 1, 1, 50, tzinfo=dt.timezone(dt.timedelta(hours=-8)))
    found = facts.nwb_session(session(recording(start), timezone="America/Los_Angeles"), Sidecar()).start
    assert found.isoformat() == "2026-11-01T01:50:00-08:00"
    assert found == start


@pytest.mark.parametrize(
    ("age", "born"),
    [
        ("P90D", "2025-12-14"),
        ("P12W", "2025-12-20"),
        ("P1W3D", "2026-03-04"),
        ("P3M", None),
        ("P1Y", None),
        ("P8W/P10W", None),
    ],
)
def test_date_of_birth_only_from_an_exact_age(session, age, born):
    found = facts.birth_date(session(), sidecar(subject={"age": age}))
    assert (found and found.isoformat()) == born


@pytest.mark.parametrize("subject", [{"date_of_birth": "2026-03-14"}, {"date_of_birth": "2027-01-01"}, {"age": "P0D"}])
def test_animals_are_born_before_the_session(session, subject):
    with pytest.raises(InputError, match="2026-03-14"):
        facts.birth_date(session(), sidecar(subject=subject))


def test_nwb_subject_holds_what_is_known(session, filled):
    found = facts.nwb_subject(session(subject="m-77", label="m_77"), filled(subject={"subject_id": "m_77"}))
    assert found == facts.NwbSubject(
        subject_id="m-77",
        species="Mus musculus",
        sex="F",
        date_of_birth=found.date_of_birth,
        age="P103D",
        genotype="Thy1-GCaMP6f/wt",
        strain="C57BL/6J",
        weight="0.0231 kg",
        description="GRIN lens over the left CA1. The lab's own id: m_77. Source: Jackson Laboratory.",
    )
    assert found.date_of_birth.isoformat() == "2025-12-01T00:00:00-08:00"


def test_nwb_subject_keeps_an_inexact_age_and_sex_unknown(session):
    found = facts.nwb_subject(session(), sidecar(subject={"age": "P3M", "sex": "U", "weight_g": "20"}))
    assert (found.age, found.date_of_birth, found.sex, found.weight) == ("P3M", None, "U", "0.02 kg")


def test_nwb_subject_of_nothing_is_none(session):
    assert facts.nwb_subject(session(subject=None), Sidecar()) is None


def test_nwb_session(session, filled):
    found = facts.nwb_session(session(experimenter="jane"), filled())
    assert found.experimenters == ("Doe, Jane",)
    assert facts.nwb_session(session(experimenter="jane"), Sidecar()).experimenters == ("jane",)
    assert facts.nwb_session(session(experimenter="none"), Sidecar()).experimenters == ()
