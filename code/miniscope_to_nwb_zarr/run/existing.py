"""What is in the results already: check finished outputs, clear away what dead runs left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from miniscope_to_nwb_zarr.run.rows import size_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.options import Options


def verify_outputs(options: Options, sessions: Sequence[Session], console: Console) -> ExitCode:
    """Check every finished output in the results by its receipt, and against the source where sessions are given.

    Raises
    ------
    InputError
        There is no finished output.
    """
    outputs = sorted(path.parent for path in options.results_dir.glob(f"*/{RECEIPT_NAME}"))
    if not outputs:
        raise InputError(f"{options.results_dir}: holds no finished output (a folder with a {RECEIPT_NAME})")
    by_name = {session.name: session for session in sessions}
    n_bad = 0
    for output in outputs:
        receipt = commit.read_receipt(output)
        if receipt is None:
            problems = [f"{RECEIPT_NAME}: cannot be read as a receipt"]
        else:
            problems = check_files(output, receipt, options.workers)
            if output.name in by_name:
                from miniscope_to_nwb_zarr.run.against_source import compare_with_source  # noqa: PLC0415 - decoders

                problems += compare_with_source(output, receipt, by_name[output.name], options, console)
        for problem in problems:
            console.error(f"{output.name}: {problem}")
        n_bad += bool(problems)
        console.event({"type": "verified", "session": output.name, "problems": problems})
    code = ExitCode.VERIFICATION if n_bad else ExitCode.DONE
    console.summary(
        code,
        f"{len(outputs) - n_bad} of {len(outputs)} output(s) are as they were written"
        + (f"; {n_bad} are not: do not use them, convert again with --existing replace" if n_bad else ""),
        {"outputs": len(outputs), "damaged": n_bad},
    )
    return code


def clean_staging(results: Path, console: Console, *, delete: bool) -> ExitCode:
    """List the staging folders of runs that were killed, or remove those that are ours and not alive."""
    found = commit.leftovers(results)
    n_removed = 0
    for leftover in found:
        if leftover.is_alive:
            state = "a run is filling it"
        elif not leftover.is_ours:
            state = "not ours, left alone"
        else:
            state = "of a run that was killed"
        if delete and commit.remove_leftover(leftover):
            state += ", removed"
            n_removed += 1
        console.info(f"{leftover.path} ({size_text(leftover.n_bytes)}): {state}")
    done = (
        f"{n_removed} of {len(found)} removed" if delete else f"{len(found)} found; --clean_staging delete removes ours"
    )
    console.summary(ExitCode.DONE, f"staging folders: {done}", {"found": len(found), "removed": n_removed})
    return ExitCode.DONE
