"""Pictures of an analysis: footprints, traces with events, motion, spectrogram; each a PNG."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from miniscope_to_nwb_zarr.analysis.outlines import outlines
from miniscope_to_nwb_zarr.qc.summary_images import TITLES, contrast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from miniscope_to_nwb_zarr.analysis.result import Cells, MovieAnalysis

ACCEPTED, REJECTED = "#00b4d8", "#f77f00"
_GREY = "#495057"
_SHOWN_TRACES = 25
_WIDTH_IN = 9.0
_DPI = 110


def analysis_figures(one: MovieAnalysis) -> Mapping[str, bytes]:
    """The pictures of the analysis of one movie, by what they show."""
    found = {}
    if one.cells is not None and one.cells.units.images:
        found["footprints"] = _png(_footprints(one, one.cells))
    if one.cells is not None and one.cells.accepted.any():
        found["traces"] = _png(_traces(one, one.cells))
    if one.motion is not None:
        found["motion"] = _png(_motion(one))
    found["fluorescence"] = _png(_fluorescence(one))
    return found


def _footprints(one: MovieAnalysis, cells: Cells) -> Figure:
    images = {name: image for name, image in cells.units.images.items() if name in TITLES}
    width = one.crop.width_px // one.bin_px
    polygons = outlines(cells.units.footprints, width)
    n_columns = min(2, len(images))
    n_rows = -(-len(images) // n_columns)
    height, across = next(iter(images.values())).shape
    size = _WIDTH_IN / n_columns
    tall = n_rows * (size * height / across + 0.35) + 0.4
    figure = Figure(figsize=(_WIDTH_IN, tall))
    grid = figure.subplots(n_rows, n_columns, squeeze=False, gridspec_kw=_edges(tall, left=0.05, bottom=0.35))
    for axes in grid.ravel():
        axes.set_axis_off()
    for axes, (name, image) in zip(grid.ravel(), images.items(), strict=False):
        low, high = contrast(image)
        axes.imshow(image, cmap="gray", extent=(0, across, height, 0), vmin=low, vmax=high)
        axes.set_title(TITLES[name], fontsize=9, color=_GREY)
        for color, chosen in ((REJECTED, ~cells.accepted), (ACCEPTED, cells.accepted)):
            some = [polygon for unit in np.flatnonzero(chosen) for polygon in polygons[unit]]
            axes.add_collection(
                PolyCollection(
                    some,
                    facecolors="none",
                    edgecolors=color,
                    linewidths=0.9,
                    linestyles="-" if color == ACCEPTED else "--",
                )
            )
    counts = ((ACCEPTED, "accepted", cells.accepted.sum()), (REJECTED, "rejected", (~cells.accepted).sum()))
    handles = [
        Patch(facecolor="none", edgecolor=color, label=f"{word} by its scores ({n})") for color, word, n in counts
    ]
    figure.legend(handles=handles, loc="lower center", ncols=2, fontsize=8, frameon=False)
    return figure


def _traces(one: MovieAnalysis, cells: Cells) -> Figure:
    units, time = cells.units, one.movie.time_s
    peak = units.denoised.max(axis=1) / np.maximum(units.noise, 1e-9)
    accepted = np.flatnonzero(cells.accepted)
    shown = np.sort(accepted[np.argsort(-peak[accepted], kind="stable")[:_SHOWN_TRACES]])
    tall = 1.0 + 0.32 * len(shown)
    figure = Figure(figsize=(_WIDTH_IN, tall))
    axes = figure.subplots(gridspec_kw=_edges(tall))
    for place, unit in enumerate(shown[::-1]):
        scale = max(float(units.denoised[unit].max()), 1e-9)
        axes.plot(time, place + 0.9 * units.raw[unit] / scale, color="#ced4da", linewidth=0.5)
        axes.plot(time, place + 0.9 * units.denoised[unit] / scale, color=_GREY, linewidth=0.8)
        frames = cells.events.frame[cells.events.unit == unit]
        axes.plot(time[frames], np.full(len(frames), place - 0.12), "|", color=ACCEPTED, markersize=4)
    axes.set_yticks(range(len(shown)), [str(unit) for unit in shown[::-1]], fontsize=7)
    axes.set_ylim(-0.6, len(shown) + 0.6)
    more = (
        f"; {len(shown)} of {len(accepted)} accepted cells, those with the highest peaks"
        if len(shown) < len(accepted)
        else ""
    )
    _label(axes, "unit", f"traces, denoised and as demixed, with events{more}")
    return figure


def _motion(one: MovieAnalysis) -> Figure:
    motion, time = one.motion, one.movie.time_s
    figure = Figure(figsize=(_WIDTH_IN, 3.2))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1), gridspec_kw=_edges(3.2))
    if motion is not None:
        for axis, name, color in ((1, "x", ACCEPTED), (0, "y", REJECTED)):
            above.plot(time, motion.shift_px[:, axis] * one.bin_px, color=color, linewidth=0.7, label=name)
        below.plot(time, motion.quality, color=_GREY, linewidth=0.6)
    above.legend(loc="upper right", fontsize=7, ncols=2, frameon=False)
    _label(above, "pixels", "motion of the picture, in pixels of the recording", has_time=False)
    _label(below, "fit", "")
    return figure


def _fluorescence(one: MovieAnalysis) -> Figure:
    time, found = one.movie.time_s, one.spectrogram
    tall = 5.0 if found else 3.2
    figure = Figure(figsize=(_WIDTH_IN, tall))
    rows = figure.subplots(3 if found else 2, 1, sharex=True, squeeze=False, gridspec_kw=_edges(tall, right=0.8))[:, 0]
    rows[0].plot(time, one.trace, color=_GREY, linewidth=0.7)
    _label(rows[0], "grey levels", "mean of the picture as recorded", has_time=False)
    if one.phase is not None:
        rows[1].plot(time, one.phase, ".", color=ACCEPTED, markersize=1)
    low, high = one.value("phase.low_hz"), one.value("phase.high_hz")
    _label(rows[1], "radians", f"phase, {low:g} to {high:g} Hz", has_time=not found)
    if found:
        power = 10 * np.log10(np.maximum(found.power, 1e-12))
        edges = np.append(found.band_hz[:, 0], found.band_hz[-1, 1])
        sides = found.time_s - found.step_s / 2
        mesh = rows[2].pcolormesh(
            np.append(sides, sides[-1] + found.step_s), edges, power.T, cmap="magma", shading="flat"
        )
        place = rows[2].get_position()
        bar = figure.add_axes((place.x1 + 0.01, place.y0, 0.012, place.height))
        figure.colorbar(mesh, cax=bar, label="dB").ax.tick_params(labelsize=7)
        _label(rows[2], "Hz", f"spectrogram, windows of {found.window_s:.3g} s")
    return figure


def _label(axes: Axes, what: str, title: str, *, has_time: bool = True) -> None:
    axes.set_ylabel(what, fontsize=8)
    axes.set_title(title, fontsize=9, color=_GREY, loc="left")
    if has_time:
        axes.set_xlabel("seconds from the start of the session", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.margins(x=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _edges(tall: float, *, left: float = 0.6, right: float = 0.1, bottom: float = 0.5) -> dict[str, float]:
    """Margins in inches as the layout of axes takes them; finding them out takes longer than drawing."""
    return {
        "left": left / _WIDTH_IN,
        "right": 1 - right / _WIDTH_IN,
        "bottom": bottom / tall,
        "top": 1 - 0.3 / tall,
        "hspace": 0.45 if left > 0.1 else 0.12,
        "wspace": 0.03,
    }


def _png(figure: Figure) -> bytes:
    content = BytesIO()
    FigureCanvasAgg(figure)
    # without the version of the library: the same picture is the same file
    figure.savefig(content, format="png", dpi=_DPI, metadata={"Software": None})
    return content.getvalue()
