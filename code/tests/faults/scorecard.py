"""The rows of the scorecard."""

from tests.faults import (
    r01_kill,
    r01_nwb,
    r02_syscalls,
    r03_any_time,
    r04_signals,
    r05_full_disk,
    r06_read_errors,
    r07_power,
    r08_writers,
    r09_rot,
    r10_video,
    r11_tables,
    r12_settings,
    r13_paths,
    r14_links,
    r17_read_only,
    r18_foreign_files,
    r19_twice,
    r20_resume,
    r24_clocks,
    r25_same,
    r26_exit_codes,
)
from tests.faults.harness import Row

_MODULES = (
    r01_kill,
    r01_nwb,
    r02_syscalls,
    r03_any_time,
    r04_signals,
    r05_full_disk,
    r06_read_errors,
    r07_power,
    r08_writers,
    r09_rot,
    r10_video,
    r11_tables,
    r12_settings,
    r13_paths,
    r14_links,
    r17_read_only,
    r18_foreign_files,
    r19_twice,
    r20_resume,
    r24_clocks,
    r25_same,
    r26_exit_codes,
)

ROWS: dict[str, Row] = {module.ROW.name: module.ROW for module in _MODULES}
