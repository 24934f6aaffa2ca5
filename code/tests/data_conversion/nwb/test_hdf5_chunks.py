"""Chunks that are decoded here hold what HDF5 reads of them."""

import tracemalloc
import zlib

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.data_conversion.nwb import hdf5_chunks

FILTERS = [
    {"compression": "gzip"},
    {"compression": "gzip", "shuffle": True},
    {"compression": "gzip", "shuffle": True, "fletcher32": True},
    {"compression": "gzip", "fletcher32": True},
    {"compression": "lzf"},
    {"scaleoffset": True},
    {},
]
DTYPES = ["<u2", ">u2", "<i1", "<f4", ">f8", "<f2", "<u8"]


@settings(max_examples=80)
@given(choice=st.data())
def test_a_box_is_what_hdf5_gives(choice, tmp_path_factory):
    shape = choice.draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
    chunks = tuple(choice.draw(st.integers(1, side)) for side in shape)
    dtype, filters = choice.draw(st.sampled_from(DTYPES)), choice.draw(st.sampled_from(FILTERS))
    if "scaleoffset" in filters and dtype[1] == "f":
        filters = {}
    box = tuple(sorted(choice.draw(st.tuples(st.integers(0, side - 1), st.integers(1, side)))) for side in shape)
    box = tuple((first, max(stop, first + 1)) for first, stop in box)
    with h5py.File(tmp_path_factory.mktemp("box") / "a.h5", "w") as file:
        array = file.create_dataset(
            "a", shape, dtype, chunks=chunks, fillvalue=3, maxshape=[None] * len(shape), **filters
        )
        # some chunks are never written: they hold the fill value
        written = tuple(slice(choice.draw(st.integers(0, side))) for side in shape)
        values = np.random.default_rng(len(shape)).integers(0, 100, size=shape).astype(dtype)
        array[written] = values[written]
        path = file.filename
    with h5py.File(path) as file:
        found = hdf5_chunks.read_box(file["a"], box)
        expected = file["a"][tuple(slice(*sides) for sides in box)]
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_a_chunk_that_skipped_a_filter_is_read(tmp_path):
    values = np.arange(6, dtype="<u2")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        array = file.create_dataset("a", (6,), "<u2", chunks=(6,), compression="gzip", shuffle=True)
        # neither shuffled nor compressed: as HDF5 stores what does not get smaller
        array.id.write_direct_chunk((0,), values.tobytes(), filter_mask=0b11)
    with h5py.File(tmp_path / "a.h5") as file:
        np.testing.assert_array_equal(hdf5_chunks.read_box(file["a"], ((0, 6),)), values)


@pytest.mark.parametrize("damage", ["bit", "cut", "checksum"])
def test_a_damaged_chunk_is_refused_as_hdf5_refuses_it(tmp_path, damage):
    values = np.arange(5000, dtype="<u4")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        array = file.create_dataset("a", data=values, chunks=(5000,), compression="gzip", fletcher32=True)
        _, raw = array.id.read_direct_chunk((0,))
        broken = bytearray(raw)
        broken[{"bit": len(raw) // 2, "cut": 0, "checksum": -1}[damage]] ^= 4
        array.id.write_direct_chunk((0,), bytes(broken[:-900] if damage == "cut" else broken))
    with h5py.File(tmp_path / "a.h5") as file, pytest.raises(OSError, match="Can't synchronously read data"):
        hdf5_chunks.read_box(file["a"], ((0, 5000),))


def test_a_chunk_that_unpacks_without_end_is_not_unpacked(tmp_path):
    bomb = zlib.compress(bytes(1 << 28), 9)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        array = file.create_dataset("a", (1 << 20,), "<u1", chunks=(1 << 20,), compression="gzip")
        array.id.write_direct_chunk((0,), bomb)
    with h5py.File(tmp_path / "a.h5") as file:
        tracemalloc.start()
        assert hdf5_chunks._decode(file["a"], (0,), hdf5_chunks._decoders(file["a"])) is None
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 16 << 20
