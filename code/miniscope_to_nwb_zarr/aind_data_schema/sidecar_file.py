"""Reads the session metadata file, and says line by line what is wrong with it."""

from __future__ import annotations

import difflib
from importlib import resources
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.sources import strict_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

_MAX_BYTES = 1_000_000


def load_sidecar(path: Path) -> Sidecar:
    """Read a session metadata file, YAML or JSON.

    Raises
    ------
    InputError
        When the file cannot be read, is larger than 1 MB, or does not say what a session metadata file says: one line
        of message for each thing wrong, with file, line, what was found and what was expected.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: the session metadata file cannot be read: {error.strerror}") from error
    if len(content) > _MAX_BYTES:
        raise InputError(f"{path}: found more than 1 MB, expected a session metadata file of a few lines")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}, line {line}: found bytes that are not UTF-8; save the file as UTF-8") from error
    return parse_sidecar(text, str(path))


def parse_sidecar(text: str, name: str) -> Sidecar:
    """Read the text of a session metadata file; `name` is what messages call it. Errors as in `load_sidecar`."""
    document = strict_yaml.parse(text, name)
    try:
        return Sidecar.model_validate({} if document.values is None else document.values)
    except ValidationError as error:
        found = sorted((document.line_of(_location(detail)), _sentence(detail)) for detail in error.errors())
        raise InputError("\n".join(f"{name}, line {line}: {sentence}" for line, sentence in found)) from error


def template() -> str:
    """A session metadata file to fill in, with comments."""
    return resources.files(__package__).joinpath("templates/session_metadata.yml").read_text(encoding="utf-8")


def _location(detail: ErrorDetails) -> strict_yaml.Location:
    return tuple(detail["loc"])


def _sentence(detail: ErrorDetails) -> str:
    location, found = _location(detail), detail["input"]
    name = ".".join(str(part + 1) if isinstance(part, int) else part for part in location)
    model, expected = _expectation(location)
    if not location:
        return f"found no groups of lines; expected {expected}"
    if detail["type"] == "extra_forbidden":
        return f"`{name}` is not a name that this file knows; {_known_names(str(location[-1]), model)}"
    if detail["type"] == "missing":
        return f"`{name}` is missing; expected {expected}"
    reason = detail["msg"].removeprefix("Value error, ") if detail["type"] == "value_error" else ""
    if isinstance(found, dict | list | tuple):
        shown = "a list" if isinstance(found, list | tuple) else "a group of lines"
        return f"`{name}`: {reason}" if reason else f"`{name}` is {shown}; expected {expected}"
    return f"`{name}` is `{_short(found)}`" + (f": {reason}" if reason else "") + f"; expected {expected}"


def _expectation(location: strict_yaml.Location) -> tuple[type[BaseModel], str]:
    """The section that a key is in, and what is expected of the key."""
    model: type[BaseModel] = Sidecar
    expected = "the sections " + ", ".join(Sidecar.model_fields)
    inner: type[BaseModel] | None = Sidecar
    for part in location:
        if isinstance(part, int) or inner is None or part not in inner.model_fields:
            model = inner or model
            continue
        model, field = inner, inner.model_fields[part]
        expected, inner = field.description or expected, _section(field.annotation)
    return model, expected


def _section(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any type expression
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section(part))), None)


def _known_names(name: str, model: type[BaseModel]) -> str:
    near = difflib.get_close_matches(name, model.model_fields, n=1)
    return f"did you mean `{near[0]}`?" if near else "expected one of " + ", ".join(model.model_fields)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."
