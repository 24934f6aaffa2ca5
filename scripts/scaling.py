"""How much more is converted by more workers: measured here for 1 and 2, simulated for 10 to 1,000.

    cd code && uv run python ../scripts/scaling.py --work ../scratch/scaling --measure True
    cd code && uv run python ../scripts/scaling.py

Measured are sessions of two lengths through scripts/run_shards.py, with one worker and with two; from them follow what
a session takes of a worker, whatever its length, and what each frame adds, and how many bytes and objects there are.
They are kept in docs/scaling.json. Simulated are workers that fetch each session from a bucket, convert it and publish
it in one, at the rate of requests that S3 answers below one prefix (scaling_model.py). Writes docs/scaling.png.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt

from benchmark_recordings import make_many, spec_of
from scaling_model import Costs, Network, most_per_hour, sessions_per_hour

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
MEASURED, PICTURE = ROOT / "docs" / "scaling.json", ROOT / "docs" / "scaling.png"
_RATE_HZ = 30
_MINUTES = (0.5, 5.0, 30.0)
_WORKERS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
_SHOWN_WORKERS = (10, 100, 1000)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "scratch" / "scaling", help="for recordings and outputs")
    parser.add_argument("--measure", choices=["True", "False"], default="False", help="True: measure anew")
    parser.add_argument("--frames", type=int, nargs=2, default=[250, 1000], help="the two lengths of sessions")
    parser.add_argument("--sessions", type=int, default=6, help="how many are converted of each")
    parser.add_argument("--mb_per_s", type=float, default=100.0, help="between a worker and the bucket")
    parser.add_argument("--latency_ms", type=float, default=40.0, help="of one request")
    return parser.parse_args(arguments)


def main() -> None:
    """Measure if that is asked for, simulate, and draw."""
    options = parse()
    if options.measure == "True":
        MEASURED.write_text(json.dumps(measure(options), indent=1) + "\n", encoding="utf-8")
    if not MEASURED.is_file():
        sys.exit(f"{MEASURED}: there are no measurements yet; run with --measure True")
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    network = Network(options.mb_per_s * 1e6, options.latency_ms / 1e3)
    curves = {minutes: _curve(costs_of(measured, minutes * 60 * _RATE_HZ), network) for minutes in _MINUTES}
    for minutes, curve in curves.items():
        costs = costs_of(measured, minutes * 60 * _RATE_HZ)
        said = ", ".join(f"{curve[n]:,.0f} with {n:,}" for n in _SHOWN_WORKERS)
        print(
            f"sessions of {minutes:g} min ({costs.convert_s:.0f} s and {costs.n_objects:.0f} objects each), an hour: "
            f"{said}; at most {most_per_hour(costs):,.0f} below one prefix, which {_saturating(curve, costs):,.0f} "
            "workers reach"
        )
    draw(measured, curves)
    print(f"wrote {PICTURE}")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """What sessions of both lengths take, with one worker and with two."""
    lengths = []
    for n_frames in options.frames:
        data = make_many(
            options.work / f"{options.sessions}-of-{n_frames}", spec_of("FFV1", n_frames), options.sessions
        )
        inputs = options.work / f"inputs-{n_frames}"
        shutil.rmtree(inputs, ignore_errors=True)
        _call("-m", "miniscope_to_nwb_zarr.data_conversion.create_inputs", "--data_dir", data, "--output_dir", inputs)
        found: dict[str, Any] = {"frames": n_frames, "sessions": options.sessions}
        for workers in (1, 2):
            results = options.work / "results"
            shutil.rmtree(results, ignore_errors=True)
            began = time.monotonic()
            given = ["--inputs", inputs, "--data_dir", data, "--results_dir", results, "--workers", workers]
            _call(ROOT / "scripts" / "run_shards.py", *given, "--engine", "local", "--quiet", "True")
            found[f"wall_s_{workers}"] = round(time.monotonic() - began, 2)
            found[f"session_s_{workers}"] = _seconds_of(results, options.sessions)
        found |= _sizes_of(results)
        lengths.append(found)
    return {"cpus": os.cpu_count(), "lengths": lengths}


def _call(*words: object) -> None:
    subprocess.run([sys.executable, *map(str, words)], check=True, cwd=ROOT / "code")


def _seconds_of(results: Path, n_sessions: int) -> float:
    """What a shard took on average."""
    summaries = (json.loads(path.read_text()) for path in results.glob("run-*/summary.json"))
    of_all = next(one for one in summaries if len(one["sessions"]) == n_sessions)
    return round(sum(one["seconds"] for one in of_all["sessions"]) / n_sessions, 2)


def _sizes_of(results: Path) -> dict[str, float]:
    receipts = [json.loads(path.read_text()) for path in results.glob("*/receipt.json")]
    n = len(receipts)
    return {
        "objects": round(sum(len(one["files"]) + 1 for one in receipts) / n),
        "output_bytes": round(sum(file["size_bytes"] for one in receipts for file in one["files"]) / n),
        "sources": round(sum(len(one["sources"]) for one in receipts) / n),
        "source_bytes": round(sum(file["size_bytes"] for one in receipts for file in one["sources"]) / n),
    }


def costs_of(measured: Mapping[str, Any], n_frames: float) -> Costs:
    """What a session of any length costs: the line through the two that were measured."""
    short, long = measured["lengths"]

    def at(name: str) -> float:
        slope = (long[name] - short[name]) / (long["frames"] - short["frames"])
        return float(short[name] + slope * (n_frames - short["frames"]))

    # a file of video for a thousand frames
    n_sources = long["sources"] - 1 + n_frames / 1000
    return Costs(at("session_s_1"), at("source_bytes"), n_sources, at("output_bytes"), at("objects"))


def _curve(costs: Costs, network: Network) -> dict[int, float]:
    return {n: sessions_per_hour(n, costs, network) for n in _WORKERS}


def _saturating(curve: Mapping[int, float], costs: Costs) -> float:
    """How many workers would reach the most that is possible, if nobody waited."""
    return most_per_hour(costs) / curve[1]


def draw(measured: Mapping[str, Any], curves: Mapping[float, Mapping[int, float]]) -> None:
    """Draw what was measured and what was simulated."""
    mpl.use("Agg")
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, (here, many) = plt.subplots(1, 2, figsize=(8, 3.2), width_ratios=(1, 2), layout="constrained")
    for one in measured["lengths"]:
        rates = [one["sessions"] / one[f"wall_s_{workers}"] * 3600 for workers in (1, 2)]
        label = f"{one['frames']:,} frames: x {rates[1] / rates[0]:.2f}"
        here.plot((1, 2), rates, marker="o", label=label)
    here.set(xlabel="workers, measured", ylabel="sessions an hour", xticks=(1, 2), xlim=(0.7, 2.3), ylim=(0, None))
    here.legend(frameon=False)
    for minutes, curve in curves.items():
        costs = costs_of(measured, minutes * 60 * _RATE_HZ)
        (line,) = many.plot(curve.keys(), curve.values(), marker=".", label=f"{minutes:g} min at {_RATE_HZ} frames/s")
        many.plot(curve.keys(), [curve[1] * n for n in curve], ":", color=line.get_color(), linewidth=0.8)
        many.axhline(most_per_hour(costs), color=line.get_color(), linewidth=0.5, alpha=0.5)
    many.set(xlabel="workers, simulated", ylabel="sessions an hour", xscale="log", yscale="log")
    for axis in (many.xaxis, many.yaxis):
        axis.set_major_formatter("{x:,.0f}")
    many.legend(frameon=False, title="sessions of")
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
