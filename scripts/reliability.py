"""Runs the reliability scorecard in full, or a part of it (tests/faults; reference engineering B.5).

    cd code && uv run python ../scripts/reliability.py --log ../results/reliability.jsonl
    cd code && uv run python ../scripts/reliability.py --rows R1,R9 --tier fast

Each case is one line of the log. A run that was interrupted goes on where it stopped; cases whose promise was broken
are run again; `--again True` begins anew. Exit code 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "code"))

from reliability_log import appending, read_log
from tests.faults.harness import Tier, attempt
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
    orders = [(name, case.name, tier) for name in runnable for case in ROWS[name].cases(tier)]
    missing = [order for order in orders if (order[0], order[1]) not in done]
    done |= {(line["row"], line["case"]): line for line in _run(missing, options.workers, options.log)}
    lines = [done[row, case] for row, case, _ in orders]
    _show(lines, {name: reason for name, reason in reasons.items() if reason})
    return int(any(not line["held"] for line in lines))


def run_case(order: tuple[str, str, Tier]) -> dict[str, object]:
    """Run one case, in a worker process."""
    row, name, tier = order
    case = next(case for case in ROWS[row].cases(tier) if case.name == name)
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix=f"{row}-"))
    error = ""
    try:
        attempt(case, tier, folder / "case")
    except Exception:  # noqa: BLE001 - whatever goes wrong in a case is its result
        error = traceback.format_exc(limit=-3)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {"row": row, "case": name, "held": not error, "error": error, "seconds": time.monotonic() - began}


def _run(orders: Sequence[tuple[str, str, Tier]], workers: int, log: Path) -> list[dict[str, object]]:
    lines: list[dict[str, object]] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        Progress(*columns, console=console) as progress,
        appending(log) as add,
        ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool,
    ):
        bar = progress.add_task("cases", total=len(orders))
        for future in as_completed([pool.submit(run_case, order) for order in orders]):
            line = future.result()
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
