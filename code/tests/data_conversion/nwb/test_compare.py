"""Two NWB files held against each other: every single change is found where it is, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr
from hdmf_zarr import NWBZarrIO
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pynwb import NWBHDF5IO

import miniscope_to_nwb_zarr as mnz
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.nwb.compare import compare_files
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.difference import Kind
from tests import nwb_files
from tests.nwb_files import replace_dataset
from tests.single_changes import changes_of_hdf5, changes_of_zarr

REAL = Path(__file__).parents[5] / "shared" / "data" / "nwb"
REAL_FILES = sorted(REAL.glob("*.nwb"))
MAKERS = ["rich_file", "extended_file", "old_file", "bare_file"]
FEW = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])


def export(path, folder):
    """The file as hdmf-zarr itself writes it, but for the extensions that other tests have loaded: it adds them all."""
    store = folder / f"{path.stem}.nwb.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with NWBHDF5IO(path, "r") as source, NWBZarrIO(str(store), "w") as io:
            io.export(src_io=source, write_args={"link_data": False})
            loaded = set(source.manager.namespace_catalog.namespaces) - set(NWBHDF5IO.get_namespaces(file=source._file))
    for name in loaded - set(nwb_files.OWN_NAMESPACES):
        shutil.rmtree(store / "specifications" / name)
    zarr.consolidate_metadata(zarr.DirectoryStore(str(store)))
    return store


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Every kind of file, and what hdmf-zarr makes of it."""
    files = {}
    for name in MAKERS:
        folder = tmp_path_factory.mktemp(name)
        path = getattr(nwb_files, name)(folder / f"{name}.nwb", **({"n_samples": 70} if name == "rich_file" else {}))
        files[name] = path, export(path, folder)
    return files


@pytest.fixture(scope="module")
def changes(made):
    """Files, and every single change that can be made to them."""
    hdf5 = [(made[name][0], change) for name in MAKERS[:2] for change in changes_of_hdf5(made[name][0])]
    stores = [(made[name], change) for name in MAKERS[:2] for change in changes_of_zarr(made[name][1])]
    assert len(hdf5) > 800
    assert len(stores) > 600
    return hdf5, stores


@pytest.mark.parametrize("name", MAKERS)
def test_a_file_equals_itself(made, name):
    found = compare_files(made[name][0], made[name][0])
    assert (found.differences, found.allowed) == ((), ())
    assert found.n_objects > 10


@pytest.mark.parametrize("name", MAKERS)
def test_a_file_equals_what_hdmf_makes_of_it(made, name):
    found = compare_files(*made[name])
    assert found.differences == ()
    assert found.n_values == compare_files(made[name][0], made[name][0]).n_values


@pytest.mark.parametrize("path", REAL_FILES, ids=lambda path: path.name)
def test_a_real_file_equals_what_hdmf_makes_of_it(path, tmp_path):
    found = compare_files(path, export(path, tmp_path))
    assert found.differences == ()
    # what it lacks by today's schema is said
    assert "/@nwb_version" in {one.where for one in found.allowed}


@pytest.mark.skipif(not REAL_FILES, reason="the real files are not beside the repository")
def test_what_a_real_file_lacks_is_told(tmp_path):
    found = compare_files(
        REAL / "1.5.1_imageseries_no_unit.nwb", export(REAL / "1.5.1_imageseries_no_unit.nwb", tmp_path)
    )
    (unit,) = [one for one in found.allowed if one.where == "/acquisition/test_imageseries/data@unit"]
    assert (unit.kind, unit.sentence) == (Kind.ADDED, "nothing, then unknown")


@FEW
@given(choice=st.data())
def test_any_single_change_of_hdf5_is_found_where_it_is(changes, choice, tmp_path_factory):
    path, change = choice.draw(st.sampled_from(changes[0]))
    copy = tmp_path_factory.mktemp("changed") / "copy.nwb"
    shutil.copy(path, copy)
    with h5py.File(copy, "r+") as file:
        change.make(file)
    assert change.where in {one.where for one in compare_files(path, copy).differences}


@FEW
@given(choice=st.data())
def test_any_single_change_of_zarr_is_found_where_it_is(changes, choice, tmp_path_factory):
    (path, store), change = choice.draw(st.sampled_from(changes[1]))
    copy = tmp_path_factory.mktemp("changed") / "copy.nwb.zarr"
    # zarr writes a file anew and renames it: the fixture's stays as it is
    shutil.copytree(store, copy, copy_function=os.link, ignore=shutil.ignore_patterns(".zmetadata"))
    change.make(zarr.open_group(str(copy), "r+"))
    assert change.where in {one.where for one in compare_files(path, copy).differences}


@pytest.fixture
def pair(made, tmp_path):
    """A file, and a copy to change."""
    path = made["rich_file"][0]
    return path, Path(shutil.copy(path, tmp_path / "copy.nwb"))


