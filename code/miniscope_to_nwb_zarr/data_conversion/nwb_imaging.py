"""Frames, and what was counted and timed with them, in the NWB file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from pynwb import TimeSeries
from pynwb.image import ImageSeries
from pynwb.ophys import OnePhotonSeries

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.model import DeviceKind, Recording, Session, Stream
from miniscope_to_nwb_zarr.core.text import valid
from miniscope_to_nwb_zarr.core.timing import find_gaps, rate_hz
from miniscope_to_nwb_zarr.data_conversion.camera_files import rows_of_copies
from miniscope_to_nwb_zarr.data_conversion.nwb_devices import add_imaging_plane, common_settings
from miniscope_to_nwb_zarr.data_conversion.series import FrameSeries, series_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hdmf.data_utils import DataIO
    from numpy.typing import NDArray
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar_imaging import ImagingFacts

    Wrap = Callable[[NDArray[Any]], DataIO]

NO_UNIT = "n.a."

_NAME_CHARS = 80
"""Of a column's name in the name of its series, which is one of a folder."""


def add_scope(
    nwbfile: NWBFile, session: Session, series: FrameSeries, data: DataIO, facts: ImagingFacts, wrap: Wrap
) -> None:
    """Add the frames of a scope."""
    stream = series.stream
    frames = OnePhotonSeries(
        name=series.name,
        description=_description(session, series.recording, stream),
        comments=_settings_text(stream),
        imaging_plane=add_imaging_plane(nwbfile, stream, facts),
        data=data,
        unit=NO_UNIT,
        timestamps=wrap(series.recording.offset_s + stream.time_s),
    )
    nwbfile.add_acquisition(frames)
    _add_counters(nwbfile, stream, stream.rows, frames, wrap)


def add_camera(
    nwbfile: NWBFile,
    session: Session,
    recording: Recording,
    stream: Stream,
    wrap: Wrap,
    *,
    external_files: Sequence[tuple[str, int]] = (),
    embedded: tuple[FrameSeries, DataIO] | None = None,
) -> None:
    """Add a behaviour camera: its frames, or the files that hold them.

    Parameters
    ----------
    nwbfile, session, recording, stream, wrap
        As in `add_scope`.
    external_files : sequence of (str, int)
        Path of each video file, relative to the folder of the store, and the number of its first frame in the series.
    embedded : (FrameSeries, DataIO), optional
        The frames themselves.
    """
    rows = stream.rows if embedded else rows_of_copies(stream)[0]
    description = _description(session, recording, stream)
    n_alone = int(np.sum(rows < 0))
    if n_alone:
        description += f"; {n_alone} frames of the video files have no row in the time table: their stamps are NaN"
    shared = {
        "name": series_name(session, recording, stream),
        "description": description,
        "comments": _settings_text(stream),
        "device": nwbfile.devices[stream.device.name],
        "timestamps": wrap(np.where(rows < 0, np.nan, recording.offset_s + stream.table.time_s[rows])),
        "unit": NO_UNIT,
    }
    if embedded:
        series, data = embedded
        images = ImageSeries(**shared, data=data, dimension=list(series.plan.shape[1:3]), format="raw")
    else:
        picture = stream.picture
        images = ImageSeries(
            **shared,
            format="external",
            external_file=[path for path, _ in external_files],
            starting_frame=[first for _, first in external_files],
            dimension=[picture.width_px, picture.height_px] if picture else None,
        )
    nwbfile.add_acquisition(images)
    _add_counters(nwbfile, stream, rows, images, wrap)


def add_gaps(nwbfile: NWBFile, session: Session) -> None:
    """Add a table of all stretches of time in which a device has no frame."""
    found = [(recording, stream, gap) for recording, stream in session.streams for gap in find_gaps(stream)]
    if not found:
        return
    table = nwbfile.create_time_intervals(
        name="gaps",
        description="Stretches of time without a frame: between the last frame before and the first frame after.",
    )
    table.add_column("series", "the series that has no frame there")
    table.add_column(
        "missing_frames", "frames missing: lost rows of the time table, else estimated by the measured rate"
    )
    table.add_column("reason", "why, as far as the files tell")
    for recording, stream, gap in sorted(found, key=lambda item: item[0].offset_s + item[2].start_s):
        table.add_row(
            start_time=recording.offset_s + gap.start_s,
            stop_time=recording.offset_s + gap.stop_s,
            series=series_name(session, recording, stream),
            missing_frames=gap.n_missing,
            reason=gap.reason,
        )


def _add_counters(nwbfile: NWBFile, stream: Stream, rows: NDArray[np.int64], frames: TimeSeries, wrap: Wrap) -> None:
    table = stream.table
    _, _, device = frames.name.partition("_")
    columns: dict[str, tuple[str, NDArray[Any] | None]] = {
        "BufferIndex": ("frames waiting to be written when this one was (Buffer Index)", table.queue_depth),
        "".join(table.hardware_count_header.split()): (
            f"frame counter of the hardware ({table.hardware_count_header}), -1 where it could not be read",
            table.hardware_count,
        ),
    }
    for header, column in table.extra.items():
        # HardwareTime stays as it is, `unix time` becomes UnixTime
        words = "".join(ch if ch.isalnum() else " " for ch in header).split()
        label = "".join(word[0].upper() + word[1:] for word in words)[:_NAME_CHARS] or "Column"
        own = next(name for k in range(len(columns) + 1) if (name := f"{label}{k + 1 if k else ''}") not in columns)
        columns[own] = (f"{header!r}, from {valid(table.path.name)}", column)
    for label, (description, values) in columns.items():
        if values is not None:
            nwbfile.add_acquisition(
                TimeSeries(
                    name=f"{label}_{device}",
                    description=f"{description}, for each frame of {frames.name}",
                    data=wrap(np.where(rows < 0, np.nan if values.dtype.kind == "f" else -1, values[rows])),
                    unit=NO_UNIT,
                    timestamps=frames,
                )
            )


def _description(session: Session, recording: Recording, stream: Stream) -> str:
    device, rate = stream.device, rate_hz(stream.time_s)
    is_scope = device.kind is DeviceKind.SCOPE
    parts = [f"{'One-photon imaging' if is_scope else 'Behaviour video'} by {device.label!r}"]
    if rate is not None:
        parts.append(f"measured rate {rate:.3f} Hz (1 / mean of the usual intervals)")
    if len(session.recordings) > 1:
        parts.append(f"recording of {recording.start.isoformat()}")
        common = common_settings(session, device.name)
        own = {key: value for key, value in device.settings.items() if key not in common}
        if own:
            parts.append(f"settings of this recording: {json.dumps(own, sort_keys=True, ensure_ascii=False)}")
    lost = sum(loss.n_rows for loss in stream.losses)
    if lost:
        parts.append(f"{counted(lost, 'frame')} in the time table and not in the video files")
    return "; ".join(parts)


def _settings_text(stream: Stream) -> str:
    if not stream.device.settings:
        return "no settings were found"
    return json.dumps(dict(stream.device.settings), sort_keys=True, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else str(value)
