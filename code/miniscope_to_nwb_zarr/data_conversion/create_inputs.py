r"""Cut a data set into numbered shards for a pipeline: ``shards/0.json ... shards/N-1.json``, and ``manifest.json``.

    uv run python -m miniscope_to_nwb_zarr.data_conversion.create_inputs --dataset Miniscope --data_dir ../data \
        --output_dir ../inputs

A pipeline gives each file of the folder ``shards`` to a run of its own, beside the data set; the manifest lies outside
it. Each shard holds what its run needs to know: sessions, their files with sizes and checksums, options. Options of
run_capsule.py that say what is converted and how may be given too and go into every shard.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError, MiniscopeError, UsageError
from miniscope_to_nwb_zarr.core.secrets import without_secrets
from miniscope_to_nwb_zarr.core.shards import shards_of
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.conversion_utils import list_sessions
from miniscope_to_nwb_zarr.run.console import Console
from miniscope_to_nwb_zarr.run.listing import check_names, read_names
from miniscope_to_nwb_zarr.run.option_table import OPTIONS, Kind
from miniscope_to_nwb_zarr.run.option_values import text_of, value_of
from miniscope_to_nwb_zarr.run.options import parse_options
from miniscope_to_nwb_zarr.run.places import refuse_inside
from miniscope_to_nwb_zarr.run.shard import may_travel
from miniscope_to_nwb_zarr.run.shard_folder import SHARD_FOLDER, write_shards

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniscope_to_nwb_zarr.core.shards import Shard
    from miniscope_to_nwb_zarr.run.listing import Listing
    from miniscope_to_nwb_zarr.run.options import Options

_PROGRAM = "create_inputs"


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Make the shards.

    Returns
    -------
    int
        Exit code: 0 done, or already done; 2 wrong options; 3 nothing to do; 4 some of the data set cannot be
        converted and is in no shard; 5 other shards are there; 75 the disk failed.
    """
    console = Console(json=False)
    try:
        own, rest = _parser().parse_known_args(argv)
        options = parse_options(rest, env)
        choice = Choice(read_names(own.only or ""), own.limit, own.shards, in_full=own.checksums == "full")
        return int(make_inputs(options, console, own.output_dir, choice))
    except MiniscopeError as error:
        console.error(str(error))
        console.end(error.exit_code, str(error))
        return int(error.exit_code)
    except OSError as error:
        reason = disk.explain(error)
        console.error(str(reason))
        console.end(reason.exit_code, str(reason))
        return int(reason.exit_code)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which sessions are taken, and how they are grouped and described."""

    only: tuple[str, ...] = ()
    """Names; empty: all."""
    limit: int | None = None
    """The first so many."""
    n_shards: int | None = None
    """None: one a session."""
    in_full: bool = False
    """All of each file is hashed, not its ends alone."""


def make_inputs(options: Options, console: Console, output_dir: Path, choice: Choice | None = None) -> ExitCode:
    """Write the shards of the data that the options name.

    Raises
    ------
    MiniscopeError
        There is nothing to do, other shards are there, or the options are at fault.
    """
    if options.data_store is None:
        refuse_inside(output_dir, [options.data_dir], "--output_dir")
    if options.results_store and output_dir == options.results_dir:
        raise UsageError(f"--results_dir {options.results_store}: shards are written into a folder; give one")
    listing = list_sessions(options)
    for sentence in listing.failures:
        console.error(sentence)
    shards = _shards(choice or Choice(), options, listing)
    was_there = write_shards(output_dir, shards, listing.failures)
    n_sessions = sum(len(shard.sessions) for shard in shards)
    code = ExitCode.SOME_FAILED if listing.failures else ExitCode.DONE
    what = f"{counted(len(shards), 'shard')} of {counted(n_sessions, 'session')}"
    said = "already there, unchanged" if was_there else "written"
    console.summary(
        code,
        f"{what} {said}: {output_dir / SHARD_FOLDER}",
        {"shards": len(shards), "sessions": n_sessions, "failures": len(listing.failures)},
    )
    return code


def _shards(choice: Choice, options: Options, listing: Listing) -> list[Shard]:
    sessions = listing.sessions
    check_names(choice.only, [session.name for session in sessions], flag="--only")
    chosen = [one for one in sessions if not choice.only or one.name in choice.only][: choice.limit]
    if not chosen:
        raise InputError(f"{options.data_shown}: no session can be converted, so there is nothing to put into shards")
    described = [session.as_it_is(in_full=choice.in_full) for session in chosen]
    source = str(options.data_store or "")
    return shards_of(options.dataset, described, _given(options), choice.n_shards, source)


def _given(options: Options) -> dict[str, str]:
    """The options that travel with the shards: those that are not as they are when nobody gives them."""
    given: dict[str, str] = {}
    for option in OPTIONS:
        value = getattr(options, option.name)
        if not may_travel(option) or value == value_of(option, ""):
            continue
        if option.kind is Kind.PATHS:
            raise UsageError(f"{option.flag}: names the files of one recording, which needs no shards")
        if option.kind is Kind.PATH and options.data_store:
            raise UsageError(
                f"{option.flag}: a file here, which the runs of shards of a bucket would not find; leave it out, and "
                f"give it to them, as {option.environment_name}"
            )
        if option.kind is Kind.URL and without_secrets(value) != value:
            raise UsageError(
                f"{option.flag}: has credentials in it, which are not written into shards; leave it out here, and give "
                f"it to the runs of the shards, as {option.environment_name}"
            )
        given[option.name] = (
            _below(value, options.data_dir, option.flag) if option.kind is Kind.PATH else text_of(option, value)
        )
    return given


def _below(path: Path, data_dir: Path, flag: str) -> str:
    """A file as every run finds it: below the data folder."""
    real, root = path.resolve(), data_dir.resolve()
    if not real.is_relative_to(root):
        raise UsageError(f"{flag} {path}: lies outside --data_dir, where a run of a shard would not find it; put it in")
    return real.relative_to(root).as_posix()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        epilog="All options of run_capsule.py that say what is converted and how are taken too: see its --help.",
    )
    parser.add_argument("--output_dir", type=Path, required=True, help="folder for shards/ and manifest.json")
    parser.add_argument("--shards", type=_positive, help="number of shards, balanced by bytes; left out: one a session")
    parser.add_argument("--only", help="names of the sessions to take, separated by commas; left out: all")
    parser.add_argument("--limit", type=_positive, help="at most so many sessions, the first ones")
    parser.add_argument(
        "--checksums",
        choices=["ends", "full"],
        default="ends",
        help="what of each file is hashed, to refuse one that has changed since: its first and last MiB, or all of it",
    )
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a whole number from 1 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
