import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.sources.open_ephys_yml import ScopeFacts, read_configuration

TEXT = """Hardware:
  Miniscope:
    LedBrightness: {led}
    Focus: {focus}
    SensorGain: Low
    FrameRate: {rate}
"""


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        (tmp_path / "run_0.yml").write_text(text, encoding="utf-8")
        return read_configuration(tmp_path / "run_0.yml", "run_0.yml")

    return read_text


def test_the_settings_of_the_scope(read):
    values, facts, findings = read(TEXT.format(led="32.558139534883722", focus="-100", rate="Fps15"))
    assert findings == ()
    assert facts == ScopeFacts(15.0, "Low", 32.558139534883722, -127.0)
    assert values["Hardware"]["Miniscope"]["FrameRate"] == "Fps15"


def test_a_name_that_was_damaged_is_told(read):
    text = TEXT.format(led="1", focus="0", rate="Fps15").replace("SensorGain", "SensorG%in")
    _, facts, (finding,) = read(text)
    assert (facts.gain, finding.code) == (None, Code.SETTINGS_VALUE)
    assert "'SensorG%in' in Hardware.Miniscope" in finding.sentence


@pytest.mark.parametrize(
    ("led", "focus", "rate", "n_bad"),
    [("255", "0", "Fps30", 1), ("on", "-101", "30", 3), ("", "~", "''", 1), ("1E1", "1.5E-05", "Fps0", 1)],
)
def test_values_that_cannot_be_used_are_told(read, led, focus, rate, n_bad):
    _, _, findings = read(TEXT.format(led=led, focus=focus, rate=rate))
    assert [finding.code for finding in findings] == [Code.SETTINGS_VALUE] * n_bad


@pytest.mark.parametrize("text", ["", "Camera:\n  CameraIndex: 0\n", "Hardware: 3\n", "Hardware:\n- 1\n"])
def test_a_configuration_without_the_scope(read, text):
    _, facts, (finding,) = read(text)
    assert facts == ScopeFacts()
    assert finding.code in {Code.SETTINGS_VALUE, Code.SETTINGS_UNREADABLE}


def test_a_file_that_is_not_there(tmp_path):
    _, facts, (finding,) = read_configuration(tmp_path / "none.yml", "none.yml")
    assert (facts, finding.code) == (ScopeFacts(), Code.FILE_MISSING)


@given(st.binary(max_size=200))
def test_no_bytes_raise(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "random.yml"
    path.write_bytes(raw)
    values, facts, _ = read_configuration(path, "x")
    assert isinstance(values, dict)
    assert isinstance(facts, ScopeFacts)
