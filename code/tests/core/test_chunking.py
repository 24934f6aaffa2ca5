"""Chunks are as large as asked for, and cover every frame once."""

from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.chunking import plan_chunks

SIDES = st.integers(1, 1500)


@given(st.integers(1, 5000), SIDES, SIDES, st.sampled_from([1, 2]), st.booleans(), st.integers(1, 16))
def test_every_plan(n_frames, width, height, itemsize, is_color, chunk_mb):
    shape = (n_frames, width, height, *((3,) if is_color else ()))
    plan = plan_chunks(shape, itemsize, chunk_mb * 1_000_000)
    assert plan.shape == shape
    assert all(1 <= chunk <= size for chunk, size in zip(plan.chunks, shape, strict=True))
    size = itemsize
    for chunk in plan.chunks:
        size *= chunk
    assert size <= chunk_mb * 1_000_000 or plan.chunks[0] == 1
    frames = [k for first, stop in plan.slabs() for k in range(first, stop)]
    assert frames == list(range(n_frames))
    tiles = -(-width // plan.chunks[1])
    assert plan.n_objects == len(plan.slabs()) * tiles


def test_at_most_one_object_for_twenty_frames_of_600_by_600():
    plan = plan_chunks((40_000, 600, 600), 1, 12_000_000)
    assert plan.n_objects <= 40_000 / 20
