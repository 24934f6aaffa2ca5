import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.data_conversion.nwb.plan import plan_array

MB = 1_000_000


@pytest.mark.parametrize(
    ("shape", "itemsize", "source", "chunks", "box"),
    [
        # LFP as the Allen's files have it: whole chunks of the source
        ((5_000_000, 93), 4, (21_250, 1), (63_750, 31), (63_750, 31)),
        # a channel in one piece: decompressed once, for as many channels as memory holds
        ((5_600_000, 93), 4, (5_600_000, 1), (625_000, 4), (5_625_000, 4)),
        ((5_000_000, 93), 4, None, (80_645, 31), (80_645, 31)),
        # frames: halves, on whole chunks of the source
        ((4000, 512, 512), 2, (10, 512, 512), (30, 256, 512), (30, 512, 512)),
        ((3, 8000, 8000), 8, None, (1, 156, 8000), (1, 156, 8000)),
        ((10**8,), 8, None, (1_250_000,), (1_250_000,)),
        ((90_000, 6), 8, (2813, 1), (90_000, 6), (90_045, 6)),
    ],
)
def test_arrays_of_the_kinds_that_there_are(shape, itemsize, source, chunks, box):
    plan = plan_array(shape, itemsize, 10 * MB, source)
    assert plan.chunks == chunks
    assert all(side >= least for side, least in zip(plan.box, chunks, strict=True))
    assert [min(side, size) for side, size in zip(plan.box, shape, strict=True)] == [
        min(side, size) for side, size in zip(box, shape, strict=True)
    ]


def test_columns_of_rows_of_their_own_length_are_cut_finer():
    assert plan_array((10**7,), 8, 8 * MB, None, is_ragged=True).chunks == (125_000,)


@st.composite
def arrays(draw):
    shape = tuple(draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=3)))
    source = tuple(draw(st.integers(1, size)) for size in shape)
    return (
        shape,
        draw(st.sampled_from([1, 2, 4, 8])),
        draw(st.integers(MB // 4, 20 * MB)),
        draw(st.sampled_from([None, source])),
    )


@given(arrays())
def test_chunks_are_never_larger_than_asked_for_and_boxes_are_whole_chunks(array):
    shape, itemsize, chunk_bytes, source = array
    plan = plan_array(shape, itemsize, chunk_bytes, source)
    assert math.prod(plan.chunks) * itemsize <= chunk_bytes
    assert all(box % chunk == 0 for box, chunk in zip(plan.box, plan.chunks, strict=True))
    held = math.prod(min(box, size) for box, size in zip(plan.box, shape, strict=True)) * itemsize
    assert held <= max(96 * MB, chunk_bytes)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=3), st.data())
def test_boxes_hold_every_value_once(shape, data):
    source = tuple(data.draw(st.integers(1, size)) for size in shape)
    plan = plan_array(tuple(shape), 1, data.draw(st.integers(1, 30)), source)
    seen = [index for box in plan.boxes() for index in product(*(range(first, stop) for first, stop in box))]
    assert sorted(seen) == list(product(*map(range, shape)))
