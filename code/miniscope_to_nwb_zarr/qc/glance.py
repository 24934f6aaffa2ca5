"""What is shown of a session where many are shown: a sentence, and for each device a small picture and a curve."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.missing import n_missing
from miniscope_to_nwb_zarr.core.text import json_text
from miniscope_to_nwb_zarr.core.timing import rate_hz
from miniscope_to_nwb_zarr.qc.cell_counts import CellCount
from miniscope_to_nwb_zarr.qc.measure import Verdict, worst
from miniscope_to_nwb_zarr.qc.report.words import headline, verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.qc.cell_counts import Counts
    from miniscope_to_nwb_zarr.qc.report.facts import DeviceFacts, ReportFacts

_POINTS = 60


@dataclass(frozen=True, slots=True)
class DeviceGlance:
    """One device in one recording."""

    name: str
    is_scope: bool
    verdict: Verdict
    frames: int
    missing: int
    damaged: int
    rate_hz: float | None
    picture: str
    """A small picture, a PNG file in base64; empty where there is none."""
    brightness: tuple[float, ...]
    """Mean gray level over time, in few steps; empty where the frames were not decoded."""


@dataclass(frozen=True, slots=True)
class Glance:
    """A session."""

    session: str
    verdict: Verdict
    headline: str
    devices: tuple[DeviceGlance, ...]
    analyses: Mapping[str, Counts] = field(default_factory=dict)
    """How many cells each analysis has, by its module."""

    def with_analysis(self, module: str, counts: Counts, dropped: Collection[str] = ()) -> Glance:
        """The same with an analysis, or with other counts of it, and without those that are dropped."""
        kept = {name: known for name, known in self.analyses.items() if name not in dropped}
        return replace(self, analyses={**kept, module: {**kept.get(module, {}), **counts}})

    def as_text(self) -> str:
        """As JSON."""
        return json_text(asdict(self), indent=1) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Glance:
        """Read what `as_text` gave.

        Raises
        ------
        ValueError
            It is something else.
        """
        try:
            value = json.loads(text)
            devices = tuple(
                DeviceGlance(**{
                    **one, "verdict": Verdict(one["verdict"]), "brightness": tuple(map(float, one["brightness"]))
                })
                for one in value["devices"]
            )  # fmt: skip
            analyses = {
                module: {series: _count(count) for series, count in counts.items()}
                for module, counts in value.get("analyses", {}).items()
            }
            return cls(value["session"], Verdict(value["verdict"]), value["headline"], devices, analyses)
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a glance at a session: {error}") from error


def _count(value: Mapping[str, int] | None) -> CellCount | None:
    return CellCount(int(value["cells"]), int(value["units"])) if value else None


def glance_at(facts: ReportFacts) -> Glance:
    """What is shown of a session among others."""
    devices = (*facts.scopes, *facts.cameras)
    return Glance(facts.session.name, verdict(facts), headline(facts), tuple(map(_device, devices)))


def _device(device: DeviceFacts) -> DeviceGlance:
    rate = rate_hz(device.time_s)
    return DeviceGlance(
        name=device.name,
        is_scope=device.is_scope,
        verdict=worst(measure.verdict for measure in device.measures),
        frames=device.stream.n_frames,
        missing=n_missing(device.stream),
        damaged=device.stored.n_damaged if device.stored else 0,
        rate_hz=None if rate is None else round(rate, 3),
        picture=base64.b64encode(device.glance).decode("ascii"),
        brightness=_few(device.seen.level) if device.seen else (),
    )


def _few(level: NDArray[np.float64]) -> tuple[float, ...]:
    """The means of some parts of a series; parts without a value are left out."""
    parts = (part[np.isfinite(part)] for part in np.array_split(level, min(_POINTS, max(1, len(level)))))
    return tuple(round(float(part.mean()), 2) for part in parts if len(part))
