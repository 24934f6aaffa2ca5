"""Surgeries in words: for the NWB file, which has texts for them, and for what the schema has no field for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.aind_data_schema.sidecar_surgery import ImplantFacts, InjectionFacts, SurgeryFacts

_WORDS = {
    "device": "{}",
    "name": "named {}",
    "manufacturer": "made by {}",
    "model": "model {}",
    "diameter_mm": "diameter {} mm",
    "length_mm": "length {} mm",
    "volume_nl": "volume {} nl",
    "titer_gc_per_ml": "titer {} gc/ml",
    "profile": "{} injection",
    "ap_mm": "{} mm anterior of bregma",
    "ml_mm": "{} mm right of the midline",
    "dv_mm": "{} mm below the surface of the brain",
    "area": "area {}",
}
DOSE_AND_PLACE = ("volume_nl", "profile", "ap_mm", "ml_mm", "dv_mm")
"""What the schema ties together: it has a place only with a volume, and a volume only with a way of injecting it."""


def in_words(given: InjectionFacts | ImplantFacts, names: Iterable[str] | None = None) -> str | None:
    """Lines of an injection or an implant in words, and its notes; None when there is nothing to say.

    Parameters
    ----------
    given
        What the lab says.
    names
        Which lines; all that there are words for, if it is not given.
    """
    values = {name: getattr(given, name, None) for name in (_WORDS if names is None else names)}
    shown = {name: f"{value:g}" if isinstance(value, float) else value for name, value in values.items()}
    text = ", ".join(_WORDS[name].format(value) for name, value in shown.items() if value is not None)
    return " ".join(part for part in (f"{text[:1].upper()}{text[1:]}." if text else None, given.notes) if part) or None


def surgeries_in_words(sidecar: Sidecar) -> str | None:
    """All surgeries, for `NWBFile.surgery`; None where the lab says nothing of any."""
    return "\n".join(_surgery(given) for given in sidecar.surgeries) or None


def viruses_in_words(sidecar: Sidecar) -> str | None:
    """All that was injected, for `NWBFile.virus`; None where no virus is known."""
    injections = [one for given in sidecar.surgeries for one in given.injections if one.virus]
    return "\n".join(f"{one.virus}: {in_words(one) or 'nothing else is known'}" for one in injections) or None


def _surgery(given: SurgeryFacts) -> str:
    weights = {"before": given.weight_before_g, "after": given.weight_after_g}
    parts = [
        f"Surgery of {given.date}." if given.date else "Surgery.",
        *(
            f"Injection of {one.virus or 'something'}: {in_words(one) or 'nothing else is known'}"
            for one in given.injections
        ),
        *(f"Implant: {in_words(one) or 'nothing else is known'}" for one in given.implants),
        "A baseplate was fixed." if given.has_baseplate else None,
        *(f"Weight {when}: {weight} g." for when, weight in weights.items() if weight is not None),
        f"Protocol: {given.protocol}." if given.protocol else None,
        f"Licence: {given.ethics_review_id}." if given.ethics_review_id else None,
        given.notes,
    ]
    return " ".join(part for part in parts if part)
