"""Runs the reliability scorecard in full, or a part of it (tests/faults; reference engineering B.5).

    cd code && uv run python ../scripts/reliability.py --log ../results/reliability.jsonl
    cd code && uv run python ../scripts/reliability.py --rows R1,R9 --tier fast

Each case is one line of the log. A run that was interrupted goes on where it stopped; cases whose promise was broken
are run again; `--again True` begins anew. A case that takes too long is ended and counts as broken. Exit code 1 when a
promise was broken.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "code"))

from reliability_log import appending, read_log
from reliability_workers import Order, run_all
from tests.faults.harness import Tier
from tests.faults.scorecard import ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

console = Console()


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="", help="names of rows, separated by commas; empty: all")
    parser.add_argument("--tier", default="full", choices=[str(tier) for tier in Tier])
    parser.add_argument("--log", type=Path, default=Path("../results/reliability.jsonl"))
    parser.add_argument("--again", default="False", choices=["True", "False"], help="True: forget the log")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser.parse_args(arguments)


def main() -> int:
    """Run the cases that the log does not have yet, and say how each row did."""
    options = parse()
    wanted = options.rows.split(",") if options.rows else list(ROWS)
    unknown = [name for name in wanted if name not in ROWS]
    if unknown:
        console.print(f"no row {', '.join(unknown)}; there are {', '.join(ROWS)}")
        return 2
    tier = Tier(options.tier)
    if options.again == "True":
        options.log.unlink(missing_ok=True)
    done = {(line["row"], line["case"]): line for line in read_log(options.log) if line["held"]}
    reasons = {name: ROWS[name].needs() for name in wanted}
    runnable = [name for name in wanted if reasons[name] is None]
    orders = [
        Order(name, case.name, tier, f"{name} {case.group}") for name in runnable for case in ROWS[name].cases(tier)
    ]
    missing = [order for order in orders if (order.row, order.case) not in done]
    done |= {(line["row"], line["case"]): line for line in _run(missing, options.workers, options.log)}
    lines = [done[order.row, order.case] for order in orders]
    _show(lines, {name: reason for name, reason in reasons.items() if reason})
    return int(any(not line["held"] for line in lines))


def _run(orders: Sequence[Order], workers: int, log: Path) -> list[dict[str, object]]:
    lines: list[dict[str, object]] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress, appending(log) as add:
        bar = progress.add_task("cases", total=len(orders))
        for line in run_all(orders, workers):
            lines.append(line)
            add(line)
            if not line["held"]:
                progress.console.print(f"[red]{line['row']} {line['case']}[/red]\n{line['error']}", highlight=False)
            progress.update(bar, advance=1, description=str(line["row"]))
    return lines


def _show(lines: Sequence[dict[str, object]], left_out: dict[str, str]) -> None:
    table = Table("row", "scenario", "cases", "held", "seconds", "promise")
    total, held = Counter(line["row"] for line in lines), Counter(line["row"] for line in lines if line["held"])
    for name, row in ROWS.items():
        if name in total:
            seconds = sum(float(str(line["seconds"])) for line in lines if line["row"] == name)
            table.add_row(name, row.title, str(total[name]), str(held[name]), f"{seconds:.0f}", row.promise)
    console.print(table)
    for name, reason in left_out.items():
        console.print(f"{name} was left out: {reason}")


if __name__ == "__main__":
    sys.exit(main())
