"""What validator and inspector say of a converted NWB file, held against what the validator says of its source."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import zarr
from hdmf.common import VectorIndex
from nwbinspector import Importance

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.inspect_nwb import (
    Inspection,
    by_importance,
    in_words,
    messages_of,
    report_of,
    validate,
)
from miniscope_to_nwb_zarr.data_conversion.nwb.sources import explaining

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.sources import NwbSource

_LISTED = 5
# hdmf-zarr names each column of text or references twice when it is asked for the type of a table: no table that has
# both is what any schema asks for, whatever it holds
_MISREAD_BY_HDMF_ZARR = "'object_'"

_LOADED_BYTES = 64_000_000


def errors_of(source: NwbSource) -> Counter[str]:
    """What the validator says of a file as it is stored, each sentence with its count."""
    with explaining(source.path):
        said = [str(error) for error in validate(source.io)]
    return Counter(error for error in said if not (source.is_zarr and _MISREAD_BY_HDMF_ZARR in error))


def inspect_output(output: NwbSource, own: Counter[str], remarks: Iterable[str], name: str, report: str) -> Inspection:
    """Run validator and inspector on a file that was read back.

    Parameters
    ----------
    output : NwbSource
    own : Counter of str
        What the validator says of the source (`errors_of`): it is reported, not refused.
    remarks : iterable of str
        What the libraries said when they read the source.
    name : str
        Of the output.
    report : str
        Where the words of both will stand in the output.

    Raises
    ------
    VerificationError
        The validator finds an error that the source did not have.
    """
    errors = errors_of(output)
    new = errors - own
    if new:
        listed = "; ".join(list(new)[:_LISTED])
        raise VerificationError(
            f"{name}: the NWB validator reports {counted(new.total(), 'error')} that the source does not have: "
            f"{listed}. No output was made; please report this"
        )
    _load_columns(output.nwbfile)
    messages = messages_of(output.nwbfile)
    findings = [
        Finding(Code.NWB_SCHEMA, Severity.WARNING, "", f"{error}: so it is in the source, too", {"count": count})
        for error, count in errors.items()
    ]
    findings += [Finding(Code.NWB_SCHEMA, Severity.INFO, "", f"{remark}: so the source was read") for remark in remarks]
    if messages:
        counts = by_importance(messages)
        is_critical = any(message.importance is Importance.CRITICAL for message in messages)
        findings.append(
            Finding(
                Code.INSPECTOR,
                Severity.WARNING if is_critical else Severity.INFO,
                report,
                f"the NWB inspector has remarks ({in_words(counts)}), listed in this file",
                dict(counts),
            )
        )
    return Inspection(report_of(name, messages, list(errors.elements())), tuple(findings))


def _load_columns(nwbfile: NWBFile) -> None:
    """Read ragged columns of numbers once: the inspector takes them row by row, and would unpack a chunk for each."""
    for child in nwbfile.all_children():
        if isinstance(child, VectorIndex):
            column = child.target
            array = column.data
            if isinstance(array, zarr.Array) and array.dtype.kind in "iuf" and array.nbytes <= _LOADED_BYTES:
                column.transform(lambda stored: stored[:])
