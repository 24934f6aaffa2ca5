"""A request to stop, remembered until it is obeyed.

The exception that a signal raises can be lost: a library that is being imported, or a finaliser, may swallow it. So the
request is kept, and raised again when the next step begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import Stopped

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.core.errors import ExitCode

_requested: list[ExitCode] = []


def request(code: ExitCode) -> None:
    """Remember that the run is to stop."""
    _requested[:] = [code]


def forget() -> None:
    """Begin anew."""
    _requested.clear()


def is_requested() -> bool:
    """Whether the run is to stop."""
    return bool(_requested)


def obey() -> None:
    """Raise what was requested, if anything.

    Raises
    ------
    Stopped
        The run is to stop.
    """
    if _requested:
        raise Stopped(_requested[0])
