import pytest

from miniscope_to_nwb_zarr.aind_data_schema.lab_facts import stated_lines
from miniscope_to_nwb_zarr.aind_data_schema.scope_facts import imaging_of, names_of_no_scope
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_file import parse_sidecar
from miniscope_to_nwb_zarr.core.model import Device, DeviceKind


def said(*scopes, **lines):
    return Sidecar.model_validate({"imaging": {"scopes": scopes, **lines}})


def scope(name, label=None):
    return Device(name, label or name, DeviceKind.SCOPE)


def test_the_lines_of_a_scope_go_before_those_of_all():
    sidecar = said({"name": "B", "location": "ACA"}, location="CA1", depth_um=1200)
    assert imaging_of(sidecar, scope("A")).model_dump(exclude_none=True) == {"location": "CA1", "depth_um": 1200}
    assert imaging_of(sidecar, scope("B")).model_dump(exclude_none=True) == {"location": "ACA", "depth_um": 1200}
    assert imaging_of(Sidecar(), scope("A")).model_dump(exclude_none=True) == {}


@pytest.mark.parametrize("typed", ["ACC_scope_2", "ACC scope 2", "acc, second"])
def test_a_scope_is_found_by_its_name_and_by_its_label(typed):
    sidecar = said({"name": typed, "location": "ACA"}, location="CA1")
    assert imaging_of(sidecar, scope("ACC_scope_2", "acc, second")).location == "ACA"
    assert imaging_of(sidecar, scope("ACC_scope")).location == "CA1"


def test_names_without_a_letter_are_told_by_their_own_spelling():
    sidecar = said({"name": "鼠", "location": "ACA"}, {"name": "猫", "location": "PL"}, location="CA1")
    # both are named `device`, but for the number
    assert imaging_of(sidecar, scope("device", "鼠")).location == "ACA"
    assert imaging_of(sidecar, scope("device_2", "猫")).location == "PL"
    assert imaging_of(sidecar, scope("device", "犬")).location == "CA1"


def test_the_name_of_the_one_goes_before_the_label_of_the_other():
    sidecar = said({"name": "Cam_1", "location": "ACA"}, {"name": "Cam_1_2", "location": "PL"})
    assert imaging_of(sidecar, scope("Cam_1", "Cam:1")).location == "ACA"
    assert imaging_of(sidecar, scope("Cam_1_2", "Cam_1")).location == "PL"


def test_names_that_no_scope_of_any_session_has(session, recording, stream):
    sessions = [
        session(recording(streams=[stream("HPC")])),
        session(recording(streams=[stream("ACC"), stream("Arena", DeviceKind.CAMERA)])),
    ]
    scopes = said({"name": "HPC"}, {"name": "ACC"}, {"name": "Acc"}, {"name": "Arena"}).imaging.scopes
    assert names_of_no_scope(scopes, sessions) == ["Acc", "Arena"]
    assert names_of_no_scope(scopes, sessions[:1]) == ["ACC", "Acc", "Arena"]


def test_lines_do_not_depend_on_the_order_in_the_file():
    one = "session: {lab: Doe Lab, keywords: [b, a]}\nrig: {notes: x, arena: {shape: round, length_cm: 50.5}}\n"
    other = "rig: {arena: {length_cm: 50.5, shape: round}, notes: x}\nsession: {keywords: [b, a], lab: Doe Lab}\n"
    lines = stated_lines(parse_sidecar(one, "one"))
    assert lines == stated_lines(parse_sidecar(other, "other"))
    assert lines == [
        ("session.keywords.1", "b"),
        ("session.keywords.2", "a"),
        ("session.lab", "Doe Lab"),
        ("rig.notes", "x"),
        ("rig.arena.length_cm", "50.5"),
        ("rig.arena.shape", "round"),
    ]


def test_yes_and_large_numbers_are_written_as_they_are():
    surgery = {"has_baseplate": True, "injections": [{"virus": "AAV", "titer_gc_per_ml": "1.2e12", "ap_mm": -2.1}]}
    assert stated_lines(Sidecar.model_validate({"surgeries": [surgery], "subject": {"weight_g": "23.10"}})) == [
        ("subject.weight_g", "23.10"),
        ("surgeries.1.injections.1.virus", "AAV"),
        ("surgeries.1.injections.1.titer_gc_per_ml", "1200000000000"),
        ("surgeries.1.injections.1.ap_mm", "-2.1"),
        ("surgeries.1.has_baseplate", "true"),
    ]
