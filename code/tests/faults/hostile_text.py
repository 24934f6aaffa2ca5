"""Hostile texts in place of settings: single values, and whole files; and what such a text says, read another way."""

import codecs
import json
import math
import random
import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

_DEEP = 100_000
_DIGITS = "9" * 1_000_000
"""With ten times as many a file is beyond the usual limit of its size, as one of the whole files is."""

JSON_VALUES: dict[str, str] = {
    "null": "null",
    "true": "true",
    "negative": "-7",
    "fraction": "0.5",
    "number": "7",
    "number as text": '"7"',
    "large": "1e300",
    "tiny": "1e-320",
    "beyond 53 bits": "9007199254740993",
    "beyond 64 bits": "18446744073709551617",
    "41 digits": "9" * 41,
    "digits": _DIGITS,
    "digits after the point": "0." + _DIGITS,
    "digits in the exponent": "1e" + _DIGITS,
    "digits as text": f'"{"9" * 5000}"',
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "1e999": "1e999",
    "-1e999": "-1e999",
    "-0": "-0",
    "NaN as text": '"NaN"',
    "1e999 as text": '"1e999"',
    "hexadecimal": "0x1F",
    "underscores": "1_000",
    "decimal comma": '"1,5"',
    "Arabic digits": '"\u0663\u0663"',
    "empty text": '""',
    "blank text": '" \\t\\n "',
    "text": '"a text"',
    "long text": f'"{"x" * 900_000}"',
    "empty list": "[]",
    "list": '[1, "two", null]',
    "lists": "[[[[1]]]]",
    "list of objects": '[{"deviceName": 7}, {"deviceName": ["x"]}, {}]',
    "empty object": "{}",
    "object": '{"deviceName": "other", "width": "x"}',
    "deep lists": "[" * _DEEP + "]" * _DEEP,
    "deep objects": '{"a":' * _DEEP + "1" + "}" * _DEEP,
    "deep, not closed": "[" * _DEEP,
    "65 levels": "[" * 65 + "]" * 65,
    "half a character": '"a\\ud800"',
    "other half": '"\\udfffb"',
    "two halves": '"\\ud83d\\ude00"',
    "NUL escaped": '"a\\u0000b"',
    "NUL": '"a\0b"',
    "control characters": '"a\\u0007\\u001b[31m"',
    "from right to left": '"\u202eabc"',
    "key twice inside": '{"a": 1, "a": 2}',
    "prototype": '{"__class__": {"__init__": "os.system"}, "__proto__": 1}',
    "tag of Python": '"!!python/object/apply:os.system [id]"',
    "formula": '"=1+1"',
    "nothing": "",
    "comment": "7 // seven",
    "bare word": "seven",
    "single quotes": "'seven'",
    "list without end": "[1, 2",
}
"""By name: what is written in place of a value."""

YAML_VALUES: dict[str, str] = {
    **{
        # PyYAML takes a microsecond for a letter
        name: text[:1] * 50_000 + text[1:40] if "digits" in name and len(text) > 50_000 else text
        for name, text in JSON_VALUES.items()
        if name not in {"long text", "comment", "NUL", "nothing", "deep objects", "blank text"}
    },
    "long text": "word " * 20_000,
    "tag": "!!python/object/apply:os.system ['touch /tmp/x']",
    "tag of the lab": "!mine 7",
    "binary": "!!binary R0lGODlh",
    "set": "!!set {a, b}",
    "anchor": "&a 7",
    "alias": "*a",
    "merge": "{<<: {a: 1}}",
    "bomb": "&a [&b [x, x], *b, *b]",
    "octal": "0o17",
    "base 60": "190:20:30",
    "yes": "yes",
    "date": "2026-13-45",
    "other date": "2026-01-01",
    "block": "|\n      a\n      b",
    "tilde": "~",
    "directive": "%TAG",
    "document end": "7\n...\n---\n8",
    "tab": "\t7",
}

