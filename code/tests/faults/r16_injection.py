"""R16: text from a recording, the lab or the command line is inert wherever we print or write it."""

import csv
import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from miniscope_to_nwb_zarr.demo.mio import MioSpec, write_mio
from miniscope_to_nwb_zarr.demo.onix import OnixSpec, write_onix
from miniscope_to_nwb_zarr.demo.open_ephys import OpenEphysSpec, write_open_ephys
from tests.faults import samples
from tests.faults.harness import Case, Row, Tier
from tests.faults.program import Said, run_in_child, words
from tests.recordings import CAMERA, SCOPE, small_recording
from tests.v3_recordings import v3_recording

FORGED = "FORGED"
"""Stands behind what could begin a line; no line may begin with it."""
TEXTS = {
    "formula": "=cmd|' /C calc'!A0",
    "plus": "+1+cmd",
    "minus": "-2+3",
    "at": "@SUM(1;2)",
    "tab-formula": "\t=1+1",
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "entity": "]]>&lt;b&gt;\"'",
    "clear-screen": "a\x1b[2J\x1b[Hb",
    "title": "\x1b]0;title\x07",
    "terminal-link": "\x1b]8;;http://example.org\x07x\x1b]8;;\x07",
    "eight-bit-escape": "a\x9b31mb",
    "line-feed": f"a\n{FORGED}",
    "carriage-return": f"a\r{FORGED}",
    "both": f"a\r\n{FORGED}",
    "next-line": f"a\x85{FORGED}",
    "line-separator": f"a\u2028{FORGED}",
    "paragraph-separator": f"a\u2029{FORGED}",
    "form-feed": f"a\x0b\x0c{FORGED}",
    "backspace": "abc\x08\x08\x08def\x7f",
    "bell": "a\x07\x05b",
    "right-to-left": "gpj.\u202etxt",
    "isolate": "a\u2066b\u2069",
    "marks": "a\u200e\u200f\u061cb",
    "invisible": "a\u200b\ufeff\u00adb",
    "tags": "a\U000e0041\U000e0042b",
    "rich-markup": "[red]a[/red][link=http://example.org]b[/link]",
    "emoji": ":smile: :warning:",
    "format": "%s%n{0}{name!r}",
    "shell": "$(id)`id`;${HOME}|id&",
    "json": '","exit_code":0,"x":"',
    "markdown": "| a | [b](javascript:c) `d` |",
    "heading": "# a",
    "backslash": "\\x1b[2J\\u202e\\n",
    "quotes": "\"'`",
    "letters": "müde 猫 \U0001f42d",
}
_FAST = {
    "Miniscope DAQ": ("formula", "script", "clear-screen", "line-feed", "right-to-left", "json", "eight-bit-escape"),
    "Miniscope V3": ("minus", "title", "line-separator", "tags"),
    "Miniscope Open Ephys": ("at", "carriage-return", "rich-markup"),
    "Miniscope Wireless": ("plus", "invisible", "next-line"),
    "Miniscope ONIX": ("image", "terminal-link", "paragraph-separator"),
}
_COMMAND_LINE = ("session_metadata", "dataset", "subject_id", "timezone", "limits", "no such option")
_HARMFUL = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_FACTS = """subject:
  genotype: {0}
  description: {0}
session:
  experimenters: [{0}]
  description: {0}
  notes: {0}
  keywords: [{0}]
  protocol: {0}
  institution: {0}
imaging:
  indicator: {0}
  scopes:
    - name: {0}
      indicator: GCaMP6f
"""


def _as_name(text: str) -> str:
    return text.replace("/", "_").strip(" .")


def _daq(text: str, folder: Path) -> None:
    name = _as_name(text)
    scope = replace(SCOPE, name=f"HPC{name}", settings={"gain": text, f"key {text}": text, "deviceType": text})
    small_recording(
        folder / f"of {name}", devices=(scope, replace(CAMERA, name=name)), notes=((100, text), (200, "soon")),
        property_changes=((402, f"HPC{name}", text, text),), researcher=text, experiment=text, animal=text,
        directory_structure=("date", "time"), custom={f"key {text}": text},
    )  # fmt: skip


def _v3(text: str, folder: Path) -> None:
    truth = v3_recording(folder / _as_name(text), label=f"{_as_name(text)}_", animal="ANIMAL", notes=((1, "NOTE"),))
    (settings,) = truth.folder.glob("*settings_and_notes.dat")
    told = settings.read_text(encoding="cp1252").replace("ANIMAL", text).replace("NOTE", text)
    settings.write_bytes(told.encode())


def _open_ephys(text: str, folder: Path) -> None:
    name = _as_name(text)
    write_open_ephys(OpenEphysSpec(table_name=name, video_name=name, messages=((0.1, "Info", text),)), folder / name)


def _mio(text: str, folder: Path) -> None:
    write_mio(MioSpec(name=_as_name(text)), folder / _as_name(text))


def _onix(text: str, folder: Path) -> None:
    write_onix(OnixSpec(port_status=((0.02, text),)), folder / _as_name(text))


