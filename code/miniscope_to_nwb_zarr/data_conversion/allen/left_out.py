"""What of another file of a session finds no place in the base file, and what is not the same there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import OpenedFile


_PLACES = (
    "acquisition",
    "analysis",
    "scratch",
    "stimulus",
    "stimulus_template",
    "intervals",
    "lab_meta_data",
    "ogen_sites",
)


def report_left_out(nwbfile: NWBFile, other: OpenedFile, kind: str) -> list[Finding]:
    """What another file still holds that the base file does not: findings, one a part.

    Call it when all that belongs into the output has been taken out.

    Parameters
    ----------
    nwbfile : NWBFile
        The base file.
    other : OpenedFile
    kind : str
        What the other file is called in messages, ``probe`` for example.
    """
    where = other.path.name
    findings = [
        Finding(Code.PARTS_DISAGREE, Severity.WARNING, where, f"{sentence}; that of the base file was kept")
        for sentence in _disagreements(nwbfile, other.nwbfile)
    ]
    for name in _remaining(nwbfile, other.nwbfile):
        sentence = f"holds {name}, which no {kind} file of these data sets should; it was left out of the output"
        findings.append(Finding(Code.PART_LEFT_OUT, Severity.ERROR, where, sentence))
    return findings


def _remaining(base: NWBFile, other: NWBFile) -> Iterator[str]:
    for place in _PLACES:
        held = getattr(other, place) or {}
        yield from (f"{place}/{name}" for name in held)
    for module in other.processing.values():
        yield from (f"processing/{module.name}/{name}" for name in module.data_interfaces)
    yield from (f"imaging_planes/{name}" for name in other.imaging_planes if name not in base.imaging_planes)
    if other.units is not None:
        yield "units"


def _disagreements(base: NWBFile, other: NWBFile) -> Iterator[str]:
    for kind in ("devices", "electrode_groups"):
        of_base = getattr(base, kind)
        for name, one in getattr(other, kind).items():
            if name not in of_base:
                yield f"{kind}/{name} is not in the base file"
                continue
            for field, value in _plain_fields(one):
                if not _same(value, of_base[name].fields.get(field)):
                    yield f"{field} of {kind}/{name} is {value!r}, in the base file {of_base[name].fields.get(field)!r}"
    yield from (
        f"{field} of the subject is {value!r}, in the base file {base.subject.fields.get(field)!r}"
        for field, value in _plain_fields(other.subject)
        if base.subject is not None and not _same(value, base.subject.fields.get(field))
    )
    yield from _electrode_columns(base, other)


def _electrode_columns(base: NWBFile, probe: NWBFile) -> Iterator[str]:
    if base.electrodes is None or probe.electrodes is None:
        return
    rows = {int(one): row for row, one in enumerate(base.electrodes.id[:])}
    shared = [(row, rows[int(one)]) for row, one in enumerate(probe.electrodes.id[:]) if int(one) in rows]
    for name in probe.electrodes.colnames:
        if name not in base.electrodes.colnames:
            yield f"column {name} of the electrodes is not in the base file"
        elif name != "group":
            here, there = probe.electrodes[name].data[:], base.electrodes[name].data[:]
            n_other = sum(not _same(here[mine], there[its]) for mine, its in shared)
            if n_other:
                yield f"column {name} of the electrodes differs from the base file's in {counted(n_other, 'row')}"


def _plain_fields(container: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - device, group or subject
    if container is not None:
        yield from (
            (k, v) for k, v in container.fields.items() if isinstance(v, (str, bytes, bool, int, float, np.generic))
        )


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 - plain values of any kind
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124 - NaN
