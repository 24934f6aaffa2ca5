import subprocess
import sys
from dataclasses import replace

import av
import h5py
import numpy as np
import pytest
import zarr
from hdmf_zarr import NWBZarrIO
from pynwb import NWBHDF5IO

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.data_conversion.frames import write_slab
from miniscope_to_nwb_zarr.data_conversion.series import plan_series
from miniscope_to_nwb_zarr.demo import barcode
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.sources.video import VideoFile
from tests import defects
from tests.conversions import convert, sessions_in
from tests.data_conversion.conftest import GREY, converted
from tests.recordings import CAMERA, SCOPE, scope_recording, small_recording

DAMAGED = 19
"""The frame of the rich recording's first scope whose packet has a wrong bit."""


def frames_of(store, device, prefix="OnePhotonSeries"):
    return zarr.open(str(store), mode="r")[f"acquisition/{prefix}_{device}/data"]


def numbers(data):
    """The number that each frame shows."""
    return [barcode.read(frame.swapaxes(0, 1)) for frame in data]


@pytest.mark.parametrize("spec", [SCOPE, GREY], ids=["FFV1", "GREY"])
def test_every_frame_is_what_the_sensor_gave_turned_to_x_y(rich, spec):
    device = rich.truth.devices[spec.folder_name]
    data = frames_of(rich.store, spec.folder_name)
    assert data.shape == (spec.n_frames, spec.width_px, spec.height_px)
    assert data.dtype == np.dtype("u1")
    assert data.nchunks > 2
    for row in range(spec.n_frames):
        if (spec, row) != (SCOPE, DAMAGED):
            assert np.array_equal(data[row], device.frame(row).T), row


def test_every_frame_has_the_stamp_of_its_own_row(rich, nwbfile):
    for spec in (SCOPE, GREY):
        series = nwbfile.acquisition[f"OnePhotonSeries_{spec.folder_name}"]
        shown = numbers(series.data[:])
        stamps = rich.truth.devices[spec.folder_name].rows.stamp_ms[shown] / 1000
        assert len(set(shown)) == spec.n_frames
        assert np.array_equal(series.timestamps[:], stamps)


def test_the_damaged_frame_is_marked_and_no_other(rich, nwbfile):
    table = nwbfile.invalid_times.to_dataframe()
    assert len(table) == 1
    stamps = rich.truth.devices[SCOPE.folder_name].rows.stamp_ms / 1000
    assert table.start_time.iloc[0] == stamps[DAMAGED]
    assert stamps[DAMAGED] < table.stop_time.iloc[0] < stamps[DAMAGED + 1] + 0.02
    assert list(table.tags.iloc[0]) == ["frame damaged"]
    (series,) = (entry.timeseries for entry in table.timeseries.iloc[0])
    assert series.name == f"OnePhotonSeries_{SCOPE.folder_name}"
    (finding,) = (f for f in rich.outcome.receipt.findings if f.code is Code.FRAMES_DAMAGED)
    assert finding.numbers["frames"] == [DAMAGED]
    assert finding.sentence.endswith(
        "; it is stored as the decoder gave it, and marked in the table invalid_times: leave it out of analyses"
    )


def test_a_reader_without_this_package_sees_the_same_frames(rich):
    program = """
import sys
import zarr
data = zarr.open(sys.argv[1], mode="r")["acquisition/OnePhotonSeries_ACC_miniscope2/data"]
assert not [name for name in sys.modules if name.startswith(("miniscope", "hdmf", "pynwb"))]
sys.stdout.buffer.write(data[:].tobytes())
"""
    # -I: neither this folder nor the environment can bring our codecs in
    done = subprocess.run([sys.executable, "-I", "-c", program, str(rich.store)], capture_output=True, check=True)
    device = rich.truth.devices[GREY.folder_name]
    assert done.stdout == b"".join(device.frame(row).T.tobytes() for row in range(GREY.n_frames))


def test_a_fresh_process_reads_the_file_with_hdmf_zarr(rich):
    program = """
import sys
from hdmf_zarr import NWBZarrIO
with NWBZarrIO(sys.argv[1], mode="r") as io:
    file = io.read()
    print(type(file.devices["HPC_miniscope1"]).__name__, *sorted(file.acquisition))
"""
    done = subprocess.run([sys.executable, "-c", program, str(rich.store)], capture_output=True, check=True, text=True)
    kind, *names = done.stdout.split()
    # resolved as the extension's type without our package being imported
    assert kind == "Miniscope"
    assert "OnePhotonSeries_HPC_miniscope1" in names
    assert "ImageSeries_Behavior_camera" in names