def changed(pair, change):
    with h5py.File(pair[1], "r+") as file:
        change(file)
    return compare_files(*pair)


def test_the_first_of_the_values_that_differ_is_shown(pair):
    def change(file):
        file["acquisition/frames/data"][4:6, 3, 7] = [5000, 5001]

    (found,) = changed(pair, change).differences
    assert (found.where, found.kind) == ("/acquisition/frames/data", Kind.VALUE)
    assert found.sentence.startswith("2 of 11730 values differ, the first at [4, 3, 7]: ")
    assert found.sentence.endswith(", then 5000")


def test_the_sign_of_zero_is_a_value_and_nan_is_one_value(pair):
    where = "acquisition/numbers/data"
    nan = np.frombuffer(b"\x01\0\0\0\0\0\xf8\x7f", "<f8")[0]

    def change(file):
        assert np.isnan(file[where][2])
        file[where][2] = nan

    assert changed(pair, change).is_equal

    def other_zero(file):
        file[where][1] = 0.0

    (found,) = changed(pair, other_zero).differences
    assert found.sentence == "1 of 7 values differ, the first at [1]: -0.0, then 0.0"


def test_a_type_that_the_schema_causes_is_allowed_and_told(pair):
    """An index of signed numbers becomes unsigned; hdmf keeps the width."""
    where = "scratch/nested/deep_index_index_index"
    for path, dtype in zip(pair, ("i8", "u8"), strict=True):
        # two copies of the same file: the fixture stays as it is
        with h5py.File(shutil.copy(pair[0], path.with_suffix(".typed.nwb")) if path == pair[0] else path, "r+") as file:
            replace_dataset(file[where], np.array([0, 2], dtype))
    found = compare_files(pair[0].with_suffix(".typed.nwb"), pair[1])
    assert found.differences == ()
    (one,) = found.allowed
    assert (one.where, one.sentence, one.allowed) == (f"/{where}", "int64, then uint64", "the schema says uint8")


def test_a_type_that_the_schema_causes_does_not_hide_another_value(pair):
    where = "scratch/nested/deep_index_index_index"
    source = Path(shutil.copy(pair[0], pair[1].with_name("source.nwb")))
    with h5py.File(source, "r+") as file:
        replace_dataset(file[where], np.array([0, -1], "i8"))
    with h5py.File(pair[1], "r+") as file:
        replace_dataset(file[where], np.array([0, 2**64 - 1], "u8"))
    (found,) = compare_files(source, pair[1]).differences
    assert found.sentence == "1 of 2 values differ, the first at [1]: -1, then 18446744073709551615"


def test_another_type_than_the_schema_causes_is_a_difference(pair):
    def change(file):
        replace_dataset(file["acquisition/frames/data"], file["acquisition/frames/data"][()].astype("u4"))

    (found,) = [one for one in changed(pair, change).differences if one.kind == Kind.TYPE]
    assert (found.where, found.sentence) == ("/acquisition/frames/data", "uint16, then uint32")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2024-02-29T23:59:58.123456-0800", None),
        ("2024-03-01T07:59:58.123456+00:00", Kind.VALUE),
        ("2024-02-29T23:59:58.123457-08:00", Kind.VALUE),
        ("no time", Kind.VALUE),
    ],
    ids=["the same", "another zone", "another time", "no time"],
)
def test_a_time_may_be_written_in_another_way(pair, text, kind):
    found = changed(pair, lambda file: replace_dataset(file["session_start_time"], text))
    assert [one.kind for one in found.differences] == ([kind] if kind else [])
    assert [one.allowed for one in found.allowed] == ([] if kind else ["the same time, written in another way"])


def test_other_texts_are_compared_letter_by_letter(pair):
    found = changed(pair, lambda file: replace_dataset(file["identifier"], "2024-02-29T23:59:58"))
    assert [one.where for one in found.differences] == ["/identifier"]


def test_a_link_may_lead_through_another_link(pair):
    def change(file):
        file["general/way"] = h5py.SoftLink("/processing/ecephys")
        del file["acquisition/twin/timestamps"]
        file["acquisition/twin/timestamps"] = h5py.SoftLink("/general/way/LFP/probe_lfp/timestamps")

    assert [one.where for one in changed(pair, change).differences] == ["/general/way"]


def test_links_to_nowhere_and_in_circles_are_compared_as_they_are(pair):
    def broken(file):
        file["general/circle"] = h5py.SoftLink("/general/circle")
        file["general/nowhere"] = h5py.SoftLink("/not/there")
        file["general/itself"] = file["general"]

    found = changed(pair, broken)
    assert [one.where for one in found.differences] == ["/general/circle", "/general/itself", "/general/nowhere"]
    assert compare_files(pair[1], pair[1]).is_equal


