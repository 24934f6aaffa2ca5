"""Makes a recording as acquisition software writes it: for trying the program out, for benchmarks and for bug reports.

    cd code && uv run python ../scripts/make_recording.py --out ../data/made --frames 4000 --size 600x600 --codec GREY

The options describe a recording of Miniscope-DAQ-QT. `--set` sets any other field of its spec, and makes the recordings
of the other layouts (`--fields True` lists the fields with what they mean by default):

    ... --layout "Miniscope V3" --set scope.n_frames=2000 --set "scope.lost=(7, 8)" --set animal=m12
    ... --layout "Miniscope ONIX" --set encoding=DIB_GRAY16 --set "suffixes={'clock': '1'}"

`--damage` then damages files in one of the ways of tests/defects.py, with its arguments, where a name with * points:

    ... --damage "truncate_avi:fraction=0.6@*/1.avi" --damage "step_clock:row=10,by_ms=3600000@My_V4_Miniscope_0"

With `--real-video` an existing video file becomes the first scope's 0.avi, byte for byte, with stamps at the rate of
its header. Frames are made one at a time: in memory are only the rows and the cells' traces, under 1 kB a frame.
"""

from __future__ import annotations

import argparse
import ast
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import UsageError
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.mio import MioSpec, write_mio
from miniscope_to_nwb_zarr.demo.onix import OnixSpec, write_onix
from miniscope_to_nwb_zarr.demo.open_ephys import OpenEphysSpec, write_open_ephys
from miniscope_to_nwb_zarr.demo.real_video import VideoMovie, device_of
from miniscope_to_nwb_zarr.demo.recording import write_recording
from miniscope_to_nwb_zarr.demo.settings import qt_json, user_config
from miniscope_to_nwb_zarr.demo.spec import DeviceSpec, RecordingSpec, camera
from miniscope_to_nwb_zarr.demo.spec_text import with_fields
from miniscope_to_nwb_zarr.demo.v3 import V3Spec, write_v3
from miniscope_to_nwb_zarr.demo.versions import SoftwareVersion

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "code"))

from tests import defects

if TYPE_CHECKING:
    from collections.abc import Sequence

DAQ = "Miniscope DAQ"
_OF_ALL = {"--out", "--layout", "--set", "--fields", "--damage"}
WRITERS: dict[str, tuple[Any, Any]] = {
    "Miniscope V3": (V3Spec, write_v3),
    "Miniscope Open Ephys": (OpenEphysSpec, write_open_ephys),
    "Miniscope ONIX": (OnixSpec, write_onix),
    "Miniscope Wireless": (MioSpec, write_mio),
}


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="data directory; the recording's folders go below it")
    parser.add_argument("--layout", default=DAQ, choices=[DAQ, *WRITERS])
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="a field of the spec")
    parser.add_argument("--fields", default="False", choices=["True", "False"], help="list the fields and stop")
    parser.add_argument("--damage", action="append", default=[], metavar="NAME[:ARGUMENTS]@PLACE")
    parser.add_argument("--version", default="v2.0", choices=[str(version) for version in SoftwareVersion])
    parser.add_argument("--frames", type=int, default=1000, help="frames of each device")
    parser.add_argument("--size", type=_size, default=(600, 600), metavar="WxH", help="frame size of the scopes")
    parser.add_argument("--codec", default="FFV1", choices=["FFV1", "GREY"], help="of the scopes")
    parser.add_argument("--scopes", type=int, default=1)
    parser.add_argument("--cameras", type=int, default=0, help="colour cameras of 320x240, MJPG")
    parser.add_argument("--noise", default="True", choices=["True", "False"], help="noise of the sensors")
    parser.add_argument("--bar_code", default="False", choices=["True", "False"], help="frame numbers in the corner")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--frames-per-file", type=int, default=1000)
    parser.add_argument("--user-config", type=Path, help="also write the user configuration to this file")
    parser.add_argument("--real-video", type=Path, metavar="PATH", help="an existing video in place of the first scope")
    return parser.parse_args(arguments)


