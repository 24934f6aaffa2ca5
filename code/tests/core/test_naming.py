"""Names that every file system and archive takes."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.naming import device_name, session_name, subject_id


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("M770001", "M770001"),
        ("mouse_12 (left)", "mouse-12-left"),
        ("Mäuschen", "Mauschen"),
        ("../../etc", "etc"),
        ("con", "con-1"),
        ("???", None),
        ("", None),
    ],
)
def test_subjects(label, name):
    assert subject_id(label) == name


@given(st.text())
def test_any_text_gives_a_plain_name_or_none(label):
    name = subject_id(label)
    assert name is None or re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", name)
    assert name is None or subject_id(name) == name


@given(st.lists(st.text(max_size=4), max_size=8))
def test_device_names_are_distinct(folders):
    names = []
    for folder in folders:
        names.append(device_name(folder, names))
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in names)


def test_sessions():
    start = datetime(2026, 3, 14, 9, 26, 53, 589_000, UTC)
    assert session_name("M1", start, "") == "M1_2026-03-14_09-26-53"
    assert session_name(None, start, "0123456789abcdef") == "unnamed-01234567_2026-03-14_09-26-53"
