"""Show the scopes of a store side by side in napari, on one axis of time.

    cd code && uv run --with "napari[pyqt6]" python ../scripts/view.py ../results/<session>/<session>.nwb.zarr

The store may also be an address: `https://...`, or `s3://...` of a public bucket, which is read over https. Nothing is
read but the chunks of the frames that are shown. napari is no part of this project's environment: `--with` brings it.
Its slider is in seconds from the start of the recording; a frame stands where its scope's mean interval puts it, within
a frame of its own time stamp unless the scope has gaps.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dask.array as da
import zarr

from miniscope_to_nwb_zarr.data_conversion.reference_codec import admit_only_references

if TYPE_CHECKING:
    from collections.abc import Sequence

_SERIES = "OnePhotonSeries_"
_APART = 1.05
"""From one left edge to the next, in widths."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """What napari shows of one scope: data of shape (frame, y, x), and where it lies in seconds and pixels."""

    name: str
    data: Any
    scale: tuple[float, float, float]
    translate: tuple[float, float, float]


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the window; gives 0 when it is closed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", help="an .nwb.zarr folder, or its address")
    options = parser.parse_args(arguments)
    layers = layers_of(options.store)
    if not layers:
        print(f"{options.store}: holds no frames of a scope", file=sys.stderr)
        return 3
    try:
        import napari  # noqa: PLC0415 - not of this project's environment
    except ImportError:
        print('napari is not here: run this with `uv run --with "napari[pyqt6]" python ...`', file=sys.stderr)
        return 2
    viewer = napari.Viewer()
    show(viewer, layers)
    napari.run()
    return 0


def show(viewer: Any, layers: Sequence[Layer]) -> None:  # noqa: ANN401 - napari is no part of the environment
    """Put them into a viewer of napari, at the first frame."""
    for one in layers:
        viewer.add_image(one.data, name=one.name, scale=one.scale, translate=one.translate, colormap="gray")
    viewer.dims.axis_labels = ("s", "y", "x")
    viewer.dims.set_current_step(0, 0)


def layers_of(store: str) -> list[Layer]:
    """The scopes of a store, from left to right by their names."""
    # a store can say that reading it runs code
    admit_only_references()
    root = zarr.open_consolidated(_over_https(store), mode="r")
    layers: list[Layer] = []
    left = 0.0
    for name in sorted(root["acquisition"]):
        if not name.startswith(_SERIES) or not root["acquisition"][name]["data"].size:
            continue
        series = root["acquisition"][name]
        # (frame, x, y) as NWB has it; pictures are shown upright
        data = da.from_zarr(series["data"]).swapaxes(1, 2)
        times = series["timestamps"][:]
        interval = float(times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 1.0
        layers.append(Layer(name.removeprefix(_SERIES), data, (interval, 1.0, 1.0), (float(times[0]), 0.0, left)))
        left += data.shape[2] * _APART
    return layers


def _over_https(store: str) -> str:
    """A store in a public bucket by its address; any other as it is."""
    if not store.startswith("s3://"):
        return store
    bucket, _, key = store.removeprefix("s3://").partition("/")
    server = os.environ.get("AWS_ENDPOINT_URL", "").rstrip("/")
    return f"{server}/{bucket}/{key}" if server else f"https://{bucket}.s3.amazonaws.com/{key}"


if __name__ == "__main__":
    sys.exit(main())