PLAIN_VALUES: dict[str, str] = {
    "nothing": "",
    "blank": "   ",
    "negative": "-7",
    "fraction": "0.5",
    "large": "1e300",
    "NaN": "NaN",
    "inf": "inf",
    "1e999": "1e999",
    "hexadecimal": "0x1F",
    "digits": _DIGITS,
    "5000 digits": "9" * 5000,
    "20 digits": "9" * 20,
    "Arabic digits": "\u0663\u0663",
    "NUL": "a\0b",
    "control characters": "a\x07\x1b[31m",
    "quote": '"',
    "quoted": '"7"',
    "quotes without end": '"a',
    "from right to left": "\u202eabc",
    "text": "a text",
    "long text": "x" * 900_000,
    "tab": "a\tb",
    "comma": "a,b",
    "semicolon": "a;b",
    "line end": "a\nb",
    "lone carriage return": "a\rb",
    "formula": "=1+1",
    "Latin-1": "m\xfcde",
    "beyond 16 bits": "\U0001f600",
}

FILES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _raw: b"",
    "blanks": lambda _raw: b" \r\n\t " * 1000,
    "zeros": lambda _raw: bytes(4096),
    "zeros at the end": lambda raw: raw + bytes(4096),
    "zeros in place of the end": lambda raw: raw[: len(raw) // 2] + bytes(len(raw) // 2),
    "byte order mark": lambda raw: codecs.BOM_UTF8 + raw,
    "two byte order marks": lambda raw: codecs.BOM_UTF8 * 2 + raw,
    "UTF-16": lambda raw: raw.decode().encode("utf-16"),
    "UTF-16, other order": lambda raw: codecs.BOM_UTF16_BE + raw.decode().encode("utf-16-be"),
    "UTF-16 without mark": lambda raw: raw.decode().encode("utf-16-le"),
    "UTF-16, cut in a letter": lambda raw: raw.decode().encode("utf-16")[:-3],
    "UTF-32": lambda raw: raw.decode().encode("utf-32"),
    "half a character in UTF-8": lambda raw: raw.replace(b"a", b"\xed\xa0\x80", 1),
    "no UTF-8": lambda raw: raw.replace(b"a", b"\xff", 1),
    "cut": lambda raw: raw[: len(raw) // 2],
    "last byte lost": lambda raw: raw.rstrip()[:-1],
    "twice": lambda raw: raw + raw,
    "text behind": lambda raw: raw + b"x",
    "text in front": lambda raw: b"x" + raw,
    "HTML": lambda _raw: b"<!DOCTYPE html><html><body>404</body></html>",
    "a picture": lambda raw: b"\x89PNG\r\n\x1a\n\0" + raw,
    "a pickle": lambda _raw: b"cos\nsystem\n(S'touch /tmp/x'\ntR.",
    "null": lambda _raw: b"null",
    "number": lambda _raw: b"7",
    "text": lambda _raw: b'"text"',
    "list": lambda _raw: b"[1, 2]",
    "empty object": lambda _raw: b"{}",
    "deep lists": lambda _raw: b"[" * _DEEP + b"]" * _DEEP,
    "deep objects": lambda _raw: b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
    "deep, in block style": lambda _raw: b"- " * _DEEP,
    "deep, by indents": lambda _raw: b"\n".join(b" " * k + b"a:" for k in range(1000)),
    "ten million digits": lambda _raw: b'{"a": ' + b"9" * 10_000_000 + b"}",
    "100,000 keys": lambda _raw: json.dumps(dict.fromkeys(map(str, range(60_000)), 0)).encode(),
    "the same key 60,000 times": lambda _raw: b'{"a": 0' + b', "a": 0' * 60_000 + b"}",
    "many lists": lambda _raw: b"[" + b"[]," * 300_000 + b"[]]",
    "a long line": lambda raw: raw + b"\n#" + b"x" * 900_000,
    "a long word": lambda raw: raw + b"\n" + b"x" * 900_000,
    "many lines": lambda raw: raw + b"\n" * 900_000,
    "many quotes": lambda raw: raw + b'"' * 900_000,
    "many backslashes": lambda raw: raw + b'"' + b"\\" * 900_000,
    "aliases of aliases": lambda _raw: (
        b"a: &a [x, x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (k, k, k - 1, k - 1) for k in range(98, 116))
    ),
    "an alias of itself": lambda _raw: b"a: &a [*a]\n",
    "tags": lambda _raw: b"!!python/object/apply:os.system ['touch /tmp/x']\n",
    "two documents": lambda raw: raw + b"\n---\n" + raw,
    "directive": lambda raw: b"%YAML 9.9\n---\n" + raw,
}  # fmt: skip
"""By name: what becomes of a whole file."""


@dataclass(frozen=True)
class Slot:
    """A value in a text, with the name before it."""

    name: str
    key_at: int
    begin: int
    end: int

    def put(self, text: str, value: str) -> str:
        """The text with another value."""
        return text[: self.begin] + value + text[self.end :]


def json_slots(text: str) -> list[Slot]:
    """Every value that has a name."""
    decoder = json.JSONDecoder()
    found = re.finditer(r'"([^"\\]*)"\s*:\s*', text)
    return [Slot(m[1], m.start(), m.end(), decoder.raw_decode(text, m.end())[1]) for m in found]


def yaml_slots(text: str) -> list[Slot]:
    """Every value that stands behind its name, and the place behind a name of others."""
    found = re.finditer(r"(?m)^ *(?:- )?([A-Za-z]\w*):(?: (?! *#)([^#\r\n]*?))?(?= *(?:#.*)?\r?$)", text)
    return [Slot(m[1], m.start(1), *(m.span(2) if m[2] else (m.end(1) + 1, m.end(1) + 1))) for m in found]


def field_slots(mark: str) -> Callable[[str], list[Slot]]:
    """Every field of the first two lines that are no remarks."""

    def slots(text: str) -> list[Slot]:
        found, at = [], 0
        lines = text.split("\n")
        first = next(k for k, line in enumerate(lines) if not line.startswith("#"))
        for number, line in enumerate(lines):
            begin = at
            for column, field in enumerate(line.split(mark)):
                if first <= number < first + 2:
                    end = begin + len(field.rstrip("\r"))
                    found.append(Slot(f"line {number - first + 1} field {column + 1}", begin, begin, end))
                begin += len(field) + len(mark)
            at += len(line) + 1
        return found

    return slots


def without(text: str, slot: Slot) -> str:
    """A JSON text without a name and its value."""
    before, behind = text[: slot.key_at], text[slot.end :].lstrip()
    return before + behind[1:] if behind.startswith(",") else before.rstrip().removesuffix(",") + behind


def doubled(text: str, slot: Slot, value: str) -> str:
    """A JSON text in which a name is there twice, first with another value."""
    return f'{text[: slot.key_at]}"{slot.name}": {value}, {text[slot.key_at :]}'


_BYTES = b'{}[]",:\\ \t\r\n\0-+.eE0123456789ntf\xff\xed#&*!|>%@`'


def changed(raw: bytes, rng: random.Random) -> bytes:
    """The text after one to three small damages."""
    text = bytearray(raw)
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(text)) if text else 0
        n_bytes = rng.choice((0, 1, 1, 2, 5, 30))
        put = rng.choice((b"", bytes([rng.choice(_BYTES)]), bytes(text[at : at + n_bytes]) * 2, b"1e999", b'"x": 1,'))
        text[at : at + n_bytes] = put
    return bytes(text)


