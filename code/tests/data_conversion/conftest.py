from dataclasses import replace
from types import SimpleNamespace

import pytest
from hdmf_zarr import NWBZarrIO

from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.spec import DeviceSpec
from tests import defects
from tests.conversions import convert, sessions_in
from tests.recordings import CAMERA, SCOPE, small_recording

GREY = DeviceSpec(
    name="ACC miniscope2",
    model="Miniscope_V4",
    device_id=2,
    width_px=150,
    height_px=40,
    encoding=Encoding.GREY,
    n_frames=23,
    lost=(7, 8, 9, 10, 11),
    has_bar_code=True,
    settings={"gain": "High", "ewl": 5},
)
FACTS = Sidecar.model_validate(
    {
        "subject": {
            "species": "Mus musculus",
            "sex": "F",
            "genotype": "Thy1-GCaMP6f/wt",
            "date_of_birth": "2025-12-01",
        },
        "session": {
            "experimenters": ["Doe, Jane"],
            "description": "Free exploration of a square arena.",
            "keywords": ["CA1", "exploration"],
            "institution": "University of California, San Diego",
            "lab": "Doe Lab",
            "ethics_review_id": ["ARC-2020-001"],
        },
        "imaging": {
            "indicator": "GCaMP6f",
            "location": "CA1",
            "excitation_nm": 470,
            "emission_nm": 525,
            "pixel_size_um": 1.8,
            "scopes": [{"name": "ACC miniscope2", "location": "ACA", "depth_um": 250, "pixel_size_um": 1.1}],
        },
    }
)
TRACKER = {"type": "DeepLabCut-Live", "modelPath": "C:/models/arena"}


@pytest.fixture(scope="session")
def rich(tmp_path_factory):
    """Two scopes and a camera with all that goes with them; one frame of the first scope is damaged. Converted once."""
    folder = tmp_path_factory.mktemp("rich data")
    truth = small_recording(folder, devices=(SCOPE, GREY, CAMERA), behavior_tracker=TRACKER, n_pose_points=2)
    # the frame is the tenth of its file: the key frames of FFV1 are 12 apart, so that no other frame depends on it
    defects.flip_bit(truth.folder / SCOPE.folder_name / "1.avi", 9)
    return converted(truth, folder, tmp_path_factory.mktemp("rich results"), sidecar=FACTS)


@pytest.fixture(scope="session")
def nwbfile(rich):
    with NWBZarrIO(str(rich.store), mode="r") as io:
        yield io.read()


def converted(truth, folder, results, suffix=".nwb.zarr", **job):
    (session,) = sessions_in(folder)
    outcome = convert(session, results, **job)
    store = outcome.output / f"{session.name}{suffix}"
    return SimpleNamespace(truth=truth, session=session, outcome=outcome, store=store, results=results)


@pytest.fixture
def tiny(tmp_path):
    """One scope of 25 frames, not converted."""
    folder = tmp_path / "data"
    truth = small_recording(folder, devices=(replace(SCOPE, has_orientation=False),))
    (session,) = sessions_in(folder)
    return SimpleNamespace(truth=truth, session=session, folder=folder, results=tmp_path / "results")
