"""Makes a recording as Miniscope-DAQ-QT writes it: for trying the program out, for benchmarks and for bug reports.

    cd code && uv run python ../scripts/make_recording.py --out ../data/made --frames 4000 --size 600x600 --codec GREY

With `--real-video` an existing video file becomes the first scope's 0.avi, byte for byte, with stamps at the rate of
its header. Frames are made one at a time: in memory are only the rows and the cells' traces, under 1 kB a frame.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.real_video import VideoMovie, device_of
from miniscope_to_nwb_zarr.demo.recording import write_recording
from miniscope_to_nwb_zarr.demo.settings import qt_json, user_config
from miniscope_to_nwb_zarr.demo.spec import DeviceSpec, RecordingSpec, camera
from miniscope_to_nwb_zarr.demo.versions import SoftwareVersion

if TYPE_CHECKING:
    from collections.abc import Sequence


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="data directory; the recording's folders go below it")
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


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    return int(width), int(height)


def spec_of(options: argparse.Namespace) -> RecordingSpec:
    """The recording that the options describe."""
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


def main() -> None:
    """Make the recording and say where it is."""
    options = parse()
    spec = spec_of(options)
    began = time.perf_counter()
    videos = {spec.devices[0].name: VideoMovie(options.real_video)} if options.real_video else {}
    truth = write_recording(spec, options.out, videos)
    if options.user_config:
        options.user_config.write_text(qt_json(user_config(spec)) + "\n", encoding="utf-8", newline="\n")
    size = sum(path.stat().st_size for path in truth.folder.rglob("*") if path.is_file())
    print(f"{truth.folder}: {size / 1e6:.1f} MB in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
