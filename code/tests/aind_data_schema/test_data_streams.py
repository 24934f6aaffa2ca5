import datetime as dt
from dataclasses import replace

import pytest

from miniscope_to_nwb_zarr.aind_data_schema import acquisition, facts
from miniscope_to_nwb_zarr.core.model import DeviceKind, Picture, PropertyChange, Roi

# the library reads its own deprecated fields
pytestmark = pytest.mark.filterwarnings("ignore:Deprecated. use .*coordinate_system:DeprecationWarning")

SETTINGS = {
    "gain": "Medium",
    "ewl": -8,
    "led0": 12,
    "frameRate": "30FPS",
    "ROI": {"width": 600},
    "a.b": {"$c": 1, "d": None},
    "a_b": [1, None, 2.5],
}


def of(session, sidecar):
    made, findings = acquisition.make(session, sidecar)
    return made.model_dump(mode="json", exclude_none=True), findings


def with_device(stream, **settings):
    return replace(stream, device=replace(stream.device, **settings))


@pytest.fixture
def scope(stream):
    whole = with_device(
        stream("HPC", orientation=True),
        roi=Roi(4, 8, 600, 602),
        nominal_rate_hz=30.0,
        led_percent=12.0,
        focus=-8.0,
        settings=SETTINGS,
    )
    return replace(whole, picture=Picture(600, 602, "ffv1", "gray", 8))


@pytest.fixture
def camera(stream):
    return with_device(stream("Behavior_camera", DeviceKind.CAMERA), roi=Roi(0, 0, 320, 240))


@pytest.fixture
def described(session, recording, scope, camera):
    return replace(session(recording(streams=[scope, camera])), layout="Miniscope DAQ")


def test_settings_go_where_the_schema_has_a_field(described, filled):
    made, findings = of(described, filled())
    assert findings == ()
    (stream,) = made["data_streams"]
    imaging, detector = stream["configurations"]
    channel, image = imaging["channels"][0], imaging["images"][0]
    assert imaging["device_name"] == "HPC"
    assert imaging["sampling_strategy"]["frame_rate"] == 30
    crop = {name: value for name, value in channel["detector"].items() if name.startswith("crop_")}
    assert crop == {
        "crop_offset_x": 4, "crop_offset_y": 8, "crop_width": 600, "crop_height": 602, "crop_unit": "pixel"
    }  # fmt: skip
    assert "exposure_time" not in channel["detector"]
    (light,) = channel["light_sources"]
    assert (light["device_name"], light["power"], light["power_unit"]) == ("HPC LED", 12, "percent")
    assert channel["additional_device_names"][0]["device_name"] == "HPC tunable lens"
    assert (channel["intended_measurement"], channel["emission_wavelength"]) == ("GCaMP6f", 525)
    assert image["dimensions"]["scale"] == [600, 602]
    (plane,) = image["planes"]
    assert (plane["depth"], plane["power"], plane["targeted_structure"]["acronym"]) == (1200, 12, "CA1")
    assert (detector["device_name"], detector["crop_width"]) == ("Behavior_camera camera", 320)
    assert stream["active_devices"] == [
        "HPC", "HPC sensor", "HPC LED", "HPC tunable lens", "HPC orientation sensor",
        "Behavior_camera", "Behavior_camera camera", "Behavior_camera lens",
    ]  # fmt: skip
    assert made["subject_details"]["mouse_platform_name"] == "Square arena"


def test_the_rest_of_the_settings_are_parameters_of_the_software(described, filled):
    made, _ = of(described, filled())
    (code,) = made["data_streams"][0]["code"]
    assert (code["name"], code["version"]) == ("Miniscope-DAQ-QT-Software", "1.11")
    assert code["parameters"] == {"HPC": {"gain": "Medium", "ewl": -8, "a_b": {"_c": 1}, "a_b_2": [1, None, 2.5]}}


def test_version_that_is_not_known_is_left_out_and_said(described, filled):
    with pytest.warns(UserWarning, match="version"):
        made, (finding,) = of(described, filled(rig={"acquisition_software_version": None}))
    assert "version" not in made["data_streams"][0]["code"][0]
    assert "the version of Miniscope-DAQ-QT-Software" in finding.sentence


@pytest.mark.parametrize(
    ("lines", "notes"),
    [
        ({"location": "dorsal CA1"}, "Imaged area: dorsal CA1. Depth below the brain's surface: 1200 um."),
        ({"depth_um": None}, "Imaged area: CA1."),
        ({"location": None}, "Depth below the brain's surface: 1200 um."),
    ],
)
def test_plane_is_left_out_and_told_in_words_where_something_is_not_known(described, filled, lines, notes):
    made, _ = of(described, filled(imaging=lines))
    (stream,) = made["data_streams"]
    assert stream["configurations"][0]["images"][0]["planes"] == []
    assert stream["notes"] == f"{notes} Width of a pixel in the tissue: 1.8 um."


