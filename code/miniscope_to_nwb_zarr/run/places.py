"""Where results may lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def refuse_inside(results_dir: Path, folders: Iterable[Path], flag: str = "--results_dir") -> None:
    """Refuse results that would lie inside the data.

    Raises
    ------
    UsageError
        They would.
    """
    results = results_dir.resolve()
    for folder in folders:
        if results.is_relative_to(folder.resolve()):
            raise UsageError(
                f"{flag} {results_dir}: lies inside the data ({folder}), which is never written to; choose another"
            )
