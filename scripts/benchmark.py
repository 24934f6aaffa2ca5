"""Times this project against the limit of the machine and against NeuroConv, on recordings that it makes.

    cd code && uv run python ../scripts/benchmark.py                   # the comparison; NeuroConv takes minutes
    cd code && uv run python ../scripts/benchmark.py --frames 200      # a quick look
    cd code && uv run python ../scripts/benchmark.py --only memory     # one part: compare, memory, scaling, chunks, ...

The three convert the same recording in turn, A B C A B C, each as a fresh process with the same number of workers.
Ratios are taken within a round, which shared whatever else the machine did. Each first converts a few frames for
nothing, so that programs and bytecode are on hand.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark_codecs import compare_chunks, compare_codecs
from benchmark_contestants import CODE, LIMIT, NEUROCONV, OURS, convert, differing_chunks, our_command
from benchmark_figures import Figures, as_json, as_text, comparison, phase_rows
from benchmark_nwb import compare_nwb
from benchmark_process import measure
from benchmark_reading import time_reading
from benchmark_recordings import FRAMES_PER_FILE, NOISE, first_frames, lengthen, make_fifty, make_recording
from miniscope_to_nwb_zarr.run.option_table import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark_contestants import Converted
    from benchmark_recordings import BenchRecording

FRAMES = {"FFV1": 4000, "GREY": 12000}
PARTS = ("compare", "memory", "scaling", "chunks", "codecs", "dry-run", "nwb")
_ONCE = ("dry-run", "nwb")
_WARM_UP_FRAMES = 100
_LENGTHS = (1, 4, 16)
_MEMORY_FACTOR = 10
_CODEC_FRAMES = 66
_CHUNK_FRAMES = 1000
_LEVEL = int(BY_NAME["compression"].default.rpartition(":")[2])


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    work = Path(tempfile.gettempdir()) / "miniscope-benchmark"
    parser.add_argument("--work", type=Path, default=work, help="folder of recordings and outputs; recordings are kept")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=["compare"], help="parts to run")
    parser.add_argument("--codecs", nargs="+", choices=list(FRAMES), default=list(FRAMES), help="of the recordings")
    parser.add_argument("--frames", type=int, help="frames of each recording; default 4000 (FFV1) and 12000 (GREY)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--contestants", nargs="+", choices=[OURS, LIMIT, NEUROCONV], default=[OURS, LIMIT, NEUROCONV])
    parser.add_argument(
        "--nwb-share",
        type=float,
        default=0.1,
        help="size of the NWB file of --only nwb: 1 is 3 GB, which takes minutes",
    )
    parser.add_argument("--real-video", type=Path, help="an existing video, for --only codecs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures to this file")
    return parser.parse_args(arguments)


def compare(options: argparse.Namespace, codec: str) -> dict[str, Any]:
    """The main table for one codec."""
    recording = _recording(options, codec)
    warm_up = make_recording(options.work, codec, _WARM_UP_FRAMES, options.workers)
    for name in options.contestants:
        convert(name, warm_up, options.workers, options.work)
    runs: dict[str, list[Converted]] = {name: [] for name in options.contestants}
    for number in range(options.repeats):
        for name in options.contestants:
            _say(f"{codec}, {recording.n_frames} frames, round {number + 1} of {options.repeats}: {name}")
            runs[name].append(convert(name, recording, options.workers, options.work))
    figures = [_figures(name, runs[name], recording) for name in options.contestants]
    print(f"\n{codec}, {recording.n_frames} frames, {options.workers} workers, {_load()}")
    print(as_text(comparison(figures)))
    result: dict[str, Any] = {"contestants": [as_json(one) for one in figures]}
    if OURS in runs:
        ours = runs[OURS][-1]
        result["hashing_s"] = hashing_s(recording, ours, options.workers)
        print(as_text(phase_rows(figures[options.contestants.index(OURS)], result["hashing_s"])))
        if LIMIT in runs:
            differing = differing_chunks(ours.array, runs[LIMIT][-1].array)
            result["differing_chunks"] = differing
            print(f"chunks that differ between this project and the limit: {len(differing)}")
    return result


def memory(options: argparse.Namespace, codec: str) -> dict[str, Any]:
    """Peak memory of this project at one length and ten times it, and for each further worker."""
    short = _recording(options, codec)
    long = lengthen(short, options.work, codec, _MEMORY_FACTOR * short.n_frames)
    rows = [["frames", "workers", "peak memory, all processes [MB]", "frames/s"]]
    cases = [(short, workers) for workers in (1, 2, 3, 4)] + [(long, 2)]
    for recording, workers in cases:
        _say(f"{codec}, memory: {recording.n_frames} frames, {workers} workers")
        measured = convert(OURS, recording, workers, options.work).measured
        speed = f"{recording.n_frames / measured.wall_s:.0f}"
        rows.append([str(recording.n_frames), str(workers), f"{measured.peak_bytes / 1e6:.0f}", speed])
    return _show(f"{codec}, memory, {_load()}", rows)


def scaling(options: argparse.Namespace, codec: str) -> dict[str, Any]:
    """Time per frame of this project at several lengths, and with more workers."""
    base = make_recording(options.work, codec, options.frames or FRAMES_PER_FILE, options.workers)
    lengths = _LENGTHS if base.n_frames % FRAMES_PER_FILE == 0 else (1,)
    cases = [(factor, options.workers) for factor in lengths]
    cases += [(lengths[-1], workers) for workers in range(1, options.workers)]
    rows = [["frames", "workers", "wall [s]", "processor [s]", "wall per frame [ms]"]]
    for factor, workers in cases:
        n_frames = factor * base.n_frames
        recording = base if factor == 1 else lengthen(base, options.work, codec, n_frames)
        _say(f"{codec}, scaling: {n_frames} frames, {workers} workers")
        took = convert(OURS, recording, workers, options.work).measured
        times = [f"{took.wall_s:.2f}", f"{took.cpu_s:.2f}", f"{1000 * took.wall_s / n_frames:.2f}"]
        rows.append([str(n_frames), str(workers), *times])
    return _show(f"{codec}, scaling, {_load()}", rows)


def chunks(options: argparse.Namespace, codec: str) -> dict[str, Any]:
    """Writing and reading of several chunk shapes, one thread."""
    frames = first_frames(_recording(options, codec).videos[0], _CHUNK_FRAMES)
    return _show(f"chunk shapes, {len(frames)} frames, one thread", compare_chunks(frames, _LEVEL, options.work))


def codecs(options: argparse.Namespace, codec: str) -> dict[str, Any]:
    """Size and speed of several codecs on made frames, and on those of a real video."""
    frames = first_frames(_recording(options, codec).videos[0], _CODEC_FRAMES)
    result = {"made": _show("codecs, one chunk of made frames, one thread", compare_codecs(frames, _LEVEL))}
    if options.real_video:
        frames = first_frames(options.real_video, _CODEC_FRAMES)
        rows = compare_codecs(frames, _LEVEL)
        result["real"] = _show(f"codecs, one chunk of {options.real_video.name}, one thread", rows)
    return result


def dry_run(options: argparse.Namespace, _codec: str) -> dict[str, Any]:
    """Time of the plan of fifty recordings, and of the help."""
    folder, log = make_fifty(options.work), options.work / "dry-run.log"
    plan = our_command(folder, options.work / "nothing", options.workers, "--dry_run", "True")
    rows = [["", "wall [s]"]]
    for title, command in (("--dry_run of 50 recordings", plan), ("--help", [*plan[:2], "--help"])):
        times = [measure(command, log, CODE).wall_s for _ in range(options.repeats + 1)]
        rows.append([title, f"{min(times):.2f}"])
    return _show("start-up", rows)


def nwb(options: argparse.Namespace, _codec: str) -> dict[str, Any]:
    """An NWB file from HDF5 to Zarr, against the plain export and against the limit."""
    rows, parts = compare_nwb(options.work, options.nwb_share, options.workers, options.repeats)
    title = f"NWB file of {options.nwb_share:g} x 3 GB, {options.workers} workers, {_load()}"
    return {"contestants": _show(title, rows), "parts": _show("of which", parts)}


def hashing_s(recording: BenchRecording, ours: Converted, workers: int) -> float:
    """Time to hash all source files and the whole store, and nothing else, on as many threads."""
    files = [*recording.videos, *(path for path in ours.store.rglob("*") if path.is_file())]
    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as threads:
        list(threads.map(_sha256, files))
    return time.perf_counter() - began


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _recording(options: argparse.Namespace, codec: str) -> BenchRecording:
    return make_recording(options.work, codec, options.frames or FRAMES[codec], options.workers)


def _figures(name: str, runs: list[Converted], recording: BenchRecording) -> Figures:
    last = runs[-1]
    return Figures(
        name=name,
        n_frames=recording.n_frames,
        source_bytes=recording.source_bytes,
        wall_s=tuple(run.measured.wall_s for run in runs),
        cpu_s=tuple(run.measured.cpu_s for run in runs),
        peak_bytes=max(run.measured.peak_bytes for run in runs),
        store_bytes=last.store_bytes,
        n_objects=last.n_objects,
        n_chunks=last.n_chunks,
        phases=last.phases,
        **asdict(time_reading(last.array)),
    )


def _show(title: str, rows: list[list[str]]) -> dict[str, Any]:
    print(f"\n{title}\n{as_text(rows)}", flush=True)
    return {"title": title, "rows": rows}


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _load() -> str:
    return f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def main() -> None:
    """Run the parts that are asked for."""
    options = parse()
    options.work.mkdir(parents=True, exist_ok=True)
    print(NOISE, flush=True)
    print(f"{platform.platform()}, Python {platform.python_version()}, {_load()} at the start", flush=True)
    parts = dict(zip(PARTS, (compare, memory, scaling, chunks, codecs, dry_run, nwb), strict=True))
    results: dict[str, Any] = {"noise": NOISE, "platform": platform.platform(), "workers": options.workers}
    for name in options.only:
        # start-up and NWB files do not depend on how frames are coded
        kinds = options.codecs[:1] if name in _ONCE else options.codecs
        results[name] = {codec: parts[name](options, codec) for codec in kinds}
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
