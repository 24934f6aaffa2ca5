"""A data folder cut into shards, and what becomes of it on engines that lose workers."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import psutil

from miniscope_to_nwb_zarr.core.receipt import Receipt
from miniscope_to_nwb_zarr.data_conversion.create_inputs import main as create_inputs
from tests.recordings import SMALL, small_recording

SCRIPT = Path(__file__).parents[2] / "scripts" / "run_shards.py"
PATIENCE_S = 600


def make_inputs(folder: Path, n_sessions: int) -> Path:
    """Recordings in ``data``, and a shard for each beside it."""
    for day in range(n_sessions):
        small_recording(folder / "data", start=SMALL.start + timedelta(days=day))
    assert make_shards(folder / "data", folder) == 0
    return folder


def make_shards(data: Path | str, output: Path, *more: str, dataset: str = "Miniscope") -> int:
    """Cut a data folder into shards; gives the exit code."""
    return create_inputs(["--dataset", dataset, "--data_dir", str(data), "--output_dir", str(output), *more], {})


def digests(results: Path) -> dict[str, str]:
    """The content digest of every finished output, by its name."""
    found = (Receipt.from_text(path.read_text()) for path in results.glob("*/receipt.json"))
    return {receipt.session: receipt.content_digest for receipt in found}


def start(
    inputs: Path, results: Path, *more: object, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start the script that runs all shards."""
    command = [sys.executable, SCRIPT, "--inputs", inputs, "--data_dir", inputs / "data", "--results_dir", results]
    return subprocess.Popen(
        list(map(str, [*command, *more])),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
    )


def run(*arguments: object, environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Run it; gives exit code, output and messages."""
    process = start(*arguments, environment=environment)
    with ending(process):
        out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def wait_until(is_so: Callable[[], object], process: subprocess.Popen[str] | None = None) -> bool:
    """Wait for something; gives whether it came before the process ended."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends and (process is None or process.poll() is None):
        if is_so():
            return True
        time.sleep(0.01)
    return False


def is_begun(results: Path) -> bool:
    """Whether an output is being written."""
    return any(results.glob(".staging-*"))


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """All processes that a run has started, but for those that only watch others."""
    found = []
    with suppress(psutil.Error):
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error):
                words = " ".join(child.cmdline())
                if "resource_tracker" not in words and "forkserver" not in words:
                    found.append(child)
    return found


@contextmanager
def ending(*processes: subprocess.Popen[str]) -> Iterator[None]:
    """End processes with all that they have started, in any case."""
    try:
        yield
    finally:
        for process in processes:
            with suppress(psutil.Error):
                for each in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
                    with suppress(psutil.Error):
                        each.kill()
            if process.returncode is None:
                process.communicate(timeout=60)
