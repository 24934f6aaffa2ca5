"""Files in which a lab states facts: read as text, held against a model, everything wrong said with its line."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from miniscope_to_nwb_zarr.aind_data_schema.sidecar_values import Facts, section_of
from miniscope_to_nwb_zarr.core.errors import FaultsError, InputError
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.small_file import open_regular
from miniscope_to_nwb_zarr.sources.strict_yaml import Document, Location

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=Facts)
Problem = tuple[int, str]
"""Line, counted from 1, and a sentence."""


def read_text(path: Path, kind: str) -> str:
    """The text of a file.

    Parameters
    ----------
    path : Path
    kind : str
        What it is, as messages call it: "session metadata file".

    Raises
    ------
    InputError
        When the file cannot be read, is larger than `limits.SETTINGS_BYTES` or is not UTF-8.
    """
    most = limits.SETTINGS_BYTES
    try:
        with open_regular(path) as file:
            content = file.read(most.value + 1)
    except OSError as error:
        raise InputError(
            f"{path}: the {kind} cannot be read: {error.strerror}. Check the path and the permission to read it"
        ) from error
    if len(content) > most.value:
        raise InputError(
            f"{path}: found more than {most.value:,} bytes, expected a {kind} of some lines; {most.remedy}"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {line}: found bytes that are not UTF-8; save the file as UTF-8") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{path}, line {line}: found a control character (NUL), expected plain text")
    return text


def without_empty_items(document: Document) -> Document:
    """The document without the items of lists in which nothing is filled in; lines stay with what they are lines of."""
    lines: dict[Location, int] = {}
    return Document(_without_empty_items(document.values, document, (), (), lines), lines)


def hold_against(model: type[Model], document: Document, at: Location = ()) -> tuple[Model | None, list[Problem]]:
    """The facts that a part of a document states, or None and everything that is wrong with them.

    Parameters
    ----------
    model
        What the part must be.
    document
        As `without_empty_items` leaves it.
    at
        Where in the document the part is.
    """
    values = document.values
    for part in at:
        values = values[part]
    try:
        return model.model_validate({} if values is None else values), []
    except ValidationError as error:
        details = error.errors()
    return None, [(document.line_of((*at, *detail["loc"])), _sentence(detail, model)) for detail in details]


def refusal(problems: list[Problem], name: str) -> InputError:
    """The error that says all problems of a file at once, in the order of their lines."""
    return FaultsError(*(f"{name}, line {line}: {sentence}" for line, sentence in sorted(problems)))


def _without_empty_items(
    value: Any,  # noqa: ANN401 - a tree
    document: Document,
    before: Location,
    now: Location,
    lines: dict[Location, int],
) -> Any:  # noqa: ANN401
    lines[now] = document.line_of(before)
    if isinstance(value, dict):
        return {
            key: _without_empty_items(inner, document, (*before, key), (*now, key), lines)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        given = [(place, inner) for place, inner in enumerate(value) if not _says_nothing(inner)]
        return [
            _without_empty_items(inner, document, (*before, place), (*now, k), lines)
            for k, (place, inner) in enumerate(given)
        ]
    return value


def _says_nothing(value: object) -> bool:
    if isinstance(value, dict | list):
        return all(_says_nothing(inner) for inner in (value.values() if isinstance(value, dict) else value))
    return value is None


def _sentence(detail: ErrorDetails, model: type[Facts]) -> str:
    location, found = tuple(detail["loc"]), detail["input"]
    name = ".".join(str(part + 1) if isinstance(part, int) else part for part in location)
    around, expected = _expectation(location, model)
    reason = detail["msg"].removeprefix("Value error, ") if detail["type"] == "value_error" else ""
    if not location:
        return reason or f"found no names with values; expected {expected}"
    if detail["type"] == "extra_forbidden":
        return f"`{name}` is not a known name; {_known_names(str(location[-1]), around)}"
    if detail["type"] == "missing":
        return f"`{name}` is missing; expected {expected}"
    if isinstance(found, dict | list | tuple):
        shown = "a list" if isinstance(found, list | tuple) else "a group of lines"
        return f"`{name}`: {reason}" if reason else f"`{name}` is {shown}; expected {expected}"
    return f"`{name}` is `{short(found)}`" + (f": {reason}" if reason else "") + f"; expected {expected}"


def _expectation(location: Location, root: type[Facts]) -> tuple[type[Facts], str]:
    """The section that a key is in, and what is expected of the key."""
    model = root
    expected = "some of " + ", ".join(root.model_fields)
    inner: type[Facts] | None = root
    for part in location:
        if isinstance(part, int) or inner is None or part not in inner.model_fields:
            model = inner or model
            continue
        model, field = inner, inner.model_fields[part]
        expected, inner = field.description or expected, section_of(field.annotation)
    return model, expected


def _known_names(name: str, model: type[Facts]) -> str:
    near = difflib.get_close_matches(name, model.model_fields, n=1)
    return f"did you mean `{near[0]}`?" if near else "expected one of " + ", ".join(model.model_fields)


def short(value: object) -> str:
    """A value as messages show it."""
    text = " ".join(str(value).split())
    return text if len(text) <= 80 else text[:77] + "..."
