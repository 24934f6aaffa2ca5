"""All that quality_control.json is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from miniscope_to_nwb_zarr.qc.measure import Measure


@dataclass(frozen=True, slots=True)
class Quality:
    """What is known of the quality of a session, and since when."""

    measures: tuple[Measure, ...]
    checked: datetime
    """When they were taken, aware of its zone."""
    former: str = ""
    """The file of the version before this one, whose store this one keeps; empty where there is none."""
