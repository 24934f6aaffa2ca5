"""Write the tables of `docs/findings.md` from what the program itself says of each kind of finding.

Run in `code/`: ``uv run python ../scripts/make_findings.py``. The text before the first table is kept.
"""

from __future__ import annotations

from pathlib import Path

from miniscope_to_nwb_zarr.core.advice import GROUPS

FINDINGS = Path(__file__).resolve().parents[1] / "docs" / "findings.md"
_HEAD = "| code | severity | meaning | for an analysis | what to do |\n|---|---|---|---|---|\n"


def main() -> None:
    """Write the file."""
    FINDINGS.write_text(with_tables(FINDINGS.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {FINDINGS.name}")


def with_tables(text: str) -> str:
    """The text up to the first group, and after it every group anew."""
    begin, mark, _ = text.partition(f"## {next(iter(GROUPS))}\n")
    if not mark:
        raise ValueError(f"expected a line '## {next(iter(GROUPS))}', at which the tables begin")
    return begin + "\n".join(_group(name) for name in GROUPS)


def _group(name: str) -> str:
    rows = "".join(
        f"| `{code}` | {one.severities} | {one.meaning} | {one.analysis} | {one.remedy} |\n"
        for code, one in GROUPS[name].items()
    )
    return f"## {name}\n\n{_HEAD}{rows}"


if __name__ == "__main__":
    main()
