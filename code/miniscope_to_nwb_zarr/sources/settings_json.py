"""The settings files of a recording and its devices, `metaData.json`, parsed once and without trust."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.small_file import read_text

if TYPE_CHECKING:
    from pathlib import Path

_BRACKET_OR_STRING = re.compile(r'[\[{]|[\]}]|"[^"\\]*+(?:\\.[^"\\]*+)*"?', re.DOTALL)
# halves of characters, which UTF-8 has not, and NUL, which HDF5 has not
_NO_TEXT = re.compile("[\ud800-\udfff\0]")
_CHARS_SHOWN = 60


def read_json(path: Path, where: str) -> tuple[dict[str, Any] | None, str | None, tuple[Finding, ...]]:
    """Read a settings file.

    Parameters
    ----------
    path : Path
        The file.
    where : str
        Its path inside the recording, for findings.

    Returns
    -------
    dict or None
        The settings; None when they are not to be had. Numbers that JSON or float64 does not have (``NaN``, ``1e999``)
        and absurdly long ones are None in it. Of a key given twice the last value is kept. All text can be written as
        UTF-8, and holds no NUL.
    str or None
        The file's text, verbatim, also when it could not be parsed.
    tuple of Finding
        What is wrong with it.
    """
    text, findings = read_text(path, where, limits.SETTINGS_BYTES)
    if text is None:
        return None, None, findings
    if not text.strip():
        return (
            None,
            text,
            (Finding(Code.FILE_EMPTY, Severity.ERROR, where, "the file is empty; its settings are lost"),),
        )
    if _depth_exceeds(text, limits.JSON_DEPTH):
        problem = f"nests more than {limits.JSON_DEPTH} levels deep"
        return None, text, (*findings, _unreadable(where, problem))
    parser = _Parser(where)
    try:
        settings = parser.parse(text)
    except json.JSONDecodeError as error:
        problem = f"is not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        return None, text, (*findings, _unreadable(where, problem))
    findings += parser.findings
    if not isinstance(settings, dict):
        return (
            None,
            text,
            (*findings, _unreadable(where, f"holds a {type(settings).__name__}, expected an object {{...}}")),
        )
    return settings, text, findings


def brief(value: object) -> str:
    """A value as it is shown in a finding: as JSON, cut after 60 characters."""
    written = json.dumps(value, ensure_ascii=False, default=str)
    return written if len(written) <= _CHARS_SHOWN else f"{written[:_CHARS_SHOWN]}..."


def cut(text: str) -> str:
    """A text as it is quoted in a sentence: cut after 60 characters."""
    return text if len(text) <= _CHARS_SHOWN else f"{text[:_CHARS_SHOWN]}..."


class _Parser:
    """`json.loads` that reports what it silently accepts."""

    def __init__(self, where: str) -> None:
        self._sentences: list[str] = []
        self._n_more = 0
        self._where = where

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was doubtful, the first values by name."""
        more = [f"holds {self._n_more} more doubtful values"] if self._n_more else []
        return tuple(
            Finding(Code.SETTINGS_VALUE, Severity.WARNING, self._where, sentence) for sentence in self._sentences + more
        )

    def parse(self, text: str) -> Any:  # noqa: ANN401 - JSON holds anything
        """Parse text whose depth is known to be harmless."""
        return json.loads(
            text,
            object_pairs_hook=self._object,
            parse_int=self._integer,
            parse_float=self._float,
            parse_constant=self._constant,
        )

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        clean = [(self._clean(key), self._clean_value(value)) for key, value in pairs]
        result = dict(clean)
        if len(result) < len(clean):
            earlier: dict[str, Any] = {}
            for key, value in clean:
                if key in earlier:
                    both = f"{brief(earlier[key])} and {brief(value)}"
                    self._report(f"key {brief(key)} is given twice, with the values {both}; the last was kept")
                earlier[key] = value
        return result

    def _clean_value(self, value: Any) -> Any:  # noqa: ANN401 - JSON holds anything
        if isinstance(value, str):
            return self._clean(value)
        if isinstance(value, list):
            return [self._clean_value(item) for item in value]
        return value

    def _clean(self, text: str) -> str:
        if not _NO_TEXT.search(text):
            return text
        clean = _NO_TEXT.sub("\ufffd", text)
        self._report(f"text {brief(clean)} holds half a character or NUL; it was replaced by \ufffd")
        return clean

    def _integer(self, digits: str) -> int | None:
        if len(digits) <= limits.NUMBER_CHARS:
            return int(digits)
        self._constant(digits)
        return None

    def _float(self, digits: str) -> float | None:
        if len(digits) <= limits.NUMBER_CHARS and math.isfinite(float(digits)):
            return float(digits)
        self._constant(digits)
        return None

    def _constant(self, written: str) -> None:
        shown = written if len(written) <= limits.NUMBER_CHARS else f"{written[:20]}... ({len(written)} characters)"
        self._report(f"holds {shown}, expected a number that fits into 64 bits; it was left out")

    def _report(self, sentence: str) -> None:
        if len(self._sentences) < limits.VALUES_REPORTED:
            self._sentences.append(sentence)
        else:
            self._n_more += 1


def _depth_exceeds(text: str, limit: int) -> bool:
    depth = 0
    for match in _BRACKET_OR_STRING.finditer(text):
        first = text[match.start()]
        if first in "[{":
            depth += 1
            if depth > limit:
                return True
        elif first != '"':
            depth -= 1
    return False


def _unreadable(where: str, problem: str) -> Finding:
    sentence = f"the file {problem}; its settings are lost"
    return Finding(Code.SETTINGS_UNREADABLE, Severity.ERROR, where, sentence)
