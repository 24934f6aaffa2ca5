"""What a change log says of places: which are not as in the sources on purpose, and what lies elsewhere now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Move

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miniscope_to_nwb_zarr.core.findings import Finding


@dataclass(frozen=True, slots=True)
class Announced:
    """The places of a change log."""

    changed: tuple[str, ...]
    """Paths at and below which the output was changed on purpose."""
    moves: tuple[Move, ...]
    made: tuple[str, ...]
    """Paths of groups that hold what was moved and nothing else."""

    def places(self, base: str) -> tuple[str, ...]:
        """Paths that the base file and the output need not have in common; what was moved is compared by itself."""
        moved = [
            path for move in self.moves for path in ((move.before, move.now) if move.source == base else (move.now,))
        ]
        return (*self.changed, *moved, *self.made)

    def moved_in(self, source: str) -> dict[str, str]:
        """The paths that objects of a source had, and those that they have in the output."""
        return {move.before: move.now for move in self.moves if move.source == source}

    def changed_in(self, move: Move, base: str) -> tuple[str, ...]:
        """Paths in the output at which something that was moved was changed as well.

        A change that was made before the move names the path in the base file. What holds the place itself says that
        it was moved, and nothing of its content.
        """
        below = {move.now} | ({move.before} if move.source == base else set())
        return tuple(
            move.now + path[len(place) :]
            for place in below
            for path in self.changed
            if path.startswith((f"{place}/", f"{place}@"))
        )


def announced_by(findings: Iterable[Finding]) -> Announced:
    """The places of a change log, as a receipt has it."""
    changes = [finding for finding in findings if finding.code is Code.NWB_CHANGED]
    numbers = [finding.numbers for finding in changes]
    return Announced(
        (*(finding.where for finding in changes), *(path for one in numbers for path in one.get("also", ()))),
        tuple(Move(*places) for one in numbers for places in one.get("moved", ())),
        tuple(path for one in numbers for path in one.get("made", ())),
    )
