"""Movies that minisim simulates, with the truth, to score an analysis on. minisim lives in an environment of its own.

Families: ``quick``, 160 x 160 pixels, 1000 frames, 40 cells apart from each other; ``ca1`` and ``l23``, 200 x 200
pixels, 1500 frames, crowded cells of hippocampus and out-of-focus cells of cortex seen by a V4 Miniscope; ``null``, as
``ca1`` with one cell. All move by up to 7 to 13 pixels and bleach; all but ``quick`` have haze and vessels.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

FAMILIES = ("quick", "ca1", "l23", "null")
SIMULATE = """
import json
import sys

import numpy as np
from minisim import Bleaching, BrainMotion, ImageSensor, NeuronPopulation, build_spec, simulate
from minisim.presets import ca1, cortex_l23, miniscope_v4
from minisim.testing import make_recording

job = json.loads(sys.argv[1])
if job["family"] == "quick":
    steps = [Bleaching()]
    recording = make_recording(n_cells=40, n_px=160, duration_s=50.0, seed=job["seed"], motion=True, extra_steps=steps)
else:
    scope = miniscope_v4()
    side = {"n_px_width": job["side_px"], "n_px_height": job["side_px"]}
    sensor = ImageSensor(**{**scope.image_sensor.model_dump(), **side})
    region = cortex_l23() if job["family"] == "l23" else ca1()
    one = region.population
    alone = NeuronPopulation(
        positions_um=[(150.0, 0.0, 0.0)], soma_radius_um=one.soma_radius_um, morphology=one.morphology
    )
    spec = build_spec(
        scope.model_copy(update={"image_sensor": sensor}),
        region,
        duration_s=job["n_frames"] / 20,
        fps=20.0,
        seed=job["seed"],
        populations=[alone] if job["family"] == "null" else None,
        extra_steps=[BrainMotion(), Bleaching()],
    )
    recording = simulate(spec)
counts = np.asarray(recording.observed)
movie = counts.astype(np.uint8)
if not np.array_equal(movie, counts):
    sys.exit("minisim: expected counts of 8 bits; found others")
truth = recording.ground_truth
seen = np.asarray(truth.detectable)
np.save(job["out"] + "-movie.npy", movie)
np.savez_compressed(
    job["out"] + "-truth.npz",
    footprints=truth.A_observed[seen].astype(np.float32),
    calcium=truth.C[seen].astype(np.float32),
    spikes=truth.S[seen].astype(np.float32),
    shift_px=np.asarray(truth.shifts),
)
"""
# IoU and cosine as minisim.testing.score has them, on arrays
MATCH = """
import json
import sys

import numpy as np
from minisim import hungarian_match

found, truth = np.load(sys.argv[1]), np.load(sys.argv[2])
shift = tuple(json.loads(sys.argv[3]))
scores = {}
for metric, threshold in (("iou", 0.5), ("cosine", 0.6)):
    match = hungarian_match(found["footprints"], truth["footprints"], metric=metric, shift=shift)
    total = match.n_est + match.n_true
    scores[metric] = 2 * len(match.matched_pairs(threshold)) / total if total else 0.0
print(json.dumps(scores))
"""


def simulated(python: Path, folder: Path, family: str, seed: int, side_px: int = 200, n_frames: int = 1500) -> Path:
    """A movie and its truth, simulated where they are not there yet.

    Parameters
    ----------
    python : Path
        Of minisim's environment.

    Returns
    -------
    Path
        To which ``-movie.npy`` and ``-truth.npz`` are added: movie (frame, row, column), uint8.
    """
    size = "" if (side_px, n_frames) == (200, 1500) else f"-{side_px}x{n_frames}"
    stem = folder / f"{family}-{seed}{size}"
    if not stem.with_name(f"{stem.name}-truth.npz").exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = stem.with_name(f"partial-{os.getpid()}")
        job = {"family": family, "seed": seed, "side_px": side_px, "n_frames": n_frames, "out": str(partial)}
        subprocess.run([str(python), "-W", "ignore", "-c", SIMULATE, json.dumps(job)], check=True)
        for part in ("-movie.npy", "-truth.npz"):
            partial.with_name(partial.name + part).rename(stem.with_name(stem.name + part))
    return stem


def overlap_scores(python: Path, found: Path, truth: Path, shift_px: tuple[int, int]) -> dict[str, Any]:
    """F1 of the cells whose footprints overlap by minisim's measures, IoU of 0.5 and cosine of 0.6."""
    words = [str(python), "-c", MATCH, str(found), str(truth), json.dumps(shift_px)]
    scores: dict[str, Any] = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return scores
