"""What the files of the planes of one session should all say the same: stimuli, running, licks, trials, eye, animal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.nwb.compare import compare_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change, Context

# what is a plane's own, or of its file only
_OWN = (
    "/processing/ophys",
    "/general/optophysiology",
    "/general/metadata",
    "/general/session_id",
    "/identifier",
    "/file_create_date",
)
_MOST_NAMED = 5


def compare_planes(_nwbfile: NWBFile, context: Context) -> Sequence[Change]:
    """Hold what the planes' files share against the first file, value by value; each file that differs is a finding.

    Run it before the planes are merged: the output has these parts from the first file.
    """
    for other in context.others:
        compared = compare_files(context.path, other.path, announced=_OWN)
        # each file gave its objects ids of their own
        differing = [one for one in compared.differences if not one.where.endswith("@object_id")]
        if not differing:
            continue
        named = "; ".join(f"{one.where}: {one.sentence}" for one in differing[:_MOST_NAMED])
        more = f"; and {len(differing) - _MOST_NAMED} more" if len(differing) > _MOST_NAMED else ""
        sentence = (
            f"does not say the same of the session as {context.path.name}, of which the output has it: {named}{more}"
        )
        numbers = {"places": [one.where for one in differing]}
        context.findings.append(Finding(Code.PARTS_DISAGREE, Severity.WARNING, other.path.name, sentence, numbers))
    return []
