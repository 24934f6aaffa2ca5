"""A run of one shard: which it is, whether its sources are still what they were, and the options it stands for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.buckets.object_store import StorePlace
from miniscope_to_nwb_zarr.core.addresses import BucketAddress
from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import InputError, UsageError
from miniscope_to_nwb_zarr.core.shards import HEAD_BYTES, Shard, looks_like_shard
from miniscope_to_nwb_zarr.run.listing import read_names
from miniscope_to_nwb_zarr.run.option_table import BY_NAME, Category, Kind, Option
from miniscope_to_nwb_zarr.run.option_values import value_of
from miniscope_to_nwb_zarr.run.options import data_in
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

# a data folder has thousands of these, and where it is a bucket that is mounted, each look at one is a request
_NO_SHARDS = frozenset({".avi", ".mkv", ".mp4", ".csv", ".dat", ".raw", ".nwb", ".h5", ".npy"})
_OF_A_RUN = frozenset(
    {"data_dir", "results_dir", "scratch_dir", "sessions", "write_templates", "create_inputs", "dataset"}
)
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
    elsewhere = options.dataset == "demo" or options.video_files or options.clean_staging or options.data_store
    return not (elsewhere or (options.verify_only and not options.against_source))


@dataclass(frozen=True, slots=True)
class FoundShard:
    """A shard, and the data folder that it was found in."""

    path: Path
    shard: Shard
    tree: Tree


def find_shard(data_dir: Path) -> FoundShard | None:
    """The one shard below a folder, whatever its name; None where there is none.

    Raises
    ------
    InputError
        There are several, or one that cannot be read.
    """
    if not data_dir.is_dir():
        return None
    tree = walk(data_dir)
    found = [path for path in _candidates(tree) if _is_shard(path)]
    if not found:
        return None
    if len(found) > 1:
        shown = ", ".join(path.name for path in found[:_LISTED])
        raise InputError(
            f"{data_dir}: holds {len(found)} shards ({shown} first), and one run does one shard. Give each run its "
            "own, or use scripts/run_shards.py, which runs all of them"
        )
    (path,) = found
    return FoundShard(path, read_shard(path), tree)


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
        yield from (path for path in folder.files if path.suffix.casefold() not in _NO_SHARDS)


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
        raise UsageError(
            f"--sessions {options.sessions}: the shard says which sessions are converted; leave the option out"
        )
    sessions = ",".join(session.name for session in shard.sessions)
    chosen = replace(options, **values, sessions=sessions)
    if not shard.source:
        return replace(chosen, data_dir=base)
    place = StorePlace(BucketAddress.parse(shard.source), chosen.s3_endpoint, chosen.s3_credentials)
    if options.data_store and options.data_store.address != place.address:
        raise UsageError(
            f"--data_dir {options.data_store}: the shard {shard.index} of {shard.total} is for {place}; leave the "
            "option out"
        )
    return replace(chosen, **data_in(place, chosen.scratch_dir))


def _known(options: Mapping[str, str]) -> Mapping[str, str]:
    for name in options:
        if name not in BY_NAME or not may_travel(BY_NAME[name]):
            raise InputError(f"the shard has an option {name!r}, which this version of the program does not know")
    return options


def _value(option: Option, text: str, base: Path) -> object:
    value = value_of(option, text)
    return base / str(value) if option.kind is Kind.PATH else value


def base_of(shard: Shard, data_dir: Path, tree: Tree | None = None) -> Path:
    """The folder below which the files of a shard lie: the data folder, or one in it where a pipeline put them deeper.

    Parameters
    ----------
    shard : Shard
    data_dir : Path
    tree : Tree, optional
        Of the data folder, if it was walked already.

    Raises
    ------
    InputError
        They are not there.
    """
    files = [file for session in shard.sessions for file in session.files]
    if shard.source or all((data_dir / file.path).is_file() for file in files):
        return data_dir.resolve()
    tree = tree or walk(data_dir)
    places = [folder for folder in tree.folders if all((folder / file.path).is_file() for file in files)]
    if not places:
        missing = next((file.path for file in files if not (tree.root / file.path).is_file()), files[0].path)
        raise InputError(
            f"{data_dir}: the shard {shard.index} of {shard.total} needs {counted(len(files), 'file')}, such as "
            f"{missing}, and no folder here holds them. Put the data set beside the shard, as it was when the shards "
            "were made"
        )
    return min(places, key=lambda place: len(place.parts))


def folders_of(shard: Shard) -> tuple[str, ...]:
    """The folders in the data folder in which the sessions of a shard lie; none where one lies in the data folder."""
    folders = dict.fromkeys(session.folder for session in shard.sessions)
    return () if "" in folders else tuple(folders)


def has_all(listing: Listing, shard: Shard) -> bool:
    """Whether a listing has every session of a shard, each of the files that the shard names."""
    paths = {session.name: {file.path for file in session.files} for session in listing.sessions}
    return all(paths.get(was.name) == {file.path for file in was.files} for was in shard.sessions)


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
            raise InputError(f"{was.name}: {_changed(shard, 'no session of that name is found now')}")
        in_full = any(file.checksum.startswith("sha256:") for file in was.files)
        found = _difference(was, now[was.name].as_it_is(in_full=in_full))
        if found:
            raise InputError(f"{was.name}: {_changed(shard, found)}")


def _difference(was: ShardSession, now: ShardSession) -> str:
    before, after = ({file.path: file for file in session.files} for session in (was, now))
    for path in sorted(before.keys() | after.keys()):
        if path not in after:
            return f"{path} no longer belongs to it"
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
