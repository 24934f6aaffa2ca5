"""Text that others wrote, made harmless: nothing in it moves a cursor, colours, reorders or breaks a line.

Names and notes of a recording come from other people's disks, and are read in terminals, logs and editors.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

# controls, formats (bidirectional overrides), surrogates (bytes that are not UTF-8), line and paragraph separators
_HARMFUL = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# what the system's names have in place of the byte 0 of those that are no UTF-8
_BYTE_ZERO = 0xDC00
_NOT_PLAIN = re.compile(r"[^\x20-\x7e]")


def visible(text: str) -> str:
    r"""Text with every character that could move the cursor, recolour or reorder the line written out.

    Examples
    --------
    >>> visible("mouse\x1b[2J")
    'mouse\\x1b[2J'
    """
    return _NOT_PLAIN.sub(lambda match: _written_out(match[0]), text)


def valid(text: str) -> str:
    r"""Text that UTF-8 can hold: what stands for a byte of a name that is none of it is written out.

    Examples
    --------
    >>> valid("m\udcfcde")
    'm\\xfcde'
    """
    return _SURROGATE.sub(lambda match: _byte_written_out(ord(match[0])), text)


def json_text(value: Any, *, indent: int | None = None, sort_keys: bool = False) -> str:  # noqa: ANN401 - JSON is any
    r"""JSON that people can read: letters of all languages as they are, what is harmful escaped.

    Examples
    --------
    >>> json_text({"animal": "müde\u202e1"})
    '{"animal": "müde\\u202e1"}'
    """
    return harmless_json(json.dumps(value, indent=indent, sort_keys=sort_keys, ensure_ascii=False))


def harmless_json(text: str) -> str:
    """JSON that others printed, with what is harmful in its texts escaped; its value stays the same."""
    return _NOT_PLAIN.sub(lambda match: match[0] if match[0] == "\n" else _in_json(match[0]), text)


def _byte_written_out(code: int) -> str:
    byte = code - _BYTE_ZERO
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else f"\\u{code:04x}"


def _is_harmful(character: str) -> bool:
    return unicodedata.category(character) in _HARMFUL


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii") if _is_harmful(character) else character


def _in_json(character: str) -> str:
    return f"{json.dumps(character)[1:-1]}" if _is_harmful(character) else character
