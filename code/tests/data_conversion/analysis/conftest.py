import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from miniscope_to_nwb_zarr.analysis import workers
from miniscope_to_nwb_zarr.analysis.parameter_file import parse_parameters
from miniscope_to_nwb_zarr.data_conversion.analysis.job import AnalysisJob, analyse_output
from miniscope_to_nwb_zarr.data_conversion.analysis.stored import output_in
from miniscope_to_nwb_zarr.run.phases import Phases
from tests import defects
from tests.analysis.plain_engine import PlainEngine
from tests.conversions import convert, no_processes, sessions_in
from tests.data_conversion.conftest import FACTS
from tests.recordings import SCOPE, small_recording

N_FRAMES = 120
LIVELY = replace(SCOPE, n_frames=N_FRAMES, frames_per_file=50, has_bar_code=False, has_orientation=False)


EVERY_UNIT = "accept: {min_snr: 0, min_footprint_correlation: 0, max_surround_share: 1000}"
"""What the plain engine finds in so short a movie is accepted whatever its scores are."""


def now():
    return datetime.now(UTC)


def job(tmp, parameters=EVERY_UNIT, **changes):
    """An analysis with the plain engine, as a file of parameters says."""
    fields = {
        "results": tmp / "results",
        "scratch": tmp / "scratch",
        "workers": 1,
        "existing": "verify",
        "engine": PlainEngine(),
        "chosen": parse_parameters(parameters, "lab.yml"),
        "stores_movies": True,
    }
    return AnalysisJob(**{**fields, **changes})


def analysed(base, wanted, told=None):
    """Analyse what is at a place; the workers are this process."""
    tell = (lambda *_: None) if told is None else (lambda *said: told.append(said))
    before = workers.open_pool
    workers.open_pool = no_processes
    try:
        return analyse_output(base, wanted, now, tell, Phases())
    finally:
        workers.open_pool = before


def base_of(folder):
    """A finished output in the results."""
    return replace(output_in(folder), is_final=True)


def linked_copy(folder, place):
    """A copy of results, by links: quick, and what writes through one of them is noticed."""
    shutil.copytree(folder, place, copy_function=os.link)
    return place


@pytest.fixture(scope="session")
def recording(tmp_path_factory):
    """A scope of 64 x 48 pixels with three cells, 120 frames in three files, of which one frame is damaged."""
    folder = tmp_path_factory.mktemp("lively data")
    truth = small_recording(folder, devices=(LIVELY,), seed=3)
    defects.flip_bit(truth.folder / LIVELY.folder_name / "1.avi", 11)
    (session,) = sessions_in(folder)
    return SimpleNamespace(folder=folder, session=session, truth=truth)


@pytest.fixture(scope="session")
def converted(recording, tmp_path_factory):
    """The same, converted."""
    results = tmp_path_factory.mktemp("lively results")
    return convert(recording.session, results, sidecar=FACTS).output


@pytest.fixture(scope="session")
def done(converted, tmp_path_factory):
    """The same, analysed: the results as they are then, the outcome, and what was told meanwhile."""
    tmp = tmp_path_factory.mktemp("analysed")
    results = linked_copy(converted.parent, tmp / "results")
    told = []
    outcome = analysed(base_of(results / converted.name), job(tmp), told)
    store = outcome.output / f"{converted.name}.nwb.zarr"
    return SimpleNamespace(tmp=tmp, results=results, outcome=outcome, store=store, told=told, former=converted)
