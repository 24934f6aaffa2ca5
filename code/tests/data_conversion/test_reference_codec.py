"""A store from elsewhere is read without running what it says."""

import pickle
import subprocess
import sys

import numcodecs
import numpy as np
import pytest
import zarr
from hdmf_zarr.utils import ZarrReference

from miniscope_to_nwb_zarr.data_conversion.reference_codec import ReferenceCodec
from miniscope_to_nwb_zarr.data_conversion.zarr_stage import open_store

READ = """
import sys
from hdmf_zarr import NWBZarrIO
with NWBZarrIO(sys.argv[1], "r") as io:
    print(io.read().intervals["invalid_times"].timeseries.data[:])
"""


class Touch:
    """Unpickled, makes an empty file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.fixture
def hostile(rich, tmp_path):
    """A store with a reference that makes a file when it is unpickled, and that file."""
    store, trap = tmp_path / "hostile.nwb.zarr", tmp_path / "trap"
    subprocess.run(["cp", "-r", rich.store, store], check=True)
    references = zarr.open_group(str(store), "r")["intervals/invalid_times/timeseries"]
    raw = pickle.dumps(Touch(str(trap)))
    references.store["intervals/invalid_times/timeseries/0"] = references.compressor.encode(raw)
    return store, trap


def test_plain_hdmf_zarr_runs_what_a_store_says(hostile):
    """The attack is real: without this the next test would show nothing."""
    store, trap = hostile
    subprocess.run([sys.executable, "-c", READ, store], check=False, capture_output=True)
    assert trap.exists()


def test_a_hostile_store_is_refused(hostile):
    store, trap = hostile
    with open_store(store) as io, pytest.raises(pickle.UnpicklingError, match="damaged or malicious"):
        io.read().intervals["invalid_times"].timeseries.data[:]
    assert not trap.exists()


def test_a_sound_store_is_read(rich):
    with open_store(rich.store) as io:
        nwbfile = io.read()
        reference = nwbfile.intervals["invalid_times"].timeseries[0]
        assert reference.timeseries is nwbfile.acquisition["OnePhotonSeries_HPC_miniscope1"]


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_references_of_every_protocol_of_python_3(protocol):
    objects = np.array([ZarrReference(source=".", path="/a"), "text", None, 3, 2.5], dtype=object)
    raw = numcodecs.Pickle(protocol).encode(objects)
    assert ReferenceCodec().decode(raw).tolist() == objects.tolist()


def test_rows_with_text_as_hdmf_zarr_writes_them():
    text = np.dtype("O", metadata={"vlen": str})
    rows = np.empty(2, object)
    rows[:] = list(np.array([(1, "a"), (2, "ü")], dtype=[("number", "i4"), ("label", text)]))
    raw = numcodecs.Pickle().encode(rows)
    assert [tuple(row) for row in ReferenceCodec().decode(raw)] == [(1, "a"), (2, "ü")]


@pytest.mark.parametrize("name", ["os.system", "builtins.eval", "numpy.load", "hdmf_zarr.utils.os"])
def test_nothing_else_is_loaded(name):
    module, _, function = name.rpartition(".")
    raw = f"c{module}\n{function}\n(S'1'\ntR.".encode()
    with pytest.raises(pickle.UnpicklingError, match=name):
        ReferenceCodec().decode(raw)
