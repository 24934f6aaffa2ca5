import pytest

from miniscope_to_nwb_zarr.core.errors import UsageError
from miniscope_to_nwb_zarr.run.inputs import find_sessions, make_job
from miniscope_to_nwb_zarr.run.options import Options
from tests.recordings import scope_recording


def found(**options):
    chosen = Options.from_python(**options)
    return find_sessions(chosen, chosen.data_dir, make_job(chosen).sidecar)


def test_results_inside_an_asset_that_is_a_link_are_refused(tmp_path):
    scope_recording(tmp_path / "asset")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "asset").symlink_to(tmp_path / "asset")
    assert found(data_dir=tmp_path / "data", results_dir=tmp_path / "results").sessions
    with pytest.raises(UsageError, match="never written to"):
        found(data_dir=tmp_path / "data", results_dir=tmp_path / "asset" / "results")


def test_results_beside_the_files_of_a_loose_recording_are_refused(tmp_path):
    device = scope_recording(tmp_path / "data").folder / "HPC_miniscope1"
    loose = {"video_files": [device / "*.avi"], "start_time": "2026-03-14T09:26:53-07:00"}
    assert found(**loose, results_dir=tmp_path / "results").sessions
    with pytest.raises(UsageError, match="never written to"):
        found(**loose, results_dir=device / "results")
