"""Limits on untrusted input, raised for a run and for its workers."""

import pytest

from miniscope_to_nwb_zarr.data_conversion.pool import open_pool
from miniscope_to_nwb_zarr.run.inputs import make_job
from miniscope_to_nwb_zarr.run.options import Options
from miniscope_to_nwb_zarr.sources import limits


@pytest.fixture(autouse=True)
def usual():
    yield
    limits.choose({})


def chosen_there(_task):
    return limits.TABLE_ROWS.value, limits.FOLDERS.value


def test_a_run_has_the_limits_that_it_asks_for_and_the_next_one_the_usual_ones():
    make_job(Options.from_python(limits={"table_rows": 7}))
    assert (limits.TABLE_ROWS.value, limits.FOLDERS.value) == (7, 100_000)
    make_job(Options.from_python())
    assert limits.TABLE_ROWS.value == limits.TABLE_ROWS.usual


def test_the_workers_of_a_run_have_its_limits():
    limits.choose({"table_rows": 7})
    with open_pool(1) as pool:
        assert dict(pool.run(chosen_there, [0])) == {0: (7, 100_000)}


def test_each_limit_stands_in_the_list_by_its_name_and_says_how_to_raise_it():
    named = [value for name, value in vars(limits).items() if isinstance(value, limits.Limit) and name.isupper()]
    assert {limit.name: limit for limit in named} == limits.LIMITS
    for limit in named:
        assert f"--limits {limit.name}=N" in limit.remedy
