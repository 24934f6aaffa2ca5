"""How long each part of the work takes."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.run import stop

if TYPE_CHECKING:
    from collections.abc import Iterator


class Phases:
    """Seconds by name of the part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time what is done within; a run that is to stop does not begin it.

        Raises
        ------
        Stopped
            The run is to stop.
        """
        stop.obey()
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - began
