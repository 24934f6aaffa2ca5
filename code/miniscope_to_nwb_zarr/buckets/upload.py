"""The objects of one output on their way into a bucket: what is there, what may be sent, what is there in the end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.buckets.at_once import each_at_once
from miniscope_to_nwb_zarr.buckets.object_store import AbsentError
from miniscope_to_nwb_zarr.buckets.patience import ChangedError
from miniscope_to_nwb_zarr.buckets.put import about, local_etag, put_file
from miniscope_to_nwb_zarr.core.errors import ConflictError, TemporaryError
from miniscope_to_nwb_zarr.core.receipt import FileEntry, is_volatile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.buckets.object_store import ObjectStore, RemoteFile
    from miniscope_to_nwb_zarr.buckets.put import StoredObject
    from miniscope_to_nwb_zarr.core.receipt import Receipt

PROGRAM = {"program": "miniscope-to-nwb-zarr"}
"""Kept with every object of ours."""


class _May(Enum):
    """Whether an object may be written over."""

    NOT = auto()
    IF_OURS = auto()
    SURELY = auto()
    """The receipt of the output that is replaced lists it, and that output is kept."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An object as it is in the bucket."""

    entry: FileEntry
    etag: str


@dataclass(frozen=True, slots=True)
class Upload:
    """What is to be done to have all objects of an output in a bucket."""

    store: ObjectStore
    begin: str
    """What the keys of the output begin with."""
    folder: Path
    receipt: Receipt
    there: tuple[Sent, ...]
    """They need not be sent."""
    missing: Mapping[str, str]
    """Paths of what is to be sent, and the ETag of what each may replace."""
    leftovers: tuple[RemoteFile, ...] = ()
    """Of ours, and of no use any more."""
    facts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def prepare(
        cls,
        store: ObjectStore,
        begin: str,
        folder: Path,
        receipt: Receipt,
        listed: Mapping[str, RemoteFile],
        former: Receipt | None,
    ) -> Upload:
        """Look at what is there, and touch nothing.

        Parameters
        ----------
        store : ObjectStore
        begin : str
            What the keys of the output begin with.
        folder : Path
            The local output.
        receipt : Receipt
            Its receipt.
        listed : mapping
            What is there, by path.
        former : Receipt, optional
            Of the output that is replaced, or this one's if what an unfinished one has left may be; None where nothing
            may be.

        Raises
        ------
        ConflictError
            There are objects of others, or, unless they may be replaced, of an output that is not this one.
        """
        entries = {entry.path: entry for entry in receipt.files}
        facts = {**PROGRAM, "plan": receipt.plan_digest}
        sizes = {entry.path: entry.size_bytes for entry in former.files} if former and former != receipt else {}

        def may(path: str) -> _May:
            if former is None:
                return _May.NOT
            return _May.SURELY if sizes.get(path) == listed[path].size_bytes else _May.IF_OURS

        found = each_at_once(
            lambda path: _judge(store, folder, receipt, listed[path], entries.get(path), may(path)), sorted(listed)
        )
        there = [one for one in found if isinstance(one, Sent)]
        missing = {path: listed[path].etag if path in listed else "" for path in entries}
        for one in there:
            del missing[one.entry.path]
        leftovers = tuple(file for path, file in listed.items() if path not in entries)
        return cls(store, begin, folder, receipt, tuple(there), missing, leftovers, facts)

    def send(self) -> tuple[Sent, ...]:
        """Send what is missing, several at once; gives all that is there then."""
        for file in self.leftovers:
            remove(self.store, file.key, file.etag)
        entries = {entry.path: entry for entry in self.receipt.files}
        return (*self.there, *each_at_once(lambda path: self._send(entries[path]), self.missing))

    def _send(self, entry: FileEntry) -> Sent:
        key, replaces = f"{self.begin}{entry.path}", self.missing[entry.path]
        try:
            etag = put_file(self.store, key, self.folder / entry.path, entry.sha256, self.facts, replaces)
        except ChangedError:
            # by an attempt whose answer was lost, or by another run
            stored = about(self.store, key)
            sent = _same(self.receipt, stored, entry)
            if sent is None:
                raise _not_ours(self.folder.name, entry.path, stored) from None
            return sent
        return Sent(entry, etag)

    def finished(self, sent: tuple[Sent, ...], listed: Mapping[str, RemoteFile]) -> Receipt:
        """The receipt of what is there in the end.

        Raises
        ------
        TemporaryError
            Something is not there as it was sent.
        """
        for one in sent:
            file = listed.get(one.entry.path)
            if file is None or (file.size_bytes, file.etag) != (one.entry.size_bytes, one.etag):
                raise TemporaryError(
                    f"{self.folder.name}: {one.entry.path} is not in the bucket as it was sent; the receipt was not "
                    "put there. Run the same command again"
                )
        more = sorted(listed.keys() - {one.entry.path for one in sent})
        if more:
            raise _not_ours(self.folder.name, more[0], None)
        entries = sorted((one.entry for one in sent), key=lambda entry: entry.path)
        return replace(self.receipt, files=tuple(entries))


def is_ours(stored: StoredObject | None) -> bool:
    """Whether this program has put an object there."""
    return stored is not None and stored.facts.get("program") == PROGRAM["program"]


def remove(store: ObjectStore, key: str, etag: str = "") -> None:
    """Remove an object of ours, if it still is the one that was seen.

    Raises
    ------
    ChangedError
        It is not.
    """
    condition: dict[str, Any] = {"IfMatch": f'"{etag}"'} if etag else {}
    try:
        store.ask(key, lambda client: client.delete_object(Bucket=store.bucket, Key=key, **condition))
    except (AbsentError, ChangedError):
        # gone already, by an attempt whose answer was lost or by another run
        if about(store, key) is not None:
            raise


def _judge(
    store: ObjectStore, folder: Path, receipt: Receipt, file: RemoteFile, entry: FileEntry | None, may: _May
) -> Sent | None:
    """What need not be sent because it is there; None for what may be replaced or removed."""
    if entry and file.size_bytes == entry.size_bytes and file.etag == local_etag(folder / entry.path):
        return Sent(entry, file.etag)
    if may is _May.SURELY:
        return None
    stored = about(store, file.key)
    sent = _same(receipt, stored, entry) if entry else None
    if sent is None and not (may is _May.IF_OURS and is_ours(stored)):
        raise _not_ours(folder.name, file.key, stored)
    return sent


def _same(receipt: Receipt, stored: StoredObject | None, entry: FileEntry) -> Sent | None:
    """An object that stands for a file of the output: the same, or of the same plan and packed at another time."""
    if stored is None or not is_ours(stored):
        return None
    is_same = (stored.size_bytes, stored.sha256) == (entry.size_bytes, entry.sha256)
    is_of_plan = stored.facts.get("plan") == receipt.plan_digest and is_volatile(entry.path)
    if not (is_same or is_of_plan):
        return None
    return Sent(FileEntry(entry.path, stored.size_bytes, stored.sha256), stored.etag)


def _not_ours(name: str, path: str, stored: StoredObject | None) -> ConflictError:
    if is_ours(stored):
        return ConflictError(
            f"{name}: {path} is of another output, which a run has begun to put there and has not finished; nothing of "
            "it was changed. Run that one again, use --existing replace, or choose another --results_dir"
        )
    return ConflictError(
        f"{name}: {path} is in the bucket and not of this output; it was not changed. Move it away, or choose another "
        "--results_dir"
    )
