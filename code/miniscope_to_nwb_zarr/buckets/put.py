"""Put one object into a bucket: only where nothing is, or in place of what was seen there, and sure of its content."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.buckets.at_once import each_at_once
from miniscope_to_nwb_zarr.buckets.fetch import etag_of
from miniscope_to_nwb_zarr.buckets.object_store import AbsentError, is_plain
from miniscope_to_nwb_zarr.buckets.patience import ChangedError
from miniscope_to_nwb_zarr.core.errors import InputError, TemporaryError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.buckets.object_store import ObjectStore

_LARGE_BYTES = 64 << 20
"""From here on an object is put in parts, so that a connection that breaks costs no more than one of them."""
_PART_BYTES = 32 << 20
_PARTS_AT_ONCE = 4
_MOST_PARTS = 10_000
_READ_BYTES = 8 << 20
_SHA256 = "sha256"
_TRIES = 3
_SEEN_AS = {
    ".html": "text/html",
    ".json": "application/json",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
"""What a browser shows instead of saving it, by the ending of its name."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a server says of an object."""

    size_bytes: int
    etag: str
    facts: Mapping[str, str]
    """What was given with it: its sha256, and the plan digest of its output."""
    is_plain: bool
    """The ETag is made of the content alone."""

    @property
    def sha256(self) -> str:
        """Of the content, as whoever put it there has said; empty where nobody has."""
        return self.facts.get(_SHA256, "")


def about(store: ObjectStore, key: str) -> StoredObject | None:
    """What is known of an object; None where there is none."""
    try:
        answer = store.ask(key, lambda client: client.head_object(Bucket=store.bucket, Key=key))
    except AbsentError:
        return None
    return StoredObject(
        answer["ContentLength"], answer["ETag"].strip('"'), dict(answer.get("Metadata", {})), is_plain(answer)
    )


