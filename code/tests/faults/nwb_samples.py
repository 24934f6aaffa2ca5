"""NWB files that cases start from, and the program that converts them in forked children, their own workers."""

import json
import resource
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from miniscope_to_nwb_zarr.data_conversion.nwb import job as nwb_job
from miniscope_to_nwb_zarr.data_conversion.nwb.apart import run_apart
from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob, convert
from miniscope_to_nwb_zarr.data_conversion.nwb.task import run_job
from miniscope_to_nwb_zarr.run.main import main
from miniscope_to_nwb_zarr.run.outcome import Outcome
from tests.conversions import no_processes
from tests.faults.harness import in_child, shared_folder
from tests.faults.program import Said
from tests.nwb_files import bare_file

NAME = "session"
FORMS = ("zarr", "hdf5")
SUFFIX = {"zarr": ".nwb.zarr", "hdf5": ".nwb"}
MAX_S = 30
# of the GiB that is promised, a process has up to a quarter when it has imported the program
MAX_BYTES = 3 << 28


@dataclass(frozen=True)
class Ended:
    """What came of a job in a child."""

    code: int
    message: str
    took_bytes: int
    """The most memory that it took beyond what this process had when it was forked."""


@cache
def source(form: str) -> Path:
    """A file to convert into a form: with an array of several chunks, references, links and text."""
    folder, made = shared_folder() / f"nwb-{form}", shared_folder() / f"nwb-{form}-made"
    folder.mkdir()
    file = bare_file(folder / f"{NAME}.nwb")
    with h5py.File(file, "a") as opened:
        values = np.random.default_rng(1).integers(0, 99, (50_000, 12), "u4")
        opened.create_dataset("analysis/large", data=values, chunks=(5_000, 1), compression="gzip")
        opened["analysis/list"] = np.array([opened["general"].ref, opened["acquisition"].ref], h5py.ref_dtype)
        opened["analysis/link"] = h5py.SoftLink("/analysis/large")
        opened["analysis/words"] = ["one", "zwei µ"]
    if form == "zarr":
        return file
    store = in_process(NwbJob(NAME, (file,), made)) / f"{NAME}.nwb.zarr"
    file.unlink()
    return store.rename(folder / store.name)


def copy_of_source(form: str, folder: Path) -> Path:
    """A data folder of its own, for a file that may be damaged."""
    folder.mkdir(parents=True, exist_ok=True)
    original = source(form)
    return Path((shutil.copytree if original.is_dir() else shutil.copy)(original, folder / original.name))


@cache
def finished(form: str) -> Path:
    """The finished output of a source."""
    return in_process(NwbJob(NAME, (source(form),), shared_folder() / f"nwb-{form}-results", format=form))


def convert_here(job: NwbJob) -> Outcome:
    """Convert with this process for a worker."""
    before, nwb_job.open_pool = nwb_job.open_pool, no_processes
    try:
        return convert(job)
    finally:
        nwb_job.open_pool = before


def in_process(job: NwbJob) -> Path:
    """The same; gives the output."""
    return convert_here(job).output


def in_a_child(job: NwbJob, folder: Path) -> Ended:
    """Convert as a run does; the case fails where the child takes too long."""
    note = folder / "ended.json"

    def work() -> None:
        signal.alarm(MAX_S)
        nwb_job.open_pool = no_processes
        had_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result = run_apart(partial(run_job, job), job.name, job.results)
        took_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - had_kib
        note.write_text(json.dumps([int(result.exit_code), result.message, took_kib * 1024]))

    folder.mkdir(parents=True, exist_ok=True)
    assert in_child(work) == 0, "it did not end in time"
    return Ended(*json.loads(note.read_text()))


def words(data: Path, results: Path, **options: object) -> list[str]:
    """A command line that converts NWB files one after the other and speaks JSON."""
    given: dict[str, Any] = {"dataset": "NWB", "data_dir": data, "results_dir": results, "engine": "serial"}
    return [word for name, value in {**given, "json": True, **options}.items() for word in (f"--{name}", str(value))]


def run(line: Sequence[str], folder: Path, prepare: Callable[[], object] = lambda: None) -> Said:
    """Run the program in a forked child, of which `prepare` may change something."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = [folder / "out", folder / "err"]

    def work() -> int:
        with texts[0].open("w") as sys.stdout, texts[1].open("w") as sys.stderr:
            signal.alarm(4 * MAX_S)
            nwb_job.open_pool = no_processes
            prepare()
            return main(line, {})

    return Said(in_child(work), *(path.read_text() for path in texts))