_FORMS: dict[str, Callable[[str, Path], None]] = {
    "Miniscope DAQ": _daq,
    "Miniscope V3": _v3,
    "Miniscope Open Ephys": _open_ephys,
    "Miniscope Wireless": _mio,
    "Miniscope ONIX": _onix,
}


def _converted(form: str, text: str, folder: Path) -> None:
    """In every name and note of a recording, and in the facts of the lab; said for people and for machines."""
    data, results = folder / "data", folder / "results"
    _FORMS[form](text, data)
    # what no recording is made of is named, too
    (data / f"lone {_as_name(text)}").mkdir()
    (data / f"lone {_as_name(text)}" / f"{_as_name(text)}.avi").write_bytes(b"RIFF")
    (data / f"link {_as_name(text)}").symlink_to(folder / "gone" / _as_name(text))
    facts = folder / "facts.yml"
    facts.write_text(_FACTS.format(json.dumps(text)), encoding="utf-8")
    request = samples.LAYOUTS[form].request
    for said in (
        run_in_child(words(data, results, json=False, log_level="info", **request), folder / "said"),
        run_in_child(words(data, results, **request), folder / "again"),
        run_in_child(words(data, results, session_metadata=facts, dry_run=True, **request), folder / "with facts"),
    ):
        assert said.code in {0, 3, 4}, said
        _hold_said(said)
    _hold_files(results)


def _named(option: str, text: str, folder: Path) -> None:
    """On the command line."""
    samples.truth_of("Miniscope DAQ")
    given: dict[str, Any] = {option: text}
    if option == "session_metadata":
        given = {option: folder / _as_name(text)}
    elif option == "no such option":
        given = {text: 1}
    results = folder / "results"
    said = run_in_child(
        words(samples.folder_of("Miniscope DAQ"), results, **{"json": False, "dry_run": True, **given}), folder / "said"
    )
    assert said.code in {0, 2, 3}, said
    _hold_said(said)
    _hold_files(results)


def _hold_said(said: Said) -> None:
    for stream in (said.out, said.err):
        _hold_lines(stream)
        assert "Traceback" not in stream
        if stream.startswith("{"):
            assert all(isinstance(json.loads(line), dict) for line in stream.splitlines())


def _hold_lines(text: str) -> None:
    harmful = sorted({character for character in text if unicodedata.category(character) in _HARMFUL} - {"\n"})
    assert not harmful, f"{[hex(ord(character)) for character in harmful]} in {text!r}"
    forged = re.search(rf"^(\w+: |\s)*{FORGED}.*", text, re.MULTILINE)
    assert not forged, f"a line that none of us wrote: {forged[0]!r} in {text!r}"


def _hold_files(results: Path) -> None:
    """Of all files that people read; what is in the store is as it was written by the recording."""
    for path in results.rglob("*"):
        if path.is_dir() or ".nwb" in "".join(path.relative_to(results).parts[:-1]):
            continue
        _hold_lines(path.name)
        assert "\n" not in path.name
        if path.suffix in {".json", ".jsonl", ".txt", ".md", ".html", ".csv", ".tsv", ".yml"}:
            content = path.read_text(encoding="utf-8")
            _hold_lines(content)
            _READERS.get(path.suffix, lambda _: None)(content)


def _hold_json_lines(content: str) -> None:
    assert all(isinstance(json.loads(line), dict) for line in content.splitlines())


def _hold_cells(content: str) -> None:
    cells = [
        cell for row in csv.reader(content.splitlines(), delimiter="\t" if "\t" in content else ",") for cell in row
    ]
    formulas = [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]
    assert all(re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?", cell) for cell in formulas), formulas


class _Tags(HTMLParser):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "onerror" not in dict(attrs), tag

    def handle_data(self, data: str) -> None:
        assert not (self.lasttag == "script" and "alert(1)" in data)


_READERS: dict[str, Callable[[str], object]] = {
    ".json": json.loads,
    ".jsonl": _hold_json_lines,
    ".csv": _hold_cells,
    ".tsv": _hold_cells,
    ".html": lambda content: _Tags().feed(content),
}


def _cases(tier: Tier) -> Iterable[Case]:
    chosen = _FAST if tier is Tier.FAST else dict.fromkeys(_FORMS, TEXTS)
    for form, names in chosen.items():
        for name in names:
            yield Case(f"{form}-{name}", partial(_converted, form, TEXTS[name]))
    for k, (name, text) in enumerate(TEXTS.items()):
        if tier is Tier.FULL or k % 6 == 3:
            options = _COMMAND_LINE if tier is Tier.FULL else [_COMMAND_LINE[k // 6 % len(_COMMAND_LINE)]]
            for option in options:
                yield Case(f"{option}-{name}", partial(_named, option, text))


ROW = Row(
    name="R16",
    title="text that would act where it is shown",
    promise="names and notes are inert on the terminal, in logs, in JSON and in every table or page that is written",
    cases=_cases,
)
