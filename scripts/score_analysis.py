"""Scores the native engine, and MiniAn beside it, on movies of which the truth is known.

    cd code && uv run python ../scripts/score_analysis.py --work ../scratch/score --seeds 21 22 23

minisim simulates the movies, MiniAn runs its notebook's pipeline with its notebook's parameters; both are installed
with uv into environments of their own below `--work`. CaImAn is run where it is asked for and MINISCOPE_CAIMAN_PYTHON
names the Python of its environment. Every run adds a line to ``scores.jsonl``; what has its line is not run again,
unless `--again` names its engine. The table shows the median over the seeds, and the bar of this project. Linux.

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
from score_movies import FAMILIES, overlap_scores, simulated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CODE = Path(__file__).resolve().parents[1] / "code"
FOREIGN = {"minian": MINIAN, "caiman": CAIMAN}
RATE_HZ = 20.0
WORKERS = 2
BAR = {
    "quick": {"good_f1": 0.95, "trace_r": 0.97, "motion_px": 0.15, "event_f1": 0.80},
    "ca1": {"good_f1": 0.78, "trace_r": 0.95, "motion_px": 0.5, "event_f1": 0.75},
    "l23": {"good_f1": 0.60, "trace_r": 0.95, "motion_px": 1.2, "event_f1": 0.70},
    "null": {"n_units": 2},
}
COLUMNS = ("n_units", "good_f1", "iou", "cosine", "trace_r", "event_f1", "motion_px", "wall_s", "cpu_s", "peak_gb")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(tempfile.gettempdir()) / "score-analysis"
    parser.add_argument("--work", type=Path, default=default, metavar="DIR", help="environments, movies, runs, scores")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[21, 22, 23])
    parser.add_argument("--engines", nargs="+", choices=("native", "minian", "caiman"), default=["native", "minian"])
    parser.add_argument("--again", nargs="*", default=[], help="engines that are run although they have their line")
    return parser.parse_args(arguments)


def run_engine(engine: str, work: Path, movie: Path, folder: Path) -> Measured:
    """Run an engine on a movie and measure it; the folder then holds ``motion.npz`` and ``units.npz``."""
    folder.mkdir(parents=True)
    if engine == "native":
        script = Path(__file__).with_name("score_engine.py")
        return measure([sys.executable, str(script), str(movie), str(folder), str(WORKERS), "1"], folder / "log", CODE)
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


def score(engine: str, work: Path, stem: Path, folder: Path, minisim: Path) -> dict[str, Any]:
    """Scores of a run."""
    path = stem.with_name(f"{stem.name}-truth.npz")
    truth = dict(np.load(path))
    shift = np.load(folder / "motion.npz")["shift_px"]
    found, events = found_units(folder, engine)
    # what is found lies in the picture of the template, which need not be that of the truth
    offset = (shift - truth["shift_px"]).mean(axis=0)
    scores = cell_scores(found, truth, events, offset, RATE_HZ)
    scores["motion_px"] = motion_rmse(shift, truth["shift_px"])
    if scores["n_units"]:
        np.savez(work / "footprints.npz", footprints=found["footprints"])
        nearest = tuple(round(float(part)) for part in offset)
        scores |= overlap_scores(minisim, work / "footprints.npz", path, (nearest[0], nearest[1]))
    return scores


def table(lines: Sequence[dict[str, Any]]) -> str:
    """Medians over the seeds, each with the worst in brackets, and the bar."""
    worst = {"n_units": max, "motion_px": max, "wall_s": max, "cpu_s": max, "peak_gb": max}
    rows = [["family", "engine", "seeds", *COLUMNS]]
    for family in FAMILIES:
        engines = dict.fromkeys(line["engine"] for line in lines if line["family"] == family)
        for engine in engines:
            chosen = [line for line in lines if line["family"] == family and line["engine"] == engine]
            row = [family, engine, " ".join(str(line["seed"]) for line in chosen)]
            for name in COLUMNS:
                values = [line[name] for line in chosen if isinstance(line.get(name), int | float)]
                end = worst.get(name, min)
                row.append(f"{statistics.median(values):.3g} ({end(values):.3g})" if values else "")
            rows.append(row)
        if engines:
            rows.append(
                [family, "bar", "", *(f"{BAR[family][name]:g}" if name in BAR[family] else "" for name in COLUMNS)]
            )
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def main() -> int:
    """Run what is missing and print the table."""
    options = parse()
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    log = work / "scores.jsonl"
    minisim = minisim_python(work)
    done = {}
    if log.exists():
        for text in log.read_text(encoding="utf-8").splitlines():
            line = json.loads(text)
            done[line["family"], line["seed"], line["engine"]] = line
    wanted = [
        (family, seed, engine) for family in options.families for seed in options.seeds for engine in options.engines
    ]
    for family, seed, engine in wanted:
        if (family, seed, engine) in done and engine not in options.again:
            continue
        stem = simulated(minisim, work / "movies", family, seed)
        folder = Path(tempfile.mkdtemp(prefix=f"{engine}-{family}-{seed}-", dir=work)) / "run"
        measured = run_engine(engine, work, stem.with_name(f"{stem.name}-movie.npy"), folder)
        line = {"family": family, "seed": seed, "engine": engine, **score(engine, work, stem, folder, minisim)}
        line |= {"wall_s": measured.wall_s, "cpu_s": measured.cpu_s, "peak_gb": measured.peak_bytes / 1e9}
        line |= {"load": os.getloadavg()[0], "folder": folder.parent.name}
        done[family, seed, engine] = line
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)
    print(table([done[key] for key in wanted if key in done]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
