"""Files in a bucket of S3, of Amazon or of any server that speaks as it does: listed, looked at, and read in ranges.

boto3 is loaded when a store is opened. It takes credentials from where Amazon's own tools have them, and the address of
another server from ``AWS_ENDPOINT_URL`` where none is given.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.buckets.patience import MOST_AT_ONCE, ChangedError, NoAnswerError, Patience
from miniscope_to_nwb_zarr.core.errors import InputError, TemporaryError
from miniscope_to_nwb_zarr.core.secrets import without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from miniscope_to_nwb_zarr.buckets.patience import Answer
    from miniscope_to_nwb_zarr.core.addresses import BucketAddress

# Allen's public buckets lie there; used where the environment names no region
_REGION = "us-west-2"
_TIMEOUT_S = 60
# of a file or bucket that is not there, and of one that must not be read
_ABSENT = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound", "NoSuchUpload"})
_FORBIDDEN = frozenset({"401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"})
_CHANGED = frozenset({"412", "PreconditionFailed"})
_OF_CLOCK = frozenset({"RequestTimeTooSkewed", "RequestExpired"})


class AbsentError(InputError):
    """It is not in the bucket."""


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


@dataclass(frozen=True, slots=True)
class StorePlace:
    """A folder of a bucket, and how its server is asked; can be sent to another process, and holds no secret."""

    address: BucketAddress
    endpoint: str | None = None
    """The address of another server than Amazon's."""
    with_credentials: bool = False
    """Sign requests with the credentials of the environment; else ask as anybody may."""

    def __str__(self) -> str:
        return str(self.address)

    def open(self) -> ObjectStore:
        """The store, which loads boto3; one for all who ask in a process, since the server is the same for all."""
        # connections must not be shared with a process that was forked off
        surroundings = tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))
        return _opened(self, os.getpid(), surroundings)


class ObjectStore:
    """A folder of a bucket; several threads may use it at once.

    Parameters
    ----------
    place : StorePlace
    """

    def __init__(self, place: StorePlace) -> None:
        self.place = place
        self.bucket = place.address.bucket
        self.prefix = place.address.prefix
        self._client = _client(place)
        self._patience = Patience()

    def ask(self, what: str, request: Callable[[Any], Answer]) -> Answer:
        """Make a request of boto3's client, again if the server or the connection fails.

        Parameters
        ----------
        what : str
            The key that it is about.
        request : callable
            Given the client.

        Raises
        ------
        AbsentError, InputError
            It is not there, or must not be read or written.
        ChangedError
            What is there is not what the request was made for.
        TemporaryError
            The server or the connection fails again and again.
        """

        def explained() -> Answer:
            with _explaining(f"s3://{self.bucket}/{what}".rstrip("/")):
                return request(self._client)

        return self._patience.ask(explained)

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
        for page in self._pages(below):
            found += [
                RemoteFile(each["Key"], each["Size"], each["ETag"].strip('"'))
                for each in page.get("Contents", ())
                if not each["Key"].endswith("/")
            ]
        return sorted(found, key=lambda file: file.key)

    def find(self, key: str) -> RemoteFile | None:
        """The file with this key; None where there is none."""
        try:
            answer = self.ask(key, lambda client: client.head_object(Bucket=self.bucket, Key=key))
        except AbsentError:
            return None
        return RemoteFile(key, answer["ContentLength"], answer["ETag"].strip('"'))

    def folders(self) -> list[str]:
        """The names of the folders directly in the store's folder."""
        found = []
        for page in self._pages("", Delimiter="/"):
            found += [each["Prefix"].removeprefix(self.prefix).strip("/") for each in page.get("CommonPrefixes", ())]
        return sorted(found)

    def _pages(self, below: str, **how: str) -> Iterator[Mapping[str, Any]]:
        place = {"Bucket": self.bucket, "Prefix": f"{self.prefix}{below}", **how}
        while True:
            page = self.ask(f"{self.prefix}{below}", lambda client: client.list_objects_v2(**place))
            yield page
            if not page.get("IsTruncated"):
                return
            place["ContinuationToken"] = page["NextContinuationToken"]

    def read(self, file: RemoteFile, first: int, stop: int) -> bytes:
        """The bytes ``[first, stop)`` of a file that is still as it was listed.

        Raises
        ------
        TemporaryError
            The file has been changed, the server does not answer, or the connection breaks.
        """

        def get(client: Any) -> bytes:  # noqa: ANN401 - boto3 makes the class as it runs
            answer = client.get_object(
                Bucket=self.bucket, Key=file.key, Range=f"bytes={first}-{stop - 1}", IfMatch=f'"{file.etag}"'
            )
            content: bytes = answer["Body"].read()
            if len(content) != stop - first:
                raise TemporaryError(
                    f"{self.url_of(file)}: the server gave {len(content)} bytes of {stop - first} asked for. Run the "
                    "same command again"
                )
            return content

        return self.ask(file.key, get) if stop > first else b""

    def part_bytes(self, file: RemoteFile) -> int:
        """How large the parts are in which a file was put there; its ETag was made of them."""
        answer = self.ask(file.key, lambda client: client.head_object(Bucket=self.bucket, Key=file.key, PartNumber=1))
        return int(answer["ContentLength"])

    def tells_content(self, file: RemoteFile) -> bool:
        """Whether the ETag of a file is made of its content alone; with a key of the user's or of KMS it is not."""
        answer = self.ask(file.key, lambda client: client.head_object(Bucket=self.bucket, Key=file.key))
        return is_plain(answer)

    def url_of(self, file: RemoteFile) -> str:
        """The address of a file."""
        return f"s3://{self.bucket}/{file.key}"


