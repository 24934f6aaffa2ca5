"""Runs CaImAn on a movie in a file. Started by the Python of CaImAn's environment, never by this program's.

    python caiman_program.py FOLDER

The folder holds ``job.json`` and ``movie.npy``, float32, (frame, height, width); what is found goes to files beside
them. The parameters are those of CaImAn's demonstration of CNMF-E, with sizes in proportion to `radius_px`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import caiman
import numpy as np
from caiman.motion_correction import MotionCorrect
from caiman.source_extraction.cnmf import cnmf, params

_RADIUS_PX = 5.0
_DECAY_S = 0.5


def main(folder: Path) -> None:
    """Do the job of a folder."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    os.environ["CAIMAN_TEMP"] = str(folder)
    options = params.CNMFParams(params_dict=parameters_for(folder / "movie.npy", job))
    _, pool, n_processes = caiman.cluster.setup_cluster(backend="multiprocessing", n_processes=job["workers"])
    try:
        if job["step"] == "motion":
            correct(folder, options, pool)
        else:
            units(folder, options, pool, n_processes)
    finally:
        caiman.stop_server(dview=pool)


def parameters_for(movie: Path, job: dict[str, Any]) -> dict[str, Any]:
    """CaImAn's names and values for what was chosen."""
    given = job["parameters"]
    radius = round(given.get("radius_px", _RADIUS_PX))
    shift = round(given.get("max_shift_px", 3 * radius))
    return {
        "fnames": [str(movie)],
        "fr": job["rate_hz"],
        "decay_time": given.get("decay_s", _DECAY_S),
        "pw_rigid": given.get("is_piecewise", True),
        "max_shifts": (shift, shift),
        "gSig_filt": (radius, radius),
        "strides": (48, 48),
        "overlaps": (24, 24),
        "max_deviation_rigid": 3,
        "border_nan": "copy",
        "method_init": "corr_pnr",
        "K": None,
        "gSig": (radius, radius),
        "gSiz": (4 * radius + 1, 4 * radius + 1),
        "min_corr": given.get("min_correlation", 0.8),
        "min_pnr": given.get("min_peak_to_noise", 10),
        "merge_thr": given.get("merge_correlation", 0.7),
        "p": 1,
        "tsub": 2,
        "ssub": 1,
        "rf": 8 * radius,
        "stride": 4 * radius,
        "only_init": True,
        "nb": 0,
        "nb_patch": 0,
        "method_deconvolution": "oasis",
        "low_rank_background": None,
        "update_background_components": True,
        "normalize_init": False,
        "center_psf": True,
        "ssub_B": 2,
        "ring_size_factor": 1.4,
        "del_duplicates": True,
        "border_pix": 0,
    }


def correct(folder: Path, options: params.CNMFParams, pool: object) -> None:
    """Correct motion, write shifts and the corrected movie."""
    corrector = MotionCorrect(options.get("data", "fnames"), dview=pool, **options.get_group("motion"))
    corrector.motion_correct(save_movie=True)
    if options.get("motion", "pw_rigid"):
        shifts = np.stack([np.mean(corrector.x_shifts_els, axis=1), np.mean(corrector.y_shifts_els, axis=1)], axis=1)
        file = corrector.fname_tot_els
    else:
        shifts, file = np.array(corrector.shifts_rig), corrector.fname_tot_rig
    pixels, picture, n_frames = caiman.load_memmap(file[0] if isinstance(file, list) else file)
    out = np.lib.format.open_memmap(folder / "corrected.npy", mode="w+", dtype=np.float32, shape=(n_frames, *picture))
    step = 200
    for first in range(0, n_frames, step):
        block = np.asarray(pixels[:, first : first + step], dtype=np.float32)
        out[first : first + step] = np.moveaxis(block.reshape((*picture, -1), order="F"), -1, 0)
    out.flush()
    reach = options.get("motion", "max_shifts")[0]
    np.savez(folder / "motion.npz", shift_px=shifts.astype(np.float32), reach_px=reach)


def units(folder: Path, options: params.CNMFParams, pool: object, n_processes: int) -> None:
    """Find units and write them."""
    file = caiman.save_memmap([str(folder / "movie.npy")], base_name="movie_", order="C", border_to_0=0, dview=pool)
    pixels, picture, n_frames = caiman.load_memmap(file)
    images = pixels.T.reshape((n_frames, *picture), order="F")
    found = cnmf.CNMF(n_processes=n_processes, dview=pool, params=options).fit(images).estimates
    footprints = found.A.tocoo()
    # CaImAn counts pixels down the columns, files along the rows
    column, row = np.divmod(footprints.row, picture[0])
    np.savez(
        folder / "units.npz",
        shape=np.array([footprints.shape[1], *picture]),
        unit=footprints.col,
        pixel=row * picture[1] + column,
        weight=footprints.data.astype(np.float32),
        raw=(found.C + found.YrA).astype(np.float32),
        denoised=found.C.astype(np.float32),
        deconvolved=found.S.astype(np.float32),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
