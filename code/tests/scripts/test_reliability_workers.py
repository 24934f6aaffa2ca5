import signal
import subprocess
import time
from contextlib import suppress

import pytest

from reliability_workers import Order, Waiting, run_case, tried
from tests.faults import scorecard
from tests.faults.harness import Case, Row, Tier, in_child

needs_alarms = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarms on Windows")


def order(group: str, case: str) -> Order:
    return Order("R1", case, Tier.FAST, group)


@needs_alarms
def test_a_case_that_hangs_is_broken_and_its_processes_are_ended():
    started = []

    def hang():
        started.append(subprocess.Popen(["sleep", "600"], start_new_session=True))
        try:
            # as a library that takes whatever comes for its own trouble
            with suppress(Exception):
                time.sleep(600)
        finally:
            started[0].wait()

    said = tried(hang, 0.3)
    assert said.startswith("The case was not done within 0.3 s and was ended")
    assert started[0].returncode == -signal.SIGKILL


@needs_alarms
def test_an_alarm_of_a_child_ends_the_child_only():
    def hang():
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        time.sleep(600)

    codes = []
    assert not tried(lambda: codes.append(in_child(hang)), 60)
    assert codes == [-signal.SIGALRM]


@needs_alarms
def test_a_time_that_was_enough_does_not_run_on():
    assert not tried(lambda: None, 0.1)
    time.sleep(0.2)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_what_goes_wrong_in_a_case_is_its_result(monkeypatch):
    def broken(folder):
        folder.mkdir()
        raise AssertionError("the promise is broken")

    row = Row("a row", "", "", lambda _: [Case("good", lambda _: None), Case("bad", broken)])
    monkeypatch.setitem(scorecard.ROWS, row.name, row)
    good, bad = (run_case(Order(row.name, name, Tier.FAST, "")) for name in ("good", "bad"))
    assert good["held"]
    assert not good["error"]
    assert not bad["held"]
    assert "the promise is broken" in bad["error"]


def test_cases_of_one_preparation_go_to_one_worker_until_others_have_nothing():
    waiting = Waiting([order("a", "a1"), order("a", "a2"), order("a", "a3"), order("b", "b1")])
    assert waiting.next_for("").case == "a1"
    assert waiting.next_for("").case == "b1"
    assert waiting.next_for("a").case == "a2"
    assert waiting.next_for("b").case == "a3"
    assert waiting.next_for("a") is None
