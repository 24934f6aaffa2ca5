"""The first stamp of a camera of Miniscope_DAQ_Software (V3), the only one of all layouts that is mended.

The software takes it before its clock is set: it is stale, huge or negative (reference formats 2.2, 6 row 7). Every
reader sets it to 0.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.timing import median_interval_s

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.core.model import TimeTable

# how far an interval may be from the usual one, in usual ones
_SHORTEST, _LONGEST = 0.5, 1.5


def mend_first_stamp(table: TimeTable, where: str) -> tuple[TimeTable, tuple[Finding, ...]]:
    """The table with a first stamp that can be right: as written if it can, else 0 if that can, else by the second one.

    It can be right as written if it is not negative, and an interval before the second or in the first interval of the
    recording.

    Parameters
    ----------
    table : TimeTable
        Of one camera, as written.
    where : str
        The table, for the finding.

    Returns
    -------
    TimeTable
        Stamps as written but for the first one. Unchanged where the row of the first frame is lost, and where there are
        too few rows to tell.
    """
    rows = np.flatnonzero(np.isfinite(table.time_s) & (table.frame_number >= 0))
    time_s, number = table.time_s[rows], table.frame_number[rows]
    usual_s = median_interval_s(time_s[1:])
    if usual_s is None or number[0] != 0:
        return table, ()
    first_s, second_s = float(time_s[0]), float(time_s[1])
    # rows between the two may be lost
    expected_s = usual_s * int(number[1])
    is_before_second = _SHORTEST * expected_s <= second_s - first_s <= _LONGEST * expected_s
    is_at_start = first_s <= min(_LONGEST * usual_s, second_s)
    if first_s >= 0 and (is_before_second or is_at_start):
        return table, ()
    mended_s = 0.0 if 0 < second_s <= _LONGEST * expected_s else second_s - expected_s
    stamps = table.time_s.copy()
    stamps[rows[0]] = mended_s
    sentence = (
        f"the first stamp is written as {first_s * 1000:.0f} ms, the second as {second_s * 1000:.0f} ms: the software "
        f"takes the first before its clock is set; {mended_s * 1000:.0f} ms is used instead"
    )
    numbers = {"written_s": first_s, "second_s": second_s, "used_s": mended_s}
    return replace(table, time_s=stamps), (Finding(Code.STAMP_MENDED, Severity.WARNING, where, sentence, numbers),)
