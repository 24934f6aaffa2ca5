"""The specifications that two files carry, held against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.cached_schema import OWN_NAMESPACES, defined_type
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.difference import Difference, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.cached_schema import CachedSchema

_WHERE = "/specifications"
_ABOUT = "namespace"
_INHERITED = "hdmf writes a type that it read from a file with what it inherits"
_NEWER = "a file that is written anew carries the newest schema of NWB itself"


def compare_specifications(a: CachedSchema, b: CachedSchema) -> Iterator[Difference]:
    """Every difference; namespaces of NWB itself may be other versions, or be there where none were."""
    for namespace in sorted(a.texts.keys() | b.texts.keys()):
        first, second = a.texts.get(namespace, {}), b.texts.get(namespace, {})
        where = f"{_WHERE}/{namespace}"
        # a file must not lose what it says of its own types
        newer = _NEWER if namespace in OWN_NAMESPACES and second else ""
        for version in sorted(first.keys() - second.keys()):
            yield Difference(f"{where}/{version}", Kind.MISSING, f"version {version}, then {_shown(second)}", newer)
        for version in sorted(second.keys() - first.keys()):
            yield Difference(f"{where}/{version}", Kind.ADDED, f"{_shown(first)}, then version {version}", newer)
        for version in sorted(first.keys() & second.keys()):
            yield from _compare_version(f"{where}/{version}", first[version], second[version])


def _compare_version(where: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Difference]:
    first, second = _parts(a), _parts(b)
    for name in sorted(first.keys() - second.keys()):
        yield Difference(f"{where}/{name}", Kind.MISSING, "a part of the namespace, then nothing")
    for name in sorted(second.keys() - first.keys()):
        yield Difference(f"{where}/{name}", Kind.ADDED, "nothing, then a part of the namespace")
    for name in sorted(first.keys() & second.keys()):
        if first[name] != second[name]:
            why = _INHERITED if _says_all(second[name], first[name]) else ""
            sentence = f"the second file says {'more' if why else 'something else'} of it"
            yield Difference(f"{where}/{name}", Kind.VALUE, sentence, why)


def _says_all(more: Any, less: Any) -> bool:  # noqa: ANN401 - parts of a specification
    """Whether all that is said in `less` is said in `more` as well."""
    if isinstance(more, dict) and isinstance(less, dict):
        return all(key in more and _says_all(more[key], value) for key, value in less.items())
    if isinstance(more, list) and isinstance(less, list) and any(isinstance(part, dict) for part in less):
        return all(any(_says_all(one, part) for one in more) for part in less)
    return bool(more == less)


def _parts(texts: Mapping[str, Any]) -> dict[str, Any]:
    """The types and what is said of the namespace: how they are spread over files is nobody's business."""
    parts: dict[str, Any] = {}
    for text in texts.values():
        for namespace in text.get("namespaces", ()):
            included = [part for part in namespace.get("schema", ()) if "namespace" in part]
            parts[_ABOUT] = {**namespace, "schema": included}
        for spec in (*text.get("groups", ()), *text.get("datasets", ())):
            parts[str(defined_type(spec))] = spec
    return parts


def _shown(versions: Mapping[str, Any]) -> str:
    return f"version {', '.join(sorted(versions))}" if versions else "nothing"