def test_data_of_another_file_may_be_copied_in(tmp_path):
    path = nwb_files.linked_files(tmp_path)
    store = export(path, tmp_path)
    found = compare_files(path, store)
    assert found.differences == ()
    assert "the content of another file was copied into this one" in {one.allowed for one in found.allowed}
    zarr.open_group(str(store), "r+")["acquisition/shared/data"][49] = 0.0
    (one,) = compare_files(path, store).differences
    assert one.where == "/acquisition/shared/data"


def test_data_of_another_file_that_is_gone_are_not_there(tmp_path):
    path = nwb_files.linked_files(tmp_path)
    store = export(path, tmp_path)
    (tmp_path / "data.nwb").unlink()
    assert [one.where for one in compare_files(path, store).differences] == ["/acquisition/shared/data"]


def test_a_file_outside_the_folder_is_not_opened(tmp_path):
    (tmp_path / "inside").mkdir()
    path = nwb_files.linked_files(tmp_path)
    store = export(path, tmp_path)
    inside = Path(shutil.copy(path, tmp_path / "inside"))
    with h5py.File(inside, "r+") as file:
        del file["acquisition/shared/data"]
        file["acquisition/shared/data"] = h5py.ExternalLink("../data.nwb", "/acquisition/raw/data")
    (found,) = compare_files(inside, store).differences
    assert found.sentence.startswith("a link to /acquisition/raw/data in ../data.nwb, then an array")


def test_what_is_announced_is_no_difference_there_and_only_there(pair):
    def change(file):
        file.attrs["new"] = 1
        file["acquisition/one/data"][0, 0, 0] = 3.0
        file["acquisition/one"].attrs["comments"] = "changed"

    changed(pair, change)
    assert [one.where for one in compare_files(*pair, announced=["/acquisition/on"]).differences] == [
        "/@new",
        "/acquisition/one@comments",
        "/acquisition/one/data",
    ]
    found = compare_files(*pair, announced=["/acquisition/one"])
    assert [one.where for one in found.differences] == ["/@new"]
    assert [one.allowed for one in found.allowed] == ["announced by the caller"] * 2


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda text: {**text, "groups": text["groups"][1:]}, "Rig"),
        (lambda text: {**text, "groups": [{**text["groups"][0], "doc": "other"}, *text["groups"][1:]]}, "Rig"),
        (lambda text: {**text, "groups": [*text["groups"], {"neurodata_type_def": "More"}]}, "More"),
    ],
    ids=["gone", "other", "more"],
)
def test_a_namespace_must_say_the_same(made, tmp_path, change, where):
    path = made["extended_file"][0]
    copy = Path(shutil.copy(path, tmp_path / "copy.nwb"))
    with h5py.File(copy, "r+") as file:
        text = file[f"specifications/{nwb_files.NAMESPACE}/0.1.0/fixture.extensions"]
        replace_dataset(text, json.dumps(change(json.loads(text[()]))))
    (found,) = compare_files(path, copy).differences
    assert found.where == f"/specifications/{nwb_files.NAMESPACE}/0.1.0/{where}"


def test_a_namespace_must_not_be_lost(made, tmp_path):
    path = made["extended_file"][0]
    copy = Path(shutil.copy(path, tmp_path / "copy.nwb"))
    with h5py.File(copy, "r+") as file:
        del file[f"specifications/{nwb_files.NAMESPACE}"]
    assert [one.where for one in compare_files(path, copy).differences] == [
        f"/specifications/{nwb_files.NAMESPACE}/0.1.0"
    ]


def test_what_cannot_be_read_is_named(made, tmp_path):
    path, store = made["bare_file"]
    with pytest.raises(InputError, match="is not there"):
        compare_files(path, tmp_path / "missing.nwb")
    with pytest.raises(InputError, match="cannot be opened as Zarr"):
        compare_files(path, tmp_path)
    (tmp_path / "text.nwb").write_text("no file of that kind")
    with pytest.raises(InputError, match="cannot be opened as HDF5"):
        compare_files(tmp_path / "text.nwb", store)


def test_a_damaged_chunk_is_named(made, tmp_path):
    path, store = made["rich_file"]
    copy = shutil.copytree(store, tmp_path / "copy.nwb.zarr")
    (copy / "acquisition/frames/data/1.0.2").write_bytes(b"\x78\x9c damaged")
    with pytest.raises(InputError, match=r"copy\.nwb\.zarr: /acquisition/frames/data cannot be read"):
        compare_files(path, copy)


