"""Words that people and forms put where a value is not known."""

from __future__ import annotations

import re

_PLACEHOLDER = re.compile(
    r"(?i)(unknown|unk|n/?a|none|null|nan|tbd|tba|todo|to do|to enter|enter here|placeholder|missing|not known|"
    r"x{2,}|[?.…_-]*|<.*>)"
)


def stands_for_nothing(text: str) -> bool:
    """Whether a text only says that there is no value, which must not reach a metadata file as if it were one.

    Examples
    --------
    >>> stands_for_nothing("TBD"), stands_for_nothing("not genotyped")
    (True, False)
    """
    return _PLACEHOLDER.fullmatch(text.strip()) is not None
