"""All measures of a session: of each device in each recording, and of the store as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.qc.attribution import findings_of
from miniscope_to_nwb_zarr.qc.frame_measures import StoredFrames, frame_measures
from miniscope_to_nwb_zarr.qc.measure import Aspect, Measure, Verdict, verdict_of
from miniscope_to_nwb_zarr.qc.stream_measures import aspect_of, stream_measures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Session

VERIFICATION, INSPECTOR = "Verification", "NWB validator and inspector"

# facts that only the lab has are no matter of quality, and the inspector has a measure of its own
_NOT_LISTED = frozenset({Code.FACT_MISSING, Code.FACT_UNKNOWN, Code.INSPECTOR})


def session_measures(
    session: Session, findings: Sequence[Finding], stored: Sequence[StoredFrames] | None
) -> tuple[Measure, ...]:
    """Every measure of a session; none where no device has a frame with a time stamp.

    Parameters
    ----------
    session : Session
    findings : sequence of Finding
        All of them, those of the store included.
    stored : sequence of StoredFrames, or None
        What was seen of the frames, once the store is verified; None where no store was made.
    """
    listed = [finding for finding in findings if finding.code not in _NOT_LISTED]
    frames = {id(one.stream): one for one in stored or ()}
    recorded = [(r, s) for r, s in session.streams if np.isfinite(s.time_s).any()]
    found: list[Measure] = []
    of_devices: dict[tuple[Aspect, str], list[Finding]] = {}
    for recording, stream in recorded:
        own = findings_of(session, recording, stream, listed)
        measures = [
            *stream_measures(stream, own),
            *(frame_measures(frames[id(stream)]) if id(stream) in frames else ()),
        ]
        found += [replace(m, device=stream.device.name, recording=recording.shown_name) for m in measures]
        together = of_devices.setdefault((aspect_of(stream), stream.device.name), [])
        together += [finding for finding in own if finding not in together]
    if not recorded:
        return ()
    found += [replace(listing(some, aspect), device=device) for (aspect, device), some in of_devices.items()]
    others = [f for f in listed if not any(f in some for some in of_devices.values())]
    first = aspect_of(recorded[0][1])
    return (*found, listing(others, first), *(_of_the_store(findings, stored, first) if stored is not None else ()))


def listing(findings: Sequence[Finding], aspect: Aspect) -> Measure:
    """All findings of a device or of the rest, whatever their kind: no rule of its own has to know a code."""
    value = {
        str(severity): [f"{f.code} ({f.where}): {f.sentence}" for f in findings if f.severity is severity]
        for severity in Severity
    }
    return Measure(
        "Findings",
        "Everything found in the recording, by severity. Fails where there is an error (data is lost or cannot be "
        "trusted); a person has to look where there is a warning; passes otherwise.",
        value,
        verdict_of(findings),
        aspect,
    )


def _of_the_store(findings: Sequence[Finding], stored: Sequence[StoredFrames], aspect: Aspect) -> Iterator[Measure]:
    yield Measure(
        VERIFICATION,
        "Passes where everything in the NWB file, read back from the disk, is what was decoded and computed. If it "
        "fails, no output is made.",
        {"frames_read_back": sum(one.n_frames for one in stored)},
        Verdict.GOOD,
        aspect,
    )
    remarks = {name: int(count) for f in findings if f.code is Code.INSPECTOR for name, count in f.numbers.items()}
    yield Measure(
        INSPECTOR,
        "Passes where the NWB validator has no error and the NWB inspector no critical remark, except on facts that "
        "only the lab has, such as species, sex and age of the animal: such remarks are counted here, but tell nothing "
        "of the recording. A person has to look at other critical remarks. If it fails, no output is made.",
        {"validator_errors": 0, "remarks": {name.replace(" ", "_"): count for name, count in sorted(remarks.items())}},
        verdict_of(findings, {Code.INSPECTOR}),
        aspect,
    )
