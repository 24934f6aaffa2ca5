"""The conversion of an NWB file against the plain export of hdmf-zarr and against the limit of the machine.

Each is a fresh process. The wall time of this project is that of the whole command: sources are hashed, what was
written is read back and compared, validator and inspector run, files are forced onto the disk. How long each of these
takes is a line of its own.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zarr

from benchmark_nwb_file import make_file, n_array_bytes
from benchmark_process import measure

if TYPE_CHECKING:
    from benchmark_process import Measured

OURS, LIMIT, EXPORT = "this project", "the limit", "NWBZarrIO.export"
_SCRIPTS = Path(__file__).resolve().parent
_CODE = _SCRIPTS.parent / "code"
_LARGE_BYTES = 1 << 20
_CHUNK_MB = 10


@dataclass(slots=True)
class Run:
    """What came of one contestant in one round."""

    measured: Measured
    store: Path | None = None
    phases: dict[str, float] = field(default_factory=dict)

    @property
    def files(self) -> list[int]:
        """Sizes of all files of the store."""
        return [path.stat().st_size for path in self.store.rglob("*") if path.is_file()] if self.store else []


def compare_nwb(work: Path, share: float, workers: int, repeats: int) -> tuple[list[list[str]], list[list[str]]]:
    """The table of contestants, and that of the parts of this project's time.

    Parameters
    ----------
    work : Path
        The made file is kept there.
    share : float
        Of the full size, which is 3 GB of arrays.
    workers, repeats : int
    """
    folder = work / f"nwb-{share:g}"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "session.nwb"
    make_file(file, share)
    rounds = [_one_round(file, work, workers) for _ in range(repeats)]
    raw_bytes = n_array_bytes(file)
    rows = [["", "wall [s]", "processor [s]", "peak memory [MB]", "store [MB]", "objects", "MB of arrays an object"]]
    rows += [_row(name, [one[name] for one in rounds], raw_bytes) for name in (OURS, EXPORT, LIMIT)]
    for title, of in (("wall", "wall_s"), ("processor", "cpu_s")):
        for name in (LIMIT, EXPORT):
            ratios = [getattr(one[OURS].measured, of) / getattr(one[name].measured, of) for one in rounds]
            rows.append([f"{OURS} / {name}, {title}", f"{min(ratios):.2f} to {max(ratios):.2f}", *[""] * 5])
    ours = [one[OURS].phases for one in rounds]
    parts = [["part of this project's time", "wall [s]"]]
    parts += [[name, f"{min(phases[name] for phases in ours):.2f}"] for name in ours[0]]
    return rows, parts


def _one_round(file: Path, work: Path, workers: int) -> dict[str, Run]:
    ours = _run_ours(file, work / "nwb-ours", workers)
    limit = _run_limit(file, work, workers, ours)
    return {OURS: ours, LIMIT: limit, EXPORT: _run_export(file, work)}


def _run_ours(file: Path, results: Path, workers: int) -> Run:
    shutil.rmtree(results, ignore_errors=True)
    options = {
        "dataset": "NWB",
        "data_dir": file.parent,
        "results_dir": results,
        "workers": workers,
        "chunk_mb": _CHUNK_MB,
    }
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    measured = measure([sys.executable, "run_capsule.py", *words], file.parent / "ours.log", _CODE)
    summary = json.loads(next(results.glob("run-*/summary.json")).read_text(encoding="utf-8"))
    return Run(measured, results / "session" / "session.nwb.zarr", summary["sessions"][0]["phases_s"])


def _run_limit(file: Path, work: Path, workers: int, ours: Run) -> Run:
    job = {"file": str(file), "workers": workers, "arrays": _codecs(ours)}
    command = [sys.executable, str(_SCRIPTS / "benchmark_nwb_limit.py"), json.dumps(job)]
    return Run(measure(command, work / "nwb-limit.log"))


def _run_export(file: Path, work: Path) -> Run:
    store = work / "nwb-export.nwb.zarr"
    shutil.rmtree(store, ignore_errors=True)
    command = [sys.executable, "-W", "ignore", str(_SCRIPTS / "benchmark_nwb_export.py"), str(file), str(store)]
    return Run(measure(command, work / "nwb-export.log"), store)


def _codecs(ours: Run) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def note(name: str, item: object) -> None:
        if isinstance(item, zarr.Array) and item.nbytes >= _LARGE_BYTES and not item.dtype.hasobject:
            header = json.loads((Path(str(ours.store)) / name / ".zarray").read_text(encoding="utf-8"))
            found[name] = {key: header[key] for key in ("chunks", "filters", "compressor")}

    zarr.open_group(str(ours.store), "r").visititems(note)
    return found


def _row(name: str, runs: list[Run], raw_bytes: int) -> list[str]:
    best = min(runs, key=lambda run: run.measured.wall_s)
    files = best.files
    return [
        name,
        f"{best.measured.wall_s:.2f}",
        f"{min(run.measured.cpu_s for run in runs):.2f}",
        f"{max(run.measured.peak_bytes for run in runs) / 1e6:.0f}",
        f"{sum(files) / 1e6:.0f}" if files else "",
        str(len(files)) if files else "",
        f"{raw_bytes / 1e6 / len(files):.1f}" if files else "",
    ]
