"""What the processes of a call are doing."""

import os
import time
from contextlib import suppress
from pathlib import Path

from miniscope_to_nwb_zarr.data_conversion import commit

_GONE_WITHIN_S = 30


def cpu_of_group_s(group: int) -> float:
    """Seconds of work that the processes of a group have had, with those that they have started and that are gone."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # the group is the fifth field, and the second may have spaces
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def cpu_of_children_s() -> float:
    """Seconds of work that all processes had which this one has started and which are gone, with their own."""
    times = os.times()
    return times.children_user + times.children_system


def is_group_alive(group: int) -> bool:
    """Whether any process of a group is still there after some time."""
    deadline = time.monotonic() + _GONE_WITHIN_S
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.02)
        return True
    return False


def clean_all_the_time(results: Path) -> None:
    """Remove what other runs leave behind, as a run with ``--clean_staging delete`` does, until this process ends."""
    while True:
        for leftover in commit.leftovers(results):
            commit.remove_leftover(leftover)
        # often enough to meet every step of another run, and without taking a processor from it
        time.sleep(0.001)