def test_hdf5_holds_the_same_frames_and_stamps(rich, tmp_path):
    made = converted(rich.truth, rich.truth.folder, tmp_path, ".nwb", backend="hdf5")
    assert made.outcome.receipt.series == rich.outcome.receipt.series
    with h5py.File(made.store) as file:
        name = f"acquisition/OnePhotonSeries_{GREY.folder_name}"
        truth = rich.truth.devices[GREY.folder_name]
        assert np.array_equal(file[name]["data"][:], [truth.frame(k).T for k in range(GREY.n_frames)])
        assert np.array_equal(file[name]["timestamps"][:], truth.rows.stamp_ms / 1000)
    with NWBHDF5IO(str(made.store), mode="r") as io:
        assert set(io.read().acquisition) >= {f"OnePhotonSeries_{SCOPE.folder_name}", "ImageSeries_Behavior_camera"}


def test_an_embedded_colour_camera_holds_what_its_files_show(tmp_path):
    truth = small_recording(tmp_path / "data", devices=(replace(CAMERA, encoding=Encoding.FFV1_BGR),))
    made = converted(truth, tmp_path / "data", tmp_path / "results", embed_cameras=True)
    data = frames_of(made.store, CAMERA.folder_name, "ImageSeries")
    device = truth.devices[CAMERA.folder_name]
    assert data.shape == (CAMERA.n_frames, CAMERA.width_px, CAMERA.height_px, 3)
    for row in range(CAMERA.n_frames):
        # the generator's arena is blue-green-red
        assert np.array_equal(data[row], device.frame(row)[..., ::-1].swapaxes(0, 1)), row
    assert not (made.outcome.output / "behavior-videos").exists()


def test_a_lossy_camera_is_embedded_as_its_decoder_gives_it(tmp_path):
    truth = small_recording(tmp_path / "data", devices=(CAMERA,))
    made = converted(truth, tmp_path / "data", tmp_path / "results", embed_cameras=True)
    data = frames_of(made.store, CAMERA.folder_name, "ImageSeries")[:]
    assert [barcode.read(frame.swapaxes(0, 1)) for frame in data] == list(range(CAMERA.n_frames))
    with VideoFile(truth.folder / CAMERA.folder_name / "1.avi", as_color=True) as video:
        assert np.array_equal(data[13], video.read(3).array.swapaxes(0, 1))


def test_sixteen_bits_stay_sixteen_bits(tmp_path):
    truth = scope_recording(tmp_path / "data", n_frames=12, frames_per_file=12)
    planes = np.random.default_rng(3).integers(0, 65536, (12, 48, 64), dtype=np.uint16)
    with av.open(str(truth.folder / SCOPE.folder_name / "0.avi"), "w", format="avi") as container:
        stream = container.add_stream("ffv1", rate=60)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "gray16le"
        for k, plane in enumerate(planes):
            picture = av.VideoFrame.from_ndarray(plane, format="gray16le")
            picture.pts = k
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    made = converted(truth, tmp_path / "data", tmp_path / "results")
    data = frames_of(made.store, SCOPE.folder_name)
    assert data.dtype == np.dtype("<u2")
    assert np.array_equal(data[:], planes.swapaxes(1, 2))


def remove_middle(folder):
    (folder / "1.avi").unlink()


def truncate_middle(folder):
    defects.truncate_avi(folder / "1.avi")


def empty_middle(folder):
    defects.empty_file(folder / "1.avi")


def unclose_last(folder):
    defects.unclose_avi(folder / "2.avi", 3)


def spoil_codec(folder):
    data = (folder / "1.avi").read_bytes()
    (folder / "1.avi").write_bytes(data.replace(b"FFV1", b"QQQQ"))


