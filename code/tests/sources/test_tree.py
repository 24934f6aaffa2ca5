import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.sources import limits, tree
from miniscope_to_nwb_zarr.sources.tree import natural_key, shown, walk


def make(root, *files):
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def relative(found):
    return [path.relative_to(found.root).as_posix() for path in found.folders]


def said(found):
    return [(finding.code, finding.where, finding.numbers.get("count")) for finding in found.findings]


def test_files_are_in_natural_order(tmp_path):
    make(tmp_path, "10.avi", "2.avi", "0.avi", "1.avi", "a.csv")
    folder = walk(tmp_path).folders[tmp_path.resolve()]
    assert [path.name for path in folder.files] == ["0.avi", "1.avi", "2.avi", "10.avi", "a.csv"]
    assert folder.file("2.avi") == tmp_path.resolve() / "2.avi"
    assert folder.file("3.avi") is None


def test_folders_are_listed_once_with_what_is_in_them(tmp_path):
    make(tmp_path, "s10/dev/0.avi", "s2/metaData.json", "s2/dev/0.avi")
    found = walk(tmp_path)
    assert relative(found) == [".", "s2", "s2/dev", "s10", "s10/dev"]
    top = found.folders[found.root]
    assert [folder.path.name for folder in found.inside(top)] == ["s2", "s10"]
    assert found.findings == ()


def test_the_root_and_its_children_may_be_links_to_anywhere(tmp_path):
    make(tmp_path / "asset", "s/0.avi")
    make(tmp_path, "loose.csv")
    (tmp_path / "mount").mkdir()
    (tmp_path / "mount" / "mouse1").symlink_to(tmp_path / "asset")
    (tmp_path / "mount" / "table.csv").symlink_to(tmp_path / "loose.csv")
    (tmp_path / "data").symlink_to(tmp_path / "mount")
    found = walk(tmp_path / "data")
    assert found.root == (tmp_path / "mount").resolve()
    assert relative(found) == [".", "mouse1", "mouse1/s"]
    assert [path.name for path in found.folders[found.root].files] == ["table.csv"]
    assert found.findings == ()


def test_an_inner_link_is_followed_only_to_what_lies_inside(tmp_path):
    make(tmp_path, "secret/0.avi", "data/.store/video/0.avi", "data/s/timeStamps.csv", "data/.store/1")
    (tmp_path / "data/s/in").symlink_to("../.store/video")
    (tmp_path / "data/s/1.avi").symlink_to("../.store/1")
    (tmp_path / "data/s/out").symlink_to(tmp_path / "secret")
    (tmp_path / "data/s/up.avi").symlink_to("../../secret/0.avi")
    found = walk(tmp_path / "data")
    assert relative(found) == [".", "s", "s/in"]
    assert [path.name for path in found.folders[found.root / "s"].files] == ["1.avi", "timeStamps.csv"]
    assert said(found) == [(Code.LINK_REFUSED, "s", 2)]


def test_a_sibling_with_a_longer_name_is_outside(tmp_path):
    make(tmp_path, "data/s/a", "data2/0.avi")
    (tmp_path / "data/s/x").symlink_to(tmp_path / "data2")
    assert relative(walk(tmp_path / "data")) == [".", "s"]


def test_an_inner_link_may_lead_into_another_trusted_asset(tmp_path):
    make(tmp_path, "a/s/0.avi", "b/.hidden/1.avi", "data/README")
    (tmp_path / "data/a").symlink_to(tmp_path / "a")
    (tmp_path / "data/b").symlink_to(tmp_path / "b")
    (tmp_path / "a/s/more").symlink_to(tmp_path / "b/.hidden")
    assert relative(walk(tmp_path / "data")) == [".", "a", "a/s", "a/s/more", "b"]


def test_loops_and_repeats_are_cut(tmp_path):
    make(tmp_path, "s/dev/0.avi")
    (tmp_path / "s/loop").symlink_to("..")
    (tmp_path / "s/self").symlink_to("self")
    (tmp_path / "latest").symlink_to("s")
    (tmp_path / "all").symlink_to(tmp_path.parent)
    found = walk(tmp_path)
    assert relative(found) == [".", "s", "s/dev"]
    assert said(found) == [(Code.LINK_REFUSED, ".", 2), (Code.LINK_REFUSED, "s", 1), (Code.LINK_REFUSED, "s", 1)]


