"""The measures of a store that was made from NWB files: what was found, and that it was read back and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.qc.measure import Aspect, Measure, Verdict
from miniscope_to_nwb_zarr.qc.session_measures import INSPECTOR, VERIFICATION, listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miniscope_to_nwb_zarr.core.findings import Finding

# in the order in which one stands for the whole session
_ASPECTS = {"ecephys": Aspect.ELECTRODES, "pophys": Aspect.TWO_PHOTON, "behavior": Aspect.BEHAVIOR}
# what was changed on purpose is told in the change log; facts of the lab are no matter of quality
_NOT_LISTED = frozenset({Code.FACT_MISSING, Code.FACT_UNKNOWN, Code.INSPECTOR})


def nwb_measures(modalities: Sequence[str], findings: Sequence[Finding]) -> tuple[Measure, ...]:
    """Every measure of a store that is verified; none where it holds none of the modalities that have an aspect.

    Parameters
    ----------
    modalities : sequence of str
        Their abbreviations in aind-data-schema.
    findings : sequence of Finding
        All of them, those of the store included.
    """
    aspect = next((aspect for name, aspect in _ASPECTS.items() if name in modalities), None)
    return () if aspect is None else tuple(_measures(aspect, findings))


def _measures(aspect: Aspect, findings: Sequence[Finding]) -> Iterator[Measure]:
    listed = [f for f in findings if f.code not in _NOT_LISTED and not _is_announced(f)]
    yield listing(listed, aspect)
    unannounced = sum(f.code is Code.NWB_CHANGED and not _is_announced(f) for f in findings)
    yield Measure(
        VERIFICATION,
        "Every large array was read back from the disk and is what was read from the source; otherwise no output is "
        "made. Passes where all else is as in the source, too, except for what the change log says; a person has to "
        "look at differences that no change in the log explains.",
        {"changes_in_the_log": sum(map(_is_announced, findings)), "other_differences": unannounced},
        Verdict.LOOK if unannounced else Verdict.GOOD,
        aspect,
    )
    remarks = {name: int(count) for f in findings if f.code is Code.INSPECTOR for name, count in f.numbers.items()}
    own = sum(int(f.numbers.get("count", 0)) for f in findings if f.code is Code.NWB_SCHEMA)
    yield Measure(
        INSPECTOR,
        "No output is made if the NWB validator finds an error that the source does not have. Passes where it finds "
        "none at all and the NWB inspector has no critical remark; a person has to look otherwise.",
        {
            "validator_errors_of_the_source": own,
            "remarks": {name.replace(" ", "_"): count for name, count in sorted(remarks.items())},
        },
        Verdict.LOOK if remarks.get("critical") or own else Verdict.GOOD,
        aspect,
    )


def _is_announced(finding: Finding) -> bool:
    """Whether a finding tells a line of the change log."""
    return finding.code is Code.NWB_CHANGED and "change" in finding.numbers
