"""The scripts that look into NWB files: specifications, skeletons, lists of sessions."""

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr
from hdmf_zarr import NWBZarrIO
from pynwb import NWBHDF5IO, get_type_map

import copy_skeleton
import export_specs
import list_sessions
from tests.nwb_files import NAMESPACE, extended_file, rich_file
from tests.recordings import small_recording

SCRIPTS = Path(__file__).parents[2] / "scripts"


def script(name, *arguments):
    words = [sys.executable, SCRIPTS / name, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A file with an extension and one of everything, each in both formats."""
    folder = tmp_path_factory.mktemp("files")
    for make in (extended_file, rich_file):
        path = make(folder / f"{make.__name__}.nwb")
        with NWBHDF5IO(path, "r") as source, NWBZarrIO(str(path.with_suffix(".nwb.zarr")), "w") as io:
            io.export(src_io=source, write_args={"link_data": False})
    return folder


@pytest.mark.parametrize("suffix", [".nwb", ".nwb.zarr"])
def test_specifications_become_files_that_pynwb_loads(files, tmp_path, suffix):
    done = script("export_specs.py", files / f"extended_file{suffix}", tmp_path, "--own", "False")
    assert done.returncode == 0, done.stderr
    namespace = tmp_path / NAMESPACE / "0.1.0" / "namespace.json"
    # hdmf-zarr caches whatever else was loaded into this process
    assert str(namespace) in done.stdout.splitlines()
    types = get_type_map()
    types.load_namespaces(str(namespace))
    notes = types.get_dt_container_cls("Notes", NAMESPACE)
    assert notes.__mro__[1].__name__ == "VectorData"
    assert types.namespace_catalog.get_spec(NAMESPACE, "Answers").get_attribute("key").dtype == "int32"


def test_specifications_are_those_of_the_file(files, tmp_path):
    export_specs.export(files / "extended_file.nwb", tmp_path)
    with h5py.File(files / "extended_file.nwb") as file:
        for namespace, versions in file["specifications"].items():
            for version, parts in versions.items():
                for name in parts.keys() - {"namespace"}:
                    made = json.loads((tmp_path / namespace / version / f"{name}.json").read_text(encoding="utf-8"))
                    assert made == json.loads(parts[name][()])


def test_specifications_are_never_written_over_another_file(files, tmp_path):
    assert export_specs.main([str(files / "extended_file.nwb"), str(tmp_path)]) == 0
    done = script("export_specs.py", files / "extended_file.nwb", tmp_path)
    assert (done.returncode, "is there already" in done.stderr) == (3, True)


@pytest.mark.parametrize("name", ["..", "a\\b", "a:b"])
def test_specifications_are_written_below_the_folder_only(files, tmp_path, name):
    path = tmp_path / "hostile.nwb"
    path.write_bytes((files / "extended_file.nwb").read_bytes())
    with h5py.File(path, "r+") as file:
        file.copy(f"specifications/{NAMESPACE}/0.1.0", file["specifications"].create_group("outside"), name)
    done = script("export_specs.py", path, tmp_path / "made", "--own", "False")
    assert (done.returncode, "is not a file name" in done.stderr) == (3, True)
    assert [path.name for path in tmp_path.iterdir()] == ["hostile.nwb"]


def test_a_skeleton_opens_and_lacks_only_what_it_says(files, tmp_path):
    store, copy = files / "rich_file.nwb.zarr", tmp_path / "skeleton.nwb.zarr"
    done = script("copy_skeleton.py", store, copy, "--keep_kb", "5")
    assert done.returncode == 0, done.stderr
    left_out = {one["path"]: one for one in json.loads((copy / "left_out.json").read_text())}
    assert left_out.keys() == {
        "acquisition/frames/data",
        "processing/ecephys/LFP/probe_lfp/data",
        "units/waveforms",
    }
    frames = left_out["acquisition/frames/data"]
    assert (frames["shape"], frames["objects"]) == ([30, 17, 23], 15)
    with NWBZarrIO(str(copy), "r") as io:
        nwbfile = io.read()
        assert nwbfile.units["spike_times"][2].shape == (400,)
        assert not nwbfile.acquisition["frames"].data[:].any()
    original, made = (zarr.open_group(str(path), "r") for path in (store, copy))

    def same(name, item):
        if isinstance(item, zarr.Array) and name not in left_out and item.dtype.kind in "iufb":
            assert np.array_equal(item[...], made[name][...], equal_nan=item.dtype.kind == "f"), name

    original.visititems(same)


def test_a_skeleton_of_everything_that_is_small_is_the_store(files, tmp_path):
    store, copy = files / "extended_file.nwb.zarr", tmp_path / "copy.nwb.zarr"
    assert copy_skeleton.copy_skeleton(store, copy, 10_000_000) == []
    assert {path.relative_to(store) for path in store.rglob("*")} == {
        path.relative_to(copy) for path in copy.rglob("*") if path.name != "left_out.json"
    }


def test_a_skeleton_leaves_out_chunks_in_folders_of_their_own(tmp_path):
    group = zarr.open_group(str(tmp_path / "a.zarr"), "w")
    group.create_dataset("deep", data=np.ones((4, 4)), chunks=(1, 1), dimension_separator="/")
    (one,) = copy_skeleton.copy_skeleton(tmp_path / "a.zarr", tmp_path / "b.zarr", 10)
    assert one["objects"] == 16
    assert sorted(path.name for path in (tmp_path / "b.zarr" / "deep").iterdir()) == [".zarray"]


def test_a_skeleton_is_never_written_over_anything(files, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("keep")
    done = script("copy_skeleton.py", files / "rich_file.nwb.zarr", tmp_path / "mine")
    assert (done.returncode, "is there already" in done.stderr) == (3, True)
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "file"]


def test_a_skeleton_follows_no_link(files, tmp_path):
    store = tmp_path / "a.zarr"
    zarr.open_group(str(store), "w").create_dataset("x", data=[1])
    (tmp_path / "secret").write_text("not yours")
    (store / "x" / "1").symlink_to(tmp_path / "secret")
    done = script("copy_skeleton.py", store, tmp_path / "b.zarr")
    assert (done.returncode, "link of the file system" in done.stderr) == (3, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zarr", "secret"]


@pytest.mark.parametrize("text", ["[", "[1]", '{"dtype": "<q9", "shape": [1]}', '{"shape": [1]}'])
def test_a_damaged_store_has_no_skeleton(tmp_path, text):
    zarr.open_group(str(tmp_path / "a.zarr"), "w").create_dataset("x", data=[1])
    (tmp_path / "a.zarr" / "x" / ".zarray").write_text(text)
    done = script("copy_skeleton.py", tmp_path / "a.zarr", tmp_path / "b.zarr")
    assert (done.returncode, "damaged" in done.stderr) == (3, True)


def test_sessions_of_every_kind_are_listed(files, tmp_path):
    truth = small_recording(tmp_path)
    rich_file(tmp_path / "older.nwb")
    (tmp_path / "broken.nwb").write_text("no file of that kind")
    rows, problems = list_sessions.sessions_in(tmp_path)
    nwb = next(row for row in rows if row.path == "older.nwb")
    assert (nwb.kind, nwb.name, nwb.subject, nwb.schema) == ("NWB (HDF5)", "fixture 1", "mouse 1", "2.11.0")
    assert nwb.start == "2024-02-29T23:59:58.123456-08:00"
    (recording,) = [row for row in rows if not row.kind.startswith("NWB")]
    assert recording.path == truth.folder.relative_to(tmp_path).as_posix()
    assert len(problems) == 1
    assert "broken.nwb" in problems[0]


def test_the_list_is_a_table_or_json(files):
    done = script("list_sessions.py", files)
    assert done.returncode == 0, done.stderr
    heading, *rows, count = done.stdout.splitlines()
    assert heading.split() == ["path", "kind", "name", "start", "subject", "schema", "extensions", "size_mb"]
    assert (len(rows), count) == (4, "4 sessions")
    told = json.loads(script("list_sessions.py", files, "--json", "True").stdout)
    extensions = {row["path"]: row["extensions"] for row in told["sessions"]}
    assert (extensions["rich_file.nwb"], extensions["extended_file.nwb"]) == ("", f"{NAMESPACE} 0.1.0")


def test_a_folder_that_is_not_there_is_said(tmp_path):
    done = script("list_sessions.py", tmp_path / "missing")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (3, f"error: {tmp_path / 'missing'}: is not a folder")
