"""The schema that an NWB file carries with it: what it says of the types, defaults and kinds of objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Array, Group

if TYPE_CHECKING:
    from collections.abc import Iterator

    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Contents, Item

Spec = Mapping[str, Any]
"""Of a type, group, dataset, attribute or link, as the schema's language has it."""

OWN_NAMESPACES = frozenset({"core", "hdmf-common", "hdmf-experimental"})
"""Of NWB itself; a file that is written anew gets their newest versions."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object stands in the schema: below an object of a type, by names that the schema may know."""

    type: str
    names: tuple[str, ...] = ()

    def below(self, name: str) -> Place:
        """Of what lies in it."""
        return Place(self.type, (*self.names, name))


class CachedSchema:
    """All types of all namespaces of a file.

    Parameters
    ----------
    texts : mapping
        The parsed JSON texts by namespace, version and file.
    """

    def __init__(self, texts: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
        self.texts = texts
        self.versions = {name: max(versions, key=_order) for name, versions in texts.items() if versions}
        self._types: dict[str, Spec] = {}
        self.namespace_of: dict[str, str] = {}
        for namespace, version in self.versions.items():
            for text in texts[namespace][version].values():
                self._add(text, namespace)

    def _add(self, spec: Spec, namespace: str) -> None:
        name = defined_type(spec)
        if name:
            self._types[name] = spec
            self.namespace_of[name] = namespace
        for part in (*spec.get("groups", ()), *spec.get("datasets", ())):
            self._add(part, namespace)

    def specs(self, *places: Place) -> Iterator[Spec]:
        """What the schema says of an object at any of these places, the most specific first."""
        for place in places:
            for ancestor in self._lineage(place.type):
                found = _descend(ancestor, place.names)
                if found is not None:
                    yield found

    def said(self, key: str, *places: Place) -> Any:  # noqa: ANN401 - a value of the schema
        """The first of them that says something of `key`; None: none does."""
        return next((spec[key] for spec in self.specs(*places) if spec.get(key) is not None), None)

    def attribute(self, name: str, *places: Place) -> Spec | None:
        """The first of them that knows an attribute of that name."""
        for spec in self.specs(*places):
            for attribute in spec.get("attributes", ()):
                if attribute.get("name") == name:
                    return dict(attribute)
        return None

    def prescribed_type(self, *places: Place) -> str | None:
        """The type that an object at one of these places has."""
        return next((_included(spec) for spec in self.specs(*places) if _included(spec)), None)

    def _lineage(self, name: str | None) -> Iterator[Spec]:
        seen = set()
        while name in self._types and name not in seen:
            seen.add(name)
            yield self._types[name]
            name = _included(self._types[name])


def read_schema(contents: Contents) -> CachedSchema:
    """The specifications that a file carries; an empty schema where it carries none.

    Raises
    ------
    InputError
        One of them is no JSON.
    """
    texts: dict[str, dict[str, dict[str, Any]]] = {}
    for namespace, versions in _members(contents.cached_specifications()):
        for version, files in _members(versions):
            texts.setdefault(namespace, {})[version] = {
                name: _parse(array, f"{namespace}/{version}/{name}")
                for name, array in _members(files)
                if isinstance(array, Array)
            }
    return CachedSchema(texts)


def _members(item: Item | None) -> Iterator[tuple[str, Item]]:
    for name in item.names() if isinstance(item, Group) else ():
        member = item.get(name) if isinstance(item, Group) else None
        if member is not None:
            yield name, member


def _parse(array: Array, where: str) -> Any:  # noqa: ANN401 - what JSON may hold
    text = str(array.read(() if not array.shape else (slice(None),)).ravel()[0])
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"cached specification {where}: is not JSON ({error}); the file is damaged") from error
    return found if isinstance(found, dict) else {}


def _order(version: str) -> tuple[tuple[int, str], ...]:
    parts = version.replace("-", ".").split(".")
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


def defined_type(spec: Spec) -> str | None:
    """The type that a specification defines, if it does."""
    return spec.get("neurodata_type_def") or spec.get("data_type_def")


def _included(spec: Spec) -> str | None:
    return spec.get("neurodata_type_inc") or spec.get("data_type_inc") or spec.get("target_type")


def _descend(spec: Spec, names: tuple[str, ...]) -> Spec | None:
    for name in names:
        parts = (*spec.get("groups", ()), *spec.get("datasets", ()), *spec.get("links", ()))
        found = next((part for part in parts if part.get("name") == name), None)
        if found is None:
            return None
        spec = found
    return spec
