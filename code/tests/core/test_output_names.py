import re
from datetime import UTC
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.naming import session_name, subject_id
from miniscope_to_nwb_zarr.core.output_names import find_store, output_names, session_label

# the rules of the archive, read in version 0.81 of its client (dandi.organize)
LABEL = r"[^_*\\/<>:|\"'?%@;.]+"
ORGANIZED_FILE = rf"sub-{LABEL}(_((ses|tis|slice|cell|desc|probe|obj)-{LABEL}|{LABEL}(\+{LABEL})*))*\.nwb(\.zarr)?"
ORGANIZED_FOLDER = rf"sub-{LABEL}"


def session(animal="M770001", name="M770001_2026-03-14_09-26-53"):
    return SimpleNamespace(subject_id=animal, name=name)


def test_names_as_dandi_has_them():
    names = output_names(session(), "dandi")
    assert names.store(".nwb.zarr") == "sub-M770001/sub-M770001_ses-20260314T092653_ophys.nwb.zarr"
    assert names.videos == "sub-M770001_ses-20260314T092653_ophys"
    plain = output_names(session(), "session")
    assert (plain.store(".nwb"), plain.videos) == ("M770001_2026-03-14_09-26-53.nwb", "behavior-videos")


STARTS = st.datetimes(timezones=st.just(UTC)).filter(lambda start: start.year > 1900)


@given(st.text(max_size=90), STARTS, st.sampled_from(["", "-2", "-13"]))
def test_every_name_keeps_the_rules_of_the_archive(label, start, more):
    animal = subject_id(label)
    if animal is None:
        return
    named = output_names(session(animal, session_name(animal, start, "") + more), "dandi")
    for suffix in (".nwb", ".nwb.zarr"):
        folder, _, file = named.store(suffix).partition("/")
        assert re.fullmatch(ORGANIZED_FOLDER, folder)
        assert re.fullmatch(ORGANIZED_FILE, file)
        assert re.match(ORGANIZED_FOLDER, file)[0] == folder
        assert find_store(["qc/report.html", f"{named.store(suffix)}/.zgroup"]) == named.store(suffix)


def test_sessions_that_began_in_the_same_second_are_told_apart():
    assert session_label("2026-03-14_09-26-53") != session_label("2026-03-14_09-26-53-2")


def test_an_animal_without_a_name_has_none_there():
    with pytest.raises(InputError, match="--subject_id"):
        output_names(session(None, "unnamed-12345678_2026-03-14_09-26-53"), "dandi")
