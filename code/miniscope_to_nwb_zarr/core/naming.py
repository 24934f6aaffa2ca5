"""Names of outputs, made from names that people typed."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.text import visible

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

_MAX_LENGTH = 80
# device names of Windows, on whose disks results are unpacked too
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)$")


def subject_id(label: str) -> str | None:
    """A subject's name with letters, digits and hyphens only, as AIND and DANDI want it; None if nothing is left.

    Examples
    --------
    >>> subject_id("mouse_12 (left)")
    'mouse-12-left'
    >>> subject_id("???") is None
    True
    """
    return _clean(label, r"[^A-Za-z0-9-]+", "-") or None


def device_name(folder: str, taken: Collection[str] = ()) -> str:
    """A device's name for every output, from the name of its folder; distinct from the names already taken.

    Examples
    --------
    >>> device_name("My_V4_Miniscope"), device_name("Cam:1", {"Cam_1"})
    ('My_V4_Miniscope', 'Cam_1_2')
    """
    name = _clean(folder, r"[^A-Za-z0-9_-]+", "_") or "device"
    if name not in taken:
        return name
    return next(f"{name}_{k}" for k in range(2, len(taken) + 3) if f"{name}_{k}" not in taken)


def copy_name(name: str) -> str:
    r"""The name of a file's copy: its own, but for characters that could act where it is listed.

    Examples
    --------
    >>> copy_name("müde 0.avi"), copy_name("\x1b[2J0.avi")
    ('müde 0.avi', '_x1b[2J0.avi')
    """
    shown = visible(name)
    return name if shown == name else shown.replace("\\", "_")[-_MAX_LENGTH:]


def session_name(subject: str | None, start: datetime, source_digest: str) -> str:
    """``<subject>_<YYYY-MM-DD>_<HH-MM-SS>`` in local time, or ``unnamed-<8 hex>`` in place of an unknown subject."""
    return f"{subject or 'unnamed-' + source_digest[:8]}_{start:%Y-%m-%d_%H-%M-%S}"


def _clean(text: str, unwanted: str, by: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(unwanted, by, plain).strip("-_")[:_MAX_LENGTH].strip("-_")
    return f"{name}{by}1" if _RESERVED.match(name) else name
