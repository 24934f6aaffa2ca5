"""NWB files that name or link to other files, and links in them that hdmf does not read."""

import json

import h5py
import numpy as np
import pytest
import zarr
from hdmf_zarr import NWBZarrIO
from pynwb import NWBHDF5IO, TimeSeries
from pynwb.image import ImageSeries

from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError
from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob, convert
from miniscope_to_nwb_zarr.run.main import main
from tests.nwb_files import bare_file


def session(path, *series):
    path.parent.mkdir(parents=True, exist_ok=True)
    bare_file(path)
    with NWBHDF5IO(path, "a") as io:
        nwbfile = io.read()
        for one in series:
            nwbfile.add_acquisition(one)
        io.write(nwbfile)
    return path


def movie(*names):
    frames = [0] * len(names)
    return ImageSeries(
        name="movie", external_file=list(names), format="external", rate=1.0, starting_frame=frames, num_samples=9
    )


def numbers(name="numbers", n=10):
    return TimeSeries(name=name, data=np.arange(float(n)), unit="V", rate=1.0)


def converted(source, tmp_path, **choices):
    job = NwbJob("session", (source,), tmp_path / "results", root=tmp_path / "data", **choices)
    outcome = convert(job)
    return outcome.output, {finding.where: finding.sentence for finding in outcome.receipt.findings}


def named(output):
    return list(zarr.open(str(output / "session.nwb.zarr"), "r")["acquisition/movie/external_file"])


def test_files_that_are_named_are_copied_and_keep_their_relative_paths(tmp_path):
    source = session(tmp_path / "data" / "session.nwb", movie("videos/a.avi", "./b.avi"))
    (tmp_path / "data" / "videos").mkdir()
    (tmp_path / "data" / "videos" / "a.avi").write_bytes(b"a")
    (tmp_path / "data" / "b.avi").write_bytes(b"b")
    output, _ = converted(source, tmp_path)
    assert named(output) == ["videos/a.avi", "./b.avi"]
    assert ((output / "videos" / "a.avi").read_bytes(), (output / "b.avi").read_bytes()) == (b"a", b"b")
    listed = {entry["path"] for entry in json.loads((output / "receipt.json").read_text())["files"]}
    assert {"videos/a.avi", "b.avi"} <= listed


def test_a_file_from_elsewhere_in_the_data_folder_gets_a_path_of_its_own(tmp_path):
    away = tmp_path / "data" / "away" / "a.avi"
    source = session(tmp_path / "data" / "here" / "session.nwb", movie("../away/a.avi", str(away), "qc/x.avi"))
    away.parent.mkdir()
    away.write_bytes(b"a")
    (source.parent / "qc").mkdir()
    (source.parent / "qc" / "x.avi").write_bytes(b"x")
    output, said = converted(source, tmp_path)
    assert named(output) == ["external/a.avi", "external/a.avi", "external/x.avi"]
    assert (output / "external" / "x.avi").read_bytes() == b"x"
    assert "the path says external/" in said["/acquisition/movie/external_file"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gone.avi", "there is no such file"),
        ("../../outside.avi", "outside the data folder"),
        ("/etc/hostname", "outside"),
    ],
)
def test_what_is_not_there_or_not_ours_to_read_is_said_and_left(tmp_path, name, sentence):
    source = session(tmp_path / "data" / "a" / "session.nwb", movie(name))
    (tmp_path / "outside.avi").write_bytes(b"secret")
    output, said = converted(source, tmp_path)
    assert named(output) == [name]
    assert sentence in said["/acquisition/movie/external_file"]
    assert {path.name for path in output.iterdir()} == {"session.nwb.zarr", "receipt.json", "qc"}


def test_an_address_on_the_network_stays_as_it_is(tmp_path):
    output, said = converted(session(tmp_path / "data" / "s.nwb", movie("https://example.org/a.avi")), tmp_path)
    assert named(output) == ["https://example.org/a.avi"]
    assert "/acquisition/movie/external_file" not in said


