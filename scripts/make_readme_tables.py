"""Write the tables of layouts, options, limits and exit codes in `README.md` from the program's own definitions.

Run in `code/`: ``uv run python ../scripts/make_readme_tables.py``
"""

from __future__ import annotations

import re
from pathlib import Path

from miniscope_to_nwb_zarr.layouts import LAYOUTS, load
from miniscope_to_nwb_zarr.run.option_table import OPTIONS, Category, Kind, Option
from miniscope_to_nwb_zarr.run.options import EXIT_CODES
from miniscope_to_nwb_zarr.sources.limits import FIXED, LIMITS

README = Path(__file__).resolve().parents[1] / "README.md"
_VALUES = {
    Kind.BOOLEAN: "`True`, `False`",
    Kind.COMPRESSION: "codec:level",
    Kind.ENGINE: "`serial`, `local`, `slurm`, `tcp://...`",
    Kind.INTEGER: "whole number",
    Kind.INSTANT: "date and time",
    Kind.LIMITS: "names and numbers",
    Kind.NUMBER: "number",
    Kind.PATH: "path",
    Kind.PATHS: "paths",
    Kind.PLACE: "path, or `s3://...`",
    Kind.TEXT: "text",
    Kind.URL: "address",
    Kind.ZONE: "name of a zone",
}


def main() -> None:
    """Write the file."""
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {README.name}")


def with_tables(text: str) -> str:
    """A text with what stands between its markers made anew.

    Raises
    ------
    ValueError
        A pair of markers is not there exactly once.
    """
    tables = {"layouts": _layouts(), "options": _options(), "limits": _limits(), "exit codes": _exit_codes()}
    for name, lines in tables.items():
        begin, end = f"<!-- {name}: made by scripts/make_readme_tables.py -->", f"<!-- end of {name} -->"
        between = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}\n", re.DOTALL)
        if len(between.findall(text)) != 1:
            raise ValueError(f"expected once, in this order, each on a line of its own: {begin} and {end}")
        table = "\n".join([begin, "", *lines, "", end]) + "\n"
        text = between.sub(lambda _found, table=table: table, text)  # type: ignore[misc]
    return text


def _layouts() -> list[str]:
    rows = ((name, *load(name).ABOUT) for name in LAYOUTS)
    return [
        "| layout | recordings of | it needs | it gives |",
        "|---|---|---|---|",
        *(f"| `{name}` | {recordings_of} | {needs} | {gives} |" for name, recordings_of, needs, gives in rows),
    ]


def _options() -> list[str]:
    lines = ["| option | values | default | effect |", "|---|---|---|---|"]
    for category in Category:
        lines.append(f"| **{category}** | | | |")
        lines += [_row(option) for option in OPTIONS if option.category is category]
    return lines


def _row(option: Option) -> str:
    values = ", ".join(f"`{choice}`" for choice in option.choices) or _VALUES[option.kind]
    default = f"`{option.default}`" if option.default else ""
    return f"| `{option.flag}` | {values} | {default} | {option.help.replace('|', chr(92) + '|')} |"


def _limits() -> list[str]:
    return [
        "| limit | usually | of |",
        "|---|--:|---|",
        *(f"| `{limit.name}` | {limit.usual:,} | {limit.of} |" for limit in LIMITS.values()),
        *(f"| never raised | {most:,} | {of} |" for most, of in FIXED),
    ]


def _exit_codes() -> list[str]:
    return [
        "| code | meaning |",
        "|---|---|",
        *(f"| {int(code)} | {meaning} |" for code, meaning in EXIT_CODES.items()),
    ]


if __name__ == "__main__":
    main()
