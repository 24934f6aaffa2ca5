import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.model import Roi
from miniscope_to_nwb_zarr.sources.device_settings import DeviceFacts, device_facts

KEYS = ["deviceName", "deviceType", "ROI", "frameRate", "gain", "led0", "ewl", "compression", "framesPerFile"]
ROI = {"leftEdge": 0, "topEdge": 4, "width": 600, "height": 608}


def facts(**settings):
    return device_facts(settings, "dev/metaData.json")


def test_a_scope_of_version_1_11():
    found, findings = facts(
        ROI=ROI, compression="FFV1", deviceName="My V4", deviceType="Miniscope_V4_BNO", ewl=70, frameRate="30FPS",
        framesPerFile=1000, gain=3.5, led0=1,
    )  # fmt: skip
    assert findings == ()
    assert found == DeviceFacts("My V4", "Miniscope_V4_BNO", Roi(0, 4, 600, 608), 30.0, "3.5", 1.0, 70.0, "FFV1", 1000)


def test_nothing_is_required():
    assert facts() == (DeviceFacts(), ())
    assert facts(**dict.fromkeys(KEYS)) == (DeviceFacts(), ())


@pytest.mark.parametrize(
    ("damaged", "meant"),
    [("gin", "gain"), ("gaiain", "gain"), ("compon", "compression"), ("deviceTy1e999pe", "deviceType"), ("R0I", "ROI")],
)
def test_a_name_that_was_damaged_is_told(damaged, meant):
    _, (finding,) = facts(**{damaged: "x"})
    assert (finding.code, finding.numbers) == (Code.SETTINGS_VALUE, {"key": damaged})
    assert f"{damaged!r}, which is not a known setting, and no {meant!r}" in finding.sentence


@pytest.mark.parametrize("name", ["deviceID", "led1", "led0FineSteps", "optoPeriod", "exposure", "lut", "x" * 100_000])
def test_other_names_are_nothing_to_tell(name):
    assert facts(**{name: 1}) == (DeviceFacts(), ())


def test_a_name_like_one_that_is_there_is_nothing_to_tell():
    assert facts(gain="Low", gain2="High")[1] == ()


@pytest.mark.parametrize(
    ("value", "rate_hz"),
    [(20, 20), (20.0, 20), ("20FPS", 20), ("30FPS/90", 30), ("15 fps", 15), ("FPS 50", 50), ("29.97", 29.97)],
)
def test_the_rate_is_the_first_number(value, rate_hz):
    found, findings = facts(frameRate=value)
    assert (found.nominal_rate_hz, findings) == (rate_hz, ())


@pytest.mark.parametrize(
    "value", ["fast", "", 0, "0FPS", -20, "-20FPS", True, [20], {"a": 1}, 10**30, "9" * 30, float("inf")]
)
def test_what_is_no_rate_is_named(value):
    found, (finding,) = facts(frameRate=value)
    assert found.nominal_rate_hz is None
    assert finding.code is Code.SETTINGS_VALUE
    assert finding.sentence.startswith("frameRate is ")
    assert "expected frames per second" in finding.sentence


@pytest.mark.parametrize(
    ("value", "gain"), [("High", "High"), (3.5, "3.5"), (2, "2"), (2.0, "2"), ("1X", "1X"), (" ", None)]
)
def test_gain_is_text(value, gain):
    found, findings = facts(gain=value)
    assert (found.gain, findings) == (gain, ())


@pytest.mark.parametrize(("value", "percent"), [(0, 0), (100, 100), (12.5, 12.5), ("47", 47)])
def test_led_in_per_cent_is_taken(value, percent):
    assert facts(led0=value)[0].led_percent == percent


@pytest.mark.parametrize("settings", [{"led0": 101}, {"led0": 255}, {"led0": -1}, {"led0": 47, "led0FineSteps": True}])
def test_led_on_another_scale_is_not_taken_for_per_cent(settings):
    found, (finding,) = facts(**settings)
    assert found.led_percent is None
    assert "per cent" in finding.sentence


@pytest.mark.parametrize(("value", "count"), [(1000, 1000), (1000.0, 1000), ("5000", 5000)])
def test_frames_per_file_may_be_a_whole_float(value, count):
    found, findings = facts(framesPerFile=value)
    assert (found.frames_per_file, type(found.frames_per_file), findings) == (count, int, ())


@pytest.mark.parametrize("value", [0, -1, 10.5, "many", 1e300, 10**400, False])
def test_frames_per_file_must_be_a_count(value):
    found, (finding,) = facts(framesPerFile=value)
    assert found.frames_per_file is None
    assert finding.numbers == {"key": "framesPerFile"}


@pytest.mark.parametrize(
    ("roi", "key"),
    [
        ("all", "ROI"),
        ({}, "ROI"),
        ({**ROI, "width": 0}, "ROI.width"),
        ({**ROI, "leftEdge": -1}, "ROI.leftEdge"),
        ({**ROI, "height": "tall"}, "ROI.height"),
        ({**ROI, "height": 10**9}, "ROI.height"),
    ],
)
def test_a_broken_roi_is_named(roi, key):
    found, (finding,) = facts(ROI=roi)
    assert (found.roi, finding.numbers) == (None, {"key": key})


@pytest.mark.parametrize(("value", "focus"), [(-127, -127), ("70", 70), (128, None)])
def test_focus(value, focus):
    found, findings = facts(ewl=value)
    assert (found.focus, len(findings)) == (focus, focus is None)


wild = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(ROI)) | st.text(), inner, max_size=4)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(KEYS), wild))
def test_no_values_raise(settings):
    device_facts(settings, "x")
