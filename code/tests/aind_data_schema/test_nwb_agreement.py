import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from pynwb.device import Device

from miniscope_to_nwb_zarr.aind_data_schema import facts, nwb_agreement
from miniscope_to_nwb_zarr.aind_data_schema.bundle import make_bundle
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.run.session_store import build_session
from tests.conversions import job, sessions_in
from tests.recordings import SCOPE, SECOND_SCOPE, SMALL, small_recording

pytestmark = pytest.mark.filterwarnings("ignore:Neither commit_hash nor version:UserWarning")

PACKAGED = dt.datetime(2026, 11, 20, 20, 5, 7, tzinfo=dt.UTC)
TOO_EARLY = dt.datetime(2026, 3, 14, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recording")
    small_recording(folder)
    (session,) = sessions_in(folder)
    return session


@pytest.fixture
def both(recorded, filled):
    """The NWB file and the models of a recording with all facts; keyword arguments are those of `filled`."""

    def make(sidecar=None, **sections):
        if sidecar is None:
            sidecar = filled(**{"subject": {"subject_id": SMALL.animal}, **sections})
        session = facts.complete(recorded, sidecar)
        nwbfile = build_session(session, job(Path(), sidecar=sidecar), PACKAGED)
        return nwbfile, make_bundle(session, sidecar, PACKAGED).models

    return make


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"session": {"timezone": None}},
        {"session": {"institution": "University of California, Los Angeles", "protocol": "Lab protocol 7"}},
        {"session": {"institution": "UCSD", "experimenters": ["Doe, Jane", "Roe, Richard"]}},
        {"subject": {"subject_id": SMALL.animal, "strain": "129S6", "date_of_birth": None, "age": "P12W"}},
        {"subject": {"subject_id": SMALL.animal, "strain": "c57bl/6j", "weight_g": "20.50"}},
        {"subject": {"subject_id": SMALL.animal, "sex": "U"}},
        {"imaging": {"excitation_nm": 470.4, "location": "dorsal CA1"}},
        {"imaging": {"excitation_nm": None, "emission_nm": None, "indicator": None}},
        {"rig": {"cameras": []}},
    ],
)
def test_what_is_made_from_one_session_agrees(both, sections):
    nwbfile, models = both(**sections)
    assert len(models) >= 3
    assert nwb_agreement.compare(nwbfile, models) == []


def test_what_is_made_without_a_fact_agrees(both):
    nwbfile, models = both(Sidecar())
    assert nwb_agreement.compare(nwbfile, models) == []


def changed(models, file, path, value):
    copy = models[file].model_copy(deep=True)
    *way, last = path
    place = copy
    for part in way:
        place = place[part] if isinstance(part, int) else getattr(place, part)
    setattr(place, last, value)
    return {**models, file: copy}


IMAGING = ("data_streams", 0, "configurations", 1)
CHANNEL = (*IMAGING, "channels", 0)


@pytest.mark.parametrize(
    ("file", "path", "value", "words"),
    [
        ("subject.json", ("subject_id",), "other", "the animal's id is `M770001`"),
        ("subject.json", ("subject_details", "sex"), "Male", "the animal's sex is `F` in the NWB file, and `M`"),
        ("subject.json", ("subject_details", "date_of_birth"), dt.date(2025, 1, 1), "of birth is `2025-12-01`"),
        ("subject.json", ("subject_details", "date_of_birth"), dt.date(2025, 1, 1), "the age is `P103D`"),
        ("subject.json", ("subject_details", "genotype"), "wt", "the genotype is `Thy1-GCaMP6f/wt`"),
        ("acquisition.json", ("subject_id",), "other", "the animal's id"),
        ("acquisition.json", ("acquisition_start_time",), PACKAGED, "the start is `2026-03-14T09:26:53.589000-07:00`"),
        ("acquisition.json", ("acquisition_end_time",), TOO_EARLY, "after the end in acquisition"),
        ("acquisition.json", ("subject_details", "animal_weight_prior"), Decimal(20), "the weight is `0.0231 kg`"),
        ("acquisition.json", ("experimenters",), ["Roe"], "who did the experiment is `['Doe, Jane']`"),
        ("acquisition.json", ("protocol_id",), ["10.1/x"], "the protocol is `10.17504/protocols.io.example`"),
        ("acquisition.json", (*IMAGING, "sampling_strategy", "frame_rate"), 20.0, "the nominal rate of HPC_miniscope1"),
        ("acquisition.json", (*CHANNEL, "light_sources", 0, "power"), 99.0, "the power of the LED of HPC_miniscope1"),
        ("acquisition.json", (*CHANNEL, "detector", "crop_width"), 1, "the size of the crop of HPC_miniscope1"),
        ("acquisition.json", (*CHANNEL, "intended_measurement"), "GCaMP8", "the indicator of HPC_miniscope1"),
        ("acquisition.json", (*CHANNEL, "emission_wavelength"), 600, "the emission wavelength of HPC_miniscope1"),
        ("instrument.json", ("components", 3, "wavelength"), 400, "the excitation wavelength of HPC_miniscope1"),
        ("instrument.json", ("components", 0, "name"), "Other", "the NWB file has the device `Behavior_camera`"),
        ("instrument.json", ("components", 0, "name"), "Other", "instrument.json has the device `Other`"),
        ("data_description.json", ("name",), "M1_2026-03-14_09-26-53_nwb_2026-11-20_12-05-07", "the session is `M77"),
        ("data_description.json", ("subject_id",), "other", "the animal's id"),
    ],
)  # fmt: skip
def test_each_contradiction_is_named_with_both_values(both, file, path, value, words):
    nwbfile, models = both()
    assert words in "; ".join(nwb_agreement.compare(nwbfile, changed(models, file, path, value)))


