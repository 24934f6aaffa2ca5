"""Small recordings of the V3 software for tests. Spec switches are listed in `demo.v3`, damages in `defects`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from miniscope_to_nwb_zarr.demo.v3 import V3Spec, V3Truth, with_bar_codes, write_v3

ZONE = {"timezone": "America/Los_Angeles"}
"""What every recording needs, because the software writes no zone."""
NAME = "mouse1_2018-03-04_09-06-02"
TABLE = "timestamp.dat"


def v3_recording(data_directory: Path, **changes: Any) -> V3Truth:
    """Write a scope of 25 frames (10, 10 and 5 in a file) and a camera of 37; `changes` are fields of `V3Spec`."""
    return write_v3(with_bar_codes(replace(V3Spec(), **changes)), data_directory)


def stream_of(session, name="msCam"):
    """The stream of a camera."""
    return next(stream for _, stream in session.streams if stream.device.name == name)


def found_in(holder, code):
    """The findings of one code."""
    return [finding for finding in holder.findings if finding.code is code]