def refuse_useless(arguments: Sequence[str], layout: str) -> None:
    """Refuse options that change nothing of a layout's recording.

    Raises
    ------
    UsageError
        There is one.
    """
    given = {argument.partition("=")[0] for argument in arguments if argument.startswith("--")}
    useless = sorted(given - _OF_ALL)
    if layout != DAQ and useless:
        raise UsageError(
            f"{', '.join(useless)}: of {DAQ} only; for {layout} set the fields of its spec with --set, which "
            "--fields True lists"
        )


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    return int(width), int(height)


def spec_of(options: argparse.Namespace) -> RecordingSpec:
    """The recording of Miniscope-DAQ-QT that the options describe."""
    shared = {
        "n_frames": options.frames,
        "frames_per_file": options.frames_per_file,
        "has_noise": options.noise == "True",
        "has_bar_code": options.bar_code == "True",
    }
    width, height = options.size
    scopes = [
        DeviceSpec(
            name=f"My V4 Miniscope {number}",
            device_id=number,
            width_px=width,
            height_px=height,
            encoding=Encoding[options.codec],
            has_orientation=True,
            **shared,
        )
        for number in range(options.scopes)
    ]
    if options.real_video:
        scopes[:1] = [device_of(options.real_video, "My V4 Miniscope 0")]
    cameras = [
        camera(f"My WebCam {number}", device_id=options.scopes + number, width_px=320, height_px=240, **shared)
        for number in range(options.cameras)
    ]
    return RecordingSpec(devices=(*scopes, *cameras), version=SoftwareVersion(options.version), seed=options.seed)


def write(options: argparse.Namespace) -> Path:
    """Make the recording that the options describe; gives its folder."""
    if options.layout != DAQ:
        kind, writer = WRITERS[options.layout]
        options.out.mkdir(parents=True, exist_ok=True)
        folder: Path = writer(with_fields(kind(), options.set), options.out).folder
        return folder
    spec = with_fields(spec_of(options), options.set)
    videos = {spec.devices[0].name: VideoMovie(options.real_video)} if options.real_video else {}
    if options.user_config:
        options.user_config.write_text(qt_json(user_config(spec)) + "\n", encoding="utf-8", newline="\n")
    return write_recording(spec, options.out, videos).folder


def damage(folder: Path, order: str) -> None:
    """Damage the files or folders of a recording that an order like ``truncate_avi:fraction=0.6@*/1.avi`` names.

    Raises
    ------
    UsageError
        There is no such way or no such file.
    """
    what, _, place = order.rpartition("@")
    name, _, given = what.partition(":")
    known = sorted(
        n for n, f in vars(defects).items() if getattr(f, "__module__", "") == defects.__name__ and n[0] != "_"
    )
    if name not in known:
        raise UsageError(f"--damage {order}: {name!r} is none of {', '.join(known)}")
    found = sorted(folder.glob(place))
    if not found:
        raise UsageError(f"--damage {order}: nothing in {folder} matches {place!r}")
    call = ast.parse(f"f({given})", mode="eval").body
    arguments = {word.arg: ast.literal_eval(word.value) for word in getattr(call, "keywords", ())}
    for path in found:
        getattr(defects, name)(path, **arguments)


def main() -> None:
    """Make the recording and say where it is."""
    options = parse()
    if options.fields == "True":
        kind = RecordingSpec if options.layout == DAQ else WRITERS[options.layout][0]
        defaults = spec_of(options) if options.layout == DAQ else kind()
        for field in fields(kind):
            print(f"{field.name}={getattr(defaults, field.name)!r}")
        return
    began = time.perf_counter()
    try:
        refuse_useless(sys.argv[1:], options.layout)
        folder = write(options)
        for order in options.damage:
            damage(folder, order)
    except UsageError as error:
        sys.exit(str(error))
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{folder}: {size / 1e6:.1f} MB in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
