"""What the lab says of the surgeries of an animal.

Places are given in mm from bregma: `ap_mm` positive towards the nose, `ml_mm` positive to the animal's right, `dv_mm`
positive downwards from the brain's surface.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from miniscope_to_nwb_zarr.aind_data_schema.sidecar_values import (
    BregmaMillimeters,
    Day,
    Facts,
    Grams,
    Line,
    Millimeters,
    Nanoliters,
    OneOrMore,
    Text,
    Titer,
)

_AP = Field(
    None,
    title="the place, front to back",
    description="mm from bregma, positive towards the nose (anterior)",
    examples=["-2.1"],
)
_ML = Field(
    None,
    title="the place, left to right",
    description="mm from the midline, positive to the animal's right",
    examples=["-1.8"],
)
_DV = Field(None, title="the depth", description="mm below the brain's surface, positive downwards", examples=["1.35"])
_AREA = Field(None, title="the brain area", description="the area, best as in the Allen atlas: CA1", examples=["CA1"])


class InjectionFacts(Facts):
    """One injection into the brain."""

    virus: Line | None = Field(
        None,
        title="what was injected",
        description="the full name of the virus",
        examples=["AAV1-Syn-GCaMP6f-WPRE-SV40"],
    )
    titer_gc_per_ml: Titer | None = Field(
        None, title="the titer of the virus", description="genome copies per ml, as in 1.2e12", examples=["1.2e12"]
    )
    volume_nl: Nanoliters | None = Field(None, title="the injected volume", description="nanoliters", examples=["500"])
    profile: Literal["bolus", "continuous", "pulsed"] | None = Field(
        None,
        title="how the volume was injected",
        description="bolus (at once), continuous (at a steady rate) or pulsed (in small steps)",
        examples=["continuous"],
    )
    ap_mm: BregmaMillimeters | None = _AP
    ml_mm: BregmaMillimeters | None = _ML
    dv_mm: BregmaMillimeters | None = _DV
    area: Line | None = _AREA
    notes: Text | None = Field(
        None, title="notes on the injection", description="a text", examples=["50 nl/min, 10 min wait."]
    )


class ImplantFacts(Facts):
    """One thing that was put into the brain, such as a GRIN lens."""

    device: Line | None = Field(
        None, title="what was implanted", description="the kind of thing, as in GRIN lens", examples=["GRIN lens"]
    )
    name: Line | None = Field(
        None, title="the name of the implant", description="the lab's name for it", examples=["left CA1 lens"]
    )
    manufacturer: Line | None = Field(
        None, title="who made the implant", description="a company's full name", examples=["Inscopix"]
    )
    model: Line | None = Field(
        None, title="the model of the implant", description="its part number", examples=["1050-002176"]
    )
    diameter_mm: Millimeters | None = Field(
        None, title="the diameter of the implant", description="mm", examples=["1.8"]
    )
    length_mm: Millimeters | None = Field(None, title="the length of the implant", description="mm", examples=["4.3"])
    ap_mm: BregmaMillimeters | None = _AP
    ml_mm: BregmaMillimeters | None = _ML
    dv_mm: BregmaMillimeters | None = _DV
    area: Line | None = _AREA
    notes: Text | None = Field(
        None, title="notes on the implant", description="a text", examples=["Cortex above was aspirated."]
    )


class SurgeryFacts(Facts):
    """One surgery."""

    date: Day | None = Field(
        None, title="the date of the surgery", description="a date as YYYY-MM-DD", examples=["2026-01-20"]
    )
    ethics_review_id: Line | None = Field(
        None, title="the number of the animal licence", description="a number", examples=["ARC-2020-001"]
    )
    protocol: Line | None = Field(
        None,
        title="the protocol of the surgery",
        description="its name, number or DOI",
        examples=["10.17504/protocols.io.example"],
    )
    notes: Text | None = Field(
        None, title="notes on the surgery", description="a text", examples=["Recovered within one hour."]
    )
    weight_before_g: Grams | None = Field(
        None, title="the weight before the surgery", description="grams, as in 23.1", examples=["23.1"]
    )
    weight_after_g: Grams | None = Field(
        None, title="the weight after the surgery", description="grams, as in 23.1", examples=["22.8"]
    )
    injections: Annotated[tuple[InjectionFacts, ...], OneOrMore] = Field(
        (),
        title="the injections",
        description="a list of injections, each with lines of its own",
        examples=[[{"virus": "AAV1-Syn-GCaMP6f-WPRE-SV40", "volume_nl": "500"}]],
    )
    implants: Annotated[tuple[ImplantFacts, ...], OneOrMore] = Field(
        (),
        title="the implants",
        description="a list of implants, each with lines of its own",
        examples=[[{"device": "GRIN lens", "diameter_mm": "1.8", "length_mm": "4.3"}]],
    )
    has_baseplate: bool | None = Field(
        None, title="whether a baseplate was fixed", description="true or false", examples=["true"]
    )
