"""What each acquisition layout gives fills the files of a described setup."""

import datetime as dt
import json
from pathlib import Path

import pytest

from miniscope_to_nwb_zarr.aind_data_schema import facts, nwb_agreement
from miniscope_to_nwb_zarr.aind_data_schema.acquisition_code import SOFTWARE
from miniscope_to_nwb_zarr.aind_data_schema.bundle import make_bundle
from miniscope_to_nwb_zarr.demo.mio import MioSpec, write_mio
from miniscope_to_nwb_zarr.demo.onix import OnixSpec, write_onix
from miniscope_to_nwb_zarr.demo.open_ephys import OpenEphysSpec, write_open_ephys
from miniscope_to_nwb_zarr.demo.v3 import V3Spec, write_v3
from miniscope_to_nwb_zarr.layouts import LAYOUTS
from miniscope_to_nwb_zarr.run.session_store import build_session
from tests.conversions import job, sessions_in
from tests.recordings import small_recording

PACKAGED = dt.datetime(2026, 11, 20, 20, 5, 7, tzinfo=dt.UTC)
WRITERS = {
    "Miniscope DAQ": small_recording,
    "Miniscope V3": lambda folder: write_v3(V3Spec(), folder),
    "Miniscope Open Ephys": lambda folder: write_open_ephys(OpenEphysSpec(), folder),
    "Miniscope Wireless": lambda folder: write_mio(MioSpec(), folder),
    "Miniscope ONIX": lambda folder: write_onix(OnixSpec(), folder),
}
CAMERAS = [{"name": name, "target": "body"} for name in ("Behavior camera", "behavCam")]


def test_every_layout_is_tried_and_its_software_known():
    assert set(WRITERS) == set(SOFTWARE) == set(LAYOUTS)


@pytest.mark.parametrize("layout", WRITERS)
def test_recording_fills_the_files(tmp_path, filled, layout):
    WRITERS[layout](tmp_path)
    # tables of V3 and of wireless Miniscopes tell no zone
    request = {"timezone": "America/Los_Angeles"} if layout in {"Miniscope V3", "Miniscope Wireless"} else {}
    (session,) = sessions_in(tmp_path, **request)
    assert session.layout == layout
    sidecar = filled(
        subject={"subject_id": session.subject_label or "m1", "date_of_birth": None, "age": "P90D"},
        session={"timezone": None},
        rig={"modification_date": "2018-01-01", "cameras": CAMERAS},
        surgeries=[],
    )
    session = facts.complete(session, sidecar)
    made = make_bundle(session, sidecar, PACKAGED)
    assert len(made.files) == 5, [finding.sentence for finding in made.findings]
    (stream,) = json.loads(made.files["acquisition.json"])["data_streams"]
    assert stream["code"][0]["name"] == SOFTWARE[layout].name
    devices = {one.device.name for _, one in session.streams}
    assert devices <= set(stream["active_devices"])
    nwbfile = build_session(session, job(Path(), sidecar=sidecar), PACKAGED)
    assert nwb_agreement.compare(nwbfile, made.models) == []
