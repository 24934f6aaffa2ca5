"""Writes a recording as Miniscope_DAQ_Software (V3) does, and tells what is in it (reference formats 2.2).

What the parts of a spec can say needs no switch of its own:
    trailing empty video        a number of frames that is a multiple of `frames_per_file`
    re-encoded copies           encoding=Encoding.H264, FFV1, XVID, ...
    lost frames                 lost=(7, 8): a gap in the stamps; the frames are numbered on
    camera numbers swapped      scope_number=0, camera_number=1
    first stamp as taken        first_clock_ms=None
    a folder renamed            folder="mouse 1/day 3"
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.demo.avi import Encoding, write_avi
from miniscope_to_nwb_zarr.demo.recording import DeviceTruth, movie_of
from miniscope_to_nwb_zarr.demo.spec import DeviceSpec
from miniscope_to_nwb_zarr.demo.tables import make_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

HEADER_RATE_HZ = 20
"""What the software puts into every video, whatever the rate."""
SCOPE = DeviceSpec(name="msCam", encoding=Encoding.DIB, first_stamp_ms=0, rate_hz=20.0)
CAMERA = DeviceSpec(
    name="behavCam", kind=DeviceKind.CAMERA, encoding=Encoding.DIB_BGR, first_stamp_ms=11, n_frames=37, rate_hz=29.8
)


@dataclass(frozen=True, slots=True, kw_only=True)
class V3Spec:
    """One press of the record button in the V3 software."""

    scope: DeviceSpec | None = SCOPE
    """Its `first_stamp_ms` is when the first frame was taken; what is written instead is `first_clock_ms`."""
    camera: DeviceSpec | None = CAMERA
    scope_number: int = 1
    """`camNum`: as Windows numbers the cameras."""
    camera_number: int = 0
    first_clock_ms: Mapping[str, int | None] = field(default_factory=lambda: {"msCam": -1})
    """By camera, the first `sysClock` as the software writes it; None: when the frame was taken."""
    start: datetime = datetime(2018, 3, 4, 9, 6, 2)  # noqa: DTZ001 - the software knows no zone
    """Wall clock of the acquisition computer; only the names of the folders tell it."""
    folder: str | None = None
    """Below the data directory; None: as the software names it."""
    label: str = ""
    """What the lab put in front of the names of all files."""
    animal: str = "mouse1"
    excitation: int = 36
    exposure: int = 255
    record_length_s: int = 600
    notes: tuple[tuple[int, str], ...] = ((1, "entered arm A, left"),)
    """Whole seconds from the start, and what was typed."""
    seed: int = 0

    @property
    def path(self) -> str:
        """The recording's folder below the data directory."""
        at = self.start
        named = f"{at.month}_{at.day}_{at.year}/H{at.hour}_M{at.minute}_S{at.second}"
        return named if self.folder is None else self.folder

    @property
    def numbers(self) -> dict[int, DeviceSpec]:
        """The cameras that are there, by `camNum`."""
        both = {self.scope_number: self.scope, self.camera_number: self.camera}
        return {number: device for number, device in both.items() if device is not None}


@dataclass(frozen=True, slots=True, eq=False)
class V3Truth:
    """What a recording folder holds."""

    spec: V3Spec
    folder: Path
    devices: Mapping[str, DeviceTruth]
    """``msCam`` and ``behavCam``; the stamps in `rows` are when the frames were taken."""

    def written_ms(self, name: str) -> list[int]:
        """`sysClock` of each row of a camera, as written."""
        stamps: list[int] = self.devices[name].rows.stamp_ms.tolist()
        first = self.spec.first_clock_ms.get(name)
        return stamps if first is None else [first, *stamps[1:]]


def write_v3(spec: V3Spec, data_directory: Path) -> V3Truth:
    """Write a recording below a data directory.

    Parameters
    ----------
    spec : V3Spec
        What to write.
    data_directory : Path
        Created if missing; the recording's folder is `data_directory / spec.path`.

    Returns
    -------
    V3Truth
    """
    folder = data_directory / spec.path
    folder.mkdir(parents=True, exist_ok=True)
    devices = {}
    for number, device in spec.numbers.items():
        seed = 1000 * spec.seed + number
        devices[device.name] = DeviceTruth(device, folder, make_rows(device, seed), movie_of(device, seed))
        _write_videos(devices[device.name], spec.label)
    truth = V3Truth(spec, folder, devices)
    _write(folder / f"{spec.label}timestamp.dat", timestamps(truth))
    _write(folder / f"{spec.label}settings_and_notes.dat", settings_and_notes(spec))
    return truth


def with_bar_codes(spec: V3Spec) -> V3Spec:
    """The spec with the number of each frame in its picture."""
    scope, camera = (device and replace(device, has_bar_code=True) for device in (spec.scope, spec.camera))
    return replace(spec, scope=scope, camera=camera)


def timestamps(truth: V3Truth) -> Iterator[str]:
    """Lines of `timestamp.dat`, without line ends: the rows of both cameras in the order in which they were written."""
    yield "camNum\tframeNum\tsysClock\tbuffer"
    rows = []
    for number, device in truth.spec.numbers.items():
        own = truth.devices[device.name].rows
        written = zip(own.stamp_ms.tolist(), truth.written_ms(device.name), own.queue_depth.tolist(), strict=True)
        rows += [(taken, number, k, clock, depth + 1) for k, (taken, clock, depth) in enumerate(written, start=1)]
    for _, number, k, clock, depth in sorted(rows):
        yield f"{number}\t{k}\t{clock}\t{depth}"


def settings_and_notes(spec: V3Spec) -> Iterator[str]:
    """Lines of `settings_and_notes.dat`, without line ends."""
    yield "animal\texcitation\tmsCamExposure\trecordLength"
    yield f"{spec.animal}\t{spec.excitation}\t{spec.exposure}\t{spec.record_length_s}"
    yield ""
    yield "elapsedTime\tNote"
    for seconds, note in spec.notes:
        yield f"{seconds}\t{note}"


def _write_videos(truth: DeviceTruth, label: str) -> None:
    """Files of `frames_per_file` frames; after a last one that is full, one without a frame."""
    device = truth.spec
    for number, first in enumerate(range(0, device.n_frames + 1, device.frames_per_file), start=1):
        frames = map(truth.frame, range(first, min(first + device.frames_per_file, device.n_frames)))
        path = truth.folder / f"{label}{device.name}{number}.avi"
        write_avi(path, frames, device.width_px, device.height_px, device.encoding, HEADER_RATE_HZ)


def _write(path: Path, lines: Iterable[str]) -> None:
    """Text as a Windows program writes it."""
    path.write_text("".join(f"{line}\r\n" for line in lines), encoding="cp1252", newline="")
