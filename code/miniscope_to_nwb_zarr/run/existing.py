"""What is in the results already: check finished outputs, clear away what dead runs left."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.buckets.outputs import OutputStore
from miniscope_to_nwb_zarr.core.amounts import counted, size_text
from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.verify import check_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from miniscope_to_nwb_zarr.core.receipt import Receipt
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.options import Options

    Check = Callable[[Path, Receipt], list[str]]

_NO_RECEIPT = f"{RECEIPT_NAME}: is missing, or is not as it was written"


def verify_outputs(options: Options, checks: Mapping[str, Check], console: Console) -> ExitCode:
    """Check every finished output in the results by its receipt, and against its source.

    Parameters
    ----------
    options : Options
    checks : mapping of str to callable
        By the name of an output: given its folder and its receipt, sentences on what is not as its source has it. Where
        `against_source` is asked for, an output without one is named; the run then ends with `INVALID_INPUT` unless an
        output is damaged.
    console : Console

    Raises
    ------
    InputError
        There is no finished output.
    """
    store = OutputStore(options.results_store) if options.results_store else None
    outputs = store.names() if store else [path.name for path in _finished(options.results_dir)]
    if not outputs:
        raise InputError(f"{options.results_shown}: holds no finished output (a folder with a {RECEIPT_NAME})")
    n_bad = 0
    n_alone = 0
    for name in outputs:
        check = checks.get(name)
        problems = _problems_there(store, name, check, options) if store else _problems(name, check, options)
        if options.against_source and check is None:
            n_alone += 1
            console.warn(f"{name}: its source is not below --data_dir, so it was compared with its receipt only")
        for problem in problems:
            console.error(f"{name}: {problem}")
        n_bad += bool(problems)
        console.event({"type": "verified", "session": name, "problems": problems})
    code = ExitCode.VERIFICATION if n_bad else ExitCode.INVALID_INPUT if n_alone else ExitCode.DONE
    console.summary(
        code,
        f"{len(outputs) - n_bad} of {counted(len(outputs), 'output')} unchanged"
        + (
            f"; {n_bad} changed after it was written: do not use them, convert again with --existing replace"
            if n_bad
            else ""
        ),
        {"outputs": len(outputs), "damaged": n_bad, "without_source": n_alone},
    )
    return code


def _problems(name: str, check: Check | None, options: Options) -> list[str]:
    output = options.results_dir / name
    receipt = commit.read_receipt(output)
    if receipt is None:
        return [_NO_RECEIPT]
    problems = check_files(output, receipt, options.workers)
    return problems + (check(output, receipt) if check else [])


def _problems_there(store: OutputStore, name: str, check: Check | None, options: Options) -> list[str]:
    """The same of an output in a bucket, which is fetched only where it is held against its source."""
    standing = store.look(name)
    receipt = standing.receipt
    if receipt is None:
        return [_NO_RECEIPT]
    problems = store.problems(name, standing, receipt, in_full=True)
    if check is None:
        return problems
    options.scratch_dir.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".verify-", dir=options.scratch_dir) as folder:
        store.bring(name, Path(folder) / name, options.scratch_dir.resolve())
        return problems + check(Path(folder) / name, receipt)


def _finished(results: Path) -> list[Path]:
    """The folders of outputs, also of those whose receipt is gone; not staged and replaced ones."""
    marks = [path.parent for path in results.glob(f"*/{RECEIPT_NAME}")]
    marks += [path.parent for path in results.glob("*/*.nwb*") if _is_store(path)]
    marks += [path.parent.parent for path in results.glob("*/sub-*/sub-*_ophys.nwb*")]
    return sorted({folder for folder in marks if not folder.name.startswith(".")})


def _is_store(path: Path) -> bool:
    return path.name in {f"{path.parent.name}.nwb", f"{path.parent.name}.nwb.zarr"}


def clean_staging(results: Path, scratch: Path, console: Console, *, delete: bool) -> ExitCode:
    """List what runs that were killed left, or remove what is ours and not alive.

    Parameters
    ----------
    results : Path
        Holds staging folders.
    scratch : Path
        Holds the kept steps of analyses.
    console : Console
    delete : bool
        Remove it.
    """
    # numerical libraries, which nothing else here needs
    from miniscope_to_nwb_zarr.analysis import kept_steps  # noqa: PLC0415

    staged, kept = commit.leftovers(results), kept_steps.left_behind(scratch)
    found = [(one, commit.remove_leftover, "of a run that was killed") for one in staged]
    found += [(one, kept_steps.remove_left, "steps of an analysis that the same command goes on from") for one in kept]
    n_removed = 0
    for leftover, remove, what in found:
        is_removed = delete and remove(leftover)
        n_removed += is_removed
        said = _state(leftover, what) + (", removed" if is_removed else "")
        console.info(f"{leftover.path} ({size_text(leftover.n_bytes)}): {said}")
    done = (
        f"{n_removed} of {len(found)} removed"
        if delete
        else f"{len(found)} found; --clean_staging delete removes those of this program"
    )
    console.summary(
        ExitCode.DONE,
        f"staging folders and kept steps: {done}",
        {"found": len(found), "removed": n_removed, "kept_steps": len(kept)},
    )
    return ExitCode.DONE


def _state(leftover: commit.Leftover, what: str) -> str:
    """What a folder is, in words."""
    if leftover.is_alive:
        return "a run is filling it"
    return what if leftover.is_ours else "not made by this program, left alone"
