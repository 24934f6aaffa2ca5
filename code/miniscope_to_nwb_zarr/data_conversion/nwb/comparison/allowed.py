"""What the second of two files may say in another way: by a newer schema and by its format, with nothing lost."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.cached_schema import OWN_NAMESPACES
from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import INTEGER, NOTHING, REAL, REFERENCE, Array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.cached_schema import CachedSchema, Place, Spec
    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.contents import Attribute, Item, ValueType

SAME = "same"
"""Two types that are one, as far as the files say."""

# numpy's names of the kinds that the schema's language has for numbers
_NUMBERS = {
    "float": "float32", "float32": "float32", "double": "float64", "float64": "float64",
    "long": "int64", "int64": "int64", "int": "int32", "int32": "int32", "short": "int16", "int16": "int16",
    "int8": "int8", "uint": "uint32", "uint64": "uint64", "uint32": "uint32", "uint16": "uint16", "uint8": "uint8",
    "bool": "bool",
}  # fmt: skip
_OF_JSON = {INTEGER: "int64", REAL: "float64"}
# attributes of HDF5 itself, which name the axes of arrays
_AXES_OF_HDF5 = {"DIMENSION_LIST", "DIMENSION_LABELS", "REFERENCE_LIST", "CLASS", "NAME"}
_AXES_OF_ZARR = "_ARRAY_DIMENSIONS"
# what pynwb writes for a text that the schema demands and nobody gave
_FILLED_IN = "unknown"
# of schemas before 2.1 (2019): a text of the schema, the same in each file
_HELP = "help"


def retyped(a: ValueType, b: ValueType, said: Any) -> str | None:  # noqa: ANN401 - a dtype of the schema
    """Why values of type `a` may be of type `b`, where the schema says `said`; None: they may not."""
    if a == b:
        return SAME
    if isinstance(a, tuple) and isinstance(b, tuple):
        return _retyped_rows(a, b, said)
    wanted = _NUMBERS.get(said) if isinstance(said, str) else None
    if wanted and isinstance(a, str) and widened(a, wanted) == b:
        return f"the schema says {said}"
    return None


def widened(given: str, said: str) -> str | None:
    """The type that hdmf gives to numbers of a type where the schema says another; None: they are no numbers.

    The schema names the least precision; of the same kind of number, the greater one is kept (hdmf 6.2,
    ObjectMapper.convert_dtype).

    Examples
    --------
    >>> widened("int64", "uint8"), widened("uint8", "float32"), widened("float64", "float32")
    ('uint64', 'float32', 'float64')
    """
    if given not in _NUMBERS.values():
        return None
    a, s = np.dtype(given), np.dtype(said)
    if a.itemsize <= s.itemsize:
        return s.name
    if a.name[:3] == s.name[:3]:
        return a.name
    return None if s.kind == "b" else f"{s.name.rstrip('0123456789')}{8 * a.itemsize}"


def _retyped_rows(a: tuple[tuple[str, Any], ...], b: tuple[tuple[str, Any], ...], said: Any) -> str | None:  # noqa: ANN401
    fields = {one["name"]: one["dtype"] for one in said} if isinstance(said, list) else {}
    if [name for name, _ in a] != [name for name, _ in b]:
        return None
    for (name, one), (_, other) in zip(a, b, strict=True):
        # rows are written with exactly the types of the schema
        if one != other and (one not in _NUMBERS.values() or _NUMBERS.get(str(fields.get(name))) != other):
            return None
    return "the schema says so for the fields of its rows"


def retyped_attribute(a: Attribute, b: Attribute, spec: Spec | None) -> str | None:
    """Why an attribute may have another type; None: it may not."""
    if not a.values.size and not b.values.size and a.type != b.type:
        return SAME if NOTHING in {a.type, b.type} else "a list without a value has no type in Zarr"
    if not isinstance(a.type, str) or not isinstance(b.type, str):
        return SAME if a.type == b.type else None
    first, second = _OF_JSON.get(a.type, a.type), _OF_JSON.get(b.type, b.type)
    in_json = bool({a.type, b.type} & set(_OF_JSON))
    if first == second or (in_json and _family(first) == _family(second)):
        return SAME
    reason = retyped(first, second, (spec or {}).get("dtype"))
    if reason:
        return reason
    if second in _OF_JSON.values() and _family(first) == _family(second):
        return "attributes have no width in Zarr"
    return None


def _family(name: str) -> str:
    return name.lstrip("u").rstrip("0123456789")


def reworded(a: NDArray[Any], b: NDArray[Any], said: Any) -> str | None:  # noqa: ANN401 - a dtype of the schema
    """Why texts may differ: each is the same time, written in another way; None: they may not."""
    if said not in {"isodatetime", "datetime"}:
        return None
    pairs = zip(a.ravel(), b.ravel(), strict=True)
    return "the same time, written in another way" if all(_same_time(*pair) for pair in pairs) else None


def _same_time(a: Any, b: Any) -> bool:  # noqa: ANN401 - a value of an array
    try:
        first, second = datetime.fromisoformat(a), datetime.fromisoformat(b)
    except (TypeError, ValueError):
        return bool(a == b)
    return first.replace(tzinfo=None) == second.replace(tzinfo=None) and first.utcoffset() == second.utcoffset()


def added_attribute(name: str, attribute: Attribute, spec: Spec | None) -> str | None:
    """Why the second file may have an attribute that the first has not; None: it may not."""
    if name == "object_id":
        return "the schema demands an id of every object"
    if name == _AXES_OF_ZARR:
        return "names of axes, which Zarr keeps and HDF5 does not"
    default = next((spec[key] for key in ("value", "default_value") if spec and key in spec), None)
    if default is not None and np.array_equal(attribute.values, np.array(default, dtype=attribute.values.dtype)):
        return "the schema says that this is meant where there is no value"
    if spec is not None and spec.get("required", True) and str(attribute.values) == _FILLED_IN:
        return "the newer schema demands it and the first file has none"
    return None


def added_item(item: Item | None, spec: Spec | None) -> str | None:
    """Why the second file may have an object that the first has not; None: it may not."""
    is_empty = isinstance(item, Array) and item.shape is not None and 0 in item.shape
    if is_empty and spec is not None and spec.get("quantity", 1) in {1, "+"}:
        return "the newer schema demands it and the first file has none: it is empty"
    return None


def dropped_attribute(name: str, spec: Spec | None) -> str | None:
    """Why the second file may lack an attribute of the first; None: it may not."""
    if name == _HELP and spec is None:
        return "a text of schemas before 2.1, the same in each file"
    if name == _AXES_OF_ZARR or name in _AXES_OF_HDF5:
        return "names of axes, which the other format does not keep"
    return None


def changed_attribute(
    name: str, a: Attribute, b: Attribute, schema: CachedSchema, places: tuple[Place, ...], own_type: str
) -> str | None:
    """Why an attribute that says what the object is may have another value; None: it may not."""
    first, second = str(a.values), str(b.values)
    if name == "nwb_version" and second == schema.versions.get("core"):
        return "written with a newer schema"
    if name == "namespace" and {first, second} <= OWN_NAMESPACES and schema.namespace_of.get(own_type) == second:
        return "the newer schema has this type in another namespace"
    if name == "neurodata_type" and second == schema.prescribed_type(*places):
        return "the newer schema says so for this"
    return None


def alone_or_list(kind: ValueType, a: tuple[int, ...] | None, b: tuple[int, ...] | None) -> str | None:
    """Why one value may be a list of one; None: it may not."""
    if kind == REFERENCE and {a, b} == {(), (1,)}:
        return "Zarr keeps a reference alone as a list of one"
    return None
