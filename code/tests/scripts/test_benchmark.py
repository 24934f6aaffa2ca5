import json
import sys

import h5py
import numcodecs.blosc
import numpy as np
import pytest
import zarr

import benchmark
import benchmark_limit
import benchmark_nwb_limit
from benchmark_codecs import compare_chunks, compare_codecs
from benchmark_contestants import differing_chunks
from benchmark_figures import Figures, as_text, comparison, phase_rows, ratio
from benchmark_nwb import compare_nwb
from benchmark_process import ProgramFailedError, measure, pss_of
from benchmark_reading import time_reading
from benchmark_recordings import first_frames, lengthen, make_recording, spec_of
from miniscope_to_nwb_zarr.data_conversion.encoding import encode_frames
from tests.demo.test_recording import decode
from tests.recordings import scope_recording


def figures(name="a", wall_s=(2.0, 4.0, 3.0), **changes):
    usual = {"n_frames": 300, "source_bytes": 1000, "cpu_s": (5.0, 5.0, 6.0), "peak_bytes": 2_000_000}
    usual |= {"store_bytes": 1100, "n_objects": 30, "n_chunks": 10, "one_frame_s": 0.01, "run_s": 0.2, "trace_s": 0.03}
    return Figures(name=name, wall_s=wall_s, **({"phases": {}} | usual | changes))


def test_ratios_are_taken_within_a_round():
    # the second round ran on a busy machine: the ratio of the medians would be 4
    assert ratio((1.0, 8.0, 9.0), (2.0, 16.0, 2.0)) == 0.5


def test_comparison_shows_every_contestant():
    rows = comparison([figures("ours"), figures("limit", wall_s=(1.0, 2.0, 1.5))])
    table = {row[0].strip(): row[1:] for row in rows}
    assert table["frames/s"] == ["100", "200"]
    assert table["wall time in times of limit"] == ["2.00", "1.00"]
    assert table["processor time in times of limit"] == ["1.00", "1.00"]
    assert table["output / source bytes"] == ["1.100", "1.100"]
    assert table["frames for each chunk object"] == ["30.0", "30.0"]
    assert {len(line) for line in as_text(rows).splitlines()[1:]} == {len(as_text(rows).splitlines()[1])}


def test_phases_are_shares_of_the_median():
    rows = phase_rows(figures(phases={"verify": 0.3}), hashing_s=0.6)
    assert rows[1:] == [["verify", "0.30", "10%"], ["sha256 of sources and store, alone", "0.60", "20%"]]


def test_pss_of_a_process_that_ended():
    assert pss_of("") == 0


def test_measure_counts_the_memory_of_children(tmp_path):
    child = "import time; block = bytearray(60_000_000); time.sleep(0.7)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    took = measure([sys.executable, "-c", parent], tmp_path / "log")
    assert 60e6 < took.peak_bytes < 160e6
    assert 0.7 < took.wall_s < 20


def test_measure_tells_why_a_program_failed(tmp_path):
    with pytest.raises(ProgramFailedError, match="ended with 3:\nno such scope"):
        measure([sys.executable, "-c", "print('no such scope'); raise SystemExit(3)"], tmp_path / "log")


@pytest.mark.parametrize("bounds", [(0, 32), (8, 25)])
def test_the_limit_writes_what_zarr_would(tmp_path, monkeypatch, bounds):
    monkeypatch.setattr(numcodecs.blosc, "use_threads", True)  # put back afterwards
    truth = scope_recording(tmp_path / "made", n_frames=32, frames_per_file=16).devices["HPC_miniscope1"]
    frames = np.stack([picture.T for picture in decode(truth.folder)])
    chunks = (8, 40, 48)
    encoding = encode_frames(1, chunks, frames.dtype)
    codecs = {"compressor": encoding.compressor, "filters": list(encoding.filters)}
    expected = zarr.open_array(str(tmp_path / "a"), mode="w", shape=(32, 64, 48), chunks=chunks, dtype="u1", **codecs)
    first, stop = bounds
    expected[first:stop] = frames[first:stop]
    job = {"videos": [(str(truth.folder / name), 16) for name in ("0.avi", "1.avi")], "out": str(tmp_path / "b")}
    job |= {"shape": (32, 64, 48), "chunks": chunks, "compressor": encoding.compressor.get_config()}
    job |= {"filters": [each.get_config() for each in encoding.filters]}
    (tmp_path / "b").mkdir()
    benchmark_limit.convert_run(job, first, stop)
    assert differing_chunks(tmp_path / "a", tmp_path / "b") == []
    (tmp_path / "b" / "2.0.0").write_bytes(b"")
    assert differing_chunks(tmp_path / "a", tmp_path / "b") == ["2.0.0"]


