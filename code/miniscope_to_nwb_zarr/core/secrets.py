"""Addresses as they may be shown: without the names, passwords, keys and signatures that can stand in them."""

from __future__ import annotations

import re

# up to the last @ of the word: a password may hold one, and a slash that was not encoded; paths lose one of two slashes
_CREDENTIALS = re.compile(r"(?<=\w\w:/)(/?)[^\s'\"]*@")
_KEYS = r"X-Amz-[\w-]+|AWSAccessKeyId|Signature|sig|[\w-]*token|[\w-]*api_?-?key|password|passwd|secret"
_QUERY = re.compile(rf"((?:[?&]|%3F|%26)(?:{_KEYS})(?:=|%3D))[^\s&'\"#]+", re.IGNORECASE)


def without_secrets(text: str) -> str:
    """A text with every name and password in an address left out, and what signs it.

    Examples
    --------
    >>> without_secrets("GET http://jane:p@ss@host/subject failed")
    'GET http://***@host/subject failed'
    >>> without_secrets("https://bucket/file?X-Amz-Signature=abc&versionId=7")
    'https://bucket/file?X-Amz-Signature=***&versionId=7'
    """
    return _QUERY.sub(r"\1***", _CREDENTIALS.sub(r"\1***@", text))
