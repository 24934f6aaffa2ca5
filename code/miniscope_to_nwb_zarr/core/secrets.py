"""Addresses as they may be shown: without the name and the password that can stand in them."""

from __future__ import annotations

import re

# up to the last @ of the word: a password may hold one, and a slash that was not encoded
_CREDENTIALS = re.compile(r"(?<=://)[^\s'\"]*@")


def without_secrets(text: str) -> str:
    """A text with every name and password in an address left out.

    Examples
    --------
    >>> without_secrets("GET http://jane:p@ss@host/subject failed")
    'GET http://***@host/subject failed'
    """
    return _CREDENTIALS.sub("***@", text)
