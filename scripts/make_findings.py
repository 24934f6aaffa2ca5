"""Write the tables of `docs/findings.md` from what the program itself says of each kind of finding.

Run in `code/`: ``uv run python ../scripts/make_findings.py``. The text before the first table is kept. An example of
each finding, as a run said it, stands in `docs/findings_examples.json`.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.advice import GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCS = Path(__file__).resolve().parents[1] / "docs"
FINDINGS = DOCS / "findings.md"
EXAMPLES = DOCS / "findings_examples.json"
_HEAD = "| code | severity | meaning, and *an example* | for an analysis | what to do |\n|---|---|---|---|---|\n"
# what Markdown would take for more than text, and what would end a cell
_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]|"})


def main() -> None:
    """Write the file."""
    FINDINGS.write_text(with_tables(FINDINGS.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {FINDINGS.name}")


def with_tables(text: str) -> str:
    """The text up to the first group, and after it every group anew."""
    begin, mark, _ = text.partition(f"## {next(iter(GROUPS))}\n")
    if not mark:
        raise ValueError(f"expected a line '## {next(iter(GROUPS))}', at which the tables begin")
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return begin + "\n".join(_group(name, examples) for name in GROUPS)


def _group(name: str, examples: Mapping[str, str]) -> str:
    rows = "".join(
        f"| `{code}` | {one.severities} | {one.meaning}<br>*{escape(examples[code], quote=False).translate(_MARKS)}* "
        f"| {one.analysis} | {one.remedy} |\n"
        for code, one in GROUPS[name].items()
    )
    return f"## {name}\n\n{_HEAD}{rows}"


if __name__ == "__main__":
    main()
