"""Reads the file of analysis parameters (``--analysis_parameters``), YAML or JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import ValidationError

from miniscope_to_nwb_zarr.aind_data_schema import fact_file
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_imaging import name_key
from miniscope_to_nwb_zarr.analysis.parameters import AnalysisParameters
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.sources import strict_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.sources.strict_yaml import Location

DEFAULT = "default"


class Use(StrEnum):
    """What becomes of a cell of a table of the lab."""

    PARAMETER = "parameter"
    FACT = "fact"
    UNUSED = "unused"
    EMPTY = "empty"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class KeptValue:
    """A cell of a table of the lab, kept as it is written."""

    table: str
    column: str
    text: str
    note: str
    """Which parameter it became, or why it changes nothing here."""
    use: Use
    parameters: tuple[str, ...] = ()
    """The names of those that it became."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The parameters of a run, and where each comes from."""

    parameters: AnalysisParameters = field(default_factory=AnalysisParameters)
    origins: Mapping[str, str] = field(default_factory=dict)
    """File and line by name, ``cells.radius_px``; what is not here is a default."""
    kept: tuple[KeptValue, ...] = ()
    """All cells of the lab's tables."""

    def over(self, other: Chosen) -> Chosen:
        """These parameters, and where nothing was chosen those of another.

        Raises
        ------
        InputError
            They contradict each other.
        """
        mine, theirs = self.parameters, other.parameters
        try:
            together = mine.over(theirs)
            parameters = AnalysisParameters(
                **{name: getattr(together, name) for name in type(together).model_fields},
                scopes=mine.scopes or theirs.scopes,
            )
            check_scopes(parameters)
        except ValidationError as error:
            raise InputError(f"the parameters do not go together: {_first(error)}") from error
        kept = (*map(self._noted, other.kept), *self.kept)
        return Chosen(parameters, {**other.origins, **self.origins}, kept)

    def _noted(self, cell: KeptValue) -> KeptValue:
        """A cell of a table over which these parameters go, with those that it says in vain."""
        before = "".join(f"; {self.origins[name]}, goes before it" for name in cell.parameters if name in self.origins)
        return replace(cell, note=cell.note + before)

    def origins_for(self, scope: str) -> Mapping[str, str]:
        """Where the choices for the movies of one scope come from, by their names."""
        found = {name: where for name, where in self.origins.items() if not name.startswith("scopes.")}
        for k, one in enumerate(self.parameters.scopes, 1):
            if name_key(one.name) == name_key(scope):
                prefix = f"scopes.{k}."
                found |= {n.removeprefix(prefix): w for n, w in self.origins.items() if n.startswith(prefix)}
        return found


def load_parameters(path: Path) -> Chosen:
    """Read a file of parameters.

    Raises
    ------
    InputError
        It cannot be read, or does not say what such a file says: a line of message for each thing wrong, with file,
        line, what was found and what was expected.
    """
    return parse_parameters(fact_file.read_text(path, "file of analysis parameters"), path.name)


def parse_parameters(text: str, name: str) -> Chosen:
    """Read the text of a file of parameters; `name` is what messages call it. Errors as in `load_parameters`."""
    document = fact_file.without_empty_items(strict_yaml.parse(text, name))
    parameters, problems = fact_file.hold_against(AnalysisParameters, document)
    if parameters is None:
        raise fact_file.refusal(problems, name)
    try:
        check_scopes(parameters)
    except ValidationError as error:
        line = document.line_of(("scopes",))
        raise InputError(
            f"{name}, line {line}: the lines for a scope and those for all scopes do not go together: {_first(error)}"
        ) from error
    origins = {
        # items of a list are counted from 1, as messages count them
        ".".join(str(part + 1 if isinstance(part, int) else part) for part in location): f"{name}, line {line}"
        for location in _leaves(document.values, ())
        for line in [document.line_of(location)]
    }
    return Chosen(parameters, origins)


def check_scopes(parameters: AnalysisParameters) -> None:
    """Join what is said of each scope with what is said of all.

    Raises
    ------
    ValidationError
        They contradict each other.
    """
    for scope in parameters.scopes:
        parameters.of_scope(scope.name)


def _first(error: ValidationError) -> str:
    return str(error.errors()[0]["msg"]).removeprefix("Value error, ")


def _leaves(values: object, location: Location) -> Iterator[Location]:
    if isinstance(values, dict):
        for key, value in values.items():
            yield from _leaves(value, (*location, key))
    elif isinstance(values, list) and all(isinstance(item, dict) for item in values):
        for k, item in enumerate(values):
            yield from _leaves(item, (*location, k))
    elif values is not None:
        yield location
