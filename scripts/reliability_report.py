"""Prints the reliability scorecard as a table beside today's tools, which it puts under the same faults.

    cd code && uv run python ../scripts/reliability.py --tier fast --log ../results/reliability.jsonl
    cd code && uv run python ../scripts/reliability_report.py --log ../results/reliability.jsonl
    cd code && uv run python ../scripts/reliability_report.py --log ../results/reliability.jsonl --readme True

The column of this program is what the log of `reliability.py` says; the others are measured, which takes some minutes
and needs the network once, for their environment. `--others` keeps what was measured, to be used again. With
`--readme True` the table takes its place in `README.md`, and the list of rows its own in `docs/reliability.md`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "code"))

from miniscope_to_nwb_zarr import __version__
from reliability_bench import HDMF_ZARR, NEUROCONV, TOOLS, VERSIONS, set_up
from reliability_log import read_log
from reliability_others import measure
from tests.faults.harness import Tier
from tests.faults.scorecard import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
README, EXPLAINED = ROOT / "README.md", ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- scorecard: made by scripts/reliability_report.py -->", "<!-- end of scorecard -->"
_NO_NWB = "does not apply: reads recordings"
_NO_ANALYSIS = "does not apply: analyses nothing"
_NOT_OF_NWB = "does not apply: reads NWB files"
_LIBRARY = "does not apply: a library"
_DO_NOT_APPLY = {
    NEUROCONV: {"R1 analysis": _NO_ANALYSIS, "R20": _LIBRARY, "R26": _LIBRARY},
    HDMF_ZARR: {
        "R1 analysis": _NO_ANALYSIS,
        **dict.fromkeys(("R1", "R10", "R11", "R12", "R13", "R24"), _NOT_OF_NWB),
        "R20": _LIBRARY,
        "R26": _LIBRARY,
    },
}
_NOT_MEASURED = "not measured"
_KILLED = frozenset({"R1", "R1 NWB", "R1 analysis", "R2", "R3"})
_FOREIGN = frozenset({"R18", "R18 and R20 NWB"})
_HEADLINES: tuple[tuple[str, Callable[[str, str], bool], str], ...] = (
    ("broken", lambda row, _: row in _KILLED, "kill points leave a half-written output under its final name"),
    ("held", lambda row, case: row == "R9" and case.startswith("flip-"), "changes of one bit are found and named"),
    ("broken", lambda row, _: row == "R11", "damaged tables are misread in silence"),
    ("broken", lambda row, _: row in _FOREIGN, "runs delete or change a file that is not ours"),
)
"""Whether broken or held cases are counted, of which cases, and what they are."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    work = Path(tempfile.gettempdir()) / "miniscope-reliability"
    parser.add_argument("--log", type=Path, nargs="+", required=True, help="of scripts/reliability.py, any tier")
    parser.add_argument("--work", type=Path, default=work, help="folder for the other tools; their environment is kept")
    parser.add_argument("--others", type=Path, help="JSON file with what was measured; made when missing")
    parser.add_argument("--readme", default="False", choices=["True", "False"], help="True: put the table there")
    return parser.parse_args(arguments)


def main() -> None:
    """Measure what is not known, and print the table."""
    options = parse()
    if options.others and options.others.exists():
        others = json.loads(options.others.read_text(encoding="utf-8"))
    else:
        options.work.mkdir(parents=True, exist_ok=True)
        words = measure(set_up(options.work), lambda text: print(text, file=sys.stderr))
        others = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "words": words}
        if options.others:
            options.others.write_text(json.dumps(others, indent=1), encoding="utf-8")
    lines = [line for log in options.log for line in read_log(log)]
    table = table_of(lines, others)
    print(table)
    if options.readme == "True":
        for path, made in ((README, table), (EXPLAINED, list_of_rows())):
            path.write_text(with_table(path.read_text(encoding="utf-8"), made), encoding="utf-8")


