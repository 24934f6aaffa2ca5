"""What is in a bucket under the name of an output: a receipt, the note of a run that replaces it, or another thing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.receipt import Receipt

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in a bucket under the name of an output."""

    text: str = ""
    """Of the receipt, or of the note that stands in its place while an output is replaced."""
    etag: str = ""
    """Of the same; empty where there is neither."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What was given with the receipt."""
    is_foreign: bool = False
    """There is no receipt of ours, and something that is not of this program."""

    @property
    def receipt(self) -> Receipt | None:
        """The receipt of a finished output; None where there is none that can be read."""
        try:
            return Receipt.from_text(self.text)
        except ValueError:
            return None

    @property
    def kept(self) -> str:
        """Where the former version is kept whole, if there is a note: a run that replaces it has not finished."""
        if self.is_foreign or self.receipt:
            return ""
        try:
            return str(json.loads(self.text).get("kept", ""))
        except (ValueError, AttributeError):
            return ""

    @property
    def has_version(self) -> bool:
        """Whether a finished version is there, under its name or kept, which a next one may follow."""
        return self.receipt is not None or bool(self.kept)

    @property
    def exists(self) -> bool:
        """Whether the name is taken; what an interrupted run has left does not take it."""
        return bool(self.etag) or self.is_foreign

    @property
    def sources(self) -> str:
        """Tells the sources apart if they were in a bucket, as `tag_of` does; else empty."""
        return self.facts.get("sources", "")
