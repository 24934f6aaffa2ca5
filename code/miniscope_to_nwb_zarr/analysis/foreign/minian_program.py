"""Runs MiniAn's pipeline on a movie in a file. Started by the Python of MiniAn's environment, never by this program's.

    python minian_program.py FOLDER

The folder holds ``job.json`` and ``movie.npy``, uint8, (frame, height, width); what is found goes to files beside them.
Order and parameters of the steps are those of the notebook that comes with MiniAn 2.0.2 (Dong et al. 2022,
10.7554/eLife.70661). With `step` "motion" it corrects the motion of the movie as it is, with "units" it finds the units
of a movie without motion, with "all" it does both as the notebook has it, on the filtered movie.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import dask
import dask.array
import numpy as np
import xarray as xr
from dask.distributed import Client, LocalCluster
from minian.cnmf import compute_trace, get_noise_fft, unit_merge, update_background, update_spatial, update_temporal
from minian.initialization import initA, initC, ks_refine, pnr_refine, seeds_init, seeds_merge
from minian.motion_correction import apply_transform, estimate_motion
from minian.preprocessing import denoise, remove_background
from minian.utilities import TaskAnnotation, get_optimal_chk, save_minian

_NOISE_HZ = 0.06
_REWRITE_MEMORY = "1GB"
_SPATIAL = {"dl_wnd": 10, "sparse_penal": 0.01, "size_thres": (25, None)}
_TEMPORAL = {"noise_freq": _NOISE_HZ, "sparse_penal": 1, "p": 1, "add_lag": 20}


class Kept:
    """Arrays that are kept on the disk between steps, each under a name of its own: MiniAn keeps some there, too."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.n_kept = 0
        os.environ["MINIAN_INTERMEDIATE"] = self.folder

    def keep(self, array: xr.DataArray, name: str, chunks: dict[str, int] | None = None) -> xr.DataArray:
        """Write an array and open it again."""
        rewrite = {} if chunks is None else {"chunks": chunks, "mem_limit": _REWRITE_MEMORY}
        self.n_kept += 1
        name = f"kept_{self.n_kept}_{name}"
        kept: xr.DataArray = save_minian(array.rename(name), self.folder, overwrite=True, **rewrite)
        return kept


