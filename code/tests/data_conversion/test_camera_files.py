from dataclasses import replace

import av
import numpy as np
import pytest
from hdmf_zarr import NWBZarrIO

from miniscope_to_nwb_zarr.data_conversion.camera_files import rows_of_copies
from miniscope_to_nwb_zarr.demo import barcode
from tests import defects
from tests.conversions import sessions_in
from tests.data_conversion.conftest import converted
from tests.recordings import CAMERA, SCOPE, small_recording

CAM = CAMERA.folder_name


@pytest.mark.parametrize(
    ("damage", "unstamped"),
    [
        (lambda folder: defects.drop_rows(folder, slice(0, 3)), [0, 1, 2]),
        (lambda folder: defects.drop_rows(folder, slice(4, 6)), [4, 5]),
        (lambda folder: defects.put_text(folder, 15), [15]),
    ],
    ids=["first rows gone", "rows gone", "row unreadable"],
)
def test_frames_of_the_copies_keep_their_own_stamps(tmp_path, damage, unstamped):
    truth = small_recording(tmp_path / "data", devices=(replace(SCOPE, n_frames=2), CAMERA))
    damage(truth.folder / CAM)
    done = converted(truth, tmp_path / "data", tmp_path / "results")
    expected = truth.devices[CAM].rows.stamp_ms / 1000
    expected[unstamped] = np.nan
    queue = truth.devices[CAM].rows.queue_depth.copy()
    queue[unstamped] = -1
    with NWBZarrIO(str(done.store), mode="r") as io:
        nwbfile = io.read()
        series = nwbfile.acquisition[f"ImageSeries_{CAM}"]
        shown = [frame for path in series.external_file for frame in numbers_in(done.outcome.output / path)]
        assert shown == list(range(24))
        assert np.array_equal(series.timestamps[:], expected, equal_nan=True)
        assert list(series.starting_frame) == [0, 10, 20]
        assert f"{len(unstamped)} frames of the video files have no row" in series.description
        assert nwbfile.acquisition[f"BufferIndex_{CAM}"].data[:].tolist() == queue.tolist()


def test_frames_after_the_last_row_of_a_file_are_passed_by(tmp_path):
    truth = small_recording(tmp_path)
    defects.drop_rows(truth.folder / CAM, slice(8, 10))
    (camera,) = sessions_in(tmp_path)[0].recordings[0].streams_of(CAMERA.kind)
    rows, firsts = rows_of_copies(camera)
    assert rows.tolist() == list(range(22))
    assert {path.name: first for path, first in firsts.items()} == {"0.avi": 0, "1.avi": 8, "2.avi": 18}


def numbers_in(path):
    with av.open(str(path)) as container:
        return [barcode.read(frame.to_ndarray(format="gray")) for frame in container.decode(video=0)]
