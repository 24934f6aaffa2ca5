"""NWB files from one format to the other, from the command line as a user calls it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr
from numcodecs import Delta

from miniscope_to_nwb_zarr.core.errors import ExitCode
from miniscope_to_nwb_zarr.data_conversion.nwb.compare import compare_files
from miniscope_to_nwb_zarr.run.main import main
from tests.nwb_files import bare_file, extended_file, rich_file

REAL = Path(__file__).parents[5] / "shared" / "data" / "nwb"
is_at_hand = pytest.mark.skipif(not REAL.is_dir(), reason="the real NWB files are not beside the repository")
READ_ALONE = """
import sys
from hdmf_zarr import NWBZarrIO
with NWBZarrIO(sys.argv[1], "r") as io:
    nwbfile = io.read()
    print(sum(1 for _ in nwbfile.all_children()), *sorted(name for name in sys.modules if name.startswith("miniscope")))
"""


def run(data, results, *options):
    words = ["--dataset", "NWB", "--data_dir", data, "--results_dir", results, "--workers", "2", *options]
    return main([str(word) for word in words], {})


def there_and_back(data, tmp_path, *options):
    """The data in Zarr and again in HDF5, by name."""
    assert run(data, tmp_path / "zarr", *options) == ExitCode.DONE
    assert run(tmp_path / "zarr", tmp_path / "hdf5", "--format", "hdf5", *options) == ExitCode.DONE
    stores = {path.parent.name: path for path in sorted((tmp_path / "zarr").glob("*/*.nwb.zarr"))}
    return stores, {name: tmp_path / "hdf5" / name / f"{name}.nwb" for name in stores}


def differences(first, second):
    return compare_files(first, second).differences


@is_at_hand
def test_real_files_of_old_versions_go_there_and_back_and_stay_equal(tmp_path):
    stores, files = there_and_back(REAL, tmp_path)
    sources = {path.stem: path for path in REAL.glob("*.nwb")}
    assert stores.keys() == sources.keys()
    assert [differences(sources[name], stores[name]) for name in sources] == [()] * len(sources)
    assert [differences(sources[name], files[name]) for name in sources] == [()] * len(sources)


@is_at_hand
def test_real_files_are_read_by_hdmf_zarr_alone(tmp_path):
    for name in ("1.0.2_nwbfile", "2.1.0_nwbfile_with_extension"):
        (tmp_path / "data").mkdir(exist_ok=True)
        shutil.copy(REAL / f"{name}.nwb", tmp_path / "data")
    assert run(tmp_path / "data", tmp_path / "results") == ExitCode.DONE
    for store in (tmp_path / "results").glob("*/*.nwb.zarr"):
        read = subprocess.run(
            [sys.executable, "-c", READ_ALONE, str(store)], capture_output=True, text=True, check=True
        )
        n_objects, *ours = read.stdout.split()
        assert int(n_objects) >= 1
        assert not ours


@is_at_hand
def test_what_a_real_file_lacks_is_said_and_not_made_up(tmp_path):
    (tmp_path / "data").mkdir()
    shutil.copy(REAL / "1.5.1_imageseries_no_unit.nwb", tmp_path / "data")
    assert run(tmp_path / "data", tmp_path / "results") == ExitCode.DONE
    (output,) = (tmp_path / "results").glob("1.5.1*")
    said = [finding["sentence"] for finding in json.loads((output / "receipt.json").read_text())["findings"]]
    assert any("unit" in sentence and "argument missing" in sentence for sentence in said)
    assert "argument missing" in next((output / "qc").iterdir()).read_text()
    store = zarr.open(str(next(output.glob("*.zarr"))), "r")
    assert "unit" not in store["acquisition/test_imageseries/data"].attrs


def test_everything_awkward_goes_there_and_back(tmp_path):
    (tmp_path / "data").mkdir()
    for make in (rich_file, extended_file):
        make(tmp_path / "data" / f"{make.__name__}.nwb")
    stores, files = there_and_back(tmp_path / "data", tmp_path)
    for name, store in stores.items():
        source = tmp_path / "data" / f"{name}.nwb"
        assert differences(source, store) == ()
        assert differences(source, files[name]) == ()


def test_large_arrays_are_cut_anew_and_nothing_of_hdf5s_chunks_and_filters_is_left(tmp_path):
    (tmp_path / "data").mkdir()
    source = tmp_path / "data" / "session.nwb"
    rich_file(source)
    _add_large(source)
    stores, files = there_and_back(tmp_path / "data", tmp_path, "--chunk_mb", "2")
    assert differences(source, stores["session"]) == ()
    assert differences(source, files["session"]) == ()
    store = zarr.open(str(stores["session"]), "r")
    lfp = store["acquisition/large/data"]
    assert (lfp.chunks, lfp.filters, lfp.compressor.cname) == ((21_000, 20), [Delta("<u4")], "zstd")
    arrays = [array for _, array in _arrays(store)]
    assert not [array.path for array in arrays if any(codec.codec_id == "zlib" for codec in array.filters or ())]


def _add_large(path):
    """A series of 9.6 MB in chunks of one column, and one of frames."""
    random = np.random.default_rng(1)
    with h5py.File(path, "a") as file:
        series = file.copy("acquisition/numbers", file["acquisition"], "large") or file["acquisition/large"]
        attributes = dict(series["data"].attrs)
        del series["data"]
        values = random.normal(size=(60_000, 40)).astype("f4")
        made = series.create_dataset("data", data=values, chunks=(7_000, 1), compression="gzip", shuffle=True)
        made.attrs.update(attributes)
        series.attrs["object_id"] = "00000000-0000-4000-8000-000000000001"


def _arrays(store):
    found = []
    store.visititems(lambda name, item: found.append((name, item)) if isinstance(item, zarr.Array) else None)
    return found


def test_lists_of_long_texts_are_cut_into_chunks_too(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    words = [f"{number:0100d}" for number in range(25_000)]
    bare_file(data / "words.nwb", keywords=words)
    assert run(data, tmp_path / "results", "--chunk_mb", "1") == 0
    written = zarr.open(str(tmp_path / "results" / "words" / "words.nwb.zarr"), "r")["general/keywords"]
    assert written.chunks == (10_000,)
    assert list(written[:]) == words


def test_a_second_run_writes_nothing(tmp_path):
    (tmp_path / "data").mkdir()
    bare_file(tmp_path / "data" / "a.nwb")
    assert run(tmp_path / "data", tmp_path / "results") == ExitCode.DONE
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "results" / "a").rglob("*")}
    assert run(tmp_path / "data", tmp_path / "results") == ExitCode.DONE
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "results" / "a").rglob("*")} == before
    assert run(tmp_path / "data", tmp_path / "results", "--chunk_mb", "2") == ExitCode.CONFLICT


def test_two_conversions_of_one_file_are_equal(tmp_path):
    (tmp_path / "data").mkdir()
    rich_file(tmp_path / "data" / "a.nwb")
    for form, data in (("zarr", tmp_path / "data"), ("hdf5", tmp_path / "zarr0")):
        for k in range(2):
            assert run(data, tmp_path / f"{form}{k}", "--format", form) == ExitCode.DONE
        receipts = [json.loads((tmp_path / f"{form}{k}" / "a" / "receipt.json").read_text()) for k in range(2)]
        assert receipts[0]["content_digest"] == receipts[1]["content_digest"]
        assert receipts[0]["nwb_digest"] == receipts[1]["nwb_digest"]


def test_a_value_that_differs_gives_another_digest(tmp_path):
    first = tmp_path / "data0" / "a.nwb"
    for k in range(2):
        (tmp_path / f"data{k}").mkdir()
    bare_file(first)
    # an id and a date of its own would make any other file differ
    with h5py.File(shutil.copy(first, tmp_path / "data1"), "a") as file:
        file["session_description"][()] = "another"
    digests = []
    for k in range(2):
        assert run(tmp_path / f"data{k}", tmp_path / f"results{k}") == ExitCode.DONE
        digests.append(json.loads((tmp_path / f"results{k}" / "a" / "receipt.json").read_text())["nwb_digest"])
    assert digests[0] != digests[1]


@pytest.mark.parametrize("content", [b"", b"not HDF5 at all", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_a_file_that_is_no_nwb_fails_alone(tmp_path, content, capsys):
    (tmp_path / "data").mkdir()
    bare_file(tmp_path / "data" / "sound.nwb")
    (tmp_path / "data" / "damaged.nwb").write_bytes(content)
    assert run(tmp_path / "data", tmp_path / "results") == ExitCode.SOME_FAILED
    assert "damaged.nwb: cannot be read as an NWB file" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "results").iterdir() if path.name[:4] != "run-") == ["sound"]


def test_a_folder_without_nwb_files_says_what_is_expected(tmp_path, capsys):
    (tmp_path / "data").mkdir()
    assert run(tmp_path / "data", tmp_path / "results") == ExitCode.INVALID_INPUT
    assert "holds no NWB file" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


def test_files_of_one_name_have_outputs_of_their_own(tmp_path):
    for folder in ("x", "y"):
        (tmp_path / "data" / folder).mkdir(parents=True)
        bare_file(tmp_path / "data" / folder / "a.nwb")
    assert run(tmp_path / "data", tmp_path / "results") == ExitCode.DONE
    assert {path.name for path in (tmp_path / "results").iterdir() if path.name[:4] != "run-"} == {"x_a", "y_a"}
