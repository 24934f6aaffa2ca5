"""The rows of the scorecard."""

from tests.faults import r01_kill
from tests.faults.harness import Row

ROWS: dict[str, Row] = {module.ROW.name: module.ROW for module in (r01_kill,)}
