"""A finished output and its next version, with an analysis, made in this process with the plain engine of the tests."""

import shutil
from functools import cache
from pathlib import Path

from miniscope_to_nwb_zarr.run.outcome import Outcome
from tests.conversions import convert, sessions_in
from tests.data_conversion.analysis.conftest import LIVELY, analysed, base_of, job
from tests.faults.harness import shared_folder
from tests.recordings import small_recording


@cache
def finished() -> Path:
    """The output of a scope with cells, without an analysis."""
    folder = shared_folder() / "lively"
    small_recording(folder, devices=(LIVELY,), seed=3)
    (session,) = sessions_in(folder)
    return convert(session, shared_folder() / "lively-results").output


def copy_of_output(folder: Path) -> Path:
    """The same in results of its own; analyses of it keep their steps beside them."""
    return Path(shutil.copytree(finished(), folder / "results" / finished().name))


def analyse(output: Path) -> Outcome:
    """Make the next version of an output, or find it done."""
    return analysed(base_of(output), job(output.parent.parent))
