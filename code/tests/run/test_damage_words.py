"""How damaged frames are told of, in numbers that are not 0."""

import pytest

from miniscope_to_nwb_zarr.run import session_store

MARKED = "marked in the table invalid_times: leave"
SOME = f"could not be decoded at all, the others as the decoder gave them. All are {MARKED} them out of analyses"


@pytest.mark.parametrize(
    ("n_damaged", "n_lost", "words"),
    [
        (1, 0, f"it is stored as the decoder gave it, and {MARKED} it out of analyses"),
        (1, 1, f"it is stored black, as it could not be decoded at all, and {MARKED} it out of analyses"),
        (3, 0, f"they are stored as the decoder gave them. All are {MARKED} them out of analyses"),
        (3, 1, f"1 of them is stored black, as it {SOME}"),
        (3, 2, f"2 of them are stored black, as they {SOME}"),
        (3, 3, f"they are stored black, as they could not be decoded at all. All are {MARKED} them out of analyses"),
    ],
)
def test_only_what_there_is_of_is_said(n_damaged, n_lost, words):
    assert session_store._as_stored(n_damaged, n_lost) == words
