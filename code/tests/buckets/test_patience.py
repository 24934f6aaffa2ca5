"""How often is asked again, how long is waited, and how many ask at once."""

import threading
import time

import pytest

from miniscope_to_nwb_zarr.buckets import patience
from miniscope_to_nwb_zarr.buckets.at_once import each_at_once
from miniscope_to_nwb_zarr.buckets.patience import ChangedError, NoAnswerError, Patience, sleep
from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError, Stopped, TemporaryError
from miniscope_to_nwb_zarr.run import stop


@pytest.fixture
def stopping():
    yield lambda: stop.request(ExitCode.TERMINATED)
    stop.forget()


def failing(*errors):
    """A request that fails so often, and then answers how often it was made."""
    left = list(errors)

    def request():
        if left:
            raise left.pop(0)
        return "answer"

    return request


def test_each_wait_is_longer_and_they_differ():
    waits = []
    busy = [TemporaryError("busy") for _ in range(9)]
    assert Patience(waits.append).ask(failing(*busy)) == "answer"
    for k, seconds in enumerate(waits):
        longest = min(10.0, 0.1 * 2**k)
        assert 0.5 * longest <= seconds <= longest
    other = []
    Patience(other.append).ask(failing(*[TemporaryError("busy") for _ in range(9)]))
    assert waits != other


def test_it_gives_up_after_two_minutes_and_some_twenty_attempts():
    waits = []
    with pytest.raises(TemporaryError, match="busy"):
        Patience(waits.append).ask(failing(*[TemporaryError("busy")] * 100))
    assert 120 <= sum(waits) <= 130
    assert 18 <= len(waits) <= 32


def test_a_server_that_never_answered_is_given_up_soon():
    waits = []
    with pytest.raises(NoAnswerError):
        Patience(waits.append).ask(failing(*[NoAnswerError("nobody")] * 100))
    assert len(waits) == 4
    # one that has answered before may only be away for a while
    known = Patience(waits.append)
    known.ask(failing())
    assert known.ask(failing(*[NoAnswerError("nobody")] * 9)) == "answer"


@pytest.mark.parametrize("error", [ChangedError("another"), InputError("not there")])
def test_what_does_not_pass_is_not_tried_again(error):
    with pytest.raises(type(error)):
        Patience(pytest.fail).ask(failing(error))


def test_fewer_ask_at_once_while_the_server_is_busy_and_more_again_when_it_is_not():
    most = []
    asking, lock = 0, threading.Lock()
    patient = Patience(lambda _: None)

    def request():
        nonlocal asking
        with lock:
            asking += 1
            most[-1] = max(most[-1], asking)
        time.sleep(0.005)
        with lock:
            asking -= 1

    for prepare in (lambda: None, lambda: patient.ask(failing(*[TemporaryError("busy")] * 12)), lambda: None):
        prepare()
        most.append(0)
        each_at_once(lambda _: patient.ask(request), range(150))
    assert most[0] == patience.MOST_AT_ONCE
    assert most[2] == patience.MOST_AT_ONCE
    with pytest.raises(TemporaryError):
        patient.ask(failing(*[TemporaryError("busy")] * 100))
    most.append(0)
    each_at_once(lambda _: patient.ask(request), range(4))
    assert most[3] <= 4


def test_a_run_that_is_asked_to_stop_does_not_wait(stopping):
    threading.Timer(0.2, stopping).start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        sleep(60)
    with pytest.raises(Stopped):
        each_at_once(lambda _: time.sleep(20), range(40))
    assert time.monotonic() - began < 5


def test_results_come_in_order_and_the_first_error_ends_it():
    assert each_at_once(lambda k: k * k, range(50)) == [k * k for k in range(50)]
    assert each_at_once(lambda _: None, []) == []
    begun = []

    def work(k):
        begun.append(k)
        time.sleep(0.01)
        if k == 3:
            raise TemporaryError("busy")

    with pytest.raises(TemporaryError):
        each_at_once(work, range(1000), most=4)
    n_begun = len(begun)
    assert n_begun < 200
    time.sleep(0.05)
    assert len(begun) == n_begun
