"""The example of each finding is in the words that the program still has."""

import ast
import json
import re
from pathlib import Path

import pytest

import make_findings
from miniscope_to_nwb_zarr.core.findings import Code

PACKAGE = Path(__file__).resolve().parents[2] / "miniscope_to_nwb_zarr"
EXAMPLES = json.loads(make_findings.EXAMPLES.read_text(encoding="utf-8"))
# what a recording puts into a sentence is not the program's: names, numbers, and what stands in quotes
WORD = re.compile(r"(?<![\w./-])[a-z']{2,}(?![\w./-]*[\w/])")
QUOTED = re.compile(r"'[^']*'")
FILLED_IN = {
    Code.FACT_UNKNOWN: ["surgeries"],
    Code.PART_LEFT_OUT: ["probe"],
    Code.NWB_SCHEMA: ["type", "expected", "got"],
    Code.INSPECTOR: ["practice", "violation", "practice", "suggestions"],
    Code.NO_CHECKSUM: ["mjpeg"],
}


def literals(path):
    """Every text of a module, as a pattern: pieces of sentences as they are, a word alone only where it is counted."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip():
            text = node.value.strip()
            is_alone = text.isalpha() and id(node) not in parts
            yield text, rf"(?<=\d ){text}s?(?!\w)" if is_alone else re.escape(text)


@pytest.fixture(scope="module")
def pieces():
    return {piece for path in PACKAGE.rglob("*.py") for piece in literals(path)}


def words_of_nobody(sentence, pieces):
    """The words of a sentence that are in no text of the program which stands in it whole."""
    covered = set()
    for text, pattern in pieces:
        if text in sentence:
            covered.update(place for found in re.finditer(pattern, sentence) for place in range(*found.span()))
    words = WORD.finditer(QUOTED.sub(lambda found: "_" * len(found.group()), sentence))
    return [word.group() for word in words if not covered.issuperset(range(*word.span()))]


def test_every_kind_of_finding_has_an_example():
    assert sorted(EXAMPLES) == sorted(Code)


@pytest.mark.parametrize("code", Code)
def test_an_example_is_in_the_words_of_the_program(code, pieces):
    _, _, sentence = EXAMPLES[code].partition(": ")
    assert sentence
    assert words_of_nobody(sentence, pieces) == FILLED_IN.get(code, [])


def test_words_that_the_program_no_longer_has_are_seen(pieces):
    said = "there is no frame; the table 'that was' lists 25, and nobody knows why"
    assert words_of_nobody(said, pieces)[-3:] == ["nobody", "knows", "why"]
