"""The program from Python, as a lab uses it."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
from hdmf_zarr import NWBZarrIO

import miniscope_to_nwb_zarr as mnz
from tests.recordings import SCOPE, scope_spec, small_recording, write_recording


def test_recordings_are_joined_at_offsets_given_by_hand(tmp_path):
    """The clocks of the two computers disagreed by an hour; the lab knows that 90.5 s lie between the starts."""
    first = scope_spec(n_frames=12)
    second = scope_spec(n_frames=11, start=first.start - timedelta(hours=1), seed=1)
    truths = [write_recording(spec, tmp_path / "data") for spec in (first, second)]
    by_folder = {s.recordings[0].folder: s for s in mnz.discover(tmp_path / "data").sessions}
    joined = mnz.combine([by_folder[truth.folder] for truth in truths], [0, 90.5])
    output = mnz.write_nwbfile(mnz.build_nwbfile(joined), joined, tmp_path / "results", workers=1)
    with NWBZarrIO(str(output / f"{joined.name}.nwb.zarr"), mode="r") as io:
        series = [s for name, s in sorted(io.read().acquisition.items()) if name.startswith("OnePhotonSeries")]
        assert [one.name.rpartition("_")[2] for one in series] == ["20260314T092653", "20260314T092824"]
        for one, truth, offset_s in zip(series, truths, (0, 90.5), strict=True):
            stamps = truth.devices[SCOPE.folder_name].rows.stamp_ms / 1000
            np.testing.assert_array_equal(one.timestamps[:], offset_s + stamps)
            np.testing.assert_array_equal(one.data[3], truth.devices[SCOPE.folder_name].frame(3).T)


def test_an_api_session_is_a_recording_of_the_folder(tmp_path):
    truth = small_recording(tmp_path / "data")
    (session,) = mnz.discover(str(tmp_path / "data")).sessions
    table = mnz.devices_table(session)
    assert table["recording"].tolist() == [truth.folder.name] * 2
    assert table["missing_frames"].tolist() == [0, 0]
    np.testing.assert_array_equal(
        mnz.frames(session, SCOPE.folder_name)[4], truth.devices[SCOPE.folder_name].frame(4).T
    )


def test_missing_frames_are_those_of_lost_videos_and_those_that_were_dropped(tmp_path):
    dropped = replace(SCOPE, name="Other", device_id=4, lost=(4, 5))
    truth = small_recording(tmp_path / "data", devices=(SCOPE, dropped))
    (truth.folder / SCOPE.folder_name / "0.avi").unlink()
    (session,) = mnz.discover(tmp_path / "data").sessions
    table = mnz.devices_table(session).set_index("device")
    assert table["missing_frames"].to_dict() == {SCOPE.folder_name: 10, "Other": 2}
    assert table["frames"].to_dict() == {SCOPE.folder_name: 15, "Other": 25}
