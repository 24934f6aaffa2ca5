import multiprocessing
import time

from miniscope_to_nwb_zarr.run.turn import one_at_a_time


def note(lock, notes, name):
    with one_at_a_time(lock):
        for word in ("in", "out"):
            with notes.open("a") as file:
                file.write(f"{name} {word}\n")
            time.sleep(0.1)


def test_processes_that_want_the_same_take_turns(tmp_path):
    context = multiprocessing.get_context("fork")
    lock, notes = tmp_path / "locks" / ".m1.lock", tmp_path / "notes"
    others = [context.Process(target=note, args=(lock, notes, name)) for name in "abc"]
    for other in others:
        other.start()
    for other in others:
        other.join(30)
    lines = notes.read_text().split("\n")[:-1]
    assert len(lines) == 6
    assert all(lines[k].split()[0] == lines[k + 1].split()[0] for k in (0, 2, 4))
    assert not list(lock.parent.iterdir())
