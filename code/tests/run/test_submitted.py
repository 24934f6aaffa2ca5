"""Orders that a cluster is at: what comes of them when workers or the scheduler are lost."""

import time
from concurrent.futures import Future
from types import SimpleNamespace

import pytest
from distributed import Client, KilledWorker, LocalCluster
from distributed.client import FutureCancelledError

from miniscope_to_nwb_zarr.core.errors import ExitCode, TemporaryError
from miniscope_to_nwb_zarr.run import submitted
from miniscope_to_nwb_zarr.run.console import Console
from miniscope_to_nwb_zarr.run.submitted import Submitted, result_of
from miniscope_to_nwb_zarr.run.summary import SessionResult

TASK = SimpleNamespace(name="M1", outputs=("M1",))


def ended(error):
    """A task that ended with an error, as those of a cluster are asked for it."""
    future = Future()
    future.set_exception(error)
    return future


LOST = KilledWorker("task", SimpleNamespace(address="tcp://a:1"), 3)


@pytest.mark.parametrize(
    "error", [LOST, FutureCancelledError("task", "lost"), OSError("connection closed"), TimeoutError()]
)
def test_a_worker_that_is_lost_is_a_reason_to_run_again(error):
    result = result_of(ended(error), "M1")
    assert isinstance(result, SessionResult)
    assert (result.session, result.exit_code) == ("M1", ExitCode.TEMPORARY)
    assert type(error).__name__ in result.message


def test_a_fault_of_the_program_is_no_reason_to_run_again():
    result = result_of(ended(NameError("name 'x' is not defined")), "M1")
    assert result.exit_code is ExitCode.INTERNAL
    assert "please report it: NameError: name 'x'" in result.message


@pytest.fixture
def client():
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def done():
    return SessionResult("M1", ExitCode.DONE, "written", "M1")


def slow():
    time.sleep(3)
    return done()


def test_an_order_of_which_nothing_is_heard_any_more_is_sent_again(client, monkeypatch, capsys):
    monkeypatch.setattr(submitted, "_ASK_EVERY_S", 0.1)
    orders = Submitted(client, Console(), set())
    orders.add(TASK, slow)
    (future,) = orders._orders
    # as when a scheduler is lost at this very moment
    forgotten = client.futures.pop(future.key)
    told = []
    assert list(orders.finish(told.append)) == []
    assert "the scheduler was lost while it was given this" in capsys.readouterr().err
    assert len(orders) == 1
    # the first one may end yet: it is nobody's any more
    forgotten.finish()
    (result,) = orders.finish(told.append)
    assert (result.exit_code, told) == (ExitCode.DONE, [TASK])
    assert not len(orders)


def test_without_a_scheduler_nothing_can_be_sent(client):
    orders = Submitted(client, Console(), set())
    orders.add(TASK, slow)
    client.close()
    (result,) = orders.finish(lambda _: None)
    assert result.exit_code is ExitCode.TEMPORARY
    assert "the scheduler is gone" in result.message
    with pytest.raises(TemporaryError, match="M1: the scheduler is gone"):
        orders.add(TASK, done)
