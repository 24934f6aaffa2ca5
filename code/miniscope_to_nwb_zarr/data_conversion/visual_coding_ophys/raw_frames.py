"""Frames as they came from the microscope, from the session's other file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynwb.ophys import TwoPhotonSeries

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.allen.left_out import report_left_out
from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import set_field
from miniscope_to_nwb_zarr.data_conversion.allen.same_session import check_same_session
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change, Move

if TYPE_CHECKING:
    from pynwb import NWBFile
    from pynwb.ophys import ImagingPlane

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context, OpenedFile

RAW_FRAMES = "raw_frames"


def add_raw_frames(nwbfile: NWBFile, context: Context) -> list[Change]:
    """Move the acquisitions of the raw file into the processed one; their imaging plane is the one that is there.

    What else the raw file holds is a finding. Call it before the animal gets another name.

    Raises
    ------
    InputError
        The files are not of one session.
    """
    changes = []
    for raw in context.others:
        check_same_session(nwbfile, raw)
        for name, series in list(raw.nwbfile.acquisition.items()):
            if name in nwbfile.acquisition:
                raise InputError(f"{raw.path.name}: {name} is in {context.path.name} already; give the raw file once")
            raw.nwbfile.acquisition.pop(name)
            if isinstance(series, TwoPhotonSeries):
                set_field(series, "imaging_plane", _same_plane(nwbfile, series, raw, context))
            nwbfile.add_acquisition(series)
            where = f"/acquisition/{name}"
            moved = (Move(raw.path.name, where, where),)
            changes.append(Change(RAW_FRAMES, where, f"from {raw.path.name}", moved=moved))
        context.findings.extend(report_left_out(nwbfile, raw, "raw"))
    return changes


def _same_plane(nwbfile: NWBFile, series: TwoPhotonSeries, raw: OpenedFile, context: Context) -> ImagingPlane:
    plane = series.imaging_plane
    kept: ImagingPlane | None = nwbfile.imaging_planes.get(plane.name)
    if kept is None:
        raise InputError(
            f"{raw.path.name}: its frames are of {plane.name}, which is not in {context.path.name}. Give the two "
            "files of one experiment"
        )
    for field in ("description", "location", "indicator", "excitation_lambda", "imaging_rate"):
        of_raw, of_base = plane.fields.get(field), kept.fields.get(field)
        if of_raw is not None and of_base is not None and of_raw != of_base:
            sentence = f"{field} of {plane.name} is {of_raw!r}, in {context.path.name} {of_base!r}, which was kept"
            context.findings.append(Finding(Code.PARTS_DISAGREE, Severity.WARNING, raw.path.name, sentence))
    return kept
