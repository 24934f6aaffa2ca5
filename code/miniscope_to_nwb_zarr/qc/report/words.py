"""The session in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted, duration_text
from miniscope_to_nwb_zarr.core.missing import n_missing
from miniscope_to_nwb_zarr.qc.measure import Verdict, worst

if TYPE_CHECKING:
    from collections.abc import Sequence

    from miniscope_to_nwb_zarr.qc.report.facts import DeviceFacts, ReportFacts

_MINUTE_S = 60.0
VERDICTS = {
    Verdict.GOOD: "Nothing was found that is a reason not to use this recording.",
    Verdict.LOOK: "Usable, with something to look at first.",
    Verdict.BAD: "Data is missing, damaged or cannot be trusted. Read the findings before you use it.",
}


def verdict(facts: ReportFacts) -> Verdict:
    """The worst of all measures."""
    return worst(measure.verdict for measure in facts.measures)


def headline(facts: ReportFacts) -> str:
    """What a person wants to know first, such as "2 scopes, 29.8 min, 53,614 frames, 2 missing, verified"."""
    parts = []
    recordings = facts.session.recordings
    if len(recordings) > 1:
        parts.append(counted(len(recordings), "recording"))
    for devices, word in ((facts.scopes, "scope"), (facts.cameras, "camera")):
        names = {device.name for device in devices}
        if names:
            parts.append(counted(len(names), word))
    parts.append(length_text(sum(recording.duration_s for recording in recordings)))
    parts.append(counted(sum(device.stream.n_frames for device in facts.scopes or facts.cameras), "frame"))
    parts += lost_words(facts.scopes or facts.cameras)
    return ", ".join([*parts, "verified"])


def length_text(seconds: float) -> str:
    """A length of time as people tell that of a recording.

    Examples
    --------
    >>> length_text(1788.4), length_text(19.97), length_text(10_800)
    ('29.8 min', '20.0 s', '3 h 00 min')
    """
    if seconds >= 60 * _MINUTE_S:
        return duration_text(seconds)
    return f"{seconds / _MINUTE_S:.1f} min" if seconds >= _MINUTE_S else f"{seconds:.1f} s"


def lost_words(devices: Sequence[DeviceFacts]) -> list[str]:
    """How many frames are missing and damaged, if any."""
    missing = sum(n_missing(device.stream) for device in devices)
    damaged = sum(device.stored.n_damaged for device in devices if device.stored)
    return [f"{number:,} {word}" for number, word in ((missing, "missing"), (damaged, "damaged")) if number] or [
        "none missing"
    ]
