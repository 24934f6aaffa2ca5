"""What HDF5 can hold and NWB or Zarr cannot: refused by name, before a library looks at it; what can be kept is."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.nwb import job as nwb_job
from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob, convert
from miniscope_to_nwb_zarr.data_conversion.nwb.sources import open_source
from miniscope_to_nwb_zarr.sources import limits
from tests.conversions import no_processes
from tests.nwb_files import bare_file

TEXT, REFERENCE, REGION = h5py.string_dtype(), h5py.ref_dtype, h5py.regionref_dtype
ENUM = h5py.enum_dtype({"A": 0, "B": 1}, "i1")
LATIN = b"caf\xe9"


def attribute(value, dtype=None):
    return lambda file: file["general"].attrs.create("odd", value, dtype=dtype)


def array(**given):
    return lambda file: file["analysis"].create_dataset("odd", **given)


def raw(name, kind):
    def write(file):
        h5py.h5d.create(file["analysis"].id, name, kind, h5py.h5s.create_simple((4,)))

    return write


def references(*paths, shape=None, dtype=REFERENCE):
    def write(file):
        values = np.empty(len(paths), object)
        values[:] = [file[path].ref if path else h5py.Reference() for path in paths]
        file["analysis"].create_dataset(
            "odd", data=values.reshape(values.shape if shape is None else shape), dtype=dtype
        )

    return write


def attribute_references(*paths):
    def write(file):
        file["general"].attrs.create("odd", [file[path].ref for path in paths], dtype=REFERENCE)

    return write


def deleted(file):
    file.create_dataset("analysis/odd", data=np.array([file.create_group("analysis/gone").ref], object))
    del file["analysis/gone"]


def region(file):
    numbers = file.create_dataset("analysis/numbers", data=np.arange(5))
    file.create_dataset("analysis/odd", data=np.array([numbers.regionref[1:3]], object), dtype=REGION)


def links(**paths):
    def write(file):
        for name, path in paths.items():
            file[f"analysis/{name}"] = h5py.SoftLink(path)

    return write


def itself(file):
    file["analysis/a/odd"] = file.create_group("analysis/a")


def deep(file):
    group = file["analysis"]
    for _ in range(limits.NWB_DEPTH):
        group = group.create_group("g")


def schema(text):
    return lambda file: file["specifications/core"].create_group("0").create_dataset("namespace", data=text)


ODD = "/analysis/odd"
REFUSED = {
    "attribute, several references": (attribute_references("general", "analysis"), "/general@odd holds several ref"),
    "attribute, no reference": (attribute(h5py.Reference(), REFERENCE), "/general@odd holds a reference to nothing"),
    "attribute, schemas": (
        lambda file: file["general"].attrs.__setitem__("odd", file["specifications/core"].ref),
        "/general@odd holds a reference to /specifications/core",
    ),
    "attribute, row": (attribute(np.zeros(1, [("a", "i4"), ("b", "f8")])), "/general@odd is a row"),
    "attribute, list": (
        attribute(np.array([np.arange(2), np.arange(3)], object), h5py.vlen_dtype("i8")),
        "/general@odd holds lists",
    ),
    "attribute, names": (attribute(1, ENUM), "/general@odd holds numbers that stand for names"),
    "attribute, bytes": (attribute(np.void(b"abc")), "/general@odd holds bytes of no type"),
    "attribute, latin": (attribute(LATIN, TEXT), "/general@odd holds the text .* not UTF-8"),
    "attribute, fixed latin": (attribute(np.bytes_(LATIN)), "/general@odd holds the text .* not UTF-8"),
    "attribute, half a letter": (attribute(b"\xed\xa0\x80", TEXT), "/general@odd holds the text .* not UTF-8"),
    "attribute, zeros": (attribute(np.array([b"a\0b"], "S3")), "/general@odd .* has zeros inside"),
    "no value": (array(data=h5py.Empty("f4")), f"{ODD} has a type and neither shape nor value"),
    "names": (array(data=np.array([0, 1]), dtype=ENUM), f"{ODD} holds numbers that stand for names"),
    "names in rows": (array(data=np.zeros(3, [("a", ENUM)])), f"{ODD} holds numbers that stand for names"),
    "bytes": (array(data=np.zeros(2, "V3")), f"{ODD} holds bytes of no type"),
    "bits": (raw(b"odd", h5py.h5t.STD_B8LE), f"{ODD} holds bits"),
    "times": (raw(b"odd", h5py.h5t.UNIX_D32LE), f"{ODD} holds times"),
    "lists": (array(shape=(2,), dtype=h5py.vlen_dtype("i4")), f"{ODD} holds lists"),
    "arrays": (array(shape=(2,), dtype=np.dtype(("f4", (3,)))), f"{ODD} holds arrays in an array"),
    "rows in rows": (array(data=np.zeros(3, [("a", [("x", "i4")])])), f"{ODD} holds rows in rows"),
    "one reference": (references("general", shape=()), f"{ODD} holds references in shape"),
    "references in a table": (references("general", "analysis", shape=(2, 1)), f"{ODD} holds references in shape"),
    "reference to nothing": (references("general", ""), rf"{ODD} holds a reference to nothing \(row 1\)"),
    "references not written": (array(shape=(2,), dtype=REFERENCE), f"{ODD} holds a reference to nothing"),
    "reference to the file": (references("/"), f"{ODD} holds a reference to /,"),
    "reference to what is gone": (deleted, f"{ODD} holds a reference to an object that was deleted"),
    "reference in rows": (array(shape=(1,), dtype=[("a", "i4"), ("r", REFERENCE)]), f"{ODD} holds a reference to no"),
    "part of an array": (region, f"{ODD} holds references to parts"),
    "latin": (array(data=LATIN, dtype=TEXT), f"{ODD} holds the text"),
    "named type": (lambda file: file.__setitem__("analysis/odd", np.dtype("f4")), f"{ODD} is a named type"),
    "name of a store": (lambda file: file.create_group("analysis/.zarray"), "/analysis holds an object of the name"),
    "name of bytes": (raw(LATIN, h5py.h5t.STD_I8LE), "/analysis holds an object of the name"),
    "name of dots": (raw(b"..", h5py.h5t.STD_I8LE), r"/analysis holds an object of the name '\.\.'"),
    "long name": (lambda file: file.create_group("analysis/" + "n" * 256), "/analysis holds an object of the name"),
    "backslash": (lambda file: file.create_group("analysis/a\\b"), "/analysis holds an object of the name"),
    "group in itself": (itself, "/analysis/a/odd is a further name of a group that holds it"),
    "link to what holds it": (links(odd="/"), f"{ODD} is a further name of a group that holds it"),
    "link to itself": (links(odd=ODD), f"{ODD} links to {ODD}, which leads back to itself"),
    "links in a circle": (links(odd="/analysis/a", a=ODD), "leads back to itself"),
    "link from here": (links(odd="../general"), f"{ODD} links to ../general, a path that does not begin"),
    "deep": (deep, "lies in more than 64 groups"),
    "absurd shape": (array(shape=(10**9, 10**9), dtype="f8", chunks=(100, 100)), "--limits nwb_unwritten_bytes=N"),
    "absurd list of texts": (array(shape=(10**12,), dtype=TEXT, chunks=(100,)), "--limits nwb_values=N"),
    "no schemas": (lambda file: file.__delitem__("specifications"), r"/@\.specloc names no group of schemas"),
    "schemas elsewhere": (lambda file: file.attrs.__setitem__(".specloc", "x"), r"/@\.specloc names no group"),
    "schemas that are arrays": (lambda file: file.__setitem__("specifications/x", 1), r"/@\.specloc names /spec"),
}  # fmt: skip


@cache
def bare():
    with TemporaryDirectory() as folder:
        return bare_file(Path(folder) / "bare.nwb").read_bytes()


def file_with(write, tmp_path):
    path = tmp_path / "session.nwb"
    path.write_bytes(bare())
    with h5py.File(path, "r+") as file:
        write(file)
    return path


def outcome_of(path, tmp_path, monkeypatch, form="zarr"):
    monkeypatch.setattr(nwb_job, "open_pool", no_processes)
    return convert(NwbJob("session", (path,), tmp_path / form, format=form))


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept_is_refused_by_name(name, tmp_path):
    write, sentence = REFUSED[name]
    path = file_with(write, tmp_path)
    with pytest.raises(InputError, match=sentence) as refused, open_source(path):
        pass
    assert str(refused.value).startswith("session.nwb: ")


@pytest.mark.parametrize(
    ("write", "sentence"),
    [
        (array(data=np.array([b"ok", LATIN], object), dtype=TEXT), f"{ODD} holds text that is not UTF-8"),
        (array(data=np.array([LATIN], "S4")), f"{ODD} holds text that is not UTF-8"),
        (schema("{"), "the schema core/0/namespace in it is not JSON"),
        (schema("[" * 100_000), "the schema core/0/namespace in it is not JSON"),
        (schema('{"a": 1, "a": 2}'), "gives 'a' twice"),
        (lambda file: file.attrs.__delitem__("neurodata_type"), "cannot be read as an NWB file"),
    ],
)
def test_what_is_seen_only_when_it_is_converted_is_refused_then(write, sentence, tmp_path, monkeypatch):
    path = file_with(write, tmp_path)
    with pytest.raises(InputError, match=sentence):
        outcome_of(path, tmp_path, monkeypatch)
    assert [entry.name for entry in (tmp_path / "zarr").iterdir()] == []


@pytest.mark.parametrize(
    "write",
    [
        attribute(h5py.Empty(TEXT)),
        attribute(h5py.Empty("f4")),
        array(shape=(0,), dtype=[("a", "i4"), ("b", TEXT)]),
        array(shape=(0, 3), dtype="f4"),
        array(data=np.array([True, False])),
        array(data=np.arange(4, dtype=">f4")),
        array(data=np.array([1 + 2j])),
        array(shape=(400_000,), dtype="f8", chunks=(1000,), fillvalue=7),
        references("general", "analysis"),
        lambda file: file.__setitem__("analysis/general", file["general"]),
    ],
)
def test_what_can_be_kept_goes_there_and_back(write, tmp_path, monkeypatch):
    path = file_with(write, tmp_path)
    outcome = outcome_of(path, tmp_path, monkeypatch)
    outcome_of(outcome.output / "session.nwb.zarr", tmp_path, monkeypatch, "hdf5")


def test_an_attribute_without_a_value_is_said(tmp_path, monkeypatch):
    path = file_with(attribute(h5py.Empty(TEXT)), tmp_path)
    said = {one.where: one.sentence for one in outcome_of(path, tmp_path, monkeypatch).receipt.findings}
    assert said["/general@odd"] == "had a type and no value; it is an empty text now"


def test_another_file_is_looked_at_before_it_is_followed(tmp_path):
    (tmp_path / "data").mkdir()
    outside = bare_file(tmp_path / "outside.nwb")
    other = bare_file(tmp_path / "data" / "other.nwb")
    with h5py.File(other, "r+") as file:
        file["analysis/further"] = h5py.ExternalLink(str(outside), "/general")
    path = bare_file(tmp_path / "data" / "session.nwb")
    with h5py.File(path, "r+") as file:
        file["analysis/other"] = h5py.ExternalLink("other.nwb", "/analysis")
    with pytest.raises(InputError, match=r"other.nwb: links to .*outside.nwb, which lies outside"), open_source(path):
        pass


def test_a_file_where_the_program_runs_is_outside(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    bare_file(tmp_path / "other.nwb")
    monkeypatch.chdir(tmp_path)
    path = bare_file(tmp_path / "data" / "session.nwb")
    with h5py.File(path, "r+") as file:
        file["analysis/other"] = h5py.ExternalLink("other.nwb", "/analysis")
    with pytest.raises(InputError, match=r"links to other\.nwb, which lies outside"), open_source(path):
        pass


def test_a_limit_can_be_raised(tmp_path):
    path = file_with(array(shape=(2**32,), dtype="f8", chunks=(10_000,)), tmp_path)
    limits.choose({"nwb_unwritten_bytes": 2**36})
    try:
        with open_source(path):
            pass
    finally:
        limits.choose({})