def test_reading_a_short_series(tmp_path):
    array = zarr.open_array(str(tmp_path / "a"), mode="w", shape=(7, 8, 8), chunks=(4, 8, 8), dtype="u1")
    array[:] = 1
    read = time_reading(tmp_path / "a")
    assert min(read.one_frame_s, read.run_s, read.trace_s) > 0


def test_codecs_and_chunks_are_compared_on_small_frames(tmp_path):
    frames = np.random.default_rng(0).integers(60, 90, (4, 130, 64), dtype=np.uint8)
    rows = compare_codecs(frames, 1)
    assert rows[1][0] == "chosen"
    assert all(0.5 < float(row[4]) < 1 for row in rows[1:])
    rows = compare_chunks(frames, 1, tmp_path)
    assert rows[1][0] == "4 x 130 x 64"


def test_a_recording_is_made_once_and_lengthened(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmark_recordings.SIDE_PX", 32)
    monkeypatch.setattr("benchmark_recordings.FRAMES_PER_FILE", 10)
    monkeypatch.setattr("benchmark_recordings.spec_of.__defaults__", (10,))
    base = make_recording(tmp_path, "GREY", 20, 1)
    stamp = base.videos[0].stat().st_mtime_ns
    assert make_recording(tmp_path, "GREY", 20, 1).videos[0].stat().st_mtime_ns == stamp
    assert not np.array_equal(first_frames(base.videos[0], 10), first_frames(base.videos[1], 10))
    long = lengthen(base, tmp_path, "GREY", 50)
    assert [path.name for path in long.videos] == ["0.avi", "1.avi", "2.avi", "3.avi", "4.avi"]
    assert len((long.videos[0].parent / "timeStamps.csv").read_text().splitlines()) == 51
    assert long.source_bytes == 5 * base.videos[0].stat().st_size
    with pytest.raises(SystemExit, match="whole files"):
        lengthen(base, tmp_path, "GREY", 55)


def test_neuroconv_can_find_the_device():
    device = spec_of("FFV1", 10).devices[0]
    assert device.folder_name == device.name


def test_the_program_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("benchmark._WARM_UP_FRAMES", 12)
    words = [
        "--work",
        tmp_path,
        "--frames",
        12,
        "--codecs",
        "GREY",
        "--contestants",
        "the limit",
        "--repeats",
        1,
        "--workers",
        1,
    ]
    monkeypatch.setattr("sys.argv", ["benchmark.py", *map(str, words), "--json", str(tmp_path / "figures.json")])
    benchmark.main()
    assert "the limit" in capsys.readouterr().out
    result = json.loads((tmp_path / "figures.json").read_text())["compare"]["GREY"]["contestants"][0]
    assert result["n_frames"] == 12
    assert result["store_bytes"] < result["source_bytes"]


def test_an_nwb_file_is_converted_by_all_three(tmp_path):
    rows, parts = compare_nwb(tmp_path, 0.003, 1, 1)
    assert [row[0] for row in rows[1:4]] == ["this project", "NWBZarrIO.export", "the limit"]
    assert all(float(row[1]) > 0 for row in rows[1:4])
    assert {"write", "read back", "compare", "inspect"} <= {row[0] for row in parts}


def test_the_limit_of_an_nwb_file_compresses_every_value(tmp_path):
    values = np.arange(30_000, dtype="f4").reshape(-1, 3)
    with h5py.File(tmp_path / "a.nwb", "w") as file:
        file.create_dataset("cut", data=values, chunks=(999, 1), compression="gzip")
        file.create_dataset("whole", data=values)
    codecs = {"chunks": [500, 3], "filters": None, "compressor": {"id": "zlib", "level": 0}}
    for name in ("cut", "whole"):
        n_bytes = benchmark_nwb_limit.convert_run(str(tmp_path / "a.nwb"), name, codecs, 0, 10**6)
        assert values.nbytes < n_bytes < 1.01 * values.nbytes
