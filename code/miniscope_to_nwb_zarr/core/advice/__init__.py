"""What each kind of finding means to a person: what it is, what an analysis has to mind, what can be done.

The findings in a report and `docs/findings.md` are made from this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.advice.companions import ANIMAL, COMPANIONS, OUTPUT
from miniscope_to_nwb_zarr.core.advice.files import FILES, SETTINGS
from miniscope_to_nwb_zarr.core.advice.frames import FRAMES
from miniscope_to_nwb_zarr.core.advice.movies import MOVIES
from miniscope_to_nwb_zarr.core.advice.nwb_files import ONE_SESSION, OTHERS
from miniscope_to_nwb_zarr.core.advice.stamps import STAMPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniscope_to_nwb_zarr.core.advice.entry import Advice
    from miniscope_to_nwb_zarr.core.findings import Code

GROUPS: Mapping[str, Mapping[Code, Advice]] = {
    "Files and folders": FILES,
    "Settings": SETTINGS,
    "Rows and frames": FRAMES,
    "Time": STAMPS,
    "What goes with the frames": COMPANIONS,
    "Who and what": ANIMAL,
    "NWB files of one session": ONE_SESSION,
    "NWB files of others": OTHERS,
    "Analysis": MOVIES,
    "The output": OUTPUT,
}
"""By the kind of thing that they are about."""

ADVICE: Mapping[Code, Advice] = {code: advice for group in GROUPS.values() for code, advice in group.items()}
"""One entry for each code."""
