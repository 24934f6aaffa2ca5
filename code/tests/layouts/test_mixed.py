"""Recordings of every layout in one data folder, some of them in one folder of it."""

import pytest

from make_recording import WRITERS
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.layouts import LAYOUTS
from tests.recordings import small_recording


@pytest.fixture
def mixed(tmp_path):
    """All layouts, the three that have no folders of their own side by side."""
    small_recording(tmp_path / "daq")
    for spec, write in WRITERS.values():
        write(spec(), tmp_path)
    return tmp_path


def test_each_recording_is_read_by_its_own_layout(mixed, find):
    found = find(mixed, timezone="America/Los_Angeles", layout=None)
    # the zone fits two of them; the others prove another, and say so
    assert {s.layout for s in found.sessions} >= {"Miniscope DAQ", "Miniscope V3", "Miniscope Wireless"}
    assert all("--timezone" in failure.message for failure in found.failures)
    assert len(found.sessions) + len(found.failures) == len(LAYOUTS)
    without = find(mixed)
    assert {s.layout for s in without.sessions} == set(LAYOUTS) - {"Miniscope V3"}
    (failure,) = without.failures
    assert "give it with --timezone" in failure.message


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_data_set_of_one_layout_leaves_the_others_out_and_says_so(mixed, find, layout):
    found = find(mixed, layout=layout, timezone="America/Los_Angeles" if layout == "Miniscope V3" else None)
    (session,) = found.sessions
    assert session.layout == layout
    others = [f.sentence for f in found.findings if f.code is Code.FILE_IGNORED and "leaves out" in f.sentence]
    assert all(any(repr(other) in sentence for sentence in others) for other in LAYOUTS if other != layout)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_of_a_tree_of_several_layouts_only_folders_that_are_half_are_called_so(mixed, find, layout):
    half = mixed / "half"
    half.mkdir()
    (half / "0.avi").write_bytes(b"RIFF")
    found = find(mixed, layout=layout, timezone="America/Los_Angeles" if layout == "Miniscope V3" else None)
    assert [f.where for f in found.findings if f.code is Code.FOLDER_INCOMPLETE] == ["half"]


def test_no_file_of_one_recording_is_said_to_be_left_out_by_another(mixed, find):
    found = find(mixed)
    own = {file.path.name for session in found.sessions for _, s in session.streams for file in s.video_files}
    said = [f for holder in (found, *found.sessions) for f in holder.findings if f.code is Code.FILE_IGNORED]
    assert not [finding for finding in said if any(name in finding.sentence for name in own)]


def test_files_that_belong_to_no_recording_are_named(mixed, find):
    (mixed / "thesis.avi").write_bytes(b"RIFF")
    found = find(mixed)
    assert any("thesis.avi" in finding.sentence for finding in found.findings)
    assert len(found.sessions) == len(LAYOUTS) - 1