def json_of(raw: bytes) -> Any:
    """What a JSON text says by the letter of the standard, as a tuple of one; None where it says nothing for sure."""
    try:
        text = raw.decode("utf-16" if raw[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "utf-8-sig")
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse, parse_float=_finite)
        if "\0" in json.dumps(value, ensure_ascii=False).encode().decode() or "\\u0000" in json.dumps(value):
            return None
    except (ValueError, RecursionError):
        return None
    return (value,) if isinstance(value, dict) else None


def yaml_of(raw: bytes) -> Any:
    """What a YAML text says if it is but names, lists and texts; as `json_of`."""
    try:
        text = raw.decode("utf-16" if raw[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE} else "utf-8-sig")
        if any(getattr(event, "tag", None) or getattr(event, "anchor", None) for event in yaml.parse(text)):
            return None
        return (yaml.load(text, _OnlyOnce),)
    except (ValueError, RecursionError, yaml.YAMLError, TypeError):
        return None


def numbers_in(text: str) -> set[float]:
    """Every number that stands in a text."""
    return {float(m) for m in re.findall(r"[-+]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][-+]?[0-9]{1,3})?", text)}


def leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every value inside a value, by its place."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else None
    if inner is None:
        yield at, value
        return
    for key, one in inner:
        yield from leaves(one, f"{at}.{key}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key twice")
    return dict(pairs)


def _refuse(written: str) -> float:
    raise ValueError(written)


def _finite(written: str) -> float:
    value = float(written)
    if not math.isfinite(value) or len(written) > 40:
        raise ValueError(written)
    return value


class _OnlyOnce(yaml.BaseLoader):
    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(set(map(str, keys))) < len(keys):
            raise ValueError("a key twice")
        return super().construct_mapping(node, deep)
