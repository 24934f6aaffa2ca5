"""A recording on ONIX from its files to a store that is read back: frames, stamps, ticks, sensor, port."""

import json

import numpy as np
import pytest
from hdmf_zarr import NWBZarrIO

from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.onix import OnixSpec, write_onix
from tests.conversions import convert, sessions_in

DEVICE = "Miniscope_V4"


@pytest.fixture(scope="module", params=[Encoding.DIB, Encoding.DIB_GRAY16], ids=["8 bit", "10 bit"])
def converted(request, tmp_path_factory):
    """Truth and NWB file of a converted run with a gap, and with frames that never reached the video."""
    spec = OnixSpec(encoding=request.param, n_unflushed=2, lost=(7,))
    truth = write_onix(spec, tmp_path_factory.mktemp("onix data"))
    (session,) = sessions_in(truth.folder, subject_id="M1")
    outcome = convert(session, tmp_path_factory.mktemp("onix results"))
    with NWBZarrIO(str(outcome.output / f"{session.name}.nwb.zarr"), mode="r") as io:
        yield truth, io.read()


def test_frames_with_their_stamps_and_ticks(converted):
    truth, nwbfile = converted
    series = nwbfile.acquisition[f"OnePhotonSeries_{DEVICE}"]
    assert nwbfile.session_start_time == truth.spec.start
    assert series.data.dtype == ("uint8" if truth.spec.encoding is Encoding.DIB else "uint16")
    assert len(series.data) == 23
    assert all(np.array_equal(frame.T, truth.frame(k)) for k, frame in enumerate(series.data[:]))
    assert np.array_equal(series.timestamps[:], truth.time_s[:23])
    for name, line in (("ClockFirstLine", 0), ("ClockLastLine", -1)):
        ticks = nwbfile.acquisition[f"{name}_{DEVICE}"]
        assert ticks.data.dtype == np.uint64
        assert np.array_equal(ticks.data[:], truth.clock[:23, line])
        assert np.array_equal(ticks.timestamps[:], truth.time_s[:23])


def test_the_sensor_on_its_own_stamps(converted):
    truth, nwbfile = converted
    time_s = truth.inertial[:, 0] / truth.spec.clock_hz
    orientation = nwbfile.processing["behavior"][f"HeadOrientation_{DEVICE}"]
    assert np.array_equal(orientation.data[:], truth.inertial[:, [7, 4, 5, 6]])
    assert np.array_equal(orientation.timestamps[:], time_s)
    assert "2 of" in orientation.description
    for name, columns, unit in (
        ("EulerAngles", slice(1, 4), "degrees"),
        ("LinearAcceleration", slice(8, 11), "m/s^2"),
        ("Gravity", slice(11, 14), "m/s^2"),
        ("SensorTemperature", 14, "degrees Celsius"),
    ):
        series = nwbfile.acquisition[f"{name}_{DEVICE}"]
        assert np.array_equal(series.data[:], truth.inertial[:, columns])
        assert np.array_equal(series.timestamps[:], time_s)
        assert series.unit == unit


def test_the_port_and_the_acquisition(converted):
    _, nwbfile = converted
    changes = nwbfile.acquisition["DevicePropertyChanges"]
    assert changes.data[:].tolist() == [f"{DEVICE},PortStatus,SerdesLock, SerdesParityPass"]
    assert changes.timestamps[:].tolist() == [0.02]
    settings = json.loads(nwbfile.acquisition[f"OnePhotonSeries_{DEVICE}"].comments)
    assert settings["AcquisitionClockHz"] == 250_000_000


def test_what_was_found_stands_in_the_file(converted):
    _, nwbfile = converted
    findings = nwbfile.processing["source"]["findings"].to_dataframe()
    assert {"frames_missing", "gap", "orientation_invalid"} <= set(findings["code"])