def main(folder: Path) -> None:
    """Do the job of a folder."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    dask.config.set({"distributed.worker.memory.terminate": False})
    with LocalCluster(
        n_workers=job["workers"],
        memory_limit="4GB",
        resources={"MEM": 1},
        threads_per_worker=2,
        dashboard_address=None,
        local_directory=str(folder / "dask"),
    ) as cluster:
        cluster.scheduler.add_plugin(TaskAnnotation())
        with Client(cluster):
            run(folder, job)


def run(folder: Path, job: dict[str, Any]) -> None:
    """Do one step, or all."""
    kept = Kept(folder / "intermediate")
    movie = opened(folder / "movie.npy", kept)
    chunk, _ = get_optimal_chk(movie, dtype=float)
    filtered = without_glow(movie, kept)
    if job["step"] == "units":
        units(folder, filtered.astype(np.float32), chunk, kept, job["parameters"])
        return
    motion = kept.keep(estimate_motion(filtered, dim="frame").chunk({"frame": chunk["frame"]}), "motion")
    shifts = motion.transpose("frame", "shift_dim").sel(shift_dim=["height", "width"]).values
    # MiniAn gives what is to be undone: the way back
    np.savez(folder / "motion.npz", shift_px=-np.asarray(shifts, dtype=np.float32))
    if job["step"] == "all":
        units(folder, apply_transform(filtered, motion, fill=0).astype(np.float32), chunk, kept, job["parameters"])
    else:
        write_corrected(folder / "corrected.npy", apply_transform(movie, motion, fill=0).astype(np.float32))


def opened(path: Path, kept: Kept) -> xr.DataArray:
    """The movie as MiniAn has it."""
    values = np.load(path, mmap_mode="r")
    coords = {name: np.arange(size) for name, size in zip(("frame", "height", "width"), values.shape, strict=True)}
    movie = xr.DataArray(dask.array.from_array(values, chunks=(200, -1, -1)), dims=list(coords), coords=coords)
    chunk, _ = get_optimal_chk(movie, dtype=float)
    return kept.keep(movie.chunk({"frame": chunk["frame"], "height": -1, "width": -1}), "varr")


def without_glow(movie: xr.DataArray, kept: Kept) -> xr.DataArray:
    """The movie less what never changes, without speckles and without what is wider than a cell."""
    changing = movie - movie.min("frame").compute()
    quiet = denoise(changing, method="median", ksize=7)
    return kept.keep(remove_background(quiet, method="tophat", wnd=15), "varr_ref")


def write_corrected(path: Path, movie: xr.DataArray) -> None:
    """Write a movie block by block."""
    out = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=movie.shape)
    step = 200
    for first in range(0, movie.sizes["frame"], step):
        block = movie.isel(frame=slice(first, first + step)).transpose("frame", "height", "width")
        out[first : first + step] = block.compute().values
    out.flush()


def units(folder: Path, movie: xr.DataArray, chunk: dict[str, int], kept: Kept, parameters: dict[str, Any]) -> None:
    """Find units and write them."""
    by_frame = kept.keep(movie, "Y_fm_chk")
    by_pixel = kept.keep(by_frame, "Y_hw_chk", {"frame": -1, "height": chunk["height"], "width": chunk["width"]})
    footprints, traces = first_units(by_frame, by_pixel, kept)
    same = parameters.get("merge_correlation", 0.8)
    if footprints.sizes["unit_id"] > 1:
        footprints, traces = merged(footprints, traces, None, same)[:2]
    noise = kept.keep(get_noise_fft(by_pixel, noise_range=(_NOISE_HZ, 0.5)), "sn_spatial")
    footprints, traces = kept.keep(footprints, "A"), kept.keep(traces, "C")
    for jaccard, is_last in ((0.2, False), (0.4, True)):
        footprints, traces, found = one_round((by_frame, by_pixel), (footprints, traces), noise, chunk, kept, jaccard)
        if not is_last and footprints.sizes["unit_id"] > 1:
            level = found["C"] + found["b0"] + found["c0"]
            footprints, traces, _ = merged(footprints, traces, level, same)
            footprints, traces = kept.keep(footprints, "A_mrg"), kept.keep(traces, "C_mrg")
    write_units(folder / "units.npz", footprints, found)


def first_units(by_frame: xr.DataArray, by_pixel: xr.DataArray, kept: Kept) -> tuple[xr.DataArray, xr.DataArray]:
    """Seeds, and what grows from them."""
    seeds = seeds_init(by_frame, wnd_size=1000, method="rolling", stp_size=500, max_wnd=15, diff_thres=3)
    seeds, _, _ = pnr_refine(by_pixel, seeds, noise_freq=_NOISE_HZ, thres=1)
    seeds = ks_refine(by_pixel, seeds, sig=0.05)
    seeds = seeds[seeds["mask_ks"] & seeds["mask_pnr"]].reset_index(drop=True)
    highest = by_frame.max("frame").compute()
    seeds = seeds_merge(by_pixel, highest, seeds, thres_dist=10, thres_corr=0.8, noise_freq=_NOISE_HZ, chunk=600)
    chosen = seeds[seeds["mask_mrg"]]
    footprints = kept.keep(initA(by_pixel, chosen, thres_corr=0.8, wnd=10, noise_freq=_NOISE_HZ, chunk=600), "A_init")
    traces = kept.keep(initC(by_frame, footprints), "C_init", {"unit_id": 1, "frame": -1})
    return footprints, traces


def merged(
    footprints: xr.DataArray, traces: xr.DataArray, level: xr.DataArray | None, same: float
) -> tuple[xr.DataArray, xr.DataArray, Any]:
    """Units joined; MiniAn ends with an error where none overlap, which means that nothing is to be joined."""
    added = None if level is None else [level]
    try:
        joined = unit_merge(footprints, traces, added, thres_corr=same, chunk=600)
    except ValueError as error:
        sys.stderr.write(f"nothing merged: {error}\n")
        return footprints, traces, level
    return joined[0], joined[1], joined[2][0] if level is not None else None


def one_round(
    movies: tuple[xr.DataArray, xr.DataArray],
    known: tuple[xr.DataArray, xr.DataArray],
    noise: xr.DataArray,
    chunk: dict[str, int],
    kept: Kept,
    jaccard: float,
) -> tuple[xr.DataArray, xr.DataArray, dict[str, xr.DataArray]]:
    """Footprints, background and traces, once each."""
    by_frame, by_pixel = movies
    shaped, mask, factor = update_spatial(by_pixel, *known, noise, **_SPATIAL)
    shaped = kept.keep(shaped, "A_new", {"unit_id": 1, "height": -1, "width": -1})
    traces = kept.keep(known[1].sel(unit_id=mask) * factor, "C_new")
    in_blocks = kept.keep(traces, "C_chk", {"unit_id": -1, "frame": chunk["frame"]})
    ground, glow = update_background(by_frame, shaped, in_blocks)
    ground = kept.keep(ground, "b")
    glow = kept.keep(glow.chunk({"frame": chunk["frame"]}), "f")
    raw = kept.keep(compute_trace(by_frame, shaped, ground, in_blocks, glow), "YrA", {"unit_id": 1, "frame": -1})
    names = ("C", "S", "b0", "c0", "g", "mask")
    found = dict(zip(names, update_temporal(shaped, traces, YrA=raw, jac_thres=jaccard, **_TEMPORAL), strict=True))
    series = {name: kept.keep(found[name].chunk({"unit_id": 1, "frame": -1}), f"{name}_done") for name in names[:4]}
    # the units come back in another order
    order = series["C"].coords["unit_id"].values
    return shaped.sel(unit_id=order), series["C"], {**series, "raw": raw.sel(unit_id=order)}


def write_units(path: Path, footprints: xr.DataArray, found: dict[str, xr.DataArray]) -> None:
    """Write what was found, units in one order."""
    order = footprints.coords["unit_id"].values
    pictures = footprints.transpose("unit_id", "height", "width").fillna(0).compute().values
    values = {
        name: found[name].sel(unit_id=order).transpose("unit_id", "frame").compute().values.astype(np.float32)
        for name in ("C", "S", "b0", "c0", "raw")
    }
    unit, row, column = np.nonzero(pictures)
    np.savez(
        path,
        shape=np.array(pictures.shape),
        unit=unit,
        pixel=row * pictures.shape[2] + column,
        weight=pictures[unit, row, column].astype(np.float32),
        raw=values["raw"],
        denoised=values["C"] + values["b0"] + values["c0"],
        calcium=values["C"],
        deconvolved=values["S"],
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
