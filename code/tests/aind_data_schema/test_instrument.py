from dataclasses import replace

import pytest

from miniscope_to_nwb_zarr.aind_data_schema import instrument
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.model import DeviceKind

# the library reads its own deprecated fields
pytestmark = pytest.mark.filterwarnings("ignore:Deprecated. use .*coordinate_system:DeprecationWarning")


def of(session, sidecar):
    made, findings = instrument.make(session, sidecar)
    return made.model_dump(mode="json", exclude_none=True), findings


def component(made, name):
    return next(one for one in made["components"] if one["name"] == name)


def with_device(stream, **settings):
    return replace(stream, device=replace(stream.device, **settings))


@pytest.fixture
def rig(session, recording, stream):
    """A scope with all parts, and a camera."""
    scope = with_device(stream("HPC", orientation=True), focus=-8.0, label="HPC scope")
    camera = with_device(stream("Behavior_camera", DeviceKind.CAMERA), model="WebCam-640x480")
    return session(recording(streams=[scope, camera]))


def test_every_part_has_a_name_of_its_own(rig, filled):
    made, _ = of(rig, filled())
    assert [one["name"] for one in made["components"]] == [
        "HPC", "HPC sensor", "HPC LED", "HPC tunable lens", "HPC orientation sensor", "Behavior_camera", "Square arena"
    ]  # fmt: skip
    assembly = component(made, "Behavior_camera")
    assert (assembly["camera"]["name"], assembly["lens"]["name"]) == ("Behavior_camera camera", "Behavior_camera lens")
    assert made["global_coordinate_system"]["name"] == "ARENA_RBT"
    assert made["modification_date"] == "2026-01-15"


def test_parts_say_what_is_known(rig, filled):
    made, _ = of(rig, filled())
    assert component(made, "HPC")["notes"] == "The lab calls it 'HPC scope'."
    assert component(made, "HPC")["model"] == "Miniscope_V4_BNO"
    assert component(made, "HPC sensor")["data_interface"] == "Coax"
    assert component(made, "HPC LED")["wavelength"] == 470
    assert component(made, "HPC tunable lens")["imaging_device_type"] == "Tunable lens"
    assert component(made, "HPC orientation sensor")["model"] == "BNO055"
    assembly = component(made, "Behavior_camera")
    assert (assembly["target"], assembly["relative_position"]) == ("Body", ["Superior"])
    assert assembly["camera"]["manufacturer"]["name"] == "Basler"
    assert assembly["camera"]["data_interface"] == "USB"
    assert component(made, "Square arena")["additional_settings"]["length_cm"] == 50


def test_chip_of_another_sensor_is_not_claimed(session, recording, stream, filled):
    scope = with_device(stream(orientation=True), model="Miniscope_V3")
    made, findings = of(session(recording(streams=[scope])), filled())
    assert "model" not in component(made, "HPC orientation sensor")
    sensor = component(made, "HPC sensor")
    assert (sensor["manufacturer"]["name"], sensor["data_interface"]) == ("Unknown", "Other")
    assert "model" not in sensor
    assert "instrument.json says that who made the HPC sensor is unknown" in {f.sentence for f in findings}


def test_model_that_stands_for_nothing_is_left_out(session, recording, stream, filled):
    camera = with_device(stream("Behavior_camera", DeviceKind.CAMERA), model="n/a")
    cameras = [{"name": "Behavior camera", "target": "body"}]
    recorded = session(recording(streams=[with_device(stream(), model="unknown"), camera]))
    made, _ = of(recorded, filled(rig={"cameras": cameras}))
    assert "model" not in component(made, "HPC")
    assert "model" not in component(made, "Behavior_camera")["camera"]


def test_parts_that_are_not_known_to_be_there_are_left_out(session, recording, stream, filled):
    scope = with_device(stream(), model=None)
    made, findings = of(
        session(recording(streams=[scope])), filled(imaging={"excitation_nm": None, "emission_nm": 525})
    )
    assert [one["name"] for one in made["components"]] == ["HPC", "HPC sensor", "Square arena"]
    (led,) = [finding for finding in findings if finding.numbers["fact"] == "imaging.excitation_nm"]
    assert "says nothing about the LED of the scope" in led.sentence
    assert "`excitation_nm: 470`" in led.sentence


