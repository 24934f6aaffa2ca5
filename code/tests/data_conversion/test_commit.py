import json
import multiprocessing
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from miniscope_to_nwb_zarr.core.errors import ConflictError, Stopped
from miniscope_to_nwb_zarr.core.receipt import Receipt
from miniscope_to_nwb_zarr.data_conversion import commit, disk
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from tests.conversions import convert, listing, staged

NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)
NAME = "M1_2026-03-14_09-26-53"


def receipt(folder, plan="same"):
    return Receipt(NAME, plan, "0.1.0", NOW.isoformat(), {}, (), commit.list_files(folder, {}), (), ())


def stage(results, text="frames", plan="same", *, replace=False):
    with commit.staging_folder(results, NAME) as staging:
        (staging / "store").mkdir()
        (staging / "store" / "0.0.0").write_text(text)
        commit.publish(staging, results / NAME, receipt(staging, plan), replace=replace, now=NOW)


def test_what_is_published_is_listed_whole_and_nothing_of_the_staging_stays(tmp_path):
    stage(tmp_path)
    assert sorted(listing(tmp_path)) == [f"{NAME}/receipt.json", f"{NAME}/store/0.0.0"]
    assert check_files(tmp_path / NAME, commit.read_receipt(tmp_path / NAME), 1) == []


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_staging_is_removed_when_the_work_fails(tmp_path, error):
    def fail():
        with commit.staging_folder(tmp_path, NAME) as staging:
            (staging / "half").write_text("written")
            raise error

    with pytest.raises(error):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("occupant", ["folder", "empty folder", "file", "dangling link"])
def test_nothing_foreign_at_the_final_name_is_replaced(tmp_path, occupant):
    final = tmp_path / NAME
    if occupant == "folder":
        final.mkdir()
        (final / "thesis.txt").write_text("mine")
    elif occupant == "empty folder":
        final.mkdir()
    elif occupant == "file":
        final.write_text("mine")
    else:
        final.symlink_to(tmp_path / "nowhere")
    before = (listing(tmp_path), final.lstat())
    with pytest.raises(ConflictError):
        stage(tmp_path)
    assert (listing(tmp_path), final.lstat()) == before
    assert staged(tmp_path) == []


def test_the_same_output_published_meanwhile_is_accepted_and_another_is_not(tmp_path):
    stage(tmp_path, "first")
    before = listing(tmp_path)
    stage(tmp_path, "second")
    assert listing(tmp_path) == before
    with pytest.raises(ConflictError):
        stage(tmp_path, "third", plan="other")
    assert listing(tmp_path) == before


def test_a_replaced_output_is_kept_to_the_byte(tmp_path):
    stage(tmp_path, "first")
    before = listing(tmp_path / NAME)
    stage(tmp_path, "second", plan="other", replace=True)
    (kept,) = (tmp_path / commit.REPLACED_FOLDER).iterdir()
    assert kept.name.startswith(f"{NAME}.20260314T090000Z-")
    assert listing(kept) == before
    assert (tmp_path / NAME / "store" / "0.0.0").read_text() == "second"
    assert staged(tmp_path) == []


@pytest.mark.parametrize("step", ["rename_new", "exchange", "sync_folder"])
@pytest.mark.parametrize("is_done", [False, True])
def test_the_former_output_survives_a_stop_at_each_step_of_replacing(tmp_path, monkeypatch, step, is_done):
    stage(tmp_path, "first")
    before = {digest for _, digest in listing(tmp_path / NAME).values()}
    real = getattr(disk, step)

    def stopped(*args):
        if is_done:
            real(*args)
        if step != "sync_folder" or args[0].name == commit.REPLACED_FOLDER:
            raise Stopped(143)
        return None if is_done else real(*args)

    monkeypatch.setattr(disk, step, stopped)
    with pytest.raises(Stopped):
        stage(tmp_path, "second", plan="other", replace=True)
    places = [tmp_path / NAME, *(tmp_path / commit.REPLACED_FOLDER).glob("*")]
    kept = [place for place in places if before == {digest for _, digest in listing(place).values()}]
    assert len(kept) == 1
    # and what stands under the final name is whole: the former or the new one
    assert check_files(tmp_path / NAME, commit.read_receipt(tmp_path / NAME), 1) == []
    assert staged(tmp_path) == []


