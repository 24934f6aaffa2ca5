"""What an analysis is judged by: motion, cells, events of each movie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.analysis.doubts import doubts_of
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.qc.measure import Aspect, Measure, verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.contract import Motion
    from miniscope_to_nwb_zarr.analysis.result import MovieAnalysis

MOTION, CELLS, EVENTS = "Motion", "Cells", "Calcium events"
BY_HAND = "Cells decided by hand"


def curated_measure(series: str, module: str, accepted: NDArray[np.bool_], by_hand: NDArray[np.bool_]) -> Measure:
    """What was decided by hand of the units of one movie."""
    return Measure(
        f"{BY_HAND} ({module})",
        "Units that are taken for cells after decisions by hand, and units that were decided on. It passes: a person "
        "has looked.",
        {"units": len(accepted), "accepted": int(accepted.sum()), "decided_by_hand": int(by_hand.sum())},
        verdict_of(()),
        Aspect.SCOPE,
        series.removeprefix("OnePhotonSeries_"),
    )


def analysis_measures(one: MovieAnalysis, module: str) -> Iterator[Measure]:
    """The measures of the analysis of one movie; `module` names it where a file has several."""
    found = doubts_of(one)
    device = one.movie.label
    if one.motion is not None:
        far = np.hypot(*(one.motion.shift_px.T * one.bin_px))
        yield Measure(
            f"{MOTION} ({module})",
            "How far frames were moved, in pixels of the recording, how they correlate with the picture on which they "
            "were laid, and how sharp the mean picture is afterwards, as a share of before. A person has to look where "
            "more than 1 % of the frames were moved as far as motion.max_shift_px allows, or the picture is less "
            "sharp; passes otherwise.",
            {
                "median_px": round(float(np.median(far)), 3),
                "largest_px": round(float(far.max()), 3),
                "median_correlation": round(float(np.median(one.motion.quality)), 4),
                "is_bent": one.motion.is_bent,
                **_sharper(one.motion),
            },
            verdict_of(found, {Code.MOTION_AT_LIMIT, Code.MOTION_NOT_BETTER}),
            Aspect.SCOPE,
            device,
        )
    if one.cells is None:
        return
    units, accepted = one.cells.units, one.cells.accepted
    yield Measure(
        f"{CELLS} ({module})",
        "Units that were found, and those of them that were accepted as cells by their scores. A person has to look "
        "where there is none; passes otherwise.",
        {
            "units": units.n_units,
            "accepted": int(accepted.sum()),
            **{
                f"median_{name}": round(float(np.median(values[accepted])), 3)
                for name, values in one.cells.scores.items()
                if accepted.any()
            },
        },
        verdict_of(found, {Code.NO_CELLS}),
        Aspect.SCOPE,
        device,
    )
    minutes = one.movie.n_frames / one.movie.rate_hz / 60
    counts = np.bincount(one.cells.events.unit, minlength=units.n_units)[accepted]
    yield Measure(
        f"{EVENTS} ({module})",
        "Calcium events of accepted cells. A figure without a rule: it passes.",
        {
            "events": int(counts.sum()),
            "median_per_minute": round(float(np.median(counts) / minutes), 3) if len(counts) else 0.0,
        },
        verdict_of(()),
        Aspect.SCOPE,
        device,
    )


def _sharper(motion: Motion) -> dict[str, float]:
    before, after = motion.sharpness or (0.0, 0.0)
    return {"sharpness_ratio": round(after / before, 4)} if before > 0 else {}