def table_of(lines: Sequence[Mapping[str, object]], others: Mapping[str, Any]) -> str:
    """The table in Markdown, with what it was measured with."""
    words = others["words"]
    held = {(line["row"], line["case"]): bool(line["held"]) for line in lines}
    versions = f"NeuroConv {VERSIONS['neuroconv']}", f"hdmf-zarr {VERSIONS['hdmf-zarr']}, export of an HDF5 file"
    rows = [
        f"| | | cases held, fast / full | {versions[0]} | {versions[1]} |",
        "|---|---|--:|---|---|",
    ]
    for name, row in ROWS.items():
        cells = []
        for tier in Tier:
            results = [held.get((name, case.name)) for case in row.cases(tier)]
            cells.append(_count(results))
        theirs = [_of_tool(tool, name, words) for tool in TOOLS]
        rows.append(f"| {name} | {row.title} | {' / '.join(cells)} | {' | '.join(theirs)} |")
    broken = sum(not one for one in held.values())
    about = (
        f"This program: {_told(lines)}; {len(held):,} cases, promises broken: {broken}. Others measured on "
        f"{others['date']} with hdmf {VERSIONS['hdmf']}, zarr {VERSIONS['zarr']}, pynwb {VERSIONS['pynwb']}, "
        f"roiextractors {VERSIONS['roiextractors']}; recordings and files that they convert when these are sound."
    )
    return "\n".join([*headlines(held), "", *rows, "", about])


def headlines(held: Mapping[tuple[str, str], bool]) -> list[str]:
    """What matters most, in numbers, of the rows that were run; `held` tells it by row and case."""
    found = []
    for counted, belongs, words in _HEADLINES:
        cases = [is_held for (row, case), is_held in held.items() if belongs(row, case)]
        if cases:
            found.append(f"- {cases.count(counted == 'held'):,} of {len(cases):,} {words}.")
    return found


def _told(lines: Sequence[Mapping[str, object]]) -> str:
    """Which version was measured, at which commits, and when."""
    known = {key: sorted({str(line[key]) for line in lines if line.get(key)}) for key in ("version", "commit", "date")}
    dates = known["date"] or ["a day that is not in the log"]
    days = " to ".join(dict.fromkeys((dates[0], dates[-1])))
    commits = f", commit {', '.join(known['commit'])}" if known["commit"] else ""
    return f"version {', '.join(known['version']) or __version__}{commits}, measured on {days}"


def _of_tool(tool: str, name: str, words: Mapping[str, Any]) -> str:
    """What a tool did in a row; to hdmf-zarr, which reads NWB files, a row and the same of NWB files are one."""
    if tool == NEUROCONV and name.endswith("NWB"):
        return _NO_NWB
    told = words.get(name) or words.get(name.removesuffix(" NWB"), {})
    return _DO_NOT_APPLY[tool].get(name) or str(told.get(tool, _NOT_MEASURED))


def list_of_rows() -> str:
    """Every row with its promise and the cases of both tiers, in Markdown."""
    lines = ["| | scenario | promise | cases, fast | cases, full |", "|---|---|---|--:|--:|"]
    for name, row in ROWS.items():
        fast, full = (len(list(row.cases(tier))) for tier in Tier)
        lines.append(f"| {name} | {row.title} | {row.promise} | {fast:,} | {full:,} |")
    return "\n".join(lines)


def _count(results: Sequence[bool | None]) -> str:
    """How many cases held; of how many, where these are not all. Nothing where not all were run."""
    if not results or None in results:
        return "-"
    return f"{len(results):,}" if all(results) else f"**{results.count(True):,} of {len(results):,}**"


def with_table(text: str, table: str) -> str:
    """A text with the table between its markers.

    Raises
    ------
    ValueError
        The markers are not there exactly once.
    """
    between = re.compile(f"{re.escape(BEGIN)}\n.*?{re.escape(END)}\n", re.DOTALL)
    if len(between.findall(text)) != 1:
        message = f"expected once, in this order, each on a line of its own: {BEGIN} and {END}"
        raise ValueError(message)
    return between.sub(lambda _found: f"{BEGIN}\n\n{table}\n\n{END}\n", text)


if __name__ == "__main__":
    main()
