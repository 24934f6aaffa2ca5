"""A run of one shard: which it is, whether its sources are still what they were, and the options it stands for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import InputError, UsageError
from miniscope_to_nwb_zarr.core.shards import HEAD_BYTES, Shard, looks_like_shard
from miniscope_to_nwb_zarr.run.listing import read_names
from miniscope_to_nwb_zarr.run.option_table import BY_NAME, Category, Kind, Option
from miniscope_to_nwb_zarr.run.option_values import value_of
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.small_file import first_bytes, read_bytes
from miniscope_to_nwb_zarr.sources.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.shards import ShardSession
    from miniscope_to_nwb_zarr.run.listing import Listing
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.sources.tree import Tree

_SUFFIXES = frozenset({"", ".json"})
_OF_A_RUN = frozenset({"data_dir", "results_dir", "scratch_dir", "sessions", "write_templates", "dataset"})
_ALSO = frozenset({"limits"})
_LISTED = 3


def may_travel(option: Option) -> bool:
    """Whether a shard can carry an option: it says what is converted and how, not where or on what machine."""
    if option.name in _OF_A_RUN:
        return False
    return option.name in _ALSO or option.category in {
        Category.WHAT,
        Category.FACTS,
        Category.OUTPUT,
        Category.ANALYSIS,
    }


def is_conversion(options: Options) -> bool:
    """Whether a run looks into the data folder at all, where a shard may lie."""
    elsewhere = options.dataset == "demo" or options.video_files or options.clean_staging
    return not (elsewhere or (options.verify_only and not options.against_source))


def find_shard(data_dir: Path) -> tuple[Path, Shard] | None:
    """The one shard below a folder, whatever its name; None where there is none.

    Raises
    ------
    InputError
        There are several, or one that cannot be read.
    """
    if not data_dir.is_dir():
        return None
    found = [path for path in _candidates(walk(data_dir)) if _is_shard(path)]
    if not found:
        return None
    if len(found) > 1:
        shown = ", ".join(path.name for path in found[:_LISTED])
        raise InputError(
            f"{data_dir}: holds {len(found)} shards ({shown} first), and a run does one. Give each run its own, or use "
            "scripts/run_shards.py, which runs all of them"
        )
    (path,) = found
    return path, read_shard(path)


def read_shard(path: Path) -> Shard:
    """The shard in a file.

    Raises
    ------
    InputError
        It cannot be read, or has been changed since it was made.
    """
    raw, findings = read_bytes(path, path.name, limits.TABLE_BYTES)
    if raw is None:
        raise InputError(f"{path.name}: {findings[0].sentence}")
    try:
        return Shard.from_text(raw.decode("utf-8"))
    except ValueError as error:
        raise InputError(f"{path.name}: {error}; make the shards again with create_inputs") from error


def _candidates(tree: Tree) -> Iterable[Path]:
    for folder in tree.folders.values():
        yield from (path for path in folder.files if path.suffix in _SUFFIXES)


def _is_shard(path: Path) -> bool:
    return looks_like_shard(first_bytes(path, HEAD_BYTES))


def options_of(shard: Shard, options: Options, base: Path) -> Options:
    """The options of a run that does a shard and nothing else.

    Parameters
    ----------
    shard : Shard
    options : Options
        Of the run: machine, folders, messages.
    base : Path
        The folder below which the files of the shard lie; so do the files that its options name.

    Raises
    ------
    UsageError
        The run was given an option that says otherwise than the shard.
    """
    values: dict[str, Any] = {name: _value(BY_NAME[name], text, base) for name, text in _known(shard.options).items()}
    values["dataset"] = shard.dataset
    for name, value in values.items():
        given = getattr(options, name)
        if given not in (value_of(BY_NAME[name], ""), value):
            raise UsageError(
                f"--{name} {given}: the shard {shard.index} of {shard.total} says {value}; leave the option out, or "
                "make the shards again with it"
            )
    if options.sessions and set(read_names(options.sessions)) != {session.name for session in shard.sessions}:
        raise UsageError(f"--sessions {options.sessions}: a shard says itself which sessions are done; leave it out")
    return replace(options, **values, data_dir=base, sessions=",".join(session.name for session in shard.sessions))


def _known(options: Mapping[str, str]) -> Mapping[str, str]:
    for name in options:
        if name not in BY_NAME or not may_travel(BY_NAME[name]):
            raise InputError(f"the shard has an option {name!r}, which this version of the program does not know")
    return options


def _value(option: Option, text: str, base: Path) -> object:
    value = value_of(option, text)
    return base / str(value) if option.kind is Kind.PATH else value


def base_of(shard: Shard, data_dir: Path) -> Path:
    """The folder below which the files of a shard lie: the data folder, or one in it where a pipeline put them deeper.

    Raises
    ------
    InputError
        They are not there.
    """
    tree = walk(data_dir)
    files = [file for session in shard.sessions for file in session.files]
    if not files or all(file.checksum.startswith("etag:") for file in files):
        return tree.root
    places = [folder for folder in tree.folders if all((folder / file.path).is_file() for file in files)]
    if not places:
        missing = next((file.path for file in files if not (tree.root / file.path).is_file()), files[0].path)
        raise InputError(
            f"{data_dir}: the shard {shard.index} of {shard.total} needs {len(files)} file(s), {missing} for one, and "
            "no folder here holds them. Put the data set beside the shard, as it was when the shards were made"
        )
    return min(places, key=lambda place: len(place.parts))


def check_unchanged(shard: Shard, listing: Listing) -> None:
    """Refuse sources that are not as they were when the shard was made.

    Raises
    ------
    InputError
        A session is not there any more, or a file of it is another, is missing or is new.
    """
    now = {session.name: session for session in listing.sessions}
    for was in shard.sessions:
        if was.name not in now:
            raise InputError(f"{was.name}: {_changed(shard, 'no session of that name is found any more')}")
        in_full = any(file.checksum.startswith("sha256:") for file in was.files)
        found = _difference(was, now[was.name].as_it_is(in_full=in_full))
        if found:
            raise InputError(f"{was.name}: {_changed(shard, found)}")


def _difference(was: ShardSession, now: ShardSession) -> str:
    before, after = ({file.path: file for file in session.files} for session in (was, now))
    for path in sorted(before.keys() | after.keys()):
        if path not in after:
            return f"{path} is no part of it any more"
        if path not in before:
            return f"{path} is new"
        if before[path] != after[path]:
            sizes = f"{before[path].size_bytes:,} bytes then, {after[path].size_bytes:,} now"
            return f"{path} has changed ({sizes})"
    return ""


def _changed(shard: Shard, what: str) -> str:
    return (
        f"{what}, since shard {shard.index} of {shard.total} was made; make the shards again with create_inputs into a "
        "new folder"
    )
