"""A shard: a numbered part of a data set that one run of a pipeline converts, as a small file that explains itself.

Its identity is its content, never its name: pipelines stage it under whatever name they like (reference
allen-datasets 1.3 and 3).
"""

from __future__ import annotations

import heapq
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.receipt import digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MARK = "miniscope_to_nwb_zarr_shard"
"""The first key of every shard: its value is the version of what follows."""
SCHEMA_VERSION = 1
HEAD_BYTES = 64
"""As many of the first bytes of a file tell whether it is a shard."""


@dataclass(frozen=True, slots=True)
class ShardFile:
    """A source file as it was when the shard was made."""

    path: str
    """Below the data folder, with ``/`` as separator; a key below the address of a bucket."""
    size_bytes: int
    checksum: str
    """``sha256:<hex>``, ``ends:<hex>`` (sha256 of the first and the last MiB) or ``etag:<text>``."""


@dataclass(frozen=True, slots=True)
class ShardSession:
    """One output, by its name, and the files it is made of."""

    name: str
    files: tuple[ShardFile, ...]

    @property
    def folder(self) -> str:
        """The folder that holds all of its files; empty for the data folder itself."""
        first, *others = (file.path.split("/")[:-1] for file in self.files) if self.files else ([],)
        for other in others:
            alike = [a == b for a, b in zip(first, other, strict=False)]
            first = first[: alike.index(False) if False in alike else len(alike)]
        return "/".join(first)

    @property
    def n_bytes(self) -> int:
        """Of all files."""
        return sum(file.size_bytes for file in self.files)


@dataclass(frozen=True, slots=True)
class Shard:
    """What one run of a pipeline is to convert.

    Examples
    --------
    >>> shard = Shard("Miniscope", 0, 1, (ShardSession("m1_2024-05-06_10-11-12", ()),), {"timezone": "UTC"})
    >>> Shard.from_text(shard.as_text()) == shard
    True
    """

    dataset: str
    index: int
    """From 0."""
    total: int
    sessions: tuple[ShardSession, ...]
    options: Mapping[str, str]
    """As they are given on the command line, without ``--``."""
    source: str = ""
    """The address of the bucket below which the files lie; empty: below the data folder of the run."""

    def as_text(self) -> str:
        """The shard as JSON, the same for the same shard."""
        content = asdict(self)
        value = {MARK: SCHEMA_VERSION, "digest": digest_of(content)} | content
        return json.dumps(value, indent=1, ensure_ascii=True) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Shard:
        """Read a shard.

        Raises
        ------
        ValueError
            The text is no shard of this schema version, or has been changed since it was made.
        """
        try:
            value: dict[str, Any] = json.loads(text)
            version = value.pop(MARK)
            if version != SCHEMA_VERSION:
                raise ValueError(f"a shard of schema version {version}, expected {SCHEMA_VERSION}")
            if value.pop("digest") != digest_of(value):
                raise ValueError("the shard has been changed since it was made")
            sessions = tuple(
                ShardSession(one["name"], tuple(ShardFile(**file) for file in one["files"]))
                for one in value.pop("sessions")
            )
            return cls(sessions=sessions, **value)
        except (AttributeError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(f"not a shard: {error}") from error


def looks_like_shard(head: bytes) -> bool:
    """Whether a file begins as every shard does, so that others need not be read.

    Examples
    --------
    >>> looks_like_shard(b'{ "miniscope_to_nwb_zarr_shard": 1, "digest"'), looks_like_shard(b'{"animal": 1}')
    (True, False)
    """
    return b"".join(head.split()).startswith(f'{{"{MARK}":'.encode())


def shards_of(
    dataset: str,
    sessions: Sequence[ShardSession],
    options: Mapping[str, str],
    n_shards: int | None = None,
    source: str = "",
) -> list[Shard]:
    """Group sessions into shards of about the same number of bytes.

    Parameters
    ----------
    dataset : str
    sessions : sequence of ShardSession
        In the order of the shards where each has one of its own.
    options : mapping
    n_shards : int, optional
        At most; each session is a shard of its own where it is not given.
    source : str
        The address of the bucket that holds the files; empty for a folder.

    Returns
    -------
    list of Shard
        The same for the same sessions, whatever their files are called on the disk of the day.
    """
    groups = [[session] for session in sessions] if n_shards is None else _balanced(sessions, n_shards)
    return [Shard(dataset, index, len(groups), tuple(group), options, source) for index, group in enumerate(groups)]


def _balanced(sessions: Sequence[ShardSession], n_shards: int) -> list[list[ShardSession]]:
    """The largest session first, each into the lightest group, of equals into the one with fewest sessions.

    Inside a group they keep the order they came in. Counting sessions keeps a group from staying empty where sessions
    have no bytes.
    """
    place = {session.name: at for at, session in enumerate(sessions)}
    groups: list[list[ShardSession]] = [[] for _ in range(min(n_shards, len(sessions)))]
    lightest = [(0, 0, at) for at in range(len(groups))]
    for session in sorted(sessions, key=lambda one: (-one.n_bytes, place[one.name])):
        n_bytes, n_sessions, at = heapq.heappop(lightest)
        groups[at].append(session)
        heapq.heappush(lightest, (n_bytes + session.n_bytes, n_sessions + 1, at))
    for group in groups:
        group.sort(key=lambda one: place[one.name])
    return sorted(groups, key=lambda group: place[group[0].name])
