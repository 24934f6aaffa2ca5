"""Addresses of folders in buckets: ``s3://bucket/folder``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from miniscope_to_nwb_zarr.core.errors import UsageError
from miniscope_to_nwb_zarr.core.secrets import without_secrets

SCHEME = "s3://"


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """A folder of a bucket.

    Examples
    --------
    >>> address = BucketAddress.parse("s3://lab/raw/2025/")
    >>> address.bucket, address.folder, str(address)
    ('lab', 'raw/2025', 's3://lab/raw/2025')
    """

    bucket: str
    folder: str
    """Without slashes at its ends; empty for the whole bucket."""

    def __str__(self) -> str:
        return f"{SCHEME}{self.bucket}/{self.folder}".rstrip("/")

    @property
    def prefix(self) -> str:
        """What the keys of all its files begin with."""
        return f"{self.folder}/" if self.folder else ""

    def below(self, path: str) -> BucketAddress:
        """A folder in this one; itself for an empty path."""
        return BucketAddress(self.bucket, f"{self.prefix}{path}".strip("/"))

    def is_inside(self, other: BucketAddress) -> bool:
        """Whether it is `other` or lies in it."""
        return self.bucket == other.bucket and f"{self.prefix}".startswith(other.prefix)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address.

        Raises
        ------
        UsageError
            It is no such one, or has credentials in it.
        """
        place = text.removeprefix(SCHEME)
        bucket, _, folder = place.partition("/")
        # a secret key may hold a slash, no name of a bucket a colon
        if {"@", ":"} & set(bucket) and text.startswith(SCHEME):
            raise UsageError(
                f"{without_secrets(text)!r} has credentials in it: leave them out, set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, and use --s3_credentials True"
            )
        parts = folder.rstrip("/").split("/") if folder.rstrip("/") else []
        if not text.startswith(SCHEME) or not bucket or {"", ".", ".."} & set(parts):
            raise UsageError(f"{without_secrets(text)!r} is not an address of a bucket: expected s3://bucket/folder")
        return cls(bucket, folder.strip("/"))
