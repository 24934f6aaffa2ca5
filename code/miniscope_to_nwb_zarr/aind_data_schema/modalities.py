"""Which of the schema's modalities a session holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from aind_data_schema_models.modalities import Modality

from miniscope_to_nwb_zarr.core.model import DeviceKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miniscope_to_nwb_zarr.core.model import Session, Stream


def of_streams(streams: Iterable[Stream]) -> list[Any]:
    """The modalities of devices that recorded together, in a fixed order.

    A scope is ONE_PHOTON: POPHYS demands a laser, and a Miniscope has a light emitting diode. Head orientation has no
    modality of its own and goes under BEHAVIOR. A device of which no frame has a time recorded nothing.
    """
    recorded = [stream for stream in streams if np.isfinite(stream.time_s).any()]
    kinds = {stream.device.kind for stream in recorded}
    with_orientation = any(stream.orientation is not None and len(stream.orientation.time_s) for stream in recorded)
    present = {
        Modality.ONE_PHOTON: DeviceKind.SCOPE in kinds,
        Modality.BEHAVIOR_VIDEOS: DeviceKind.CAMERA in kinds,
        Modality.BEHAVIOR: with_orientation,
    }
    return [modality for modality, is_present in present.items() if is_present]


def of_session(session: Session) -> list[Any]:
    """The modalities of all recordings together."""
    return of_streams(stream for _, stream in session.streams)
