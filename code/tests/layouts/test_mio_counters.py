import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.layouts.mio.counters import in_order, steps, told_first

COUNT = np.arange(100, 160, dtype=float)


def test_a_counter_that_counts_is_believed():
    assert in_order(COUNT, 1000).all()
    assert in_order(np.full(20, 7.0), 0).all()
    assert in_order(np.empty(0), 0).tolist() == []
    assert in_order(np.array([9.0]), 0).all()


@given(st.integers(0, 59), st.integers(6, 31))
def test_a_bit_that_was_turned_over_is_found_wherever_it_is(row, bit):
    values = 1e6 + COUNT
    values[row] = int(values[row]) ^ (1 << bit)
    # at the ends there is one side only
    assert np.flatnonzero(~in_order(values, 20)).tolist() == [row]


def test_two_wrong_readings_side_by_side_do_not_speak_for_each_other():
    values = COUNT.copy()
    values[30:32] = 70_000
    assert np.flatnonzero(~in_order(values, 20)).tolist() == [30, 31]


def test_a_counter_that_began_anew_is_believed_on_both_sides():
    values = np.concatenate([COUNT, np.arange(30)])
    assert in_order(values, 20).all()
    values[70] = 5000
    assert np.flatnonzero(~in_order(values, 20)).tolist() == [70]


def test_a_pause_is_no_error():
    values = np.concatenate([COUNT, COUNT + 1e6])
    assert in_order(values, 20).all()


def test_readings_that_are_missing_are_passed_over():
    values = COUNT.copy()
    values[[0, 9, 10, 11, 12, 59]] = np.nan
    assert in_order(values, 20).tolist() == np.isfinite(values).tolist()


def test_steps_go_from_one_chosen_row_to_the_next():
    values = np.array([5.0, 6.0, 999.0, 9.0, np.nan, 2.0, 4.0])
    chosen = np.array([True, True, False, True, False, True, True])
    assert steps(values, chosen).tolist() == [0, 1, 0, 3, 0, 0, 2]


def test_rows_are_told_again_only_if_all_of_them_is_the_same():
    one = np.array([1.0, 2.0, 1.0, 1.0, np.nan, np.nan])
    other = np.array([7.0, 7.0, 7.0, 8.0, 7.0, 7.0])
    assert told_first([one, other]).tolist() == [True, True, False, True, True, True]
    assert told_first([np.empty(0)]).tolist() == []