def test_broken_links_are_reported_once_for_a_folder(tmp_path):
    (tmp_path / "s").mkdir()
    for k in range(5):
        (tmp_path / f"s/{k}.avi").symlink_to("nowhere")
    (finding,) = walk(tmp_path).findings
    assert finding.sentence == "holds links that lead nowhere: 0.avi, 1.avi, 2.avi and 2 more"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_special_files_are_refused(tmp_path):
    make(tmp_path, "s/1.avi")
    os.mkfifo(tmp_path / "s/0.avi")
    (tmp_path / "s/2.avi").symlink_to("0.avi")
    (tmp_path / "zero.avi").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s/sock"))
        found = walk(tmp_path)
    assert [path.name for path in found.folders[found.root / "s"].files] == ["1.avi"]
    assert said(found) == [(Code.FILE_IGNORED, ".", 1), (Code.FILE_IGNORED, "s", 3)]


def test_hidden_entries_are_named_only_when_they_look_recorded(tmp_path):
    make(tmp_path, ".DS_Store", "._0.avi", "._metaData.json", ".git/config", ".trash/0.avi", "0.avi")
    found = walk(tmp_path)
    assert relative(found) == ["."]
    (finding,) = found.findings
    assert finding.code is Code.FILE_IGNORED
    assert finding.sentence.endswith("; they were ignored: ._0.avi, ._metaData.json, .trash")


def test_zarr_stores_are_not_entered(tmp_path):
    make(tmp_path, "a.nwb.zarr/x/0.avi", "B.ZARR/0.avi", ".real.zarr/0.avi")
    (tmp_path / "plain").symlink_to(".real.zarr")
    assert relative(walk(tmp_path)) == ["."]


def test_folders_beyond_the_limits_are_reported(tmp_path, monkeypatch):
    make(tmp_path, "a/b/c/0.avi", "many/0", "many/1", "many/2", "many/3")
    monkeypatch.setitem(limits._chosen, "tree_depth", 2)
    monkeypatch.setitem(limits._chosen, "files_per_folder", 3)
    found = walk(tmp_path)
    assert relative(found) == [".", "a", "a/b"]
    assert found.inside(found.folders[found.root]) == (found.folders[found.root / "a"],)
    assert said(found) == [(Code.FILE_UNREADABLE, "many", None), (Code.FILE_UNREADABLE, "a/b", 1)]


def test_too_many_folders_are_reported_once(tmp_path, monkeypatch):
    make(tmp_path, *(f"{k}/0.avi" for k in range(6)))
    monkeypatch.setitem(limits._chosen, "folders", 4)
    found = walk(tmp_path)
    assert len(found.folders) == 4
    assert [finding.code for finding in found.findings] == [Code.FILE_UNREADABLE]


def test_links_behind_links_have_a_limit(tmp_path, monkeypatch):
    monkeypatch.setitem(limits._chosen, "link_depth", 1)
    make(tmp_path, ".x/0.avi", ".y/0.avi", "s/0.avi")
    (tmp_path / "s/x").symlink_to("../.x")
    (tmp_path / ".x/y").symlink_to("../.y")
    found = walk(tmp_path)
    assert relative(found) == [".", "s", "s/x"]
    assert [finding.where for finding in found.findings] == [".", "s/x"]


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path, monkeypatch):
    make(tmp_path, "shut/0.avi", "open/0.avi")
    scandir = os.scandir

    def refusing(path):
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(tree.os, "scandir", refusing)
    found = walk(tmp_path)
    assert relative(found) == [".", "open"]
    assert [path.name for path in found.folders[found.root].folders] == ["open"]
    (finding,) = found.findings
    assert finding.sentence == (
        "the folder cannot be listed: Permission denied. Check that you have permission to read it"
    )


def test_a_missing_root_has_no_folders(tmp_path):
    found = walk(tmp_path / "nothing")
    assert not found.folders
    assert [finding.code for finding in found.findings] == [Code.FILE_UNREADABLE]


def test_names_that_are_not_text_can_be_shown():
    assert shown(Path(os.fsdecode(b"a\xff/b"))) == "a\\xff/b"


@given(st.lists(st.integers(0, 10**12), unique=True))
def test_numbers_in_names_sort_by_value(numbers):
    names = [f"{number}.avi" for number in numbers]
    assert sorted(names, key=natural_key) == [f"{number}.avi" for number in sorted(numbers)]


@given(st.lists(st.text(max_size=6)))
def test_any_names_can_be_sorted(names):
    assert sorted(sorted(names), key=natural_key) == sorted(names, key=natural_key)
