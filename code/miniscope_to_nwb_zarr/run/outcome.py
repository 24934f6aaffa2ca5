"""What came of an output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.receipt import Receipt


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an output."""

    word: str
    """``written`` or ``already done``."""
    receipt: Receipt
    output: Path
    analysis: str = ""
    """Digest of the analysis that was asked for, where one was."""