@cache
def _opened(place: StorePlace, _process: int, _surroundings: tuple[tuple[str, str], ...]) -> ObjectStore:
    return ObjectStore(place)


def is_plain(answer: Mapping[str, Any]) -> bool:
    """Whether what the server says of a file has an ETag that is made of the content alone."""
    kind = str(answer.get("ServerSideEncryption", ""))
    return not kind.startswith("aws:kms") and "SSECustomerAlgorithm" not in answer


def _client(place: StorePlace) -> Any:  # noqa: ANN401 - boto3 makes the class as it runs
    import boto3  # noqa: PLC0415 - takes a third of a second, which only runs with buckets need
    from botocore import UNSIGNED  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    # tried again by `Patience` alone
    settings: dict[str, Any] = {
        "retries": {"total_max_attempts": 1, "mode": "standard"},
        "connect_timeout": _TIMEOUT_S / 4,
        "read_timeout": _TIMEOUT_S,
        "max_pool_connections": MOST_AT_ONCE,
    }
    if not place.with_credentials:
        settings["signature_version"] = UNSIGNED
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or _REGION
    return boto3.client("s3", region_name=region, endpoint_url=place.endpoint, config=Config(**settings))


@contextmanager
def _explaining(where: str) -> Iterator[None]:
    """Within this context errors of boto3 become errors of this program."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415 - see above
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - a part of botocore

    try:
        yield
    except ClientError as error:
        raise _of_answer(where, str(error.response.get("Error", {}).get("Code", ""))) from error
    except NoCredentialsError as error:
        raise InputError(f"{where}: no credentials were found. Set them up, or use --s3_credentials False") from error
    except (BotoCoreError, HTTPError, OSError) as error:
        problem = without_secrets(str(error))
        raise NoAnswerError(f"{where}: the connection failed ({problem}). Run the same command again") from error


def _of_answer(where: str, code: str) -> InputError | TemporaryError:
    if code in _ABSENT:
        return AbsentError(f"{where}: is not there. Check the address")
    if code in _FORBIDDEN:
        return InputError(
            f"{where}: the server refuses access ({code}). Use --s3_credentials True and credentials that have it"
        )
    if code in _CHANGED:
        return ChangedError(f"{where}: was changed meanwhile. Run the same command again")
    if code in _OF_CLOCK:
        return TemporaryError(
            f"{where}: the clock of this machine is not that of the server ({code}). Set it, and run the same command "
            "again"
        )
    return TemporaryError(f"{where}: the server says {code}. Run the same command again later")
