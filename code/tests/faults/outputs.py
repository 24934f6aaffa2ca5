"""What an output, and what lies around it in the results, is held against."""

import os
from pathlib import Path

from miniscope_to_nwb_zarr.core.receipt import Receipt
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.verify import check_files


def receipt_of(output: Path) -> Receipt:
    """The receipt of an output, which must be there."""
    receipt = commit.read_receipt(output)
    assert receipt is not None, "an output without a receipt"
    return receipt


def hold_whole_or_absent(final: Path, wanted: str) -> bool:
    """Whether there is an output; if so, it is the wanted one down to the bytes of each file."""
    if not os.path.lexists(final):
        return False
    receipt = receipt_of(final)
    assert receipt.content_digest == wanted, "an output of another content"
    assert check_files(final, receipt, 1) == []
    return True


def is_whole(final: Path, wanted: str) -> bool:
    """Whether there is an output, and it is the wanted one down to the bytes of each file."""
    try:
        return hold_whole_or_absent(final, wanted)
    except AssertionError:
        return False


def hold_versions(final: Path, former: str, wanted: str) -> None:
    """An output is the former version, or the wanted one and the former is kept; by their content digests."""
    kept = [path for path in (final.parent / ".replaced").glob("*") if is_whole(path, former)]
    assert is_whole(final, former) or (is_whole(final, wanted) and kept)


def outputs_in(results: Path) -> list[str]:
    """Names of what lies in the results, but for what runs say of themselves."""
    return sorted(path.name for path in results.iterdir() if not path.name.startswith("run-"))


def clear_staging(results: Path) -> None:
    """Do what ``--clean_staging delete`` does a while later; no staging folder is left after that."""
    for folder in results.glob(f"{commit.STAGING_PREFIX}*"):
        os.utime(folder, (0, 0))
    for leftover in commit.leftovers(results) if results.exists() else ():
        assert commit.remove_leftover(leftover), f"{leftover} cannot be removed"
