"""Small recordings and finished outputs that cases start from; made once in a process, copied for each case."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from miniscope_to_nwb_zarr.core.model import Session
from miniscope_to_nwb_zarr.demo.mio import MioSpec, write_mio
from miniscope_to_nwb_zarr.demo.onix import OnixSpec, write_onix
from miniscope_to_nwb_zarr.demo.onix_older import OlderOnixSpec, write_older_onix
from miniscope_to_nwb_zarr.demo.open_ephys import OpenEphysSpec, Software, write_open_ephys
from miniscope_to_nwb_zarr.demo.recording import RecordingTruth
from tests.conversions import convert, sessions_in
from tests.faults.harness import shared_folder
from tests.recordings import SCOPE, small_recording
from tests.v3_recordings import ZONE, v3_recording

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


@dataclass(frozen=True)
class Sample:
    """A small recording of one layout."""

    write: Callable[[Path], Any]
    """Writes it into a data folder; gives what is known of it."""
    frame: Callable[[Any, str, int], NDArray[Any]]
    """From what is known: a frame of a device as it was taken, shape (height, width) or (height, width, 3)."""
    request: Mapping[str, str] = field(default_factory=dict)
    """What discovery must be told, because the recording does not say it."""


LAYOUTS: dict[str, Sample] = {
    "Miniscope DAQ": Sample(
        lambda folder: small_recording(folder, behavior_tracker={"enabled": True}, n_pose_points=2),
        lambda truth, device, number: truth.devices[device].frame(number),
    ),
    "Miniscope V3": Sample(v3_recording, lambda truth, device, number: truth.devices[device].frame(number), ZONE),
    "Miniscope Open Ephys": Sample(
        lambda folder: write_open_ephys(OpenEphysSpec(), folder), lambda truth, _, number: truth.frame(number)
    ),
    "Miniscope Wireless": Sample(
        lambda folder: write_mio(MioSpec(), folder), lambda truth, _, number: truth.picture(number), ZONE
    ),
    "Miniscope ONIX": Sample(
        lambda folder: write_onix(OnixSpec(), folder), lambda truth, _, number: truth.frame(number)
    ),
}
"""By the name of the layout; every one that the program knows."""

FORMS: dict[str, Sample] = {
    **LAYOUTS,
    "Bonsai": Sample(
        lambda folder: write_open_ephys(OpenEphysSpec(software=Software.BONSAI, suffix="Timestamp"), folder),
        lambda truth, _, number: truth.frame(number),
    ),
    "older ONIX": Sample(
        lambda folder: write_older_onix(OlderOnixSpec(), folder), lambda truth, _, number: truth.frame(number)
    ),
}
"""The layouts, and the forms of some whose tables are others."""


@cache
def truth_of(layout: str) -> Any:
    """What is known of the sample of a layout or form, which is made where it is not there yet."""
    return FORMS[layout].write(folder_of(layout))


def folder_of(layout: str) -> Path:
    """The data folder of the sample of a layout; `session_of` or `truth_of` makes it."""
    return shared_folder() / layout


@cache
def session_of(layout: str) -> Session:
    """What discovery finds in the undamaged sample of a layout."""
    truth_of(layout)
    (session,) = sessions_in(folder_of(layout), **FORMS[layout].request)
    return session


def copy_of(layout: str, folder: Path) -> Path:
    """The data folder of a layout's sample, copied to where it may be damaged."""
    truth_of(layout)
    return Path(shutil.copytree(folder_of(layout), folder))


@contextmanager
def passing_folder(folder: Path) -> Iterator[Path]:
    """A folder that is removed again: one for each of many tries in a case."""
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
