"""What a store from elsewhere can say and hold that no store of NWB has: refused by name, or said."""

import json
import os
import shutil

import pytest

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.data_conversion.nwb import job as nwb_job
from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob, convert
from miniscope_to_nwb_zarr.data_conversion.nwb.recognise import is_nwb
from miniscope_to_nwb_zarr.data_conversion.nwb.sources import open_source
from tests.conversions import no_processes
from tests.nwb_files import rich_file

FRAMES = "acquisition/frames/data"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    before, nwb_job.open_pool = nwb_job.open_pool, no_processes
    try:
        outcome = convert(NwbJob("session", (rich_file(folder / "session.nwb"),), folder / "results"))
    finally:
        nwb_job.open_pool = before
    return outcome.output / "session.nwb.zarr"


@pytest.fixture
def store(made, tmp_path):
    return shutil.copytree(made, tmp_path / "data" / "session.nwb.zarr")


def set_in_array(store, **said):
    path = store / FRAMES / ".zarray"
    path.write_text(json.dumps(json.loads(path.read_text()) | said))


def replaced(store, path, put):
    (store / path).unlink()
    put(store / path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda store: replaced(store, f"{FRAMES}/0.0.0", lambda path: path.symlink_to("/etc/passwd")),
            f"links to {FRAMES}/0.0.0, which lies outside the data folder",
        ),
        (lambda store: (store / "acquisition" / "etc").symlink_to("/etc"), "links to acquisition/etc, which lies out"),
        (
            lambda store: (store / "acquisition" / "again").symlink_to(store / "acquisition"),
            "acquisition/again is a link to a folder",
        ),
        (
            lambda store: replaced(store, f"{FRAMES}/0.0.0", os.mkfifo),
            f"{FRAMES}/0.0.0 is neither a file nor a folder",
        ),
        (lambda store: set_in_array(store, shape=[10**9, 10**9, 10**9]), "--limits nwb_unwritten_bytes=N"),
        (lambda store: set_in_array(store, chunks=[10**9, 10**9, 10**9]), "is larger than any reader takes"),
        (lambda store: set_in_array(store, shape=[-1, 2, 3]), f"{FRAMES}/.zarray gives shape .-1, 2, 3. and chunks"),
        (lambda store: set_in_array(store, chunks=[0, 2, 3]), "and chunks .0, 2, 3."),
        (lambda store: set_in_array(store, shape="many"), "gives shape 'many'"),
        (lambda store: (store / ".zgroup").write_text('{"zarr_format": 2'), ".zgroup is not JSON"),
        (lambda store: (store / "units" / ".zattrs").write_text('{"a": 1, "a": 2}'), "gives 'a' twice"),
        (lambda store: (store / "units" / ".zattrs").write_text("[" * 100_000), "it nests too deep"),
    ],
)
def test_what_no_store_has_is_refused_by_name(store, change, sentence):
    change(store)
    with pytest.raises(InputError, match=sentence) as refused, open_source(store):
        pass
    assert str(refused.value).startswith("session.nwb.zarr: ")


def test_chunks_that_are_not_there_are_said(store, tmp_path, monkeypatch):
    (store / FRAMES / "0.0.0").unlink()
    monkeypatch.setattr(nwb_job, "open_pool", no_processes)
    receipt = convert(NwbJob("session", (store,), tmp_path / "results", format="hdf5")).receipt
    (found,) = (one for one in receipt.findings if one.code is Code.FILE_MISSING and FRAMES in one.where)
    assert found.sentence.startswith("1 of 1 chunks are not in the store: their values were read as 0.")


@pytest.mark.parametrize("text", ["[" * 100_000, '["nwb_version"]', '{"nwb_version": 1, "nwb_version": 2}', "\udcff"])
def test_what_says_no_version_is_no_nwb_file(tmp_path, text):
    (tmp_path / ".zattrs").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert not is_nwb(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / ".zattrs")
    assert not is_nwb(tmp_path)
