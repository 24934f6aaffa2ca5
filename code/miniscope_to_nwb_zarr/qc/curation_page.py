"""The page on which a person decides which units are cells: one file that needs no server and changes nothing."""

from __future__ import annotations

import base64
import json
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from miniscope_to_nwb_zarr.analysis.curation import FORMAT
from miniscope_to_nwb_zarr.analysis.outlines import outlines
from miniscope_to_nwb_zarr.core.text import harmless_json
from miniscope_to_nwb_zarr.qc.figures.png import encode_png, stretch
from miniscope_to_nwb_zarr.qc.summary_images import TITLES, contrast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.result import Cells, MovieAnalysis

_BEGIN, _END = '<script type="application/json" id="data">', "</script>"
_POINTS = 1200
"""Of a trace, at most: of a longer one each point is the highest of a piece."""


def with_decisions(page: str, decisions: Mapping[str, Mapping[str, bool]], curator: str) -> str:
    """The same page, which begins with decisions that were applied."""
    before, found, rest = page.partition(_BEGIN)
    text, end, after = rest.partition(_END)
    if not (found and end):
        raise ValueError("this is no page of an analysis")
    data = json.loads(text) | {"applied": {"decisions": decisions, "curator": curator}}
    return f"{before}{_BEGIN}{_inert(data)}{_END}{after}"


def curation_page(session: str, module: str, digest: str, analyses: Sequence[MovieAnalysis]) -> str | None:
    """The page of an analysis; None where it has no units.

    Parameters
    ----------
    session : str
        Name of the output.
    module : str
        Of the results in the NWB file.
    digest : str
        Of the analysis: what is saved on the page belongs to it alone.
    analyses : sequence of MovieAnalysis
    """
    movies = [_movie(one, one.cells) for one in analyses if one.cells is not None and one.cells.units.n_units]
    if not movies:
        return None
    data = {
        "format": FORMAT,
        "session": session,
        "module": module,
        "analysis": digest,
        "engine": analyses[0].engine,
        "movies": movies,
    }
    page = resources.files(__package__).joinpath("pages", "curation.html").read_text(encoding="utf-8")
    return page.replace("@DATA@", _inert(data))


def _inert(data: Any) -> str:  # noqa: ANN401 - JSON is any of its types
    """JSON that ends no element and begins none, whatever the names in it are."""
    text = harmless_json(json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _movie(one: MovieAnalysis, cells: Cells) -> dict[str, Any]:
    width, height = one.crop.width_px // one.bin_px, one.crop.height_px // one.bin_px
    time = one.movie.time_s[np.isfinite(one.movie.time_s)]
    images = sorted(
        cells.units.images.items(), key=lambda named: list(TITLES).index(named[0]) if named[0] in TITLES else 9
    )
    return {
        "series": one.movie.series,
        "label": one.movie.label,
        "width": width,
        "height": height,
        "begin_s": float(time.min()),
        "end_s": float(time.max()),
        "images": [{"name": name, "title": TITLES.get(name, name), "src": _picture(image)} for name, image in images],
        "meanings": dict(cells.meanings),
        "units": list(_units(one, cells, width)),
    }


def _units(one: MovieAnalysis, cells: Cells, width: int) -> Iterator[dict[str, Any]]:
    units = cells.units
    drawn = outlines(units.footprints, width)
    for unit in range(units.n_units):
        low, high = _range(units.raw[unit], units.denoised[unit])
        frames = cells.events.frame[cells.events.unit == unit]
        yield {
            "id": unit,
            "accepted": bool(cells.accepted[unit]),
            "scores": {name: _plain(values[unit]) for name, values in cells.scores.items()},
            "events": [round(float(time), 3) for time in one.movie.time_s[frames] if np.isfinite(time)],
            "outline": [[round(float(value), 2) for value in polygon.ravel()] for polygon in drawn[unit]],
            "raw": _trace(units.raw[unit], low, high),
            "denoised": _trace(units.denoised[unit], low, high),
        }


def _range(raw: NDArray[np.float32], denoised: NDArray[np.float32]) -> tuple[float, float]:
    low = float(np.quantile(raw, 0.002))
    return low, max(float(np.max(denoised)), float(np.quantile(raw, 0.999)), low + 1e-6)


def _trace(values: NDArray[np.float32], low: float, high: float) -> str:
    """A trace in 256 steps, as base64."""
    if len(values) > _POINTS:
        bounds = np.linspace(0, len(values), _POINTS + 1).astype(int)[:-1]
        values = np.maximum.reduceat(values, bounds)
    levels = np.clip(np.rint((values - low) / (high - low) * 255), 0, 255).astype(np.uint8)
    return base64.b64encode(levels.tobytes()).decode("ascii")


def _picture(image: NDArray[np.float32]) -> str:
    content = encode_png(stretch(image, *contrast(image)))
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"


def _plain(value: np.float32) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
