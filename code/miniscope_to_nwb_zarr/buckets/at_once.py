"""Several requests at once, in threads that a run which is asked to stop does not wait for."""

from __future__ import annotations

import multiprocessing
from multiprocessing.pool import ThreadPool
from typing import TYPE_CHECKING, TypeVar

from miniscope_to_nwb_zarr.buckets.patience import MOST_AT_ONCE
from miniscope_to_nwb_zarr.run import stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Item = TypeVar("Item")
Result = TypeVar("Result")

_BLINK_S = 0.1


def each_at_once(action: Callable[[Item], Result], items: Iterable[Item], most: int = MOST_AT_ONCE) -> list[Result]:
    """Do something with each item; gives the results in the order of the items.

    After the first error no further item is begun, and it is raised when those that were begun have ended.

    Raises
    ------
    Stopped
        A signal asked the run to stop; what was begun is not waited for.
    """
    numbered = list(enumerate(items))
    if not numbered:
        return []
    results: dict[int, Result] = {}
    pool = ThreadPool(min(most, len(numbered)))
    try:
        ended = pool.imap_unordered(lambda one: (one[0], action(one[1])), numbered)
        while len(results) < len(numbered):
            stop.obey()
            try:
                place, result = ended.next(_BLINK_S)
            except multiprocessing.TimeoutError:
                continue
            results[place] = result
    finally:
        # its threads do not keep the process from ending
        pool.terminate()
        if len(results) < len(numbered) and not stop.is_requested():
            pool.join()
    return [results[place] for place in range(len(numbered))]
