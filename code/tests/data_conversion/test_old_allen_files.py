"""Sessions written by the libraries that wrote the real ones convert like those that today's libraries write."""

import h5py
import pytest
from hdmf_zarr import NWBZarrIO

from miniscope_to_nwb_zarr.core.receipt import Receipt
from miniscope_to_nwb_zarr.run.main import main
from tests.allen import ecephys_files, ophys_files, visual_coding_ophys
from tests.allen.make_old_files import unpack
from tests.allen.visual_coding_ophys import DONOR

SESSIONS = {
    "Visual Behavior Ophys": {"ophys_session_500", f"behavior_session_{ophys_files.BEHAVIOR_SESSION}"},
    "Visual Behavior Ephys": {f"ecephys_session_{ecephys_files.SESSION}"},
    "Visual Coding Ophys": {visual_coding_ophys.stem("StimB").replace(str(visual_coding_ophys.SPECIMEN), DONOR)},
}
SCHEMAS = {"Visual Coding Ophys": "2.7.0"}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = unpack(tmp_path_factory.mktemp("old"))
    visual_coding_ophys.write_tables(folder / "visual_coding_ophys" / "tables")
    return folder


@pytest.mark.parametrize("data_set", SESSIONS)
def test_they_convert_and_differ_only_by_what_the_log_says(sources, tmp_path, data_set):
    folder = sources / data_set.lower().replace(" ", "_")
    for path in folder.rglob("*.nwb"):
        with h5py.File(path) as file:
            assert list(file["specifications/core"]) == [SCHEMAS.get(data_set, "2.6.0-alpha")]
    results = tmp_path / "results"
    assert main(["--dataset", data_set, "--data_dir", str(folder), "--results_dir", str(results)], {}) == 0
    assert {path.name for path in results.iterdir() if not path.name.startswith(("run-", "."))} == SESSIONS[data_set]
    for name in SESSIONS[data_set]:
        receipt = Receipt.from_text((results / name / "receipt.json").read_text())
        assert not [finding.sentence for finding in receipt.findings if finding.severity == "error"]
        assert not [each.where for each in receipt.findings if each.code == "nwb_changed" and each.severity != "info"]
        with NWBZarrIO(str(results / name / f"{name}.nwb.zarr"), "r") as io:
            nwbfile = io.read()
            if data_set == "Visual Coding Ophys":
                assert nwbfile.stimulus["natural_scenes_stimulus"].indexed_timeseries.data.ndim == 3
                assert nwbfile.acquisition["MotionCorrectedTwoPhotonSeries"].imaging_plane.parent is nwbfile
                continue
            (template,) = (each for each in nwbfile.stimulus_template if not each.endswith("_unwarped"))
            image = nwbfile.stimulus_template[template]["im061_r"]
            assert type(image).__name__ == "WarpedStimulusTemplateImage"
            assert image.unwarped is nwbfile.stimulus_template[f"{template}_unwarped"]["im061_r"]