def test_contradictions_of_lists_of_the_schema(both):
    nwbfile, models = both()
    _, others = both(
        session={"institution": "Allen Institute"}, subject={"subject_id": SMALL.animal, "strain": "BALB/c"}
    )
    models = {**models, **{file: others[file] for file in ("data_description.json", "subject.json")}}
    found = "; ".join(nwb_agreement.compare(nwbfile, models))
    assert "the institution is `university of california, san diego`" in found
    assert "the strain is `c57bl/6j` in the NWB file, and `balb/c` in subject.json" in found


def test_area_in_the_atlas_must_be_that_of_the_plane(both):
    nwbfile, _ = both()
    _, models = both(imaging={"location": "CA3"})
    (sentence,) = nwb_agreement.compare(nwbfile, models)
    assert "the imaged area of HPC_miniscope1 is `CA1`" in sentence


def test_scopes_whose_facts_are_exchanged_contradict_the_nwb_file(tmp_path, filled):
    small_recording(tmp_path, devices=(SCOPE, SECOND_SCOPE))
    (recorded,) = sessions_in(tmp_path)
    sidecar = filled(subject={"subject_id": SMALL.animal})
    session = facts.complete(recorded, sidecar)
    nwbfile = build_session(session, job(Path(), sidecar=sidecar), PACKAGED)
    assert nwb_agreement.compare(nwbfile, make_bundle(session, sidecar, PACKAGED).models) == []
    for_all = sidecar.model_copy(update={"imaging": sidecar.imaging.model_copy(update={"scopes": ()})})
    (sentence,) = nwb_agreement.compare(nwbfile, make_bundle(session, for_all, PACKAGED).models)
    assert sentence == "the imaged area of ACC_miniscope2 is `ACA` in the NWB file, and `CA1` in acquisition.json"


def test_surgeries_are_in_both(both):
    nwbfile, models = both()
    assert nwbfile.surgery == (
        "Surgery of 2026-01-20. Injection of AAV1-Syn-GCaMP6f-WPRE-SV40: Volume 500 nl, titer 1.2e+12 gc/ml, "
        "continuous injection, -2.1 mm anterior of bregma, -1.8 mm right of the midline, "
        "1.35 mm below the surface of the brain, "
        "area CA1. 50 nl per minute, 10 minutes of waiting. Implant: GRIN lens, named left CA1 lens, made by Inscopix, "
        "model 1050-002176, diameter 1.8 mm, length 4.3 mm, -2.1 mm anterior of bregma, -1.8 mm right of the midline, "
        "1.35 mm below the surface of the brain, area CA1. Cortex above the hippocampus was aspirated. A baseplate was "
        "fixed. Weight before: 23.1 g. Weight after: 22.8 g. Protocol: 10.17504/protocols.io.example. Licence: "
        "ARC-2020-001. Recovered within one hour."
    )
    assert nwbfile.virus.startswith("AAV1-Syn-GCaMP6f-WPRE-SV40: Volume 500 nl")
    unsaid, _ = both(surgeries=[])
    assert (unsaid.surgery, unsaid.virus) == (None, None)
    assert len(nwb_agreement.compare(unsaid, models)) == 2
    assert nwb_agreement.compare(unsaid, models, is_earlier=True) == []


def test_animal_in_one_of_them_only(both):
    nwbfile, _ = both(Sidecar())
    _, models = both()
    nwbfile.fields["subject"] = None
    assert nwb_agreement.compare(nwbfile, models) == ["subject.json has an animal, and the NWB file has none"]


def test_device_that_a_person_added_is_no_contradiction(both):
    nwbfile, models = both()
    nwbfile.add_device(Device(name="feeder"))
    (sentence,) = nwb_agreement.compare(nwbfile, models)
    assert "the device `feeder`" in sentence
    assert nwb_agreement.compare(nwbfile, models, is_edited=True) == []
