"""The session metadata file (``--session_metadata``): the facts that only the lab knows.

Titles, descriptions and examples of the fields are what messages say: "<title> is not known", "expected <description>",
"write it as `<name>: <example>`".
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from miniscope_to_nwb_zarr.aind_data_schema.sidecar_imaging import ImagingSection
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_rig import RigFacts
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_surgery import SurgeryFacts  # noqa: TC001 - read when it runs
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_values import (
    Age,
    AnimalId,
    Day,
    Facts,
    Grams,
    LatinName,
    Line,
    Lines,
    OneOrMore,
    Orcid,
    Text,
    Zone,
)


class SubjectFacts(Facts):
    """The animal."""

    subject_id: AnimalId | None = Field(
        None, title="the animal's id", description="the id that the lab uses, read as text", examples=["m770001"]
    )
    species: LatinName | None = Field(
        None, title="the species", description="the Latin name, as in Mus musculus", examples=["Mus musculus"]
    )
    sex: Literal["M", "F", "U", "O"] | None = Field(
        None, title="the animal's sex", description="M (male), F (female), U (not known) or O (other)", examples=["F"]
    )
    date_of_birth: Day | None = Field(
        None, title="the date of birth", description="a date as YYYY-MM-DD", examples=["2025-12-01"]
    )
    age: Age | None = Field(
        None,
        title="the age at the session",
        description="P90D (days), P12W (weeks), P3M (months) or a range as P8W/P10W",
        examples=["P90D"],
    )
    genotype: Line | None = Field(
        None, title="the genotype", description="both alleles, or `not genotyped`", examples=["Thy1-GCaMP6f/wt"]
    )
    strain: Line | None = Field(
        None, title="the strain", description="the name of the strain, as in C57BL/6J", examples=["C57BL/6J"]
    )
    source: Line | None = Field(
        None,
        title="where the animal came from",
        description="the full name of a breeder or institution",
        examples=["Jackson Laboratory"],
    )
    weight_g: Grams | None = Field(
        None, title="the weight before the session", description="grams, as in 23.1", examples=["23.1"]
    )
    description: Text | None = Field(
        None, title="a description of the animal", description="a text", examples=["Implanted in January."]
    )

    @model_validator(mode="after")
    def _one_age(self) -> SubjectFacts:
        if self.date_of_birth is not None and self.age is not None:
            raise ValueError("`date_of_birth` and `age` are both given; keep the date and take out the age")
        return self


class SessionFacts(Facts):
    """What happened that day."""

    experimenters: Lines = Field(
        (), title="who did the experiment", description="names as Last, First", examples=[["Doe, Jane"]]
    )
    description: Text | None = Field(
        None, title="what was done", description="a sentence", examples=["Free exploration of a square arena."]
    )
    keywords: Lines = Field((), title="keywords", description="a list of words", examples=[["CA1", "exploration"]])
    notes: Text | None = Field(None, title="notes", description="a text", examples=["Cable twisted at minute 12."])
    institution: Line | None = Field(
        None,
        title="the institution",
        description="its full name",
        examples=["University of California, San Diego"],
    )
    lab: Line | None = Field(None, title="the lab", description="the lab's name", examples=["Doe Lab"])
    protocol: Line | None = Field(
        None,
        title="the protocol",
        description="the name, number or DOI of the experiment's protocol",
        examples=["10.17504/protocols.io.example"],
    )
    ethics_review_id: Lines = Field(
        (), title="the number of the animal licence", description="a list of numbers", examples=[["ARC-2020-001"]]
    )
    acquisition_type: Line | None = Field(
        None,
        title="the kind of session",
        description="one name for all sessions of this kind",
        examples=["Open field exploration"],
    )
    mouse_platform: Line | None = Field(
        None, title="what the animal moved on", description="the arena, track or cage", examples=["Square arena"]
    )
    timezone: Zone | None = Field(
        None,
        title="the time zone of the lab",
        description="an IANA name, as in America/Los_Angeles",
        examples=["America/Los_Angeles"],
    )


class Funding(Facts):
    """One source of money."""

    funder: Line = Field(title="the funder", description="the funder's full name", examples=["Simons Foundation"])
    grant_number: Line | None = Field(
        None, title="the grant", description="the grant's number", examples=["R01MH000000"]
    )


class Investigator(Facts):
    """One person who is responsible for the data."""

    name: Line = Field(title="the investigator's name", description="first and last name", examples=["Jane Doe"])
    orcid: Orcid | None = Field(
        None, title="the ORCID", description="an ORCID as 0000-0002-1825-0097", examples=["0000-0002-1825-0097"]
    )


class DatasetFacts(Facts):
    """The project that the session belongs to."""

    project_name: Annotated[Line, StringConstraints(pattern=r'^[^<>:;"/|?\\_]+$')] | None = Field(
        None,
        title="the project",
        description='a name without underscores and without any of < > : ; " / | ? \\',
        examples=["Hippocampal maps"],
    )
    funding_sources: Annotated[tuple[Funding, ...], OneOrMore] = Field(
        (),
        title="who paid",
        description="a list of `funder` and `grant_number`",
        examples=[[{"funder": "National Institute of Mental Health", "grant_number": "R01MH000000"}]],
    )
    investigators: Annotated[tuple[Investigator, ...], OneOrMore] = Field(
        (),
        title="who is responsible for the data",
        description="a list of `name` and `orcid`",
        examples=[[{"name": "Jane Doe", "orcid": "0000-0002-1825-0097"}]],
    )
    license: Literal["CC-BY-4.0", "MIT"] | None = Field(
        None, title="the licence of the data", description="CC-BY-4.0 or MIT", examples=["CC-BY-4.0"]
    )


class Sidecar(Facts):
    """All that the lab says of a session. Everything is optional; `Sidecar()` says nothing."""

    subject: SubjectFacts = Field(SubjectFacts(), description="lines about the animal")
    session: SessionFacts = Field(SessionFacts(), description="lines about the session")
    imaging: ImagingSection = Field(ImagingSection(), description="lines about the imaging")
    dataset: DatasetFacts = Field(DatasetFacts(), description="lines about the project")
    rig: RigFacts = Field(RigFacts(), description="lines about the setup")
    surgeries: Annotated[tuple[SurgeryFacts, ...], OneOrMore] = Field(
        (), title="the surgeries", description="a list of surgeries, each with lines of its own"
    )
