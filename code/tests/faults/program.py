"""The program as people and pipelines call it: words in, an exit code and lines out."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from miniscope_to_nwb_zarr.run import session_job
from miniscope_to_nwb_zarr.run.main import main
from tests.conversions import no_processes
from tests.faults import samples
from tests.faults.harness import in_child, shared_folder
from tests.faults.outputs import receipt_of

CODE = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, str(CODE / "run_capsule.py"))
WITHOUT_WORKERS = (sys.executable, "-c", "from tests.faults import program; program.without_workers()")
"""The same in one process: what is injected into a system call of it hits no pipe between processes."""
PATIENCE_S = 120
"""No run of a case takes as long, on a machine that has other things to do."""


@dataclass(frozen=True)
class Said:
    """What came of a call."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of ``--json True``."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def outcomes(self) -> dict[str, str]:
        """The word that each session ended with."""
        return {line["session"]: line["outcome"] for line in self.lines if line["type"] == "result"}


def words_for(layout: str, results: Path, **options: object) -> list[str]:
    """The command line that converts the sample of a layout."""
    samples.truth_of(layout)
    return words(samples.folder_of(layout), results, **samples.LAYOUTS[layout].request, **options)


def words(data: Path, results: Path, **options: object) -> list[str]:
    """A command line that speaks JSON."""
    given = {"data_dir": data, "results_dir": results, "workers": 2, "json": True, **options}
    return [word for name, value in given.items() for word in (f"--{name}", str(value))]


def start(words: Sequence[str], program: Sequence[str] = PROGRAM) -> subprocess.Popen[str]:
    """Start the program, as the first of a process group of its own."""
    return subprocess.Popen(
        [*program, *words],
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(CODE), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(words: Sequence[str], program: Sequence[str] = PROGRAM) -> Said:
    """Run the program."""
    process = start(words, program)
    out, err = process.communicate(timeout=PATIENCE_S)
    return Said(process.returncode, out, err)


def run_in_child(words: Sequence[str], folder: Path, prepare: Callable[[], object] = lambda: None) -> Said:
    """Run the program in a forked child that is its own worker, which takes no time to start.

    Parameters
    ----------
    words : sequence of str
    folder : Path
        Where what it says is kept.
    prepare : callable
        Done in the child before.
    """
    samples.finished()
    folder.mkdir(parents=True, exist_ok=True)
    texts = [folder / "out", folder / "err"]

    def work() -> int:
        with texts[0].open("w") as sys.stdout, texts[1].open("w") as sys.stderr:
            session_job.open_pool = no_processes
            prepare()
            return main(words, {})

    code = in_child(work)
    return Said(code, *(path.read_text() for path in texts))


@cache
def wanted_digest(layout: str, **options: object) -> str:
    """The content digest of an undisturbed output of a layout's sample."""
    folder = Path(mkdtemp(dir=shared_folder()))
    said = run_in_child(words_for(layout, folder / "results", **options), folder / "said")
    assert said.code == 0, said
    return receipt_of(folder / "results" / samples.session_of(layout).name).content_digest


def without_workers() -> None:
    """Run the program on the command line's words in this process alone."""
    session_job.open_pool = no_processes
    sys.exit(main(sys.argv[1:], os.environ))