@pytest.mark.parametrize("size", [10, 300_000])
def test_what_lies_in_another_file_is_taken_in(tmp_path, size):
    session(tmp_path / "data" / "other.nwb", numbers(n=size))
    source = session(tmp_path / "data" / "session.nwb")
    with h5py.File(source, "a") as file:
        file["acquisition/linked"] = h5py.ExternalLink("other.nwb", "/acquisition/numbers")
    output, said = converted(source, tmp_path)
    assert "copied into this file" in said["/acquisition/linked"]
    (tmp_path / "data" / "other.nwb").unlink()
    with NWBZarrIO(str(output / "session.nwb.zarr"), "r") as io:
        assert np.array_equal(io.read().acquisition["linked"].data[:], np.arange(float(size)))


def test_a_link_out_of_the_data_folder_is_refused(tmp_path):
    session(tmp_path / "secret.nwb", numbers())
    source = session(tmp_path / "data" / "session.nwb")
    with h5py.File(source, "a") as file:
        file["acquisition/linked"] = h5py.ExternalLink("../secret.nwb", "/acquisition/numbers")
    with pytest.raises(InputError, match="outside the data folder"):
        converted(source, tmp_path)
    assert not list((tmp_path / "results").glob("*"))


def test_raw_storage_out_of_the_data_folder_is_refused(tmp_path):
    (tmp_path / "secret.raw").write_bytes(bytes(80))
    source = session(tmp_path / "data" / "session.nwb", numbers())
    with h5py.File(source, "a") as file:
        storage = [("../secret.raw", 0, 80)]
        file.create_dataset("scratch_data", (10,), "f8", external=storage)
    with pytest.raises(InputError, match="outside the data folder"):
        converted(source, tmp_path)


def test_a_store_that_points_out_of_the_data_folder_is_refused(tmp_path, capsys):
    session(tmp_path / "hdf5" / "session.nwb", numbers())
    words = ["--dataset", "NWB", "--data_dir", str(tmp_path / "hdf5"), "--results_dir", str(tmp_path / "data")]
    assert main(words, {}) == ExitCode.DONE
    store = zarr.open(str(tmp_path / "data" / "session" / "session.nwb.zarr"), "a")
    link = {"source": "../../../secret.zarr", "path": "/acquisition/numbers", "name": "linked"}
    store["acquisition"].attrs["zarr_link"] = [link]
    zarr.consolidate_metadata(store.store)
    with pytest.raises(InputError, match="outside the data folder"):
        converted(tmp_path / "data" / "session" / "session.nwb.zarr", tmp_path, format="hdf5")


def test_a_further_name_of_an_object_and_links_to_objects_of_one_name_stay(tmp_path):
    source = session(tmp_path / "data" / "session.nwb", numbers("a"), numbers("b"))
    with h5py.File(source, "a") as file:
        file["acquisition/a/timestamps"] = np.arange(10.0)
        file["acquisition/a/timestamps"].attrs.update(unit="seconds", interval=np.int32(1))
        del file["acquisition/a/starting_time"]
        del file["acquisition/b/starting_time"]
        file["acquisition/b/timestamps"] = file["acquisition/a/timestamps"]
        del file["acquisition/b/data"]
        file["acquisition/b/data"] = h5py.SoftLink("/acquisition/a/data")
    output, said = converted(source, tmp_path)
    with NWBZarrIO(str(output / "session.nwb.zarr"), "r") as io:
        both = io.read().acquisition
        assert np.array_equal(both["b"].timestamps[:], both["a"].timestamps[:])
        assert np.array_equal(both["b"].data[:], np.arange(10.0))
    assert "a further name of /acquisition/a/timestamps" in said["/acquisition/b/timestamps"]


def test_a_link_that_leads_nowhere_is_said(tmp_path):
    source = session(tmp_path / "data" / "session.nwb", numbers())
    with h5py.File(source, "a") as file:
        file["acquisition/broken"] = h5py.SoftLink("/nowhere")
    _, said = converted(source, tmp_path)
    assert "leads nowhere" in said["/acquisition/broken"]


def test_text_without_a_value_stays(tmp_path):
    source = session(tmp_path / "data" / "session.nwb")
    with h5py.File(source, "a") as file:
        file.create_dataset("general/keywords", (0,), h5py.string_dtype())
    output, _ = converted(source, tmp_path)
    assert zarr.open(str(output / "session.nwb.zarr"), "r")["general/keywords"].shape == (0,)
