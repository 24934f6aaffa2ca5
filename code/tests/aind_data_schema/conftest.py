"""Sessions made by hand: what discovery would say of a recording."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from miniscope_to_nwb_zarr.aind_data_schema.sidecar_file import parse_sidecar
from miniscope_to_nwb_zarr.aind_data_schema.templates import example
from miniscope_to_nwb_zarr.core import naming
from miniscope_to_nwb_zarr.core.model import (
    Device,
    DeviceKind,
    Orientation,
    Recording,
    Segment,
    Session,
    Stream,
    TimeTable,
)

PDT = dt.timezone(dt.timedelta(hours=-7))
START = dt.datetime(2026, 3, 14, 9, 26, 53, 589_000, PDT)


def make_stream(name="HPC", kind=DeviceKind.SCOPE, time_s=(-0.012, 0.038, 600.5), *, orientation=False):
    stamps = np.asarray(time_s, np.float64)
    rows = np.arange(len(stamps))
    folder = Path(name)
    head = Orientation(folder / "headOrientation.csv", stamps, np.tile([1.0, 0, 0, 0], (len(stamps), 1)), rows >= 0)
    return Stream(
        device=Device(name, name, kind, model="Miniscope_V4_BNO" if kind is DeviceKind.SCOPE else None),
        table=TimeTable(folder / "timeStamps.csv", stamps, rows),
        rows=rows,
        segments=(Segment(folder / "0.avi", 0, len(stamps)),),
        video_files=(),
        orientation=head if orientation else None,
    )


def make_recording(start=START, streams=None, offset_s=0.0):
    streams = (make_stream(),) if streams is None else tuple(streams)
    return Recording(Path(f"{start:%H_%M_%S}"), start, streams, offset_s)


def make_session(*recordings, subject="m770001", label=None, **facts):
    recordings = recordings or (make_recording(),)
    name = naming.session_name(subject, recordings[0].start, "0123456789abcdef")
    return Session(name, "test", subject, label or subject, recordings, **facts)


@pytest.fixture
def session():
    return make_session


@pytest.fixture
def recording():
    return make_recording


@pytest.fixture
def stream():
    return make_stream


@pytest.fixture
def filled():
    """The example's sidecar; keyword arguments take out or replace lines: ``subject={"sex": None}``."""

    def fill(**sections):
        sidecar = parse_sidecar(example(), "example")
        values = sidecar.model_dump(mode="python")
        for section, lines in sections.items():
            values[section] = values[section] | lines if isinstance(lines, dict) else lines
        return type(sidecar).model_validate(values)

    return fill
