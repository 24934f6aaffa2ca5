"""How often a request to a server is made again, after which waits, and how many are made at once.

boto3's own way of doing so, its mode `adaptive`, measures the rate of requests that a server stands and goes below one
a second where 503s come by chance: 100 objects took 285 s at 60 % 503s, and 1 of them was lost after ten attempts; its
mode `standard` lost 11, because it gives up early for all requests once many have failed (measured on loopback). Both
sleep where a run that is asked to stop cannot wake them.
"""

from __future__ import annotations

import random
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from miniscope_to_nwb_zarr.core.errors import InputError, TemporaryError
from miniscope_to_nwb_zarr.run import stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer = TypeVar("Answer")

MOST_AT_ONCE = 16
_LEAST_AT_ONCE = 4
_SLOWER = 0.7
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 10.0
_GIVE_UP_AFTER_S = 120.0
"""Of waiting, for one request: some 20 attempts."""
_TRIES_WITHOUT_ANSWER = 5
_BLINK_S = 0.1


class ChangedError(TemporaryError):
    """What is there is not what the request was made for: asking again is of no use."""


class NoAnswerError(TemporaryError):
    """No server answered."""


def sleep(seconds: float) -> None:
    """Wait, unless the run is asked to stop.

    Raises
    ------
    Stopped
        It is.
    """
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        stop.obey()
        time.sleep(min(_BLINK_S, left))


class Patience:
    """Shared by all threads that ask one server: each failure makes all of them slower, each success a little faster.

    Parameters
    ----------
    wait : callable
        Waits for so many seconds.
    """

    def __init__(self, wait: Callable[[float], None] = sleep) -> None:
        self._wait = wait
        self._turn = threading.Condition()
        self._n_allowed = float(MOST_AT_ONCE)
        self._n_asking = 0
        self._has_answered = False

    def ask(self, request: Callable[[], Answer]) -> Answer:
        """Make a request, again and again if need be.

        Raises
        ------
        TemporaryError
            It failed for some two minutes; or five times, where no server has answered yet.
        Stopped
            A signal asked the run to stop.
        """
        waited, tries = 0.0, 0
        while True:
            stop.obey()
            try:
                with self._place():
                    return self._answer(request)
            except ChangedError:
                raise
            except TemporaryError:
                tries += 1
                is_hopeless = not self._has_answered and tries >= _TRIES_WITHOUT_ANSWER
                if is_hopeless or waited >= _GIVE_UP_AFTER_S:
                    raise
            # by chance, so that those who were refused together do not come back together
            seconds = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (tries - 1)) * random.uniform(0.5, 1.0)  # noqa: S311
            self._wait(seconds)
            waited += seconds

    def _answer(self, request: Callable[[], Answer]) -> Answer:
        try:
            answer = request()
        except TemporaryError as error:
            self._has_answered = self._has_answered or not isinstance(error, NoAnswerError)
            if not isinstance(error, ChangedError):
                self._n_allowed = max(_LEAST_AT_ONCE, self._n_allowed * _SLOWER)
            raise
        except InputError:
            self._has_answered = True
            raise
        self._has_answered = True
        self._n_allowed = min(MOST_AT_ONCE, self._n_allowed + 1 / self._n_allowed)
        return answer

    @contextmanager
    def _place(self) -> Iterator[None]:
        with self._turn:
            while self._n_asking >= int(self._n_allowed):
                stop.obey()
                self._turn.wait(_BLINK_S)
            self._n_asking += 1
        try:
            yield
        finally:
            with self._turn:
                self._n_asking -= 1
                self._turn.notify()
