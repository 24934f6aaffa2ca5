"""All that the report of a session is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.core.timing import steady

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Recording, Session, Stream
    from miniscope_to_nwb_zarr.core.receipt import FileEntry
    from miniscope_to_nwb_zarr.qc.frame_measures import StoredFrames
    from miniscope_to_nwb_zarr.qc.measure import Measure
    from miniscope_to_nwb_zarr.qc.seen import SeenFrames


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """A picture of a camera."""

    frame: int
    """Its number in the series."""
    png: bytes
    size_px: tuple[int, int]
    """Width and height."""


@dataclass(frozen=True, slots=True, eq=False)
class DeviceFacts:
    """What is known of one device in one recording."""

    recording: Recording
    stream: Stream
    folder: str
    """Where its pictures and plots lie, seen from the report."""
    measures: tuple[Measure, ...] = ()
    stored: StoredFrames | None = None
    seen: SeenFrames | None = None
    thumbnails: tuple[Thumbnail, ...] = ()
    glance: bytes = b""
    """A picture for where many are shown, a PNG file; empty where there is none."""

    @property
    def name(self) -> str:
        """Of the device."""
        return self.stream.device.name

    @property
    def is_scope(self) -> bool:
        """Whether it is a scope, not a camera."""
        return self.stream.device.kind is DeviceKind.SCOPE

    @property
    def time_s(self) -> NDArray[np.float64]:
        """Shape (n_frames,): the stamps of its frames, in seconds from the start of the recording."""
        return self.stream.time_s

    @property
    def span_s(self) -> tuple[float, float] | None:
        """First and last stamp that can be right; None where there is no frame."""
        time_s = steady(self.time_s)
        return (float(time_s.min()), float(time_s.max())) if len(time_s) else None


@dataclass(frozen=True, slots=True)
class Preview:
    """The preview movie."""

    movie: bytes
    """The file; empty where it is too large for a page."""
    path: str
    """Where it lies, seen from the report."""
    devices: tuple[str, ...]
    """From left to right."""
    speed: float
    """Seconds of the recording in a second of the movie."""


@dataclass(frozen=True, slots=True, eq=False)
class ReportFacts:
    """What is known of a session once its store is verified."""

    session: Session
    store: str
    """The name of the NWB file."""
    findings: tuple[Finding, ...]
    measures: tuple[Measure, ...]
    devices: tuple[DeviceFacts, ...]
    preview: Preview | None
    sources: tuple[FileEntry, ...]
    options: Mapping[str, Any]
    """Those that change the output."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of the program and of the packages that it stands on."""

    @property
    def scopes(self) -> tuple[DeviceFacts, ...]:
        """The scopes, in all recordings."""
        return tuple(one for one in self.devices if one.is_scope)

    @property
    def cameras(self) -> tuple[DeviceFacts, ...]:
        """The cameras, in all recordings."""
        return tuple(one for one in self.devices if not one.is_scope)
