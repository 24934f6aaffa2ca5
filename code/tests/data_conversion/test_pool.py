import multiprocessing
import os
import signal
import subprocess
import sys
import time
from multiprocessing.connection import Connection

import psutil
import pytest

from miniscope_to_nwb_zarr.core.errors import Stopped, TemporaryError
from miniscope_to_nwb_zarr.data_conversion import pool as pool_module
from miniscope_to_nwb_zarr.data_conversion.pool import open_pool
from miniscope_to_nwb_zarr.run import session_store
from tests.conversions import convert


def kill_this_worker(_task):
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(seconds):
    time.sleep(seconds)


def test_a_worker_that_is_killed_is_a_reason_to_run_again(tiny, monkeypatch):
    from miniscope_to_nwb_zarr.data_conversion import frames_stage

    monkeypatch.setattr(frames_stage, "write_slab", kill_this_worker)
    with pytest.raises(TemporaryError, match="worker process ended before its work was done"):
        convert(tiny.session, tiny.results, in_process=False, workers=2)
    assert list(tiny.results.iterdir()) == []


def test_a_worker_that_died_between_two_tasks_is_one_too():
    with open_pool(1) as pool:
        with pytest.raises(TemporaryError):
            list(pool.run(kill_this_worker, [0]))
        with pytest.raises(TemporaryError, match="worker process ended before its work was done"):
            pool.run(sleep, [0.0])


def die_while_reporting(_task):
    """Hand over the first half of a large report, and be killed."""

    def half(connection, report, write=os.write):
        write(connection.fileno(), memoryview(report)[: len(report) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

    Connection._send = half
    return bytes(1 << 20)


def test_a_worker_that_dies_while_it_reports_is_one_too(monkeypatch):
    monkeypatch.setattr(pool_module, "_LOOK_EVERY_S", 0.2)
    with open_pool(2) as pool, pytest.raises(TemporaryError, match="worker process ended before its work was done"):
        list(pool.run(die_while_reporting, [0]))


def test_tasks_in_order_are_made_as_it_comes_to_them():
    made, got = [], []

    def tasks():
        for number in range(30):
            made.append(number)
            assert len(made) - len(got) <= 8
            yield number

    with open_pool(2) as pool:
        got.extend(pool.in_order(slower_at_first, tasks()))
    assert got == made == list(range(30))


def slower_at_first(number):
    time.sleep(0.1 if number < 2 else 0)
    return number


def test_a_worker_that_dies_in_the_midst_of_them_is_a_reason_to_run_again(monkeypatch):
    monkeypatch.setattr(pool_module, "_LOOK_EVERY_S", 0.2)
    for dies in (kill_this_worker, die_while_reporting):
        with open_pool(2) as pool, pytest.raises(TemporaryError, match="worker process ended before its work"):
            list(pool.in_order(dies, range(3)))


def test_a_stop_ends_the_workers_before_the_staging_is_removed(tiny, monkeypatch):
    from miniscope_to_nwb_zarr.data_conversion import frames_stage

    monkeypatch.setattr(frames_stage, "write_slab", sleep_long)

    def stopped(*_args, **_kwargs):
        raise Stopped(143)

    monkeypatch.setattr(session_store, "build_nwbfile", stopped)
    began = time.monotonic()
    with pytest.raises(Stopped):
        convert(tiny.session, tiny.results, in_process=False, workers=1)
    assert time.monotonic() - began < 10
    assert list(tiny.results.iterdir()) == []
    assert multiprocessing.active_children() == []


def sleep_long(_task):
    time.sleep(30)


def test_workers_end_when_the_program_is_killed():
    program = """
import multiprocessing, time
from miniscope_to_nwb_zarr.data_conversion import pool as pool_module
from miniscope_to_nwb_zarr.data_conversion.pool import open_pool
from tests.data_conversion.test_pool import sleep
if __name__ == "__main__":
    with open_pool(1) as pool:
        list(pool.run(sleep, [0]))
        print(*[child.pid for child in multiprocessing.active_children()], flush=True)
        list(pool.run(sleep, [30]))
"""
    main = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    workers = [psutil.Process(int(pid)) for pid in main.stdout.readline().split()]
    main.kill()
    main.wait()
    assert len(workers) == 1
    deadline = time.monotonic() + 5
    while any(map(is_running, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    alive = [worker for worker in workers if is_running(worker)]
    for worker in alive:
        worker.kill()
    assert not alive


def is_running(process):
    # an orphan that has ended stays a zombie where nothing waits for orphans
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_the_environment_is_as_before():
    before = dict(os.environ)
    with open_pool(1):
        assert os.environ["MALLOC_MMAP_THRESHOLD_"] == "33554432"
    assert dict(os.environ) == before
