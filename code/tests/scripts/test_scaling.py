"""What is simulated of many workers follows from what one session costs and what an object store answers."""

import pytest

from scaling_model import PUTS_PER_S, Costs, Network, most_per_hour, sessions_per_hour

SHORT = Costs(convert_s=20, source_bytes=2e8, n_sources=4, output_bytes=2e8, n_objects=250)
NETWORK = Network()
ALONE_S = 20 + 2 * 2 + (4 + 250) * 0.04 / 16


def test_one_worker_does_what_its_seconds_allow():
    assert sessions_per_hour(1, SHORT, NETWORK, hours=8) == pytest.approx(3600 / ALONE_S, rel=0.03)


@pytest.mark.parametrize("n_workers", [10, 50])
def test_few_workers_do_not_wait_for_each_other(n_workers):
    assert sessions_per_hour(n_workers, SHORT, NETWORK) == pytest.approx(n_workers * 3600 / ALONE_S, rel=0.05)


def test_no_number_of_workers_exceeds_what_the_store_answers():
    most = most_per_hour(SHORT)
    assert most == PUTS_PER_S / 250 * 3600
    assert sessions_per_hour(3000, SHORT, NETWORK) == pytest.approx(most, rel=0.05)
    assert sessions_per_hour(300, SHORT, NETWORK) < most


def test_a_faster_network_helps_those_who_wait_for_it():
    assert sessions_per_hour(1, SHORT, Network(bytes_per_s=1e9)) > sessions_per_hour(1, SHORT, NETWORK)
