"""Whether an output that is there already is the one wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import ConflictError, VerificationError
from miniscope_to_nwb_zarr.core.receipt import differences
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.verify import check_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.receipt import FileEntry, Receipt


@dataclass(frozen=True, slots=True)
class Found:
    """What is there under the name of an output, on a disk or in a bucket."""

    name: str
    exists: bool
    receipt: Receipt | None
    """None where there is nothing, or nothing of ours."""
    problems: Callable[[Receipt], list[str]]
    """Sentences on every file that is not as the receipt has it."""

    @property
    def has_metadata_only(self) -> bool:
        """Whether there are metadata files and no store: one may be added to them."""
        return self.receipt is not None and not self.receipt.nwb_digest

    @property
    def has_store_only(self) -> bool:
        """Whether metadata files may still be added."""
        return self.receipt is not None and not self.receipt.options.get("metadata")


def found_at(final: Path, workers: int) -> Found:
    """What is there at the place of an output; `workers` threads hash it."""
    receipt = commit.read_receipt(final)
    return Found(final.name, final.exists(), receipt, lambda receipt: check_files(final, receipt, workers))


def settle(
    found: Found,
    sources: tuple[FileEntry, ...],
    plan: str,
    *,
    options: Mapping[str, Any],
    existing: str,
    may_follow: bool = False,
) -> Receipt | None:
    """The receipt of an output that is already there and is the one wanted; None when there is work to do.

    Parameters
    ----------
    found : Found
    sources : tuple of FileEntry
    plan : str
        The plan digest of this run.
    options : mapping
        Those that change the output, as JSON values.
    existing : str
        ``verify``, ``error`` or ``replace``.
    may_follow : bool
        Whether this output may take the place of the one there as its next version.

    Raises
    ------
    ConflictError
        Another output of that name is there.
    VerificationError
        The output is the one wanted, and has changed since it was written.
    """
    if not found.exists:
        return None
    name, receipt = found.name, found.receipt
    if existing == "replace":
        is_sound = receipt is not None and receipt.plan_digest == plan and not found.problems(receipt)
        return receipt if is_sound else None
    if existing == "error":
        raise ConflictError(f"{name}: is already in the results; nothing was changed (--existing error)")
    if receipt is None:
        raise ConflictError(
            f"{name}: a folder of that name is in the results and holds no receipt of this program; nothing was "
            "changed. Move it away, or use --existing replace"
        )
    if plan in {receipt.plan_digest, receipt.store_plan}:
        problems = found.problems(receipt)
        if problems:
            raise VerificationError(
                f"{name}: the output is finished, but {counted(len(problems), 'file')} changed after it was written: "
                f"{'; '.join(problems[:3])}. Use --existing replace to convert it again; the former is kept"
            )
        return receipt
    if may_follow:
        return None
    differs = "; ".join(differences(receipt, sources, options, __version__))
    raise ConflictError(
        f"{name}: the existing output was made in another way than this one would be ({differs}); nothing was "
        "changed. Use --existing replace to make it again (the former is kept), or another --results_dir"
    )
