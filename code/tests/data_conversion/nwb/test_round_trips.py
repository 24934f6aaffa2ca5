"""From HDF5 to Zarr and back, again and again: the contents stay equal, whatever they are."""

import shutil
import warnings

import h5py
import numpy as np
import pytest
from hdmf_zarr import NWBZarrIO
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pynwb import NWBHDF5IO

from miniscope_to_nwb_zarr.data_conversion.nwb import job
from miniscope_to_nwb_zarr.data_conversion.nwb.compare import compare_files
from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob
from tests import nwb_files
from tests.conversions import no_processes
from tests.nwb_files import replace_dataset

MAKERS = ["rich_file", "extended_file", "old_file", "bare_file", "linked_files"]
SUFFIXES = {"zarr": ".nwb.zarr", "hdf5": ".nwb"}
TEXT = h5py.string_dtype()


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch):
    monkeypatch.setattr(job, "open_pool", no_processes)


def converted(source, folder, *formats):
    """The file in each of these formats, each made from the one before."""
    for k, name in enumerate(formats):
        results = folder / f"{k} {name}"
        source = job.convert(NwbJob("a", (source,), results, format=name)).output / f"a{SUFFIXES[name]}"
        yield source


def made(name, folder):
    return nwb_files.linked_files(folder) if name == "linked_files" else getattr(nwb_files, name)(folder / "source.nwb")


@pytest.mark.parametrize("name", MAKERS)
def test_there_and_back_and_there_again(name, tmp_path):
    source = made(name, tmp_path)
    for copy in converted(source, tmp_path, "zarr", "hdf5", "zarr"):
        assert compare_files(source, copy).differences == ()


@pytest.mark.parametrize("name", MAKERS)
def test_a_store_of_hdmf_zarr_goes_there_and_back(name, tmp_path):
    source, store = made(name, tmp_path), tmp_path / "store.nwb.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with NWBHDF5IO(source, "r") as opened, NWBZarrIO(str(store), "w") as io:
            io.export(src_io=opened, write_args={"link_data": False})
    for copy in converted(store, tmp_path, "hdf5", "zarr"):
        assert compare_files(store, copy).differences == ()


def texts(*values, shape=None, dtype=TEXT):
    return lambda old: replace_dataset(old, np.array(values, dtype=object).reshape(shape or (-1,)), dtype=dtype)


def numbers(*values, dtype):
    return lambda old: replace_dataset(old, np.array(values, dtype=dtype))


ODD = {
    "half": numbers(1, 2, np.nan, dtype="f2"),
    "big-endian": numbers(1.5, -2, np.nan, dtype=">f8"),
    "big-endian integers": numbers(1, -2, 30000, dtype=">i2"),
    "bytes": numbers(1, -128, dtype="i1"),
    "truth": numbers([True, False], [False, False], dtype="?"),
    "complex": numbers(1 + 2j, np.nan, dtype="c8"),
    "fixed text": numbers(b"abc", "ü".encode(), dtype="S5"),
    "ascii": texts("a", "b", dtype=h5py.string_dtype("ascii")),
    "no text": texts(),
    "a table of text": texts("a", "b", "", "ü", shape=(2, 2)),
    "checksums": lambda old: replace_dataset(old, np.arange(5.0), chunks=(2,), fletcher32=True, compression="lzf"),
    "two axes in an attribute": lambda old: old.attrs.create("extra", np.arange(6).reshape(2, 3)),
    "a large attribute": lambda old: old.attrs.create("extra", np.uint64(2**64 - 1)),
    "no number in an attribute": lambda old: old.attrs.create("extra", np.array([np.nan, -np.inf])),
    "truth in an attribute": lambda old: old.attrs.create("extra", np.array([True, False])),
    "no text in an attribute": lambda old: old.attrs.create("extra", np.array([], dtype=object), dtype=TEXT),
    "bytes in an attribute": lambda old: old.attrs.create("extra", np.bytes_(b"abc")),
    "more than the schema knows": lambda old: old.parent.create_dataset("extra", data=np.arange(4)),
    "a group that the schema does not know": lambda old: old.parent.parent.create_group("g").create_dataset(
        "x", data=1
    ),
    "a name with signs": lambda old: old.file.move(old.parent.name, "/acquisition/num:bers é"),
}


def with_copies(path, names):
    """A file with a series of each of these names."""
    nwb_files.rich_file(path)
    with h5py.File(path, "r+") as file:
        for k, name in enumerate(names):
            file.copy(file["acquisition/numbers"], file["acquisition"], name)
            file[f"acquisition/{name}"].attrs["object_id"] = f"00000000-0000-4000-8000-{k:012}"
    return path


def test_odd_contents_go_there_and_back(tmp_path):
    source = with_copies(tmp_path / "source.nwb", ODD)
    with h5py.File(source, "r+") as file:
        for name, change in ODD.items():
            change(file[f"acquisition/{name}/data"])
    for copy in converted(source, tmp_path, "zarr", "hdf5"):
        found = compare_files(source, copy)
        assert found.differences == ()
        assert found.n_objects > 170 + 3 * len(ODD)


ANY_ARRAY = st.one_of(
    arrays.arrays(dtype, arrays.array_shapes(max_dims=4, min_side=0, max_side=5))
    for dtype in (
        arrays.integer_dtypes(),
        arrays.unsigned_integer_dtypes(),
        arrays.floating_dtypes(sizes=(32, 64)),
        np.dtype("?"),
    )
)


@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(values=st.lists(ANY_ARRAY, min_size=1, max_size=20))
def test_any_numbers_go_there_and_back(values, tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    source = with_copies(folder / "source.nwb", [f"any {k}" for k in range(len(values))])
    with h5py.File(source, "r+") as file:
        for k, array in enumerate(values):
            replace_dataset(file[f"acquisition/any {k}/data"], array)
    for copy in converted(source, folder, "zarr", "hdf5"):
        assert compare_files(source, copy).differences == ()
    shutil.rmtree(folder)