def test_everything_is_on_the_disk_before_the_rename(tmp_path, monkeypatch):
    order = []
    monkeypatch.setattr(disk, "sync_file", order.append)
    rename = disk.rename_new
    monkeypatch.setattr(disk, "rename_new", lambda *args: (order.append("rename"), rename(*args)))
    stage(tmp_path)
    at = order.index("rename")
    synced = [path.partition(f"-{NAME}-")[2].partition("/")[2] for path in order[:at]]
    assert {"store/0.0.0", "store", "receipt.json", ""} <= set(synced)
    # a folder after what is in it
    assert synced.index("store") > synced.index("store/0.0.0")
    assert order[at + 1 :] == [str(tmp_path)]


def test_a_file_that_is_not_as_it_was_written_is_hashed_anew(tmp_path):
    (tmp_path / "a").write_text("abc")
    (tmp_path / "b").write_text("abc")
    true = disk.hash_file(tmp_path / "a")
    entries = commit.list_files(tmp_path, {"a": (3, "as written"), "b": (4, "as written")})
    assert [(entry.path, entry.sha256) for entry in entries] == [("a", "as written"), ("b", true)]


def test_leftovers_are_told_apart_and_only_ours_that_are_dead_are_removed(tmp_path):
    killed = tmp_path / f"{commit.STAGING_PREFIX}{NAME}-1"
    killed.mkdir()
    (killed / ".owner.json").write_text(json.dumps({"program": "miniscope-to-nwb-zarr", "pid": 1, "host": "x"}))
    (killed / "chunk").write_bytes(bytes(100))
    foreign = tmp_path / f"{commit.STAGING_PREFIX}foreign"
    foreign.mkdir()
    (foreign / "thesis.txt").write_text("mine")
    (tmp_path / f"{commit.STAGING_PREFIX}link").symlink_to(foreign)
    (tmp_path / f"{commit.STAGING_PREFIX}file").write_text("mine")
    with commit.staging_folder(tmp_path, NAME) as alive:
        found = {leftover.path: leftover for leftover in commit.leftovers(tmp_path)}
        assert {(p.name, one.is_ours, one.is_alive) for p, one in found.items()} == {
            (killed.name, True, False),
            (foreign.name, False, False),
            (alive.name, True, True),
        }
        assert found[killed].n_bytes > 100
        assert [commit.remove_leftover(found[path]) for path in (killed, foreign, alive)] == [True, False, False]
        assert alive.exists()
        assert not killed.exists()
    assert (foreign / "thesis.txt").read_text() == "mine"


def test_staging_of_another_process_is_alive_until_it_is_killed(tmp_path):
    program = """
import sys, time
from pathlib import Path
from miniscope_to_nwb_zarr.data_conversion.commit import staging_folder
with staging_folder(Path(sys.argv[1]), "M1") as folder:
    print(folder, flush=True)
    time.sleep(60)
"""
    other = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        other.stdout.readline()
        assert [leftover.is_alive for leftover in commit.leftovers(tmp_path)] == [True]
    finally:
        other.kill()
        other.wait()
    (leftover,) = commit.leftovers(tmp_path)
    assert (leftover.is_ours, leftover.is_alive) == (True, False)
    assert commit.remove_leftover(leftover)
    assert staged(tmp_path) == []


def _publish_together(barrier, results, words):
    with commit.staging_folder(results, NAME) as staging:
        (staging / "who").write_text(str(os.getpid()))
        barrier.wait(30)
        try:
            commit.publish(staging, results / NAME, receipt(staging), replace=False, now=NOW)
            words.put((os.getpid(), "accepted"))
        except ConflictError:
            words.put((os.getpid(), "conflict"))


def test_of_two_writers_one_publishes_and_the_other_accepts(tmp_path):
    spawn = multiprocessing.get_context("fork")
    barrier, words = spawn.Barrier(2), spawn.Queue()
    writers = [spawn.Process(target=_publish_together, args=(barrier, tmp_path, words)) for _ in range(2)]
    for writer in writers:
        writer.start()
    said = dict(words.get(timeout=30) for _ in writers)
    for writer in writers:
        writer.join(30)
    assert list(said.values()) == ["accepted", "accepted"]
    assert int((tmp_path / NAME / "who").read_text()) in said
    assert check_files(tmp_path / NAME, commit.read_receipt(tmp_path / NAME), 1) == []
    assert staged(tmp_path) == []


