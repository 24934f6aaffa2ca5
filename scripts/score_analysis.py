"""Scores the native engine, and MiniAn beside it, on movies of which the truth is known.

    cd code && uv run python ../scripts/score_analysis.py --work ../scratch/score --seeds 21 22 23
    cd code && uv run python ../scripts/score_analysis.py --work ../scratch/score --families large --bin 2

minisim simulates the movies, MiniAn runs its notebook's pipeline with its notebook's parameters; both are installed
with uv into environments of their own below `--work`. CaImAn is run where it is asked for and MINISCOPE_CAIMAN_PYTHON
names the Python of its environment. Every run adds a line to ``scores.jsonl``; what has its line is not run again,
unless `--again` names its engine. The table shows the median over the seeds, and the bar of this project; below it
stands what the native engine reaches, of the bar and beside MiniAn, and the exit code is 1 where it fails. Linux.

``large`` is a movie of 608 x 608 pixels and 12,000 frames that this program draws block by block. It runs only where it
is asked for, with the native engine alone and the first seed, and is judged by its time and memory.

good F1: centre at most 5 px from that of a detectable cell, and traces correlate by 0.7 or more. IoU and cosine F1: by
minisim. r: median correlation of the traces of cells whose centres agree. Event F1: median over good cells of events
within 0.25 s, an event being at least 3 spikes within 0.25 s. Motion: RMSE of shifts. Memory: PSS of all processes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark_process import Measured, measure
from environments import environment
from miniscope_to_nwb_zarr.analysis.events import find_events
from miniscope_to_nwb_zarr.analysis.foreign import exchange
from miniscope_to_nwb_zarr.analysis.foreign.programs import CAIMAN, MINIAN, MINIAN_PINS
from miniscope_to_nwb_zarr.analysis.native.deconvolution import noise_of
from minisim_recording import minisim_python
from score_cells import cell_scores, motion_rmse
from score_judgement import BAR, judge
from score_large import LARGE_SIZE, large_movie
from score_movies import FAMILIES, overlap_scores, simulated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

CODE = Path(__file__).resolve().parents[1] / "code"
FOREIGN = {"minian": MINIAN, "caiman": CAIMAN}
LARGE = "large"
RATE_HZ = 20.0
WORKERS = 2
COLUMNS = ("n_units", "good_f1", "iou", "cosine", "trace_r", "event_f1", "motion_px", "wall_s", "cpu_s", "peak_gb")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(tempfile.gettempdir()) / "score-analysis"
    parser.add_argument("--work", type=Path, default=default, metavar="DIR", help="environments, movies, runs, scores")
    parser.add_argument("--families", nargs="+", choices=(*FAMILIES, LARGE), default=list(FAMILIES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[21, 22, 23])
    parser.add_argument("--engines", nargs="+", choices=("native", "minian", "caiman"), default=["native", "minian"])
    parser.add_argument("--again", nargs="*", default=[], help="engines that are run although they have their line")
    parser.add_argument("--bin", type=int, default=1, help="pixels that become one, for the family large")
    parser.add_argument(
        "--large_size", nargs=3, type=int, default=list(LARGE_SIZE), metavar=("ROWS", "COLUMNS", "FRAMES")
    )
    return parser.parse_args(arguments)


def run_engine(engine: str, work: Path, movie: Path, folder: Path, bin_px: int) -> Measured:
    """Run an engine on a movie and measure it; the folder then holds ``motion.npz`` and ``units.npz``."""
    folder.mkdir(parents=True)
    if engine == "native":
        script = Path(__file__).with_name("score_engine.py")
        words = [sys.executable, str(script), str(movie), str(folder), str(WORKERS), str(bin_px)]
        return measure(words, folder / "log", CODE)
    os.environ.update(exchange.ONE_THREAD)
    job = {"step": "all", "workers": WORKERS, "rate_hz": RATE_HZ, "parameters": {}}
    levels = np.load(movie)
    np.save(folder / "movie.npy", levels if engine == "minian" else levels.astype(np.float32))
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    if engine == "minian":
        os.environ[MINIAN.variable] = str(environment(work / "minian-environment", MINIAN_PINS))
    return measure(FOREIGN[engine].command(folder), folder / "log")


def found_units(folder: Path, engine: str) -> tuple[dict[str, NDArray[Any]], list[NDArray[np.int64]]]:
    """Accepted units of a run, and the frames of the events of each."""
    kept = np.load(folder / "units.npz")
    n_units, height, width = (int(size) for size in kept["shape"])
    footprints = np.zeros((n_units, height * width), dtype=np.float32)
    footprints[kept["unit"], kept["pixel"]] = kept["weight"]
    if engine == "native":
        unit, frame, accepted = kept["event_unit"], kept["event_frame"], kept["accepted"]
    else:
        noise = np.array([noise_of(trace) for trace in kept["raw"]])
        events = find_events(kept["deconvolved"], noise, FOREIGN[engine].EVENT_NOISE, RATE_HZ)
        unit, frame, accepted = events.unit, events.frame, np.ones(n_units, dtype=bool)
    found = {"footprints": footprints.reshape(-1, height, width)[accepted], "calcium": kept["calcium"][accepted]}
    return found, [np.sort(frame[unit == one]) for one in np.flatnonzero(accepted)]


def as_recorded(footprints: NDArray[np.float32], picture: tuple[int, ...], bin_px: int) -> NDArray[np.float32]:
    """Footprints in pixels of the recording, of which `bin_px` were made one; what did not fill one stays 0."""
    whole = np.zeros((len(footprints), *picture), np.float32)
    large = footprints.repeat(bin_px, axis=1).repeat(bin_px, axis=2)
    whole[:, : large.shape[1], : large.shape[2]] = large
    return whole


def score(engine: str, work: Path, stem: Path, folder: Path, minisim: Path | None, bin_px: int) -> dict[str, Any]:
    """Scores of a run; those that minisim takes only where its Python is given."""
    path = stem.with_name(f"{stem.name}-truth.npz")
    truth = dict(np.load(path))
    shift = np.load(folder / "motion.npz")["shift_px"]
    found, events = found_units(folder, engine)
    found["footprints"] = as_recorded(found["footprints"], truth["footprints"].shape[1:], bin_px)
    # what is found lies in the picture of the template, which need not be that of the truth
    offset = (shift - truth["shift_px"]).mean(axis=0)
    scores = cell_scores(found, truth, events, offset, RATE_HZ)
    scores["motion_px"] = motion_rmse(shift, truth["shift_px"])
    if scores["n_units"] and minisim is not None:
        np.savez(work / "footprints.npz", footprints=found["footprints"])
        nearest = tuple(round(float(part)) for part in offset)
        scores |= overlap_scores(minisim, work / "footprints.npz", path, (nearest[0], nearest[1]))
    return scores


def table(lines: Sequence[dict[str, Any]]) -> str:
    """Medians over the seeds, each with the worst in brackets, and the bar."""
    worst = {"n_units": max, "motion_px": max, "wall_s": max, "cpu_s": max, "peak_gb": max}
    rows = [["family", "engine", "seeds", *COLUMNS, "reached"]]
    judged = judge(lines)
    for family in BAR:
        engines = dict.fromkeys(line["engine"] for line in lines if line["family"] == family)
        for engine in engines:
            chosen = [line for line in lines if line["family"] == family and line["engine"] == engine]
            row = [family, engine, " ".join(str(line["seed"]) for line in chosen)]
            for name in COLUMNS:
                values = [line[name] for line in chosen if isinstance(line.get(name), int | float)]
                end = worst.get(name, min)
                row.append(f"{statistics.median(values):.3g} ({end(values):.3g})" if values else "")
            failed = [one.what for one in judged if one.family == family and not one.is_reached]
            rows.append([*row, "" if engine != "native" else f"FAIL: {', '.join(failed)}" if failed else "pass"])
        if engines:
            bar = (f"{BAR[family][name]:g}" if name in BAR[family] else "" for name in COLUMNS)
            rows.append([family, "bar", "", *bar, ""])
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def wanted_runs(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Family, seed, engine, size and binning of each run."""
    runs: list[dict[str, Any]] = [
        {"family": family, "seed": seed, "engine": engine, "bin": 1, "size": []}
        for family in options.families
        if family != LARGE
        for seed in options.seeds
        for engine in options.engines
    ]
    if LARGE in options.families:
        size = list(options.large_size)
        runs.append({"family": LARGE, "seed": options.seeds[0], "engine": "native", "bin": options.bin, "size": size})
    return runs


