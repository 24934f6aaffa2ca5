"""What can be chosen of an analysis. What is left open is estimated from the movie."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from miniscope_to_nwb_zarr.aind_data_schema.sidecar_imaging import name_key
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_values import Facts, Line, OneOrMore, PlainNumber
from miniscope_to_nwb_zarr.analysis.crop import Origin
from miniscope_to_nwb_zarr.analysis.detrend import Detrend
from miniscope_to_nwb_zarr.analysis.normalise import Normalise

Edge = Annotated[int, Field(ge=0, le=100_000), PlainNumber]
Pixels = Annotated[float, Field(gt=0, le=10_000), PlainNumber]
Seconds = Annotated[float, Field(gt=0, le=1_000_000), PlainNumber]
Hertz = Annotated[float, Field(gt=0, le=10_000), PlainNumber]
Share = Annotated[float, Field(ge=0, le=1), PlainNumber]
Ratio = Annotated[float, Field(ge=0, le=1000), PlainNumber]


class PictureSection(Facts):
    """Which part of the picture is analysed, and how finely."""

    crop_px: tuple[Edge, Edge, Edge, Edge] | None = Field(
        None,
        title="the part of the picture",
        description="two opposite corners in pixels, [x0, y0, x1, y1]",
    )
    crop_origin: Origin = Field(
        Origin.TOP_LEFT,
        title="the corner from which y is counted",
        description="top_left, or bottom_left as in ACE-NeuroTools",
    )
    bin_px: Annotated[int, Field(ge=1, le=16), PlainNumber] = Field(
        1, title="pixels that become one", description="a whole number from 1 to 16"
    )


class MovieSection(Facts):
    """What is done to the movie before motion and cells are looked for."""

    detrend: Detrend = Field(
        Detrend.NONE, title="the trend that is taken out", description=f"one of {', '.join(Detrend)}"
    )
    detrend_slowest_s: Seconds = Field(
        100.0, title="what is slow", description="seconds of one swing up and down, above 0"
    )
    normalise: Normalise = Field(
        Normalise.NONE, title="what the brightness is divided by", description=f"one of {', '.join(Normalise)}"
    )
    baseline_window_s: Seconds = Field(5.0, title="the window of the baseline", description="seconds, above 0")
    baseline_quantile: Share = Field(0.08, title="the quantile of the baseline", description="0 to 1")


class MotionSection(Facts):
    """How motion is corrected."""

    correct: bool = Field(default=True, title="whether motion is corrected", description="true or false")
    piecewise: bool | None = Field(
        None, title="whether parts of the picture may move by themselves", description="true or false"
    )
    max_shift_px: Pixels | None = Field(
        None, title="the largest motion", description="pixels of the recording, above 0"
    )


class CellsSection(Facts):
    """How cells are found."""

    find: bool = Field(default=True, title="whether cells are looked for", description="true or false")
    radius_px: Pixels | None = Field(
        None, title="half the size of a cell", description="pixels of the recording, above 0 (gSig of CaImAn)"
    )
    decay_s: Seconds | None = Field(
        None, title="the time constant of a transient's fall", description="seconds, above 0"
    )
    min_correlation: Share | None = Field(
        None, title="the least correlation of a pixel with its neighbours where a cell may be", description="0 to 1"
    )
    min_peak_to_noise: Ratio | None = Field(
        None, title="the least peak of a pixel, in its noise, where a cell may be", description="0 to 1000"
    )
    merge_correlation: Share | None = Field(
        None, title="the correlation from which two units are one cell", description="0 to 1"
    )


class AcceptSection(Facts):
    """Which units are taken for cells."""

    min_snr: Ratio | None = Field(None, title="the least signal of a transient, in its noise", description="0 to 1000")
    min_footprint_correlation: Share | None = Field(
        None, title="the least likeness of a footprint and the movie during its transients", description="0 to 1"
    )
    max_surround_share: Ratio | None = Field(
        None, title="how much the surround may brighten with a unit, as a share of it", description="0 to 1000"
    )


class EventsSection(Facts):
    """What counts as a calcium event."""

    threshold_noise: Ratio | None = Field(
        None, title="the least size of an event, in the noise of the trace", description="0 to 1000"
    )


class PhaseSection(Facts):
    """The band of which the phase is taken."""

    low_hz: Hertz = Field(0.1, title="the lower end of the band", description="hertz, above 0")
    high_hz: Hertz = Field(1.5, title="the upper end of the band", description="hertz, above `low_hz`")

    @model_validator(mode="after")
    def _is_band(self) -> PhaseSection:
        if self.low_hz >= self.high_hz:
            raise ValueError(f"`low_hz` ({self.low_hz:g}) is not below `high_hz` ({self.high_hz:g})")
        return self


class SpectrogramSection(Facts):
    """How the spectrogram is made."""

    window_s: Seconds | None = Field(None, title="the length of a window", description="seconds, above 0")
    step_s: Seconds | None = Field(None, title="from one window to the next", description="seconds, above 0")
    time_bandwidth: Annotated[float, Field(ge=1, le=20), PlainNumber] = Field(
        2.0, title="the product of a window's length and half the resolution", description="1 to 20"
    )
    highest_hz: Hertz = Field(15.0, title="the highest frequency", description="hertz, above 0")


class Choices(Facts):
    """All that can be chosen of one movie."""

    picture: PictureSection = Field(PictureSection(), title="the picture", description="a group of lines")
    movie: MovieSection = Field(MovieSection(), title="the movie", description="a group of lines")
    motion: MotionSection = Field(MotionSection(), title="motion", description="a group of lines")
    cells: CellsSection = Field(CellsSection(), title="cells", description="a group of lines")
    accept: AcceptSection = Field(AcceptSection(), title="which units are cells", description="a group of lines")
    events: EventsSection = Field(EventsSection(), title="events", description="a group of lines")
    phase: PhaseSection = Field(PhaseSection(), title="phase", description="a group of lines")
    spectrogram: SpectrogramSection = Field(
        SpectrogramSection(), title="the spectrogram", description="a group of lines"
    )

    def over(self, other: Choices) -> Choices:
        """These choices, and where nothing was chosen those of another."""
        sections = {}
        for name in Choices.model_fields:
            mine, theirs = getattr(self, name), getattr(other, name)
            chosen = {key: getattr(mine, key) for key in mine.model_fields_set}
            sections[name] = type(mine).model_validate(
                {key: getattr(theirs, key) for key in theirs.model_fields_set} | chosen
            )
        return Choices(**sections)

    def as_json(self) -> dict[str, Any]:
        """Everything, chosen or not, as plain JSON values."""
        return self.model_dump(mode="json", include=set(Choices.model_fields))


class ScopeChoices(Choices):
    """What differs for one of several scopes."""

    name: Line = Field(title="which scope it is", description="the scope's name in the recording")


class AnalysisParameters(Choices):
    """Choices for all movies, and for those of single scopes, which go before."""

    scopes: Annotated[tuple[ScopeChoices, ...], OneOrMore] = Field(
        (), title="the scopes that differ", description="a list of scopes, each with its `name` and what differs"
    )

    @model_validator(mode="after")
    def _scopes_differ(self) -> AnalysisParameters:
        keys = [name_key(scope.name) for scope in self.scopes]
        for k, scope in enumerate(self.scopes):
            if keys[k] in keys[:k]:
                raise ValueError(f"`scopes` has the scope `{scope.name}` twice; keep one of them")
        return self

    def of_scope(self, name: str) -> Choices:
        """The choices for the movies of one scope."""
        mine = next((scope for scope in self.scopes if name_key(scope.name) == name_key(name)), None)
        everyone = Choices(**{key: getattr(self, key) for key in Choices.model_fields})
        return everyone if mine is None else mine.over(everyone)
