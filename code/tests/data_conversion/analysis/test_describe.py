"""What processing.json says of the steps of an analysis."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from miniscope_to_nwb_zarr.analysis.kept_steps import Step
from miniscope_to_nwb_zarr.data_conversion.analysis.base import Base
from miniscope_to_nwb_zarr.data_conversion.analysis.describe import PROCESSING, metadata_files
from tests.analysis.analyses import analysis

THEN = datetime(2026, 3, 14, 9, tzinfo=UTC)


@pytest.mark.parametrize(("engine", "said"), [("minian 2.0.2", [False, True, True, False]), ("native 1", [False] * 4)])
def test_a_movie_that_is_handed_over_in_bytes_is_told(tmp_path, engine, said):
    steps = [Step(name, tmp_path, {}, {}, THEN, THEN, False) for name in ("mean trace", "motion", "cells", "scores")]
    one = replace(analysis(tmp_path), engine=engine, steps=tuple(steps))
    base = Base("m1", tmp_path, tmp_path / "m1.nwb.zarr", None, False)
    files = metadata_files(base, [one], "ophys", "m1.nwb.zarr", THEN, THEN)
    notes = [process["notes"] for process in json.loads(files[PROCESSING])["data_processes"]]
    assert ["whole numbers from 0 to 255" in note for note in notes] == said