def key_of(run: Mapping[str, Any]) -> tuple[object, ...]:
    """What tells runs apart."""
    return run["family"], run["seed"], run["engine"], run.get("bin", 1), tuple(run.get("size", ()))


def main() -> int:
    """Run what is missing, print the table and what is reached."""
    options = parse()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    log = work / "scores.jsonl"
    # large is drawn and scored without it
    minisim = minisim_python(work) if {*options.families} - {LARGE} else None
    done = {}
    if log.exists():
        for text in log.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            done[key_of(line)] = line
    wanted = wanted_runs(options)
    for run in wanted:
        if key_of(run) in done and run["engine"] not in options.again:
            continue
        engine, seed, bin_px = run["engine"], run["seed"], run["bin"]
        if run["family"] == LARGE:
            stem = large_movie(work / "movies", seed, tuple(run["size"]))
        else:
            stem = simulated(minisim, work / "movies", run["family"], seed)
        folder = Path(tempfile.mkdtemp(prefix=f"{engine}-{run['family']}-{seed}-", dir=work)) / "run"
        measured = run_engine(engine, work, stem.with_name(f"{stem.name}-movie.npy"), folder, bin_px)
        line = {**run, **score(engine, work, stem, folder, minisim, bin_px)}
        line |= {"wall_s": measured.wall_s, "cpu_s": measured.cpu_s, "peak_gb": measured.peak_bytes / 1e9}
        line |= {"load": os.getloadavg()[0], "folder": folder.parent.name}
        done[key_of(line)] = line
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
    lines = [done[key_of(run)] for run in wanted]
    judged = judge(lines)
    print(table(lines), *(one.as_text() for one in judged), sep="\n")
    return 0 if all(one.is_reached for one in judged) else 1


if __name__ == "__main__":
    sys.exit(main())
