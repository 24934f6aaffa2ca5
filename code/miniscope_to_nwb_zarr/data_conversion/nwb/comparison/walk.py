"""The walk over two files, object by object: what differs, where, and whether anything is lost by it."""

from __future__ import annotations

from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from miniscope_to_nwb_zarr.data_conversion.nwb.comparison import allowed
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.cached_schema import Place, read_schema
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import (
    TEXT,
    Array,
    Group,
    Item,
    Link,
    Reference,
    find,
)
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.difference import Difference, Kind
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.moved_paths import (
    moved_path,
    with_moved,
    with_moved_values,
)
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.specifications import compare_specifications
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.values import compare_arrays, unequal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.cached_schema import CachedSchema, Spec
    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Attribute, Contents, ValueType

_TYPE_NAME = "neurodata_type"
_SHOWN_LENGTH = 80


class Pair(NamedTuple):
    """Two objects at one place, and what the schema knows of the place."""

    where: str
    a: Item
    b: Item
    places: tuple[Place, ...]
    own_type: str


class Walk:
    """One comparison. `n_objects` and `n_values` grow with it."""

    def __init__(
        self, a: Contents, b: Contents, held: Collection[str] = (), moved: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._a, self._b = a, b
        self._held = frozenset(held)
        self._moved = moved
        self.schema: CachedSchema = read_schema(b)
        self.n_objects = 0
        self.n_values = 0

    def differences(self) -> Iterator[Difference]:
        """Every difference, those that are allowed with the reason."""
        yield from compare_specifications(read_schema(self._a), self.schema)
        yield from self.below("", self._a.root, self._b.root)

    def below(self, where: str, a: Item, b: Item) -> Iterator[Difference]:
        """Every difference between an object and what it became, whose path is `where`, and between their parts."""
        seen = set()
        # a group of thousands of objects is never held at once
        waiting = [iter([_pair(where, a, b, ())])]
        while waiting:
            pair = next(waiting[-1], None)
            if pair is None:
                waiting.pop()
                continue
            self.n_objects += 1
            yield from self._compare(pair)
            if isinstance(pair.a, Group) and isinstance(pair.b, Group):
                identity = (pair.a.identity, pair.b.identity)
                # a group may lie in itself, in HDF5
                if identity not in seen:
                    seen.add(identity)
                    yield from self._one_sided(pair, pair.a, pair.b)
                    waiting.append(_children(pair, pair.a, pair.b))

    def _one_sided(self, pair: Pair, a: Group, b: Group) -> Iterator[Difference]:
        first, second = set(a.names()), set(b.names())
        for name in sorted(first - second):
            yield Difference(f"{pair.where}/{name}", Kind.MISSING, f"{_kind(a.get(name))}, then nothing")
        for name in sorted(second - first):
            places = tuple(place.below(name) for place in _below(pair))
            why = allowed.added_item(b.get(name), next(self.schema.specs(*places), None))
            yield Difference(f"{pair.where}/{name}", Kind.ADDED, f"nothing, then {_kind(b.get(name))}", why or "")

    def _compare(self, pair: Pair) -> Iterator[Difference]:
        if isinstance(pair.a, Link):
            yield from self._compare_link(pair, pair.a)
        elif isinstance(pair.a, Array) and isinstance(pair.b, Array):
            yield from self._compare_attributes(pair, pair.a.attributes, pair.b.attributes)
            yield from self._compare_arrays(pair, pair.a, pair.b)
        elif isinstance(pair.a, Group) and isinstance(pair.b, Group):
            yield from self._compare_attributes(pair, pair.a.attributes, pair.b.attributes)
        else:
            yield _other_kind(pair)

    def _compare_link(self, pair: Pair, link: Link) -> Iterator[Difference]:
        if isinstance(pair.b, Link):
            first, second = moved_path(_target(self._a, link), self._moved), _target(self._b, pair.b)
            if first != second:
                yield Difference(pair.where, Kind.LINK, f"links to {_shown(first)}, then to {_shown(second)}")
            return
        other = self._a.other(link.file) if link.file else None
        target = find(other, link.path)[1] if other else None
        if target is None or isinstance(target, Link):
            yield _other_kind(pair)
            return
        copied = f"a link to {link.path} in {link.file}, then what lies there"
        yield Difference(pair.where, Kind.OBJECT, copied, "the content of another file was copied into this one")
        yield from self._compare(pair._replace(a=target))

    def _compare_arrays(self, pair: Pair, a: Array, b: Array) -> Iterator[Difference]:
        said = self.schema.said("dtype", *pair.places)
        why = allowed.retyped(a.type, b.type, said)
        if why != allowed.SAME:
            yield Difference(pair.where, Kind.TYPE, f"{_shown(a.type)}, then {_shown(b.type)}", why or "")
        if a.shape != b.shape:
            why_shape = allowed.alone_or_list(a.type, a.shape, b.shape)
            yield Difference(pair.where, Kind.SHAPE, f"shape {a.shape}, then {b.shape}", why_shape or "")
            if why_shape:
                yield from self._values(pair, unequal(_all(a).reshape(1), _all(b).reshape(1)), 1)
            return
        if why is None or a.shape is None or pair.where.lstrip("/") in self._held:
            return
        n_values = prod(a.shape)
        self.n_values += n_values
        found = compare_arrays(with_moved(a, self._moved), b)
        if found and a.type == TEXT and (why := allowed.reworded(_all(a), _all(b), said)):
            yield Difference(pair.where, Kind.VALUE, f"{_shown(found.a)}, then {_shown(found.b)}", why)
        else:
            yield from self._values(pair, found, n_values)

    @staticmethod
    def _values(pair: Pair, found: Any, n_values: int) -> Iterator[Difference]:  # noqa: ANN401 - `Unequal` or None
        if found is not None:
            where = (
                f"{found.count} of {n_values} values differ, the first at {list(found.first)}: " if found.first else ""
            )
            yield Difference(pair.where, Kind.VALUE, f"{where}{_shown(found.a)}, then {_shown(found.b)}")

    def _compare_attributes(
        self, pair: Pair, first: Mapping[str, Attribute], second: Mapping[str, Attribute]
    ) -> Iterator[Difference]:
        for name in sorted(first.keys() | second.keys()):
            where = f"{pair.where or '/'}@{name}"
            spec = self.schema.attribute(name, *pair.places)
            if name not in second:
                why = allowed.dropped_attribute(name, spec)
                yield Difference(where, Kind.MISSING, f"{_shown(first[name].values)}, then nothing", why or "")
            elif name not in first:
                why = allowed.added_attribute(name, second[name], spec)
                yield Difference(where, Kind.ADDED, f"nothing, then {_shown(second[name].values)}", why or "")
            else:
                yield from self._compare_attribute(pair, where, first[name], second[name], spec)

    def _compare_attribute(
        self, pair: Pair, where: str, a: Attribute, b: Attribute, spec: Spec | None
    ) -> Iterator[Difference]:
        why = allowed.retyped_attribute(a, b, spec)
        if why != allowed.SAME:
            yield Difference(where, Kind.TYPE, f"{_shown(a.type)}, then {_shown(b.type)}", why or "")
        if why is None:
            return
        if a.values.shape != b.values.shape:
            yield Difference(where, Kind.SHAPE, f"shape {a.values.shape}, then {b.values.shape}")
        elif unequal(with_moved_values(a.values, a.type, self._moved), b.values) is not None:
            name = where.rpartition("@")[2]
            reason = allowed.changed_attribute(name, a, b, self.schema, pair.places, pair.own_type)
            yield Difference(where, Kind.VALUE, f"{_shown(a.values)}, then {_shown(b.values)}", reason or "")


def _pair(where: str, a: Item, b: Item, places: tuple[Place, ...]) -> Pair:
    own_type = _own_type(b) or _own_type(a)
    return Pair(where, a, b, (*places, Place(own_type)) if own_type else places, own_type)


def _children(pair: Pair, a: Group, b: Group) -> Iterator[Pair]:
    for name in sorted(set(a.names()) & set(b.names())):
        first, second = a.get(name), b.get(name)
        if first is not None and second is not None:
            yield _pair(f"{pair.where}/{name}", first, second, tuple(place.below(name) for place in _below(pair)))


def _below(pair: Pair) -> tuple[Place, ...]:
    """Below an object of a type the schema's names begin anew."""
    return (Place(pair.own_type),) if pair.own_type else pair.places


def _own_type(item: Item) -> str:
    attribute = None if isinstance(item, Link) else item.attributes.get(_TYPE_NAME)
    return str(attribute.values) if attribute is not None else ""


def _target(contents: Contents, link: Link) -> str:
    return f"{link.path} in {link.file}" if link.file else find(contents, link.path)[0]


def _other_kind(pair: Pair) -> Difference:
    return Difference(pair.where, Kind.OBJECT, f"{_kind(pair.a)}, then {_kind(pair.b)}")


def _kind(item: Item | None) -> str:
    if item is None:
        return "nothing"
    if isinstance(item, Link):
        return f"a link to {item.path}" + (f" in {item.file}" if item.file else "")
    own_type = _own_type(item)
    article = "an" if own_type[:1] in set("AEIOU") else "a"
    kind = f"{article} {own_type}" if own_type else "a group" if isinstance(item, Group) else "an array"
    return kind if isinstance(item, Group) else f"{kind} of shape {item.shape} and type {_shown(item.type)}"


def _all(array: Array) -> np.ndarray[Any, Any]:
    return array.read(tuple(slice(None) for _ in array.shape or ()))


def _shown(value: ValueType | Any) -> str:  # noqa: ANN401 - a value of any file
    if isinstance(value, np.ndarray):
        value = value.tolist()
    text = str(value) if isinstance(value, (str, Reference)) else repr(value)
    # a line break or an escape must not act on the terminal of who reads this
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[: _SHOWN_LENGTH - 3]}..."
