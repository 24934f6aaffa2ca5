"""Stores of Open Ephys' recordings, read back."""

from dataclasses import replace

import numpy as np
import pytest
from hdmf_zarr import NWBZarrIO

from miniscope_to_nwb_zarr.demo.open_ephys import OpenEphysSpec, Software, segments, write_open_ephys
from tests.conversions import convert, sessions_in

GUI = OpenEphysSpec(lost=(9,), messages=((0.3, "PropertyChanged", "Focus: 5"), (0.4, "Info", "mouse rears")))


@pytest.mark.parametrize("software", [Software.GUI, Software.BONSAI, Software.EXAMPLE], ids=lambda s: s.name)
def test_frames_stamps_orientation_and_inputs(tmp_path, software):
    truth = write_open_ephys(replace(GUI, software=software), tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data", subject_id="M7")
    outcome = convert(session, tmp_path / "results")
    with NWBZarrIO(str(outcome.output / f"{session.name}.nwb.zarr"), mode="r") as io:
        nwbfile = io.read()
        series = nwbfile.acquisition["OnePhotonSeries_Miniscope_V4"]
        assert series.data.shape == (25, 64, 48)
        for row in range(25):
            np.testing.assert_array_equal(series.data[row], truth.frame(row).T)
        np.testing.assert_allclose(series.timestamps[:], truth.time_s, rtol=0, atol=1e-9)
        assert nwbfile.session_start_time == truth.spec.start
        orientation = nwbfile.processing["behavior"]["HeadOrientation_Miniscope_V4"]
        np.testing.assert_array_equal(orientation.data[:], truth.rows.quaternion)
        np.testing.assert_allclose(orientation.timestamps[:], truth.time_s, rtol=0, atol=1e-9)
        counter = nwbfile.acquisition["FrameNumber_Miniscope_V4"]
        assert counter.data[:].tolist() == truth.rows.frame_count.tolist()
        inputs = {Software.GUI: ["DigitalIn0", "DigitalIn1"], Software.EXAMPLE: ["Trigger"]}.get(software, [])
        for place, name in enumerate(inputs):
            signal = nwbfile.acquisition[f"{name}_Miniscope_V4"]
            assert signal.data.dtype == np.uint8
            assert signal.data[:].tolist() == truth.rows.inputs[:, place].astype(int).tolist()
        if software is Software.GUI:
            received = nwbfile.acquisition["TimestampSecondsSinceStart_Miniscope_V4"]
            np.testing.assert_allclose(received.data[:], truth.rows.received_ticks / 1e7, rtol=0, atol=1e-9)
            assert "mouse rears" in nwbfile.acquisition["Notes"].data[:]
            assert nwbfile.acquisition["DevicePropertyChanges"].data[:].tolist() == ["Miniscope V4,Focus,5"]


def test_segments_in_one_store(tmp_path):
    truths = [write_open_ephys(spec, tmp_path / "data") for spec in segments(GUI, 2, gap_s=1.5)]
    (session,) = sessions_in(tmp_path / "data", subject_id="M7", combine="all")
    outcome = convert(session, tmp_path / "results")
    with NWBZarrIO(str(outcome.output / f"{session.name}.nwb.zarr"), mode="r") as io:
        nwbfile = io.read()
        for truth in truths:
            series = nwbfile.acquisition[f"OnePhotonSeries_Miniscope_V4_{truth.spec.start:%Y%m%dT%H%M%S}"]
            offset_s = (truth.spec.start - truths[0].spec.start).total_seconds()
            np.testing.assert_allclose(series.timestamps[:], offset_s + truth.time_s, rtol=0, atol=1e-9)
            np.testing.assert_array_equal(series.data[24], truth.frame(24).T)
