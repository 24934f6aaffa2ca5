"""Motion and units as arrays that a step keeps on the disk, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from miniscope_to_nwb_zarr.analysis.contract import Motion, Units

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]

_PATCHES = ("patch_rows_px", "patch_columns_px")
_IMAGE = "image "
_TRACES = ("raw", "denoised", "deconvolved", "baseline", "noise")


def motion_values(motion: Motion) -> Arrays:
    """Motion as arrays."""
    values: dict[str, NDArray[Any]] = {
        "shift_px": motion.shift_px,
        "template": motion.template,
        "quality": motion.quality,
    }
    if motion.local_px is not None:
        values["local_px"] = motion.local_px
    if motion.patch_edges_px is not None:
        values |= dict(zip(_PATCHES, motion.patch_edges_px, strict=True))
    if motion.reach_px is not None:
        values["reach_px"] = np.array(motion.reach_px)
    return values


def motion_of(values: Arrays) -> Motion:
    """Motion from arrays."""
    reach_px = float(values["reach_px"]) if "reach_px" in values else None
    edges = (values[_PATCHES[0]], values[_PATCHES[1]]) if _PATCHES[0] in values else None
    shift_px, template, quality = (values[name] for name in ("shift_px", "template", "quality"))
    return Motion(shift_px, template, quality, values.get("local_px"), reach_px, patch_edges_px=edges)


def units_values(units: Units) -> tuple[Arrays, Mapping[str, Any]]:
    """Units as arrays, and their parameters."""
    footprints = units.footprints.tocsr()
    values: dict[str, NDArray[Any]] = {f"{_IMAGE}{name}": image for name, image in units.images.items()}
    values |= {name: getattr(units, name) for name in _TRACES}
    values |= {"data": footprints.data, "indices": footprints.indices, "indptr": footprints.indptr}
    facts = {"parameters": dict(units.parameters), "estimated": list(units.estimated)}
    return values, {"n_px": int(footprints.shape[1]), **facts}


def units_of(values: Arrays, facts: Mapping[str, Any]) -> Units:
    """Units from arrays."""
    shape = (len(values["indptr"]) - 1, int(facts["n_px"]))
    return Units(
        footprints=csr_array((values["data"], values["indices"], values["indptr"]), shape=shape),
        **{name: values[name] for name in _TRACES},
        images={name.removeprefix(_IMAGE): image for name, image in values.items() if name.startswith(_IMAGE)},
        parameters=facts["parameters"],
        estimated=tuple(facts["estimated"]),
    )
