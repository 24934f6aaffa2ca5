import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.demo.settings import device_settings, qt_json, session_settings, user_config
from miniscope_to_nwb_zarr.demo.spec import DeviceSpec, RecordingSpec, camera
from miniscope_to_nwb_zarr.demo.versions import SoftwareVersion

SPEC = RecordingSpec(
    devices=(DeviceSpec(name="Scope B"), DeviceSpec(name="Scope A"), camera("Cam")),
    version=SoftwareVersion.V1_11,
    start=datetime(2022, 9, 19, 9, 18, 41, 7_000, timezone(timedelta(hours=-5))),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)

# the recording quoted in the reference, 1.3
LITERAL = """{
    "animalName": "animal_name",
    "baseDirectory": "C:/data/researcher_name/experiment_name/animal_name/2022_09_19/09_18_41",
    "cameras": [
    ],
    "experimentName": "experiment_name",
    "miniscopes": [
        "miniscope"
    ],
    "recordingStartTime": {
        "day": 19,
        "hour": 9,
        "minute": 18,
        "month": 9,
        "msec": 7,
        "msecSinceEpoch": 1663597121007,
        "second": 41,
        "year": 2022
    },
    "researcherName": "researcher_name"
}"""


def test_session_settings_are_those_of_a_real_recording():
    spec = replace(
        SPEC,
        devices=(DeviceSpec(name="miniscope"),),
        researcher="researcher_name",
        experiment="experiment_name",
        animal="animal_name",
        data_directory="C:/data",
    )
    assert qt_json(session_settings(spec)) == LITERAL


@given(JSON)
def test_qt_json_is_json(value):
    assert json.loads(qt_json(value)) == value


def test_whole_numbers_have_no_point():
    assert qt_json({"b": 3.0, "a": 3.5, "R": []}) == '{\n    "R": [\n    ],\n    "a": 3.5,\n    "b": 3\n}'


@pytest.mark.parametrize("version", SoftwareVersion)
def test_start_is_flat_before_v1_10(version):
    settings = session_settings(replace(SPEC, version=version))
    is_flat = version in {SoftwareVersion.V0_1, SoftwareVersion.V0_11, SoftwareVersion.V1_02}
    assert ("msecSinceEpoch" in settings) is is_flat
    assert (settings.get("recordingStartTime", settings))["msecSinceEpoch"] == 1663597121007
    assert settings["miniscopes"] == (["Scope B", "Scope A"] if is_flat else ["Scope A", "Scope B"])


def test_cameras_of_v0_1_have_settings_of_scopes():
    cam = SPEC.devices[2]
    assert device_settings(replace(SPEC, version=SoftwareVersion.V0_1), cam)["deviceName"] == "Scope B"
    settings = device_settings(SPEC, cam)
    assert settings["deviceName"] == "Cam"
    assert not {"gain", "frameRate", "led0", "ewl"} & set(settings)


def test_keys_that_came_later_are_absent_before():
    scope = DeviceSpec(name="S", settings={"gain": 3.5, "ewl": None})
    old = device_settings(replace(SPEC, version=SoftwareVersion.V0_1), scope)
    new = device_settings(SPEC, scope)
    assert set(new) - set(old) == {"compression", "ROI"}
    assert new["gain"] == 3.5
    assert "ewl" not in new


def test_folders_follow_the_structure_and_its_version():
    spec = replace(SPEC, directory_structure=("Date", "animalName", "cage", "nosuch", "time"), custom={"cage": "c 4"})
    assert spec.path == "DateMissing/M770001/c_4/nosuchMissing/09_18_41"
    assert replace(spec, version=SoftwareVersion.V2_0).path.startswith("2022_09_19/M770001/c_4/")
    assert replace(spec, version=SoftwareVersion.V0_11).path == "M770001/09_18_41"
    assert session_settings(spec)["cage"] == "c 4"
    assert session_settings(spec)["nosuch"] == ""
    assert "cage" not in session_settings(replace(spec, version=SoftwareVersion.V0_11))


def test_user_config_has_both_forms():
    by_name = user_config(SPEC)["devices"]["miniscopes"]
    assert list(by_name) == ["Scope B", "Scope A"]
    assert "deviceName" not in by_name["Scope A"]
    listed = user_config(SPEC, as_arrays=True)["devices"]
    assert [entry["deviceName"] for entry in listed["miniscopes"]] == ["Scope B", "Scope A"]
    assert listed["cameras"][0]["compression"] == "MJPG"
