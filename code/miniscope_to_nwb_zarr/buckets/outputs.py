"""Finished outputs in a bucket: each below its name, and its receipt put there last.

A rename makes a local output appear at once. A bucket has none, so here the receipt is the only mark of completeness:
it is put there when every other object is, and only where none is (``If-None-Match: *``). No object is written twice.
Where another run of the same plan was faster with a file that carries the time of its making, that file stays, and the
receipt says so. So two writers of one plan need no lock, and one that was given up for dead cannot spoil what another
has finished. Writers of different plans are told apart before the first object, by a claim: one goes on.

Only where an output is replaced are objects written over. The former is copied aside first. Then its receipt is written
over by a note that is no receipt, so that no reader takes what follows for finished, and no other writer can publish.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.buckets.at_once import each_at_once
from miniscope_to_nwb_zarr.buckets.claim import Claim
from miniscope_to_nwb_zarr.buckets.fetch import fetch_all, give_back
from miniscope_to_nwb_zarr.buckets.object_store import AbsentError
from miniscope_to_nwb_zarr.buckets.patience import ChangedError
from miniscope_to_nwb_zarr.buckets.put import about, copy, hash_object, put_bytes, put_text
from miniscope_to_nwb_zarr.buckets.standing import Standing
from miniscope_to_nwb_zarr.buckets.upload import PROGRAM, Upload, is_ours, remove
from miniscope_to_nwb_zarr.core.errors import ConflictError, TemporaryError, UsageError
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME, Receipt, digest_of
from miniscope_to_nwb_zarr.core.text import json_text
from miniscope_to_nwb_zarr.data_conversion import commit, disk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.buckets.object_store import RemoteFile, StorePlace

REPLACED_FOLDER = ".replaced"
_CLAIMS_FOLDER = ".publishing"
TRIED_NAME = ".miniscope-to-nwb-zarr"
_TRIED_TEXT = "Written once, and never over: by this file miniscope-to-nwb-zarr sees that the store keeps its word.\n"


class OutputStore:
    """The outputs in a folder of a bucket.

    Parameters
    ----------
    place : StorePlace
    """

    def __init__(self, place: StorePlace) -> None:
        self.place = place
        self._store = place.open()
        self._has_conditions = False

    def names(self) -> list[str]:
        """Names of all outputs, also of those that are not finished or whose receipt is gone."""
        names = [name for name in self._store.folders() if not name.startswith((".", "run-"))]
        standings = each_at_once(self.look, names)
        return [name for name, standing in zip(names, standings, strict=True) if not standing.is_foreign]

    def look(self, name: str) -> Standing:
        """What is there under a name."""
        key = self._key(name, RECEIPT_NAME)

        def get(client: Any) -> Standing:  # noqa: ANN401 - boto3 makes the class as it runs
            answer = client.get_object(Bucket=self._store.bucket, Key=key)
            text = answer["Body"].read().decode("utf-8", "replace")
            found = Standing(text, answer["ETag"].strip('"'), dict(answer.get("Metadata", {})))
            is_foreign = found.receipt is None and found.facts.get("program") != PROGRAM["program"]
            return replace(found, is_foreign=is_foreign)

        try:
            return self._store.ask(key, get)
        except AbsentError:
            # of what was left by a run of ours every object is: one tells
            first = next(iter(self._store.files(f"{name}/")), None)
            return Standing(is_foreign=first is not None and not is_ours(about(self._store, first.key)))

    def last_receipt(self, standing: Standing) -> Receipt | None:
        """The receipt of a finished output; of one that is being replaced that of the former version."""
        return self.look(standing.kept).receipt if standing.kept else standing.receipt

    def files(self, name: str) -> dict[str, RemoteFile]:
        """All objects of an output but its receipt, by their paths in it."""
        begin = self._key(name, "")
        found = {file.key.removeprefix(begin): file for file in self._store.files(f"{name}/")}
        found.pop(RECEIPT_NAME, None)
        return found

    def problems(self, name: str, standing: Standing, receipt: Receipt, *, in_full: bool) -> list[str]:
        """Compare every object of a finished output with its receipt.

        Parameters
        ----------
        name : str
        standing : Standing
        receipt : Receipt
        in_full : bool
            Read every byte; otherwise only where the server's list is not the one it was when the output was published.

        Returns
        -------
        list of str
            One sentence for each file that is missing, changed or not in the receipt; empty for a sound output.
        """
        listed = self.files(name)
        if not in_full and tag_of(listed) == standing.facts.get("listing"):
            return []
        known = {entry.path: entry for entry in receipt.files}
        problems = [f"{path}: is missing" for path in sorted(known.keys() - listed.keys())]
        problems += [
            f"{path}: is not in the receipt; it was added later" for path in sorted(listed.keys() - known.keys())
        ]

        def check(path: str) -> str:
            if listed[path].size_bytes != known[path].size_bytes:
                return f"{path}: has {listed[path].size_bytes} bytes, the receipt says {known[path].size_bytes}"
            is_same = hash_object(self._store, listed[path].key) == known[path].sha256
            return "" if is_same else f"{path}: its content has changed since it was written"

        return problems + [found for found in each_at_once(check, sorted(known.keys() & listed.keys())) if found]

    def publish(self, folder: Path, receipt: Receipt, *, replaces: str | None, sources: str, now: datetime) -> Receipt:
        """Put a finished local output into the bucket.

        What is there of it already, with the same checksum, is not sent again.

        Parameters
        ----------
        folder : Path
            Bears the name of the output.
        receipt : Receipt
            Of the local output.
        replaces : str, optional
            The ETag of the receipt, or note, of the output that may be replaced, empty where there is none and what an
            unfinished one has left may be; None where nothing may.
        sources : str
            Tells the sources apart if they are in a bucket.
        now : datetime
            Names the folder in which a replaced output is kept.

        Returns
        -------
        Receipt
            Of the output that is there now: of this one, or of that of another run which did the same and was first.

        Raises
        ------
        ConflictError
            Something else is there; nothing of it was changed.
        TemporaryError
            The server or the connection fails again and again, or another run is replacing the output.
        """
        name = folder.name
        self._check_conditions()
        claim = Claim(self._store, self._key(_CLAIMS_FOLDER, name), receipt.plan_digest)
        claim.make(name, may_take_over=replaces is not None)
        try:
            standing = self.look(name)
            if standing.etag != (replaces or "") or standing.is_foreign:
                found = _meet(name, standing, receipt)
            else:
                found = self._fill(folder, receipt, standing, sources, now, may_replace=replaces is not None)
        except ConflictError:
            claim.end()
            raise
        # a run that was interrupted leaves it to the one that goes on
        claim.end()
        return found

    def _fill(
        self, folder: Path, receipt: Receipt, standing: Standing, sources: str, now: datetime, *, may_replace: bool
    ) -> Receipt:
        name, etag = folder.name, standing.etag
        listed = self.files(name)
        former = (self.last_receipt(standing) or receipt) if may_replace else None
        upload = Upload.prepare(self._store, self._key(name, ""), folder, receipt, listed, former)
        if may_replace:
            kept = self._keep(name, standing, listed, now) if standing.receipt else standing.kept
            etag = self._announce(name, receipt, kept, etag)
        sent = upload.send()
        listed = self.files(name)
        finished = upload.finished(sent, listed)
        facts = {**PROGRAM, "plan": receipt.plan_digest, "listing": tag_of(listed), "sources": sources}
        text = finished.as_text()
        try:
            put_text(self._store, self._key(name, RECEIPT_NAME), text, facts, etag)
        except ChangedError:
            standing = self.look(name)
            # by an attempt whose answer was lost
            return finished if standing.text == text else _meet(name, standing, receipt)
        return finished

    def bring(self, name: str, final: Path, scratch: Path) -> None:
        """Have a finished output here, as it is in the bucket; of one that is being replaced the former version.

        Raises
        ------
        InputError, TemporaryError
            As `fetch`.
        """
        standing = self.look(name)
        receipt = self.last_receipt(standing)
        files = self.files(standing.kept or name)
        if receipt is None:
            raise AbsentError(f"{self.place}/{name}: is not a finished output of this program")
        fetched = fetch_all(self._store, files.values(), scratch)
        with commit.staging_folder(final.parent, name) as staging:
            for path, one in zip(files, fetched, strict=True):
                (staging / path).parent.mkdir(parents=True, exist_ok=True)
                disk.copy_file(one.path, staging / path)
            give_back((one.path for one in fetched), scratch)
            commit.publish(staging, final, receipt, replace=False, now=datetime.now(UTC))

    def text(self, name: str, path: str) -> str:
        """A small file of an output; empty where there is none."""
        key = self._key(name, path)
        try:
            answer = self._store.ask(
                key, lambda client: client.get_object(Bucket=self._store.bucket, Key=key)["Body"].read()
            )
        except AbsentError:
            return ""
        return str(answer, "utf-8", "replace")

    def put_texts(self, name: str, texts: Mapping[str, bytes]) -> None:
        """Put small files below a name that is nobody else's."""
        for path, content in texts.items():
            sha256 = hashlib.sha256(content).hexdigest()
            try:
                put_bytes(self._store, self._key(name, path), content, sha256, PROGRAM)
            except ChangedError:
                stored = about(self._store, self._key(name, path))
                if stored is None or stored.sha256 != sha256:
                    raise

    def _keep(self, name: str, standing: Standing, listed: Mapping[str, RemoteFile], now: datetime) -> str:
        """Copy an output that is to be replaced to where it stays, its receipt last."""
        kept = f"{REPLACED_FOLDER}/{name}.{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"

        def keep(path: str) -> None:
            file = listed[path]
            copy(self._store, file.key, file.etag, file.size_bytes, self._key(kept, path))

        each_at_once(keep, listed)
        size = len(standing.text.encode())
        copy(self._store, self._key(name, RECEIPT_NAME), standing.etag, size, self._key(kept, RECEIPT_NAME))
        return kept

    def _announce(self, name: str, receipt: Receipt, kept: str, etag: str) -> str:
        """Put a note in place of a receipt: the output is being replaced; gives the note's ETag."""
        note = {
            "note": "this output is being replaced and is not finished; the former version is kept",
            "session": receipt.session,
            "plan_digest": receipt.plan_digest,
            "kept": kept,
            "run": uuid.uuid4().hex,
        }
        text = json_text(note, indent=1) + "\n"
        try:
            return put_text(
                self._store, self._key(name, RECEIPT_NAME), text, {**PROGRAM, "plan": receipt.plan_digest}, etag
            )
        except ChangedError:
            standing = self.look(name)
            if standing.text == text:
                return standing.etag
            raise TemporaryError(
                f"{name}: another run is replacing it at the same moment. Run the same command again when it is done"
            ) from None

    def _check_conditions(self) -> None:
        """Refuse a server that writes over an object although it was told not to."""
        if self._has_conditions:
            return
        key = f"{self.place.address.prefix}{TRIED_NAME}"
        for _ in ("where there may be none yet", "where there is one"):
            try:
                put_text(self._store, key, _TRIED_TEXT, PROGRAM, "")
            except ChangedError:
                self._has_conditions = True
                return
        remove(self._store, key)
        raise UsageError(
            f"{self.place}: the server writes over objects although it is told not to (If-None-Match), so two "
            "runs could destroy each other's outputs there. Choose another --results_dir"
        )

    def _key(self, name: str, path: str) -> str:
        return f"{self.place.address.prefix}{name}/{path}"


def tag_of(files: Mapping[str, RemoteFile]) -> str:
    """What tells apart the files of a bucket that an output is made from, by what the server says of their content."""
    return digest_of(sorted((path, file.size_bytes, file.etag) for path, file in files.items()))


def _meet(name: str, standing: Standing, receipt: Receipt) -> Receipt:
    """The receipt of another run that did the same and was first."""
    found = standing.receipt
    if found is not None and found.plan_digest == receipt.plan_digest:
        return found
    raise ConflictError(
        f"{name}: another run has put a different output there in the meantime, or it is not an output of this "
        "program; nothing was changed. Move it away, or use --existing replace"
    )
