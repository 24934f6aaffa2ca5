"""Fields of a spec as a person types them: ``n_frames=100``, ``encoding=DIB_GRAY16``, ``scope.lost=(7, 8)``."""

from __future__ import annotations

import ast
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from miniscope_to_nwb_zarr.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

Spec = TypeVar("Spec")


def with_fields(spec: Spec, settings: Iterable[str]) -> Spec:
    """The spec with some fields set.

    Parameters
    ----------
    spec : dataclass
    settings : iterable of str
        Each a field, ``=`` and its value: a Python literal, the name of a member of an enumeration, a date and time in
        ISO 8601, or text. A dot leads to a field of a field.

    Raises
    ------
    UsageError
        There is no such field, or the value is not one of its kind.

    Examples
    --------
    >>> from miniscope_to_nwb_zarr.demo.v3 import V3Spec
    >>> with_fields(V3Spec(), ["scope.n_frames=7", "animal=m 12"]).scope.n_frames
    7
    """
    for setting in settings:
        path, is_given, value = setting.partition("=")
        if not is_given:
            raise UsageError(f"{setting}: expected a field, = and a value")
        spec = _with_field(spec, path.strip().split("."), value.strip())
    return spec


def _with_field(spec: Any, path: list[str], text: str) -> Any:  # noqa: ANN401 - specs of all layouts
    if not is_dataclass(spec) or isinstance(spec, type):
        raise UsageError(f"{'.'.join(path)}: its value has no fields")
    known = [field.name for field in fields(spec)]
    name, *rest = path
    if name not in known:
        raise UsageError(f"{name}: no field of {type(spec).__name__}, which has {', '.join(known)}")
    value = getattr(spec, name)
    return replace(spec, **{name: _with_field(value, rest, text) if rest else _value(name, value, text)})


def _value(name: str, former: Any, text: str) -> Any:  # noqa: ANN401 - as above
    if isinstance(former, Enum):
        members = {member.name: member for member in type(former)} | {str(m.value): m for m in type(former)}
        if text not in members:
            raise UsageError(f"{name}: {text} is none of {', '.join(member.name for member in type(former))}")
        return members[text]
    try:
        return datetime.fromisoformat(text) if isinstance(former, datetime) else ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        if isinstance(former, str) or former is None:
            return text
        raise UsageError(f"{name}: {text!r} is no value like {former!r}") from error
