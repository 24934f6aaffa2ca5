"""Small recordings and finished outputs that cases start from; made once in a process, copied for each case."""

import shutil
from functools import cache
from pathlib import Path

from miniscope_to_nwb_zarr.demo.recording import RecordingTruth
from tests.conversions import convert, sessions_in
from tests.faults.harness import shared_folder
from tests.recordings import SCOPE, small_recording

SCOPE_NAME = SCOPE.folder_name


@cache
def recording() -> RecordingTruth:
    """A scope with orientation and a camera, in `recording().folder`."""
    return small_recording(shared_folder() / "recording")


def data_folder() -> Path:
    """The data folder that holds `recording`."""
    return shared_folder() / "recording"


@cache
def finished() -> Path:
    """The finished output of `recording`, in a results folder of its own."""
    recording()
    (session,) = sessions_in(data_folder())
    return convert(session, shared_folder() / "results").output


def copy_of_data(folder: Path) -> Path:
    """A data folder that may be damaged; gives the folder of the scope in it."""
    truth = recording()
    shutil.copytree(data_folder(), folder)
    return folder / truth.folder.relative_to(data_folder()) / SCOPE_NAME


def copy_of_output(results: Path) -> Path:
    """A finished output that may be damaged."""
    return Path(shutil.copytree(finished(), results / finished().name))
