"""The fast tier of the reliability scorecard; the full one is run by ``scripts/reliability.py``."""

import pytest

from tests.faults.harness import Tier, attempt
from tests.faults.scorecard import ROWS


def _parameters():
    for row in ROWS.values():
        reason = row.needs()
        skipped = [pytest.mark.skip(reason=f"{row.name}: {reason}")] if reason else []
        for case in row.cases(Tier.FAST):
            together = pytest.mark.xdist_group(f"{row.name} {case.group}")
            yield pytest.param(case, id=f"{row.name}-{case.name}", marks=[*skipped, together])


@pytest.mark.parametrize("case", list(_parameters()))
def test_the_promise_holds(case, tmp_path):
    attempt(case, tmp_path / "case")
