import pytest

from miniscope_to_nwb_zarr.core.amounts import duration_text, size_text
from miniscope_to_nwb_zarr.run.progress import Meter


def test_nothing_is_claimed_before_the_first_frame():
    assert Meter(100, 100, clock=lambda: 0.0).line() == "0 of 100 frames (0 %)"


def test_a_recording_without_frames_is_complete():
    assert Meter(0, 0, clock=lambda: 0.0).line() == "0 of 0 frames (100 %)"


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_940, "99.9 kB"), (132_000_000, "132 MB"), (8.2e9, "8.2 GB")],
)
def test_sizes_are_those_on_the_label_of_a_disk(n_bytes, text):
    assert size_text(n_bytes) == text


@pytest.mark.parametrize(("n_bytes", "text"), [(999_600, "1.0 MB"), (2.5e12, "2.5 TB"), (4.2e15, "4200.0 TB")])
def test_sizes_change_unit_where_rounding_would_give_four_digits(n_bytes, text):
    assert size_text(n_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599.7, "1 h 00 min"), (90_000, "25 h 00 min")],
)
def test_durations(seconds, text):
    assert duration_text(seconds) == text
