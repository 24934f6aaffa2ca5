"""What processing.json says of the steps of an analysis."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from miniscope_to_nwb_zarr.analysis.kept_steps import Step
from miniscope_to_nwb_zarr.data_conversion.analysis.base import Base
from miniscope_to_nwb_zarr.data_conversion.analysis.describe import PROCESSING, _zone, metadata_files
from tests.analysis.analyses import analysis

THEN = datetime(2026, 3, 14, 9, tzinfo=UTC)
# the clocks go back in between
RECORDED = datetime(2026, 10, 14, 9, 26, tzinfo=timezone(timedelta(hours=-7)))
ANALYSED = datetime(2026, 11, 29, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(("engine", "said"), [("minian 2.0.2", [False, True, True, False]), ("native 1", [False] * 4)])
def test_a_movie_that_is_handed_over_in_bytes_is_told(tmp_path, engine, said):
    steps = [Step(name, tmp_path, {}, {}, THEN, THEN, False) for name in ("mean trace", "motion", "cells", "scores")]
    one = replace(analysis(tmp_path), engine=engine, steps=tuple(steps))
    base = Base("m1", tmp_path, tmp_path / "m1.nwb.zarr", None, False)
    files = metadata_files(base, [one], "ophys", "m1.nwb.zarr", THEN, THEN)
    notes = [process["notes"] for process in json.loads(files[PROCESSING])["data_processes"]]
    assert ["whole numbers from 0 to 255" in note for note in notes] == said


@pytest.mark.parametrize(
    ("acquisition", "ended", "hours"),
    [
        ({"acquisition_start_tz": "America/Los_Angeles"}, "2026-11-29T11:59:00-08:00", -8),
        ({"acquisition_start_tz": "America/Los_Angeles"}, None, -8),
        ({"acquisition_start_tz": -7}, "2026-11-29T11:59:00-08:00", -8),
        (None, "2026-11-29T12:59:00-07:00", -7),
        (None, None, -7),
    ],
)
def test_times_are_told_as_those_of_the_conversion_are(tmp_path, acquisition, ended, hours):
    if acquisition:
        (tmp_path / "acquisition.json").write_text(json.dumps(acquisition))
    if ended:
        (tmp_path / PROCESSING).write_text(json.dumps({"data_processes": [{"end_date_time": ended}]}))
    base = Base("M1", tmp_path, tmp_path / "M1.nwb.zarr", object(), is_final=True)
    assert ANALYSED.astimezone(_zone(base, RECORDED)).utcoffset() == timedelta(hours=hours)
