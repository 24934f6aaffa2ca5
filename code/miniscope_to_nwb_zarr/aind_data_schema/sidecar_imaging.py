"""What the lab says of the imaging: for all scopes, and for single ones that differ."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from miniscope_to_nwb_zarr.aind_data_schema.sidecar_values import Facts, Line, Micrometers, Nanometers, OneOrMore
from miniscope_to_nwb_zarr.core import naming


class ImagingFacts(Facts):
    """What a scope looked at."""

    indicator: Line | None = Field(
        None, title="the calcium indicator", description="its name, as in GCaMP6f", examples=["GCaMP6f"]
    )
    location: Line | None = Field(
        None, title="the imaged brain area", description="the area, best as in the Allen atlas: CA1", examples=["CA1"]
    )
    excitation_nm: Nanometers | None = Field(
        None, title="the excitation wavelength", description="nanometers, 200 to 2000", examples=["470"]
    )
    emission_nm: Nanometers | None = Field(
        None, title="the emission wavelength", description="nanometers, 200 to 2000", examples=["525"]
    )
    depth_um: Micrometers | None = Field(
        None,
        title="the depth of the imaging plane",
        description="micrometers below the brain's surface",
        examples=["1200"],
    )
    pixel_size_um: Micrometers | None = Field(
        None, title="the size of a pixel in the tissue", description="micrometers per pixel", examples=["1.8"]
    )

    @model_validator(mode="after")
    def _emission_is_longer(self) -> ImagingFacts:
        _check_order(self.excitation_nm, self.emission_nm)
        return self


class ScopeFacts(ImagingFacts):
    """What one of several scopes looked at, where it differs from the others."""

    name: Line = Field(
        title="which scope it is",
        description="the scope's name in the recording, as its folder or the acquisition software has it",
        examples=["ACC miniscope2"],
    )


class ImagingSection(ImagingFacts):
    """What the scopes looked at: lines for all of them, and lines for single ones, which go before."""

    scopes: Annotated[tuple[ScopeFacts, ...], OneOrMore] = Field(
        (),
        title="the scopes that differ",
        description="a list of scopes, each with its `name` and what differs from the lines for all scopes",
        examples=[[{"name": "ACC miniscope2", "location": "ACA"}]],
    )

    @model_validator(mode="after")
    def _scopes_differ(self) -> ImagingSection:
        keys = [name_key(scope.name) for scope in self.scopes]
        for k, scope in enumerate(self.scopes):
            if keys[k] in keys[:k]:
                raise ValueError(f"`scopes` has the scope `{scope.name}` twice; keep one of them")
            excitation_nm, emission_nm = (
                scope.excitation_nm or self.excitation_nm,
                scope.emission_nm or self.emission_nm,
            )
            _check_order(excitation_nm, emission_nm, f"of the scope `{scope.name}` ")
        return self


def name_key(name: str) -> str:
    """What two spellings of a device's name have in common: ``HPC miniscope1`` and ``HPC_miniscope1`` are one.

    A name without any letter of the alphabet has nothing but its own spelling.
    """
    key = naming.device_name(name)
    return name if key == naming.device_name("") else key


def _check_order(excitation_nm: float | None, emission_nm: float | None, whose: str = "") -> None:
    if excitation_nm and emission_nm and emission_nm <= excitation_nm:
        raise ValueError(
            f"`emission_nm` {whose}({emission_nm:g}) is not longer than `excitation_nm` ({excitation_nm:g}), "
            "as fluorescence under one photon is; are they exchanged?"
        )
