import multiprocessing
import os

from miniscope_to_nwb_zarr.buckets.passing_folder import passing_folder


def hold(parent, ready, go_on):
    with passing_folder(parent) as folder:
        (folder / "file").write_text("x")
        ready.set()
        go_on.wait(30)


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_holds_is_not(tmp_path):
    context = multiprocessing.get_context("fork")
    ready, go_on = context.Event(), context.Event()
    holder = context.Process(target=hold, args=(tmp_path, ready, go_on))
    holder.start()
    assert ready.wait(30)
    with passing_folder(tmp_path):
        assert len(list(tmp_path.iterdir())) == 2
    assert len(list(tmp_path.iterdir())) == 1
    os.kill(holder.pid, 9)
    holder.join(30)
    assert len(list(tmp_path.iterdir())) == 1
    with passing_folder(tmp_path) as own:
        assert list(tmp_path.iterdir()) == [own]
    assert not list(tmp_path.iterdir())