def put_file(
    store: ObjectStore, key: str, path: Path, sha256: str, facts: Mapping[str, str], replaces: str = ""
) -> str:
    """Put a file into a bucket, in one piece or in parts; gives its ETag.

    Parameters
    ----------
    store : ObjectStore
    key : str
    path : Path
    sha256 : str
        Of the file. The server refuses other content, if it can tell.
    facts : mapping
        Kept with the object.
    replaces : str
        The ETag of the object that may be replaced; empty: only where there is none.

    Raises
    ------
    ChangedError
        There is an object, or another than the one that may be replaced; it may be this very one, put there by an
        attempt whose answer was lost.
    TemporaryError
        The server or the connection fails again and again, or what arrives is again and again not what was sent.
    """
    size = path.stat().st_size
    if size < _LARGE_BYTES:
        return put_bytes(store, key, path.read_bytes(), sha256, facts, replaces)
    part_bytes = _part_bytes(size)
    wanted = local_etag(path)
    given = {"Bucket": store.bucket, "Key": key, "Metadata": {**facts, _SHA256: sha256}} | _seen_as(key)
    upload = store.ask(key, lambda client: client.create_multipart_upload(**given))["UploadId"]
    is_done = False
    try:
        numbers = range(1, -(-size // part_bytes) + 1)
        parts = each_at_once(
            lambda number: _put_part(store, key, upload, number, path, part_bytes), numbers, _PARTS_AT_ONCE
        )
        _complete(store, key, upload, parts, wanted, replaces)
        is_done = True
    finally:
        if not is_done:
            with suppress(InputError, TemporaryError):
                store.ask(
                    key, lambda client: client.abort_multipart_upload(Bucket=store.bucket, Key=key, UploadId=upload)
                )
    return wanted


def local_etag(path: Path) -> str:
    """The ETag that a file gets where ETags are made of the content."""
    size = path.stat().st_size
    is_large = size >= _LARGE_BYTES
    return etag_of(path, _part_bytes(size) if is_large else size, in_parts=is_large)


def put_bytes(
    store: ObjectStore, key: str, content: bytes, sha256: str, facts: Mapping[str, str], replaces: str = ""
) -> str:
    """Put a small object into a bucket; gives its ETag, raises as `put_file`."""
    given = {
        "Bucket": store.bucket,
        "Key": key,
        "Body": content,
        "Metadata": {**facts, _SHA256: sha256},
        "ChecksumSHA256": b64encode(bytes.fromhex(sha256)).decode(),
        **_seen_as(key),
    }
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    for _ in range(_TRIES):
        condition = _only_if(replaces)
        answer = store.ask(key, lambda client: client.put_object(**given, **condition))  # noqa: B023 - made at once
        etag: str = answer["ETag"].strip('"')
        if etag == md5 or not is_plain(answer) or hash_object(store, key) == sha256:
            return etag
        # a server that does not look at checksums has taken what was bent on the way: this object is ours
        replaces = etag
    raise TemporaryError(f"s3://{store.bucket}/{key}: does not arrive as it is sent. Run the same command again")


def put_text(store: ObjectStore, key: str, text: str, facts: Mapping[str, str], replaces: str) -> str:
    """Put a text into a bucket; gives its ETag, raises as `put_file`."""
    content = text.encode("utf-8", "surrogatepass")
    return put_bytes(store, key, content, hashlib.sha256(content).hexdigest(), facts, replaces)


def copy(store: ObjectStore, key: str, etag: str, size_bytes: int, target: str) -> None:
    """Copy an object within a bucket to where none is, if it still is the one that was seen.

    Raises
    ------
    ChangedError
        It is not.
    """
    source = {"Bucket": store.bucket, "Key": key}
    given = {"Bucket": store.bucket, "Key": target}
    condition = {"CopySourceIfMatch": f'"{etag}"'}
    if size_bytes < _LARGE_BYTES:
        store.ask(key, lambda client: client.copy_object(**given, CopySource=source, **condition))
        return
    stored = about(store, key)
    facts = dict(stored.facts) if stored else {}
    part_bytes = _part_bytes(size_bytes)
    upload = store.ask(target, lambda client: client.create_multipart_upload(**given, Metadata=facts))["UploadId"]

    def copy_part(number: int) -> dict[str, Any]:
        first = (number - 1) * part_bytes
        what = f"bytes={first}-{min(first + part_bytes, size_bytes) - 1}"
        part = {"UploadId": upload, "PartNumber": number, "CopySource": source, "CopySourceRange": what}
        answer = store.ask(key, lambda client: client.upload_part_copy(**given, **part, **condition))
        return {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}

    parts = each_at_once(copy_part, range(1, -(-size_bytes // part_bytes) + 1), _PARTS_AT_ONCE)
    _complete(store, target, upload, parts, "", "")


def _part_bytes(size_bytes: int) -> int:
    return max(_PART_BYTES, -(-size_bytes // _MOST_PARTS))


def _put_part(store: ObjectStore, key: str, upload: str, number: int, path: Path, part_bytes: int) -> dict[str, Any]:
    with path.open("rb") as file:
        file.seek((number - 1) * part_bytes)
        body = file.read(part_bytes)
    given = {"Bucket": store.bucket, "Key": key, "UploadId": upload, "PartNumber": number, "Body": body}
    given["ContentMD5"] = b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    answer = store.ask(key, lambda client: client.upload_part(**given))
    return {"PartNumber": number, "ETag": answer["ETag"]}


def _complete(
    store: ObjectStore, key: str, upload: str, parts: list[dict[str, Any]], wanted: str, replaces: str
) -> None:
    given = {"Bucket": store.bucket, "Key": key, "UploadId": upload, "MultipartUpload": {"Parts": parts}}
    try:
        store.ask(key, lambda client: client.complete_multipart_upload(**given, **_only_if(replaces)))
    except AbsentError:
        # completed by an attempt whose answer was lost, or not at all
        raise ChangedError(
            f"s3://{store.bucket}/{key}: the upload of its parts is gone. Run the same command again"
        ) from None
    found = about(store, key)
    if found is None or (wanted and found.is_plain and found.etag != wanted):
        raise TemporaryError(f"s3://{store.bucket}/{key}: is not there as it was sent. Run the same command again")


def _seen_as(key: str) -> dict[str, Any]:
    kind = _SEEN_AS.get(PurePosixPath(key).suffix)
    return {"ContentType": kind} if kind else {}


def _only_if(replaces: str) -> dict[str, str]:
    return {"IfMatch": f'"{replaces}"'} if replaces else {"IfNoneMatch": "*"}


def hash_object(store: ObjectStore, key: str) -> str:
    """The sha256 of an object as the server gives it."""

    def get(client: Any) -> str:  # noqa: ANN401 - boto3 makes the class as it runs
        digest = hashlib.sha256()
        for block in client.get_object(Bucket=store.bucket, Key=key)["Body"].iter_chunks(_READ_BYTES):
            digest.update(block)
        return digest.hexdigest()

    return store.ask(key, get)
