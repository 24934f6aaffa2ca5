"""The stamp of a frame under errors of the radio: one that a buffer of its own brought, near what was sent, or none."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.demo.mio_radio import Flip, MioVersion, Radio, Sender, combine, send
from miniscope_to_nwb_zarr.layouts.mio.table import frame_table, judge_buffers
from miniscope_to_nwb_zarr.sources.buffers_csv import BufferTable

COLUMNS = ("frame_num", "buffer_count", "frame_buffer_count", "timestamp")
N_FRAMES = 24


class Gray:
    def frame(self, index):
        return np.full((4, 8), 90 + index, np.uint8)


SENDER = Sender(
    movie=Gray(), n_frames=N_FRAMES + 1, buffer_pixels=4, rate_hz=20, start=datetime(2026, 3, 14, tzinfo=UTC),
    first_ms=124_429,
)  # fmt: skip


def frames_and_table(flips):
    frames, rows = combine(send(SENDER, Radio(flips=flips)), 32, 4, MioVersion.V0_9)
    values = np.array([[row.buffer.header[name] for name in COLUMNS] for row in rows], float)
    table = BufferTable(Path("wl.csv"), COLUMNS, values, np.arange(len(rows)) + 2, np.zeros(len(rows), np.int64))
    return frames, frame_table(judge_buffers(table, np.array([row.index for row in rows])))


@given(
    st.lists(
        st.builds(Flip, st.integers(0, N_FRAMES - 1), st.integers(0, 7), st.just("timestamp"), st.integers(0, 31)),
        max_size=2,
    )
)
def test_stamps_with_turned_bits(flips):
    frames, found = frames_and_table(flips)
    brought = [{row.buffer.header["timestamp"] for row in frame.rows} for frame in frames]
    sent = np.array([frame.rows[0].buffer.sent_ms for frame in frames])
    stamps = found.table.time_s * 1000
    assert found.table.frame_number.tolist() == list(range(N_FRAMES))
    whole = next(k for k in range(N_FRAMES) if k not in {flip.frame for flip in flips})
    start = round(sent[whole] - stamps[whole])
    assert np.isfinite(stamps).all()
    assert all(round(stamp + start) in own for stamp, own in zip(stamps, brought, strict=True))
    # turned bits that put a stamp between its neighbours' cannot be told from jitter; at the ends, less can be told
    error = np.abs(stamps + start - sent)
    assert error[2:-2].max() < 100
    assert error.max() < 1100


def test_a_turned_bit_in_a_first_buffer_leaves_the_frame_the_stamp_of_its_second():
    frames, found = frames_and_table([Flip(9, 0, "timestamp", 16)])
    sent = [frame.rows[k == 9].buffer.sent_ms for k, frame in enumerate(frames)]
    np.testing.assert_allclose(found.table.time_s * 1000, np.array(sent) - sent[0], atol=1e-6)
    assert np.flatnonzero(np.isnan(found.signal.time_s)).tolist() == [72]
    assert found.signal.values[72, 3] == frames[9].rows[0].buffer.sent_ms ^ 1 << 16