def test_makers_that_are_not_known_are_said(rig, filled):
    camera = {"name": "Behavior camera", "target": "body"}
    sidecar = filled(rig={"cameras": [camera], "scope_manufacturer": None, "led_manufacturer": None})
    made, findings = of(rig, sidecar)
    assert component(made, "HPC")["manufacturer"]["name"] == "Unknown"
    assert {f.numbers["fact"] for f in findings if f.code is Code.FACT_UNKNOWN} == {
        "rig.scope_manufacturer",
        "rig.led_manufacturer",
        "rig.cameras.1.manufacturer",
        "rig.cameras.1.lens_manufacturer",
    }


def test_wavelength_between_two_whole_ones_is_kept_in_words(rig, filled):
    made, _ = of(rig, filled(imaging={"excitation_nm": 470.4}))
    assert component(made, "HPC LED")["wavelength"] == 470
    assert "470.4 nm" in component(made, "HPC LED")["notes"]


@pytest.mark.parametrize(
    ("rig_lines", "fact", "words"),
    [
        ({"instrument_id": None}, "rig.instrument_id", "`instrument_id: room3-miniscope`"),
        ({"modification_date": None}, "rig.modification_date", "when the setup was last changed"),
        ({"modification_date": "2026-03-15"}, "rig.modification_date", "changed on 2026-03-15"),
        ({"cameras": []}, "rig.cameras", '"name": "Behavior_camera"'),
        ({"cameras": [{"name": "Behavior camera"}]}, "rig.cameras", "what the camera `Behavior_camera` looks at"),
        ({"cameras": [{"name": "Behaviour", "target": "body"}]}, "rig.cameras", "described: Behaviour"),
        (
            {"notes": None, "cameras": [{"name": "Behavior camera", "target": "other"}]},
            "rig.cameras.1.notes",
            "notes on the camera",
        ),
    ],
)
def test_setup_that_is_not_known_is_left_out(rig, filled, rig_lines, fact, words):
    made, (finding,) = instrument.make(rig, filled(rig=rig_lines))
    assert made is None
    assert (finding.code, finding.numbers["fact"]) == (Code.FACT_MISSING, fact)
    assert words in finding.sentence


def test_camera_that_looks_at_something_else_is_explained(rig, filled):
    camera = {"name": "Behavior camera", "target": "other", "notes": "Looks at the food dispenser."}
    made, _ = of(rig, filled(rig={"notes": None, "cameras": [camera]}))
    assert component(made, "Behavior_camera")["target"] == "Other"
    assert made["notes"] == "Behavior_camera: Looks at the food dispenser."


def test_arena_called_like_a_part_of_a_device_gets_another_name(rig, filled):
    made, _ = of(rig, filled(session={"mouse_platform": "HPC sensor"}))
    assert component(made, "HPC sensor 2")["notes"] == "What the animal moved on."


def test_nothing_said_gives_nothing(session):
    made, findings = instrument.make(session(), Sidecar())
    assert made is None
    assert {finding.numbers["fact"] for finding in findings} == {"rig.instrument_id", "rig.modification_date"}


def test_each_scope_has_the_light_that_the_lab_gives_it(session, recording, stream, filled):
    recorded = session(recording(streams=[stream("HPC"), stream("ACC")]))
    made, _ = of(recorded, filled(imaging={"scopes": [{"name": "ACC", "excitation_nm": 590, "emission_nm": 620}]}))
    assert [component(made, f"{name} LED")["wavelength"] for name in ("HPC", "ACC")] == [470, 590]


@pytest.mark.parametrize(
    ("lines", "dark", "fact"),
    [
        ({"scopes": [{"name": "ACC", "excitation_nm": 470}]}, "HPC", "imaging.excitation_nm"),
        (
            {"scopes": [{"name": "ACC", "excitation_nm": 470}, {"name": "HPC", "depth_um": 9}]},
            "HPC",
            "imaging.scopes.2.excitation_nm",
        ),
    ],
)
def test_light_of_one_scope_that_is_not_known_is_named_with_its_line(
    session, recording, stream, filled, lines, dark, fact
):
    recorded = session(recording(streams=[stream("HPC"), stream("ACC")]))
    made, findings = of(recorded, filled(imaging={"excitation_nm": None, **lines}))
    names = {one["name"] for one in made["components"]}
    assert ("ACC LED" in names, "HPC LED" in names) == (True, False)
    (led,) = [finding for finding in findings if finding.numbers["fact"] == fact]
    assert f"says nothing about the LED of {dark}, " in led.sentence


def test_two_scopes_of_one_maker_are_said_once(session, recording, stream, filled):
    scopes = [stream("HPC"), stream("ACC")]
    _, findings = of(session(recording(streams=scopes)), filled(rig={"scope_manufacturer": None}))
    assert len([finding for finding in findings if finding.numbers["fact"] == "rig.scope_manufacturer"]) == 1
