"""Files in a bucket of S3, of Amazon or of any server that speaks as it does: listed, and read in ranges.

boto3 is loaded when a store is opened. It takes the address of another server from ``AWS_ENDPOINT_URL`` and credentials
from where Amazon's own tools have them.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import InputError, TemporaryError, UsageError
from miniscope_to_nwb_zarr.core.secrets import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

_ATTEMPTS = 8
# Allen's public buckets lie there; used where the environment names no region
_REGION = "us-west-2"
_TIMEOUT_S = 60
# of a file or bucket that is not there, and of one that must not be read
_ABSENT = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})
_FORBIDDEN = frozenset({"401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"})
_CHANGED = frozenset({"412", "PreconditionFailed"})


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a bucket as its server lists it."""

    key: str
    """Its name in the bucket, folders included."""
    size_bytes: int
    etag: str
    """What the server says of its content, without quotes."""

    @property
    def name(self) -> str:
        """The last part of the key."""
        return self.key.rpartition("/")[2]


class ObjectStore:
    """A folder of a bucket.

    Parameters
    ----------
    url : str
        ``s3://bucket/folder``.
    with_credentials : bool
        Sign requests with the credentials of the environment; else ask as anybody may.

    Raises
    ------
    UsageError
        The address is no such one, or has credentials in it.
    """

    def __init__(self, url: str, *, with_credentials: bool = False) -> None:
        self.url = url.rstrip("/")
        scheme, _, place = self.url.partition("://")
        self.bucket, _, folder = place.partition("/")
        # a secret key may hold a slash, no name of a bucket a colon
        if {"@", ":"} & set(self.bucket):
            raise UsageError(
                f"{without_secrets(url)!r} has credentials in it: leave them out, set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, and use --s3_credentials True"
            )
        if scheme != "s3" or not self.bucket:
            raise UsageError(f"{without_secrets(url)!r} is no address of a bucket: expected s3://bucket/folder")
        self._folder = f"{folder}/" if folder else ""
        self._client = _client(with_credentials=with_credentials)

    def files(self, below: str = "") -> list[RemoteFile]:
        """All files whose name begins with `below`, by key; `below` counts from the store's folder.

        Raises
        ------
        InputError
            The bucket is not there, or must not be read.
        TemporaryError
            The server does not answer.
        """
        found = []
        with _explaining(f"{self.url}/{below}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=f"{self._folder}{below}"
            )
            for page in pages:
                found += [
                    RemoteFile(each["Key"], each["Size"], each["ETag"].strip('"'))
                    for each in page.get("Contents", ())
                    if not each["Key"].endswith("/")
                ]
        return sorted(found, key=lambda file: file.key)

    def read(self, file: RemoteFile, first: int, stop: int) -> bytes:
        """The bytes ``[first, stop)`` of a file that is still as it was listed.

        Raises
        ------
        TemporaryError
            The file has been changed, the server does not answer, or the connection broke.
        """
        with _explaining(self.url_of(file)):
            answer = self._client.get_object(
                Bucket=self.bucket, Key=file.key, Range=f"bytes={first}-{stop - 1}", IfMatch=f'"{file.etag}"'
            )
            content: bytes = answer["Body"].read()
        return content

    def part_bytes(self, file: RemoteFile) -> int:
        """How large the parts are in which a file was put there; its ETag was made of them."""
        with _explaining(self.url_of(file)):
            answer = self._client.head_object(Bucket=self.bucket, Key=file.key, PartNumber=1)
        return int(answer["ContentLength"])

    def url_of(self, file: RemoteFile) -> str:
        """The address of a file."""
        return f"s3://{self.bucket}/{file.key}"


def _client(*, with_credentials: bool) -> Any:  # noqa: ANN401 - boto3 makes the class as it runs
    import boto3  # noqa: PLC0415 - takes a third of a second, which only downloads need
    from botocore import UNSIGNED  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    # standard: a 503, a lost connection and the like are tried again, each time after a longer, random wait
    settings = {"retries": {"total_max_attempts": _ATTEMPTS, "mode": "standard"}, "read_timeout": _TIMEOUT_S}
    if not with_credentials:
        settings["signature_version"] = UNSIGNED
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or _REGION
    return boto3.client("s3", region_name=region, config=Config(**settings))


@contextmanager
def _explaining(where: str) -> Iterator[None]:
    """Within this context errors of boto3 become errors of this program."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415 - see above
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - a part of botocore

    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _ABSENT:
            raise InputError(f"{where}: is not there. Check the address and the session's id") from error
        if code in _FORBIDDEN:
            raise InputError(
                f"{where}: the server refuses to give it ({code}). Use --s3_credentials True and credentials that may "
                "read it"
            ) from error
        if code in _CHANGED:
            raise TemporaryError(f"{where}: was changed while it was fetched. Run the same command again") from error
        raise TemporaryError(f"{where}: the server says {code}. Run the same command again later") from error
    except NoCredentialsError as error:
        raise InputError(f"{where}: no credentials were found. Set them up, or use --s3_credentials False") from error
    except (BotoCoreError, HTTPError, OSError) as error:
        problem = without_secrets(str(error))
        raise TemporaryError(f"{where}: the connection failed ({problem}). Run the same command again") from error
