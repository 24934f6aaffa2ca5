"""Write `docs/demo.png`, the picture of the README, from the converted demo recording.

Run in `code/`: ``uv run python ../scripts/make_readme_picture.py STORE``, with the converted demo recording, the
folder that ends in ``.nwb.zarr``. Needs matplotlib, which ndx-miniscope brings along.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from hdmf_zarr import NWBZarrIO

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray
    from pynwb import NWBFile
    from pynwb.ophys import OnePhotonSeries

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "demo.png"
_COMPONENTS = ("w", "x", "y", "z")
_LAST_S = 20.0


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="write the picture of the README")
    parser.add_argument("store", type=Path, help="the converted demo recording, ends in .nwb.zarr")
    store = parser.parse_args().store
    mpl.use("Agg")
    plt.rcParams.update({"font.size": 9, "axes.titlesize": 9, "axes.spines.top": False, "axes.spines.right": False})
    with NWBZarrIO(str(store), "r") as io:
        figure = draw(io.read())
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=110)
    print(f"wrote {PICTURE.name}, {PICTURE.stat().st_size / 1000:.0f} kB")


def draw(nwbfile: NWBFile) -> Figure:
    """Projections and intervals of each scope, a row each, and head orientation below."""
    scopes = [one for name, one in nwbfile.acquisition.items() if name.startswith("OnePhotonSeries_")]
    figure = plt.figure(figsize=(10, 6.6), layout="constrained")
    grid = figure.add_gridspec(len(scopes) + 1, 3, width_ratios=(1, 1, 2.6), height_ratios=[1] * len(scopes) + [0.72])
    for row, series in enumerate(scopes):
        movie = series.data[:]
        _show(figure.add_subplot(grid[row, 0]), movie.mean(axis=0), f"{_name(series)}\nmean")
        _show(figure.add_subplot(grid[row, 1]), movie.max(axis=0), "maximum")
        _draw_intervals(figure.add_subplot(grid[row, 2]), series, nwbfile.intervals["gaps"].to_dataframe())
    orientation = nwbfile.processing["behavior"]["HeadOrientation_HPC_miniscope1"]
    _draw_orientation(figure.add_subplot(grid[-1, :]), orientation.timestamps[:], orientation.data[:])
    return figure


def _name(series: OnePhotonSeries) -> str:
    return str(series.name).removeprefix("OnePhotonSeries_")


def _show(axes: Axes, image: NDArray[np.floating], title: str) -> None:
    # stored (x, y), shown with y downwards
    low, high = np.percentile(image, (0.5, 99.8))
    axes.imshow(image.T, cmap="gray", vmin=low, vmax=high)
    axes.set_title(title, loc="left")
    axes.set_axis_off()


def _draw_intervals(axes: Axes, series: OnePhotonSeries, gaps: pd.DataFrame) -> None:
    time_s = series.timestamps[:]
    axes.plot(time_s[1:], np.diff(time_s) * 1000, ".", markersize=3, color="0.35")
    for gap in gaps.itertuples():
        if gap.series == series.name:
            axes.plot(gap.stop_time, (gap.stop_time - gap.start_time) * 1000, "o", color="crimson")
            axes.annotate(
                f"{gap.missing_frames} frame dropped at {gap.start_time:.2f} s",
                (gap.stop_time, (gap.stop_time - gap.start_time) * 1000),
                xytext=(8, -4),
                textcoords="offset points",
                color="crimson",
            )
    axes.set(xlim=(0, _LAST_S), ylim=(0, 80), xlabel="time from the start of the recording (s)")
    axes.set_title(f"{len(time_s)} frames: interval to the frame before (ms)", loc="left")


def _draw_orientation(axes: Axes, time_s: NDArray[np.float64], quaternion: NDArray[np.float64]) -> None:
    for name, values in zip(_COMPONENTS, quaternion.T, strict=True):
        axes.plot(time_s, values, linewidth=1, label=name)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    axes.set(xlim=(0, _LAST_S), ylim=(-1.05, 1.05), xlabel="time from the start of the recording (s)")
    axes.set_title("HPC_miniscope1: head orientation (unit quaternion)", loc="left")


if __name__ == "__main__":
    main()
