"""The rows of the scorecard."""

from tests.faults import r01_kill, r07_power, r09_rot, r10_video
from tests.faults.harness import Row

ROWS: dict[str, Row] = {module.ROW.name: module.ROW for module in (r01_kill, r07_power, r09_rot, r10_video)}
