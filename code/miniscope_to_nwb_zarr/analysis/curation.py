"""Decisions by hand, as the curation page saves them: which units are cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.aind_data_schema.fact_file import read_text, short
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.receipt import digest_of
from miniscope_to_nwb_zarr.data_conversion.nwb import strict_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = "miniscope-to-nwb-zarr curation 1"
"""Stands in the file."""
_MOST_DIGITS = 9
"""Of the number of a unit."""


@dataclass(frozen=True, slots=True)
class Curation:
    """What a person decided of the units of one analysis."""

    session: str
    module: str
    analysis: str
    """Digest of the analysis."""
    curator: str
    """Empty where nobody gave a name."""
    decisions: Mapping[str, Mapping[int, bool]]
    """Whether a unit is a cell, by its number, by the name of its series."""

    @property
    def digest(self) -> str:
        """Of what was decided, and by whom."""
        return digest_of({"curator": self.curator, "analysis": self.analysis, "decisions": self.as_json()})

    def as_json(self) -> dict[str, dict[str, bool]]:
        """The decisions as plain JSON values."""
        return {
            series: {str(unit): is_cell for unit, is_cell in sorted(units.items())}
            for series, units in sorted(self.decisions.items())
        }


def load_curation(path: Path) -> Curation:
    """Read a file that the curation page saved.

    Raises
    ------
    InputError
        It cannot be read, or is no such file.
    """
    text = read_text(path, "file of decisions")
    try:
        found = strict_json.parse(text)
    except ValueError as error:
        raise InputError(f"{path.name}: is not JSON ({error}); save it on the page qc/curation.html again") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise InputError(
            f"{path.name}: is not a file that the page qc/curation.html saved: expected `format` to be `{FORMAT}`"
        )
    names = {key: found.get(key) for key in ("session", "module", "analysis")}
    wrong = next((key for key, value in names.items() if not isinstance(value, str) or not value), None)
    if wrong is not None:
        raise InputError(f"{path.name}: `{wrong}` is `{short(names[wrong])}`; expected a name")
    curator = found.get("curator", "")
    if not isinstance(curator, str) or len(curator) > 200:
        raise InputError(f"{path.name}: `curator` is `{short(curator)}`; expected a name of at most 200 letters")
    return Curation(
        session=str(names["session"]),
        module=str(names["module"]),
        analysis=str(names["analysis"]),
        curator=" ".join(curator.split()),
        decisions=_decisions(path.name, found.get("decisions")),
    )


def _decisions(name: str, found: Any) -> dict[str, dict[int, bool]]:  # noqa: ANN401 - whatever the file holds
    if not isinstance(found, dict) or not all(isinstance(units, dict) for units in found.values()):
        raise InputError(f"{name}: `decisions` is `{short(found)}`; expected units by their series")
    decisions: dict[str, dict[int, bool]] = {}
    for series, units in found.items():
        for unit, is_cell in units.items():
            is_number = unit.isascii() and unit.isdecimal() and len(unit) <= _MOST_DIGITS
            if not is_number or not isinstance(is_cell, bool):
                raise InputError(
                    f"{name}: of {short(series)}, unit `{short(unit)}` is `{short(is_cell)}`; expected the number of a "
                    "unit, and true or false"
                )
            decisions.setdefault(series, {})[int(unit)] = is_cell
    return decisions
