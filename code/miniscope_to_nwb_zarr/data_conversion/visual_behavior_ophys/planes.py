"""Merge the files of the imaging planes of one session: each holds its plane, and all that the planes share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import rebuilt, set_field
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change, Move

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynwb import NWBFile
    from pynwb.ophys import ImagingPlane, PlaneSegmentation

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

MERGE_PLANES = "merge_planes"
_MODULE, _FACTS = "ophys", "metadata"
_PLANES = "/general/optophysiology"
_SEGMENTATION, _CELLS = "image_segmentation", "cell_specimen_table"


def merge_planes(nwbfile: NWBFile, context: Context) -> Sequence[Change]:
    """Put the planes of all files into the first, numbered from 1 in the order of the files.

    What belongs to plane i: ``imaging_plane_i``, the processing module ``ophys_plane_i`` and the facts
    ``metadata_plane_i``. All else is the first file's (reference allen-datasets 2.6).

    Raises
    ------
    InputError
        A file lacks a part of its plane, is of another session, or has not exactly one device.
    """
    if not context.others:
        return []
    # all are looked at before anything is moved
    files = [(context.path.name, nwbfile), *((other.path.name, other.nwbfile) for other in context.others)]
    for name, each in files:
        _check_whole(name, each)
        _check_same_session(files[0], (name, each))
    changes = []
    for number, (name, each) in enumerate(files, start=1):
        changes += _move_plane(nwbfile, each, number, name)
    return changes


def _check_whole(name: str, nwbfile: NWBFile) -> None:
    missing = [
        part
        for part, is_there in (
            (f"processing/{_MODULE}/{_SEGMENTATION}/{_CELLS}", _cells(nwbfile) is not None),
            (f"general/{_FACTS}", _FACTS in nwbfile.lab_meta_data),
            ("an imaging plane", bool(nwbfile.imaging_planes)),
        )
        if not is_there
    ]
    if missing:
        raise InputError(
            f"{name}: has no {', no '.join(missing)}: it is not a file of an imaging plane of Visual Behavior Ophys. "
            "Give the files behavior_ophys_experiment_<id>.nwb of one session"
        )
    if len(nwbfile.devices) != 1:
        raise InputError(
            f"{name}: has {len(nwbfile.devices)} devices, expected one: which one recorded the plane is not clear. "
            "Fetch the file again from the data set"
        )


def _check_same_session(first: tuple[str, NWBFile], other: tuple[str, NWBFile]) -> None:
    for what, of_first, of_other in zip(
        ("ophys_session_id", "session_start_time", "subject_id"), _session(first[1]), _session(other[1]), strict=True
    ):
        if of_first != of_other:
            raise InputError(
                f"{other[0]}: {what} is {of_other}, in {first[0]} it is {of_first}: these are not planes of one "
                "session. Give the files of one session, or the table of sessions"
            )


def _session(nwbfile: NWBFile) -> tuple[Any, ...]:
    session = getattr(nwbfile.lab_meta_data[_FACTS], "ophys_session_id", None)
    return session, nwbfile.session_start_time, nwbfile.subject.subject_id if nwbfile.subject else None


def _cells(nwbfile: NWBFile) -> PlaneSegmentation | None:
    module = nwbfile.processing.get(_MODULE)
    segmentation = module.data_interfaces.get(_SEGMENTATION) if module is not None else None
    return segmentation.plane_segmentations.get(_CELLS) if segmentation is not None else None


def _move_plane(base: NWBFile, source: NWBFile, number: int, file_name: str) -> list[Change]:
    """Take a plane out of its file and put it into the base file under its number."""
    device = next(iter(base.devices.values()))
    moves, also = [], []
    segmented = _cells(source).imaging_plane  # type: ignore[union-attr] # checked before
    for plane in list(source.imaging_planes.values()):
        # a file can have planes that its cells are not of
        name = f"imaging_plane_{number}" if plane is segmented else f"{plane.name}_of_plane_{number}"
        moves.append((f"{_PLANES}/{plane.name}", f"{_PLANES}/{name}"))
        if plane.device.name != device.name:
            also.append(f"{_PLANES}/{name}/device")
        source.imaging_planes.pop(plane.name)
        moved = rebuilt(plane, name=name, device=device)
        base.add_imaging_plane(moved)
        _repoint(source, plane, moved)
    module = source.processing.pop(_MODULE)
    base.add_processing_module(rebuilt(module, name=f"{_MODULE}_plane_{number}"))
    facts = source.lab_meta_data.pop(_FACTS)
    base.add_lab_meta_data(rebuilt(facts, name=f"{_FACTS}_plane_{number}"))
    moves += [
        (f"/processing/{_MODULE}", f"/processing/{_MODULE}_plane_{number}"),
        (f"/general/{_FACTS}", f"/general/{_FACTS}_plane_{number}"),
    ]
    said = f"plane {number}, from {file_name}"
    return [
        Change(
            MERGE_PLANES,
            now,
            said,
            tuple(one for one in also if one.startswith(f"{now}/")),
            (Move(file_name, before, now),),
        )
        for before, now in moves
    ]


def _repoint(nwbfile: NWBFile, former: ImagingPlane, plane: ImagingPlane) -> None:
    """Let the tables of cells and the series of frames of a plane refer to what it became."""
    for module in nwbfile.processing.values():
        for interface in module.data_interfaces.values():
            for each in getattr(interface, "plane_segmentations", {}).values():
                if each.imaging_plane is former:
                    set_field(each, "imaging_plane", plane)
    for series in nwbfile.acquisition.values():
        if getattr(series, "imaging_plane", None) is former:
            set_field(series, "imaging_plane", plane)
