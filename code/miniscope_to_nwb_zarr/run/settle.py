"""Whether an output that is there already is the one wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.core.errors import ConflictError, VerificationError
from miniscope_to_nwb_zarr.core.receipt import differences
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.verify import check_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.receipt import FileEntry, Receipt


def settle(
    final: Path,
    sources: tuple[FileEntry, ...],
    plan: str,
    *,
    options: Mapping[str, Any],
    existing: str,
    workers: int,
    may_follow: bool = False,
) -> Receipt | None:
    """The receipt of an output that is already there and is the one wanted; None when there is work to do.

    Parameters
    ----------
    final : Path
        The folder of the output.
    sources : tuple of FileEntry
    plan : str
        The plan digest of this run.
    options : mapping
        Those that change the output, as JSON values.
    existing : str
        ``verify``, ``error`` or ``replace``.
    workers : int
        Threads that hash.
    may_follow : bool
        Whether this output may take the place of the one there as its next version.

    Raises
    ------
    ConflictError
        Another output of that name is there.
    VerificationError
        The output is the one wanted, and has changed since it was written.
    """
    if not final.exists():
        return None
    found = commit.read_receipt(final)
    if existing == "replace":
        is_sound = found is not None and found.plan_digest == plan and not check_files(final, found, workers)
        return found if is_sound else None
    if existing == "error":
        raise ConflictError(f"{final.name}: is already in the results; nothing was changed (--existing error)")
    if found is None:
        raise ConflictError(
            f"{final.name}: a folder of that name is in the results and holds no receipt of ours; nothing was changed. "
            "Move it away, or use --existing replace"
        )
    if plan in {found.plan_digest, found.store_plan}:
        problems = check_files(final, found, workers)
        if problems:
            raise VerificationError(
                f"{final.name}: the output is finished, but {len(problems)} file(s) are not as they were written: "
                f"{'; '.join(problems[:3])}. Use --existing replace to convert it again; the former is kept"
            )
        return found
    if may_follow:
        return None
    differs = "; ".join(differences(found, sources, options, __version__))
    raise ConflictError(
        f"{final.name}: the output that is there was not made as this one would be ({differs}); nothing was changed. "
        "Use --existing replace to make it again (the former is kept), or another --results_dir"
    )


def has_metadata_only(final: Path) -> bool:
    """Whether the output that is there has metadata files and no store: one may be added to them."""
    found = commit.read_receipt(final)
    return found is not None and not found.nwb_digest
