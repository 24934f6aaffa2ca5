"""YAML and JSON read the way a lab means them: every value as the text that was typed, every key with its line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.sources import limits

if TYPE_CHECKING:
    from collections.abc import Mapping

# YAML 1.1 spells "nothing" in these ways where no quotes are around it
_NOTHING = {"", "~", "null", "Null", "NULL"}
_BEYOND_UNICODE = re.compile(r"\\U(?!000|0010)[0-9a-fA-F]{8}")

# what PyYAML says, and what it is in files that people fill in
_ADVICE = {
    "could not find expected ':'": "a colon is missing, or the space after it, here or in the line above",
    "'\\t' that cannot start any token": "it begins with a tab; use spaces",
    "expected <block end>": "it does not begin with as many spaces as its neighbours, or a quote or value before it "
    "does not end",
    "mapping values are not allowed": (
        "put a text with a colon in quotes; or the line above has no space after its colon"
    ),
    "cannot start any token": "put a text that begins with this sign in quotes",
    "unexpected end of stream": "a quote is not closed",
}

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, and where it says it."""

    values: Any
    """Mappings, lists, texts and None. Numbers and dates stay texts, so that ``007`` remains ``007``."""
    lines: Mapping[Location, int]
    """Line, counted from 1, of every key and list item."""

    def line_of(self, location: Location) -> int:
        """The line of a key, or of the innermost thing around it that the file has."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)


def parse(text: str, name: str) -> Document:
    """Read one YAML or JSON document.

    Parameters
    ----------
    text
        The document.
    name
        What messages call the file.

    Raises
    ------
    InputError
        For text that is not YAML, two documents, a key given twice, tags (``!!python``), anchors and aliases
        (``&a``, ``*a``), keys that are not texts, nesting deeper than `limits.YAML_DEPTH`, and more values than
        `limits.LAB_VALUES`.
    """
    # tabs between the tokens of a JSON file are legal there and not in YAML; inside its texts they are written \t
    text = text.replace("\t", " ") if text.lstrip().startswith(("{", "[")) else text
    try:
        _refuse_what_no_lab_writes(text, name)
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        kind = "JSON" if name.endswith(".json") else "YAML"
        problem = error.problem or error.context or ""
        advice = next((f" ({words})" for part, words in _ADVICE.items() if part in problem), "")
        raise InputError(f"{name}, line {line}: this is not {kind}: {problem}{advice}") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InputError(f"{name}, line {line}: found a control character, expected plain text") from error
    except (ValueError, OverflowError) as error:
        # PyYAML lets chr() fail on escapes beyond Unicode
        escape = _BEYOND_UNICODE.search(text)
        line = text.count("\n", 0, escape.start()) + 1 if escape else 1
        raise InputError(f"{name}, line {line}: found an escape that stands for no character: {error}") from error
    lines: dict[Location, int] = {}
    return Document(None if root is None else _value(root, (), lines, name), lines)


def _refuse_what_no_lab_writes(text: str, name: str) -> None:
    depth, most = 0, limits.LAB_VALUES
    for count, event in enumerate(yaml.parse(text, Loader=yaml.BaseLoader)):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise InputError(f"{name}, line {line}: found an anchor or alias (`&` or `*`), expected the value itself")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise InputError(f"{name}, line {line}: found a tag ({tag}), expected a plain value")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if count > most.value:
            raise InputError(
                f"{name}, line {line}: found more than {most.value:,} values, expected a few dozen; {most.remedy}"
            )
        if depth > limits.YAML_DEPTH:
            raise InputError(f"{name}, line {line}: found more than {limits.YAML_DEPTH} levels, expected two or three")


def _value(node: yaml.Node, location: Location, lines: dict[Location, int], name: str) -> Any:  # noqa: ANN401 - a tree
    lines.setdefault(location, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, location, lines, name)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*location, k), lines, name) for k, item in enumerate(node.value)]
    if not isinstance(node, yaml.ScalarNode):
        raise InputError(f"{name}, line {node.start_mark.line + 1}: found no value, list or names with values")
    return None if node.style is None and node.value in _NOTHING else _text(node, name)


def _mapping(node: yaml.MappingNode, location: Location, lines: dict[Location, int], name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise InputError(f"{name}, line {line}: found a list or a group of lines as a name, expected `name: value`")
        key = _text(key_node, name)
        if key in found:
            first = lines[*location, key]
            raise InputError(f"{name}, line {line}: `{key}` was given already in line {first}; keep one of them")
        lines[*location, key] = line
        found[key] = _value(value_node, (*location, key), lines, name)
    return found


def _text(node: yaml.ScalarNode, name: str) -> str:
    if "\0" in node.value:
        raise InputError(
            f"{name}, line {node.start_mark.line + 1}: found a control character (NUL), expected plain text"
        )
    try:
        # JSON writes characters beyond 16 bits as two escapes, which PyYAML leaves as two halves
        return str(node.value).encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as error:
        line = node.start_mark.line + 1
        raise InputError(f"{name}, line {line}: found half of a character (a lone surrogate)") from error