@pytest.mark.parametrize("damage", [remove_middle, truncate_middle, empty_middle, unclose_last, spoil_codec])
def test_a_damaged_file_costs_its_own_frames_and_no_stamp_of_another(tmp_path, damage):
    truth = scope_recording(tmp_path / "data")
    device = truth.devices[SCOPE.folder_name]
    damage(device.folder)
    made = converted(truth, tmp_path / "data", tmp_path / "results")
    with NWBZarrIO(str(made.store), mode="r") as io:
        series = io.read().acquisition[f"OnePhotonSeries_{SCOPE.folder_name}"]
        data, stamps = series.data[:], series.timestamps[:]
    rows = np.searchsorted(device.rows.stamp_ms, np.rint(stamps * 1000))
    seen = [row for row, frame in zip(rows, data, strict=True) if np.array_equal(frame, device.frame(row).T)]
    # a frame that cannot be decoded is black, and in the table of invalid times
    lost = {row for row, frame in zip(rows, data, strict=True) if not frame.any()}
    assert set(rows) - set(seen) == lost
    n_whole_files = 20 if damage is unclose_last else 15
    assert len(seen) >= n_whole_files
    assert {*range(10), *(range(20) if damage is unclose_last else range(20, 25))} <= set(seen)
    assert made.outcome.receipt.findings != ()


def test_a_file_of_another_depth_is_lost_not_wrapped(tmp_path):
    truth = scope_recording(tmp_path / "data")
    folder = truth.folder / SCOPE.folder_name
    with av.open(str(folder / "2.avi"), "w", format="avi") as container:
        stream = container.add_stream("ffv1", rate=60)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "gray16le"
        for k in range(5):
            picture = av.VideoFrame.from_ndarray(np.full((48, 64), 300, np.uint16), format="gray16le")
            picture.pts = k
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    made = converted(truth, tmp_path / "data", tmp_path / "results")
    data = frames_of(made.store, SCOPE.folder_name)[:]
    # 300 modulo 256 would be a picture of 44
    assert not data[20:].any()
    (finding,) = (f for f in made.outcome.receipt.findings if f.code is Code.FRAMES_DAMAGED)
    assert finding.numbers["frames"] == [20, 21, 22, 23, 24]
    assert "; they are stored black, as they could not be decoded at all. All are marked" in finding.sentence


def test_combined_recordings_lie_apart_by_their_true_gap(tmp_path):
    from tests.recordings import across_dst

    first, second = across_dst(tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data", combine="all")
    outcome = convert(session, tmp_path / "results")
    with NWBZarrIO(str(outcome.output / f"{session.name}.nwb.zarr"), mode="r") as io:
        series = [s for name, s in sorted(io.read().acquisition.items()) if name.startswith("OnePhotonSeries")]
        by_start = sorted(series, key=lambda one: one.timestamps[0])
        gap_s = (second.spec.start - first.spec.start).total_seconds()
        assert [one.timestamps[0] for one in by_start] == pytest.approx([-0.021, gap_s - 0.021])
        # local clocks went back by an hour between them
        assert gap_s == 20 * 60


@pytest.mark.parametrize("white", [255, None])
def test_pixels_of_the_largest_value_are_counted(tiny, tmp_path, white):
    (one,) = plan_series(tiny.session, 20_000, embed_cameras=False)
    array = tmp_path / one.name
    zarr.create(one.plan.shape, chunks=one.plan.chunks, dtype=one.dtype, store=zarr.DirectoryStore(str(array)))
    frames = [tiny.truth.devices[SCOPE.folder_name].frame(row) for row in range(SCOPE.n_frames)]
    # the bar code is white; or any other value
    white = white or int(np.median(frames))
    reports = [write_slab(replace(task, white=white)) for task in one.tasks(array, 2)]
    expected = sum(int(np.sum(frame == white)) for frame in frames)
    assert expected > 0
    assert sum(n_white for report in reports for _, n_white in report.levels) == expected


@pytest.mark.parametrize(("pixel_format", "white"), [("gray", 255), ("gray10le", 1023), ("gray16be", 65_535)])
def test_the_largest_value_is_that_of_the_sensor(tiny, pixel_format, white):
    (one,) = plan_series(tiny.session, 20_000, embed_cameras=False)
    picture = replace(one.stream.picture, pixel_format=pixel_format, bit_depth=8 if pixel_format == "gray" else 16)
    assert replace(one, stream=replace(one.stream, picture=picture), dtype=picture.dtype).white == white
