"""The damages that other tests rely on are what they say."""

import io
import json

import av
import numpy as np
import pytest

from miniscope_to_nwb_zarr.demo import barcode
from tests import defects
from tests.recordings import across_dst, scope_recording


@pytest.fixture
def device(tmp_path):
    return scope_recording(tmp_path).devices["HPC_miniscope1"]


def column(device, number, table="timeStamps.csv"):
    lines = (device.folder / table).read_text("utf-8").splitlines()[1:]
    return np.array([float(line.split(",")[number]) for line in lines])


def numbers(path):
    with av.open(str(path)) as container:
        return [barcode.read(picture.to_ndarray(format="gray")) for picture in container.decode(video=0)]


@pytest.mark.parametrize(
    ("rows", "left"),
    [
        (slice(20, None), [*range(20)]),
        (slice(0, 3), [*range(3, 25)]),
        (slice(5, 8), [*range(5), *range(8, 25)]),
    ],
)
def test_drop_rows(device, rows, left):
    defects.drop_rows(device.folder, rows)
    assert column(device, 0).tolist() == left
    defects.drop_rows(device.folder, rows, "headOrientation.csv")
    assert column(device, 0, "headOrientation.csv").tolist() == device.rows.stamp_ms[left].tolist()


def test_drop_rows_of_a_table_without_header(tmp_path):
    device = scope_recording(tmp_path, "v0.1").devices["HPC_miniscope1"]
    defects.drop_rows(device.folder, slice(1, None))
    assert (device.folder / "timeStamps.csv").read_text().startswith("0\t-21\t")


def test_torn_and_strange_rows(device):
    whole = (device.folder / "timeStamps.csv").read_bytes()
    defects.tear_last_line(device.folder)
    assert (device.folder / "timeStamps.csv").read_bytes() == whole[:-4]
    defects.add_field(device.folder, 3)
    defects.put_text(device.folder, 4)
    lines = (device.folder / "timeStamps.csv").read_text().splitlines()
    assert lines[4].endswith(",7")
    assert lines[4].count(",") == 4
    assert lines[5].split(",")[1] == "abc"


def test_stamps(device):
    truth = device.rows.stamp_ms
    defects.step_clock(device.folder, 10, -3600_000)
    assert (column(device, 1) - truth).tolist() == [0] * 10 + [-3600_000] * 15
    defects.step_clock(device.folder, 10, 3600_000)
    defects.absurd_first_stamp(device.folder)
    assert column(device, 1)[0] == 935703178
    assert (column(device, 1)[1:] == truth[1:]).all()


def test_gap_with_a_changed_rate(device):
    defects.reconnect(device.folder, 12)
    interval = np.diff(column(device, 1))
    assert interval[11] == 1400
    assert np.median(interval[:11]) == pytest.approx(33, abs=2)
    assert np.median(interval[12:]) == pytest.approx(16.7, abs=1.5)


def test_negative_and_oscillating_stamps(device):
    defects.negative_first_stamps(device.folder)
    assert (column(device, 1) < 0).sum() == 3
    defects.oscillate(device.folder)
    interval = np.diff(column(device, 1))
    assert interval[::2].min() > interval[1::2].max() + 10


def test_queue_and_counter(device):
    defects.fill_queue(device.folder, 4)
    assert column(device, 2)[11] == 127
    assert (np.diff(column(device, 2)[4:12]) > 0).all()
    defects.spoil_counter(device.folder, unread=(6, 7), repeated=(9,))
    count = column(device, 3)
    assert count[6:8].tolist() == [-1, -1]
    assert count[9] == count[8] == device.rows.hardware_count[8]


def test_orientation(device):
    defects.zero_orientation(device.folder, (2,))
    quaternion = np.stack([column(device, k, "headOrientation.csv") for k in range(1, 5)], axis=1)
    assert (quaternion[2] == 0).all()
    np.testing.assert_array_equal(np.delete(quaternion, 2, 0), np.delete(device.rows.quaternion, 2, 0))


def test_settings(device):
    defects.change_settings(device.folder, deviceName="Other", ewl=None)
    settings = json.loads((device.folder / "metaData.json").read_text())
    assert settings["deviceName"] == "Other"
    assert "ewl" not in settings
    defects.remove_settings(device.folder)
    assert not (device.folder / "metaData.json").exists()


def test_truncated_file_has_whole_frames_before_the_cut(device):
    whole = defects.truncate_avi(device.folder / "1.avi")
    assert 0 < whole < 10
    ends = [begin + size for begin, size in defects.payloads(device.folder / "1.avi")]
    assert (np.array(ends) <= (device.folder / "1.avi").stat().st_size).sum() == whole


def test_unclosed_file_is_what_the_muxer_leaves_before_it_closes(tmp_path, device):
    """A file that FFmpeg has not closed yet, held against one closed and then damaged, both of the same packets."""
    muxed = io.BytesIO()
    source_path = str(device.folder / "0.avi")
    with av.open(source_path) as source, av.open(muxed, "w", format="avi", buffer_size=64) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
        unclosed = muxed.getvalue()
    (tmp_path / "open.avi").write_bytes(muxed.getvalue())
    defects.unclose_avi(tmp_path / "open.avi", 7)
    damaged = (tmp_path / "open.avi").read_bytes()
    assert len(damaged) > 1000
    assert unclosed[: len(damaged)] == damaged


def test_unclosed_file_has_whole_frames(device):
    path = device.folder / "0.avi"
    defects.unclose_avi(path, 7)
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == 0
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert len(packets) == 8
    assert b"idx1" not in path.read_bytes()


def test_flipped_bit_changes_one_payload(device):
    path = device.folder / "2.avi"
    before = path.read_bytes()
    defects.flip_bit(path, 3)
    changed = [k for k, (a, b) in enumerate(zip(before, path.read_bytes(), strict=True)) if a != b]
    begin, size = defects.payloads(path)[3]
    assert len(changed) == 1
    assert begin <= changed[0] < begin + size


def test_empty_and_stray_files(device):
    defects.empty_file(device.folder / "1.avi")
    assert (device.folder / "1.avi").stat().st_size == 0
    names = defects.add_strays(device.folder)
    assert all((device.folder / name).exists() for name in names)
    assert numbers(device.folder / "0_corrected.avi") == list(range(10))


def test_across_dst_local_time_goes_back(tmp_path):
    first, second = across_dst(tmp_path)
    assert second.folder.name < first.folder.name
    assert second.spec.start_unix_ms - first.spec.start_unix_ms == 20 * 60 * 1000
