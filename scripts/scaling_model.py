"""What many workers give that fetch sessions from a bucket, convert them and publish them in one: a simulation.

Each worker takes one session after the other: fetch, convert, publish. What all share is the rate of requests that an
object store answers below one prefix; what is asked beyond it waits its turn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PUTS_PER_S = 3500.0
GETS_PER_S = 5500.0
"""What Amazon says that S3 answers below one prefix of a bucket before it says 503."""
_STEP_S = 0.25


@dataclass(frozen=True, slots=True)
class Costs:
    """What one session takes of one worker, and moves."""

    convert_s: float
    source_bytes: float
    n_sources: float
    output_bytes: float
    n_objects: float


@dataclass(frozen=True, slots=True)
class Network:
    """How a worker is connected."""

    bytes_per_s: float = 100e6
    latency_s: float = 0.04
    """From a request to its answer, for an object of no size."""
    n_at_once: int = 16

    def seconds(self, n_bytes: float, n_requests: float) -> float:
        """How long so many requests take that move so many bytes, where nobody else asks."""
        return n_bytes / self.bytes_per_s + n_requests * self.latency_s / self.n_at_once


def sessions_per_hour(n_workers: int, costs: Costs, network: Network, hours: float | None = None) -> float:
    """Sessions that so many workers finish in an hour, once all are at it.

    Parameters
    ----------
    n_workers : int
    costs : Costs
    network : Network
    hours : float, optional
        Simulated; by default so many that every worker does some twenty sessions, also where it has to wait.
    """
    fetch_s = network.seconds(costs.source_bytes, costs.n_sources)
    publish_s = network.seconds(costs.output_bytes, costs.n_objects)
    alone_s = fetch_s + costs.convert_s + publish_s
    waiting_s = n_workers * 3600 / most_per_hour(costs)
    steps = int((20 * max(alone_s, waiting_s) if hours is None else hours * 3600) / _STEP_S)
    # of each phase a worker does 1 / its duration in a second, or less where requests wait
    durations = np.array([fetch_s, costs.convert_s, publish_s])
    requests = np.array([costs.n_sources, 0.0, costs.n_objects])
    limits = np.array([GETS_PER_S, np.inf, PUTS_PER_S])
    rng = np.random.default_rng(0)
    # they are anywhere in a session when the simulation begins
    phase = rng.choice(3, n_workers, p=durations / durations.sum())
    left = rng.uniform(0, 1, n_workers)
    done = 0
    for step in range(steps):
        speeds = 1 / durations
        counts = np.bincount(phase, minlength=3)
        asked = counts * speeds * requests
        speeds = speeds * np.minimum(1.0, limits / np.maximum(asked, 1e-9))
        left -= speeds[phase] * _STEP_S
        ended = left <= 0
        if step >= steps // 2:
            done += int(np.count_nonzero(ended & (phase == 2)))
        # the seconds by which a step was too long for a phase are those with which the next begins
        following = (phase + 1) % 3
        left = np.where(ended, 1 + left * speeds[following] / speeds[phase], left)
        phase = np.where(ended, following, phase)
    # the sessions of a window are counted whole, which may be a few too many
    return min(done / ((steps - steps // 2) * _STEP_S) * 3600, most_per_hour(costs))


def most_per_hour(costs: Costs) -> float:
    """What no number of workers can exceed below one prefix."""
    return 3600 * min(PUTS_PER_S / costs.n_objects, GETS_PER_S / costs.n_sources)
