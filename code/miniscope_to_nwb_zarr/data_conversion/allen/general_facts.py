"""Facts of the whole file: its session's id, keywords, what the experiment was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.data_conversion.allen.descriptions import is_placeholder
from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import set_field
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

KEYWORDS = "keywords"
EXPERIMENTER = "experimenter"
# a module or part of the file, and the words for what it says of the experiment
_METHODS = {
    "units": ("extracellular electrophysiology", "Neuropixels"),
    "imaging_planes": ("two-photon calcium imaging",),
    "trials": ("behavior",),
}


def set_session_id(nwbfile: NWBFile, _context: Context) -> Sequence[Change]:
    """Where a file names no session, its identifier is the session's."""
    if nwbfile.session_id is not None:
        return []
    set_field(nwbfile, "session_id", nwbfile.identifier)
    return [Change("session_id", "/general/session_id", f"set to the identifier of the file, {nwbfile.identifier}")]


def add_keywords(nwbfile: NWBFile, _context: Context) -> Sequence[Change]:
    """Add the method, the indicator, the genetic lines and the imaged areas to the keywords that the file has."""
    had = [] if nwbfile.keywords is None else [str(word) for word in nwbfile.keywords[:]]
    found = [word for part, words in _METHODS.items() if getattr(nwbfile, part) for word in words]
    for plane in nwbfile.imaging_planes.values():
        found += [plane.indicator, plane.location]
    lines = getattr(nwbfile.subject, "driver_line", None)
    found += [] if lines is None else [str(line) for line in lines[:]]
    known = {word.casefold() for word in had}
    new = [word for word in dict.fromkeys(found) if not is_placeholder(word) and word.casefold() not in known]
    if not new:
        return []
    set_field(nwbfile, "keywords", [*had, *new])
    return [Change(KEYWORDS, "/general/keywords", f"added from what the file holds: {', '.join(new)}")]


def add_experimenter(nwbfile: NWBFile, context: Context) -> Sequence[Change]:
    """Name who did the experiment, where the file does not and the lab does; the data sets themselves do not say."""
    names = context.options.get(EXPERIMENTER, ())
    if nwbfile.experimenter or not names:
        return []
    set_field(nwbfile, "experimenter", tuple(names))
    return [Change(EXPERIMENTER, "/general/experimenter", f"as --session_metadata says: {'; '.join(names)}")]
