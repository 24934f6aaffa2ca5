"""What the lab says of its setup: scope, light, cameras, arena."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from miniscope_to_nwb_zarr.aind_data_schema.sidecar_values import Centimeters, Day, Facts, Line, OneOrMore, Text

# the words of the schema, in lower case
Target = Literal["body", "brain", "eye", "face", "tongue", "other"]
Side = Literal["superior", "inferior", "anterior", "posterior", "left", "right", "medial", "lateral"]


class CameraFacts(Facts):
    """One behaviour camera of the setup."""

    name: Line = Field(
        title="which camera it is",
        description="the camera's name in the recording, as its folder or the acquisition software has it",
        examples=["Behavior camera"],
    )
    manufacturer: Line | None = Field(
        None, title="who made the camera", description="a company's full name", examples=["Basler"]
    )
    model: Line | None = Field(
        None, title="the model of the camera", description="as on its label", examples=["acA640-750um"]
    )
    target: Target | None = Field(
        None,
        title="what the camera looks at",
        description="body (also for a view of the whole arena), brain, eye, face, tongue or other",
        examples=["body"],
    )
    relative_position: Annotated[tuple[Side, ...], OneOrMore] = Field(
        (),
        title="where the camera is, seen from the animal",
        description="a list of: superior (above), inferior (below), anterior, posterior, left, right, medial, lateral",
        examples=[["superior"]],
    )
    lens_manufacturer: Line | None = Field(
        None, title="who made the camera's lens", description="a company's full name", examples=["Edmund Optics"]
    )
    lens_model: Line | None = Field(
        None, title="the model of the camera's lens", description="as on its label", examples=["LM5JCM"]
    )
    notes: Text | None = Field(
        None, title="notes on the camera", description="a text", examples=["Infrared filter in front of the lens."]
    )


class ArenaFacts(Facts):
    """What the animal moved in."""

    length_cm: Centimeters | None = Field(
        None, title="the length of the arena", description="centimeters; of a round one the diameter", examples=["50"]
    )
    width_cm: Centimeters | None = Field(
        None, title="the width of the arena", description="centimeters; of a round one the diameter", examples=["50"]
    )
    height_cm: Centimeters | None = Field(
        None, title="the height of the arena's walls", description="centimeters", examples=["40"]
    )
    shape: Line | None = Field(
        None, title="the shape of the arena", description="a word, as in square or round", examples=["square"]
    )


class RigFacts(Facts):
    """The setup."""

    instrument_id: Line | None = Field(
        None, title="the name of the setup", description="the lab's name for it", examples=["room3-miniscope"]
    )
    modification_date: Day | None = Field(
        None,
        title="when the setup was last changed",
        description="a date as YYYY-MM-DD",
        examples=["2026-01-15"],
    )
    notes: Text | None = Field(
        None, title="notes on the setup", description="a text", examples=["Coaxial cable with a commutator."]
    )
    acquisition_software_version: Line | None = Field(
        None,
        title="the version of the acquisition software",
        description="the number in the title of its window",
        examples=["1.11"],
    )
    scope_manufacturer: Line | None = Field(
        None,
        title="who made the scope",
        description="the full name of a company, or of the lab that built it",
        examples=["Open Ephys Production Site"],
    )
    led_manufacturer: Line | None = Field(
        None, title="who made the scope's LED", description="a company's full name", examples=["Lumileds"]
    )
    led_model: Line | None = Field(
        None, title="the model of the scope's LED", description="its part number", examples=["LXZ1-PB01"]
    )
    cameras: Annotated[tuple[CameraFacts, ...], OneOrMore] = Field(
        (),
        title="the behaviour cameras",
        description="a list of cameras, each with its `name`",
        examples=[[{"name": "Behavior camera", "target": "body"}]],
    )
    arena: ArenaFacts = Field(
        ArenaFacts(),
        title="the arena",
        description="lines about the arena",
        examples=[{"length_cm": "50", "width_cm": "50", "height_cm": "40"}],
    )