@pytest.mark.parametrize(
    ("file", "text", "named"),
    [
        ("acquisition/one/.zattrs", "{", "/acquisition/one"),
        ("acquisition/one/.zattrs", '{"zarr_link": [{"name": 1}]}', "/acquisition/one has links"),
        ("acquisition/one/.zattrs", '{"comments": null}', "an attribute is None"),
        ("acquisition/one/data/.zarray", "[]", "/acquisition/one/data"),
        ("acquisition/one/data/.zarray", '{"zarr_format": 2}', "/acquisition/one/data"),
        (".zattrs", "[1]", "the group at its root"),
    ],
)
def test_damaged_metadata_are_named(made, tmp_path, file, text, named):
    path, store = made["rich_file"]
    copy = shutil.copytree(store, tmp_path / "copy.nwb.zarr", ignore=shutil.ignore_patterns(".zmetadata"))
    (copy / file).write_text(text)
    with pytest.raises(InputError, match=named):
        compare_files(path, copy)


@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_file_that_ends_too_early_is_named(made, tmp_path, part):
    path = made["bare_file"][0]
    content = path.read_bytes()
    copy = tmp_path / "copy.nwb"
    copy.write_bytes(content[: int(part * len(content))])
    with pytest.raises(InputError, match=r"copy\.nwb: cannot be opened as HDF5"):
        compare_files(path, copy)


def test_a_damaged_array_of_hdf5_is_named(pair):
    with h5py.File(pair[1], "r") as file:
        chunk = file["acquisition/frames/data"].id.get_chunk_info(3)
    with pair[1].open("r+b") as raw:
        raw.seek(chunk.byte_offset)
        raw.write(b"\x78\x9c damaged")
    with pytest.raises(InputError, match=r"copy\.nwb: /acquisition/frames/data cannot be read"):
        compare_files(*pair)


def test_an_object_that_references_lost_is_told(pair):
    found = changed(pair, lambda file: file.pop("general/extracellular_ephys/shank 0"))
    said = {one.where: one.sentence for one in found.differences}
    assert said["/general/extracellular_ephys/shank 0"] == "an ElectrodeGroup, then nothing"
    assert said["/units/electrode_group"].endswith("then a reference to an object that was deleted")


def test_a_hostile_reference_is_refused(made, tmp_path):
    path, store = made["rich_file"]
    copy = shutil.copytree(store, tmp_path / "copy.nwb.zarr")
    references = zarr.open_group(str(copy), "r")["units/electrode_group"]
    trap = b"cbuiltins\nopen\n(V" + str(tmp_path / "trap").encode() + b"\nVw\ntR."
    (copy / "units/electrode_group/0").write_bytes(references.compressor.encode(trap))
    with pytest.raises(InputError, match="damaged or malicious"):
        compare_files(path, copy)
    assert not (tmp_path / "trap").exists()


SCRIPT = Path(__file__).parents[4] / "scripts" / "compare_nwb.py"


def script(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=False)


def test_the_script_says_equal_and_ends_with_0(made):
    done = script(*made["bare_file"])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "equal: 13 objects and 6 values compared"


def test_the_script_says_what_differs_and_ends_with_1(made, tmp_path):
    path = made["bare_file"][0]
    copy = Path(shutil.copy(path, tmp_path / "copy.nwb"))
    with h5py.File(copy, "r+") as file:
        replace_dataset(file["identifier"], "another")
    done = script(path, copy)
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "/identifier: value: fixture 1, then another")
    assert script(path, copy, "--announced", "/identifier").returncode == 0
    told = json.loads(script(path, copy, "--json", "True").stdout)
    assert (told["is_equal"], told["differences"][0]["where"]) == (False, "/identifier")


def test_the_script_ends_with_3_for_what_is_no_nwb_file(made, tmp_path):
    done = script(made["bare_file"][0], tmp_path)
    assert done.returncode == 3
    assert "cannot be opened as Zarr" in done.stderr


def test_the_comparison_is_a_verb_of_the_program(made, tmp_path):
    # hdmf puts whatever extensions this process has loaded into its copy, so the copy is one of bytes
    source = made["bare_file"][0]
    found = mnz.compare(str(source), str(shutil.copyfile(source, tmp_path / "copy.nwb")))
    assert found.is_equal
    assert found.as_json()["n_objects"] == found.n_objects


def test_a_reference_that_leads_to_nothing_in_the_copy_is_told_even_where_changes_are_announced(tmp_path):
    first, second = nwb_files.bare_file(tmp_path / "a.nwb"), tmp_path / "b.nwb"
    with h5py.File(first, "r+") as file:
        target = file.create_group("analysis/target")
        file["analysis/list"] = np.array([target.ref, file["general"].ref], h5py.ref_dtype)
    second.write_bytes(first.read_bytes())
    assert compare_files(first, second).differences == ()
    with h5py.File(second, "r+") as file:
        del file["analysis/target"]
    found = {one.where: one.sentence for one in compare_files(first, second, ["/analysis/target"]).differences}
    assert "/analysis/list" in found