def test_sources_are_read_and_never_written(tiny):
    before = listing(tiny.folder)
    times = {path: path.stat().st_mtime_ns for path in tiny.folder.rglob("*")}
    for path in tiny.folder.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    convert(tiny.session, tiny.results)
    assert listing(tiny.folder) == before
    assert {path: path.stat().st_mtime_ns for path in tiny.folder.rglob("*")} == times
    for path in tiny.folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_what_a_run_left_on_the_point_of_publishing_is_ours(tmp_path):
    left = tmp_path / f"{commit.STAGING_PREFIX}{NAME}-1"
    left.mkdir()
    (left / "receipt.json").write_text(Receipt(NAME, "", "0.1.0", "", {}, (), (), (), ()).as_text())
    (leftover,) = commit.leftovers(tmp_path)
    assert (leftover.is_ours, leftover.is_alive) == (True, False)


@pytest.mark.parametrize("got_to", ["the folder", "the marker"])
def test_what_a_run_left_at_its_first_step_is_ours(tmp_path, got_to):
    left = tmp_path / f"{commit.STAGING_PREFIX}{NAME}-{'0' * 32}"
    left.mkdir()
    if got_to == "the marker":
        (left / ".owner.json").touch()
    (tmp_path / f"{commit.STAGING_PREFIX}mine").mkdir()
    found = {leftover.path: leftover for leftover in commit.leftovers(tmp_path)}
    is_ours = {path: leftover.is_ours for path, leftover in found.items()}
    assert is_ours == {left: True, tmp_path / f"{commit.STAGING_PREFIX}mine": False}
    # a run may be at its first step just now
    assert not commit.remove_leftover(found[left])
    os.utime(left, (0, 0))
    found = {leftover.path: leftover for leftover in commit.leftovers(tmp_path)}
    assert commit.remove_leftover(found[left])


def test_a_staging_folder_that_cannot_be_marked_does_not_stay(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(commit.json, "dump", refuse)
    with pytest.raises(OSError, match="No space"), commit.staging_folder(tmp_path, NAME):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("teller", [".owner.json", "receipt.json"])
def test_a_removal_that_is_cut_short_is_taken_up_again(tmp_path, monkeypatch, teller):
    left = tmp_path / f"{commit.STAGING_PREFIX}{NAME}-1"
    for name in ("a", "b"):
        (left / name).mkdir(parents=True)
        (left / name / "chunk").write_text("frames")
    text = json.dumps({"program": "miniscope-to-nwb-zarr"})
    (left / teller).write_text(text if teller == ".owner.json" else receipt(left).as_text())
    (found,) = commit.leftovers(tmp_path)
    with monkeypatch.context() as cut:
        cut.setattr(commit.shutil, "rmtree", lambda *_, **__: None)
        commit.remove_leftover(found)
    (found,) = commit.leftovers(tmp_path)
    assert found.is_ours
    assert commit.remove_leftover(found)
    assert list(tmp_path.iterdir()) == []


def test_what_is_just_being_published_is_alive(tmp_path, monkeypatch):
    """Without its marker, on the way to its name: what is removed now would be gone from the finished output."""
    alive = []
    rename_new = disk.rename_new

    def looking(source, target):
        alive.extend(leftover.is_alive for leftover in commit.leftovers(tmp_path))
        rename_new(source, target)

    monkeypatch.setattr(disk, "rename_new", looking)
    stage(tmp_path)
    assert alive == [True]


def test_who_comes_second_is_told_what_is_there(tmp_path):
    stage(tmp_path, "first")
    with commit.staging_folder(tmp_path, NAME) as staging:
        (staging / "store").write_text("second")
        own = receipt(staging)
        there = commit.publish(staging, tmp_path / NAME, own, replace=False, now=NOW)
    assert there == commit.read_receipt(tmp_path / NAME) != own
