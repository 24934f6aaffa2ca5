"""What a recording is judged by: a figure, the rule, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from miniscope_to_nwb_zarr.core.findings import Code, Finding


class Verdict(StrEnum):
    """What a figure means. The worst of several counts."""

    GOOD = "good"
    LOOK = "look"
    """A person has to look."""
    BAD = "bad"


class Aspect(StrEnum):
    """What of a session a measure is about."""

    SCOPE = "scope"
    CAMERA = "camera"
    ORIENTATION = "orientation"
    ELECTRODES = "electrodes"
    TWO_PHOTON = "two_photon"
    BEHAVIOR = "behavior"


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of one device in one recording, or of a whole session.

    Examples
    --------
    >>> Measure("Gaps", "no gap", {"gaps": 0}, Verdict.GOOD, Aspect.SCOPE, "HPC").value["gaps"]
    0
    """

    name: str
    rule: str
    """How the value leads to the verdict, in words."""
    value: Mapping[str, Any]
    """Plain JSON values; none of them is None."""
    verdict: Verdict
    aspect: Aspect
    device: str = ""
    """Empty for what concerns the whole session."""
    recording: str = ""
    picture: str = ""
    """The file that shows it, by its path in the output; empty where there is none."""


_VERDICTS = {Severity.INFO: Verdict.GOOD, Severity.WARNING: Verdict.LOOK, Severity.ERROR: Verdict.BAD}


def verdict_of(
    findings: Iterable[Finding], codes: Collection[Code] | None = None, doubtful: Collection[Code] = ()
) -> Verdict:
    """The verdict that findings lead to: an error is bad, a warning wants a look, all else is good.

    Parameters
    ----------
    findings : iterable of Finding
    codes : collection of Code, optional
        Those that count; all where it is not given.
    doubtful : collection of Code
        Those that want a look, whatever their severity.
    """
    verdicts = [_VERDICTS[f.severity] for f in findings if codes is None or f.code in codes]
    verdicts += [Verdict.LOOK for f in findings if f.code in doubtful]
    return worst(verdicts)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of some verdicts; good where there is none."""
    return max(verdicts, key=list(Verdict).index, default=Verdict.GOOD)