def test_each_scope_has_the_area_that_the_lab_gives_it(session, recording, scope, filled):
    streams = [scope, with_device(scope, name="ACC", label="ACC scope")]
    own = {"name": "ACC scope", "location": "ACA", "depth_um": 250, "emission_nm": 530, "indicator": "jGCaMP8m"}
    made, _ = of(session(recording(streams=streams)), filled(imaging={"scopes": [own]}))
    (stream,) = made["data_streams"]
    told = {}
    for imaging in stream["configurations"]:
        ((channel,), (image,)) = imaging["channels"], imaging["images"]
        (plane,) = image["planes"]
        area = plane["targeted_structure"]["acronym"]
        told[imaging["device_name"]] = (
            area, plane["depth"], channel["emission_wavelength"], channel["intended_measurement"]
        )  # fmt: skip
    assert told == {"HPC": ("CA1", 1200, 525, "GCaMP6f"), "ACC": ("ACA", 250, 530, "jGCaMP8m")}
    assert stream["notes"] == "Width of a pixel in the tissue: 1.8 um."


def test_words_on_the_imaging_name_the_scope_where_scopes_differ(session, recording, scope, filled):
    streams = [scope, with_device(scope, name="ACC", label="ACC")]
    own = {"name": "ACC", "location": "dorsal ACC", "pixel_size_um": 1.1}
    made, _ = of(session(recording(streams=streams)), filled(imaging={"scopes": [own]}))
    assert made["data_streams"][0]["notes"] == (
        "HPC: Width of a pixel in the tissue: 1.8 um. ACC: Imaged area: dorsal ACC. "
        "Depth below the brain's surface: 1200 um. Width of a pixel in the tissue: 1.1 um."
    )


def test_light_without_a_wavelength_has_no_device_and_keeps_its_power(described, filled):
    made, _ = of(described, filled(imaging={"excitation_nm": None}))
    (stream,) = made["data_streams"]
    assert stream["configurations"][0]["channels"][0]["light_sources"] == []
    assert "HPC LED" not in stream["active_devices"]
    assert stream["code"][0]["parameters"]["HPC"]["led0"] == 12


def test_orientation_sensor_that_recorded_nothing_is_not_active(session, recording, scope, filled):
    silent = replace(scope, orientation=None)
    made, _ = of(session(recording(streams=[silent])), filled())
    assert "HPC orientation sensor" not in made["data_streams"][0]["active_devices"]


def test_settings_that_were_changed_are_told(described, filled):
    change = PropertyChange(9.0344, "HPC", "led0", "15")
    recording = replace(described.recordings[0], property_changes=(change, replace(change, device="other")))
    made, _ = of(replace(described, recordings=(recording,)), filled())
    assert made["data_streams"][0]["notes"].startswith("led0 of HPC was set to 15 9.034 s after the start. ")
    assert "other" not in made["data_streams"][0]["notes"]


def test_recordings_of_one_session_have_streams_with_their_own_settings(session, recording, scope, filled):
    first = recording(streams=[scope])
    brighter = with_device(scope, led_percent=20.0)
    second = recording(first.start + dt.timedelta(hours=2), [brighter], offset_s=7200.0)
    made, _ = of(session(first, second), filled())
    powers = [s["configurations"][0]["channels"][0]["light_sources"][0]["power"] for s in made["data_streams"]]
    assert powers == [12, 20]


def test_protocol_without_doi_is_told_in_the_notes(described, filled):
    made, _ = of(described, filled(session={"protocol": "Lab protocol 7", "notes": "Cable twisted."}))
    assert "protocol_id" not in made
    assert made["notes"] == "Cable twisted. Protocol: Lab protocol 7."


def test_setup_that_is_not_described_names_the_software(described, filled):
    made, _ = of(described, filled(rig={"cameras": []}))
    (stream,) = made["data_streams"]
    assert stream["object_type"] == "External data stream"
    assert stream["notes"].startswith(
        "Recorded by HPC (Miniscope_V4_BNO), Behavior_camera with Miniscope-DAQ-QT-Software."
    )
    assert made["instrument_id"] == "room3-miniscope"


def test_streams_lie_inside_the_session(session, recording, stream, filled):
    """Cameras stream before the recording begins."""
    made, _ = of(session(recording(streams=[stream(time_s=(-3.0, 1.0, 20.0))])), filled())
    (one,) = made["data_streams"]
    assert one["stream_start_time"] == made["acquisition_start_time"]
    assert one["stream_end_time"] == made["acquisition_end_time"]


def test_licence_and_people_that_are_not_known_are_said(described, filled):
    made, findings = of(described, filled(session={"ethics_review_id": [], "experimenters": []}))
    assert "ethics_review_id" not in made
    assert {finding.numbers["fact"] for finding in findings} == {"session.ethics_review_id", "session.experimenters"}
    assert "says nothing about the animal licence" in findings[1].sentence


def test_platform_is_required(described, filled):
    made, findings = acquisition.make(described, filled(session={"mouse_platform": None}))
    assert made is None
    assert [finding.numbers["fact"] for finding in findings] == ["session.mouse_platform"]
    assert facts.named_animal(described) == "m770001"
