"""Merge the files of single probes into the base file: LFP and current source density, by electrode id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hdmf.common import DynamicTableRegion
from pynwb.ecephys import LFP

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.allen.left_out import report_left_out
from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import rebuilt
from miniscope_to_nwb_zarr.data_conversion.allen.same_session import check_same_session
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change, Move

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pynwb import NWBFile
    from pynwb.ecephys import ElectricalSeries

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context, OpenedFile

MERGE_PROBES = "merge_probes"
_CSD_MODULE, _CSD_TYPE = "current_source_density", "EcephysCSD"
_MODULE = "ecephys"


def merge_probes(nwbfile: NWBFile, context: Context) -> list[Change]:
    """Move what the probe files hold into the base file.

    LFP goes to ``acquisition``, its electrodes being those rows of the base file's table that have the same ids.
    Current source density goes to ``processing/ecephys`` under the probe's name (reference allen-datasets 2.2).

    Raises
    ------
    InputError
        A probe file is of another session, or its electrodes are not those of the base file.
    """
    changes: list[Change] = []
    for probe in context.others:
        check_same_session(nwbfile, probe)
        moved = [*_move_lfp(nwbfile, probe), *_move_csd(nwbfile, probe)]
        for change, what in ((moved_lfp(moved), "LFP"), (moved_csd(moved), "current source density")):
            if not change:
                sentence = f"holds no {what}, as the files of other probes do; the output has none of this probe"
                context.findings.append(Finding(Code.PART_MISSING, Severity.WARNING, probe.path.name, sentence))
        changes += moved
        context.findings.extend(report_left_out(nwbfile, probe, "probe"))
    return changes


def moved_lfp(changes: list[Change]) -> bool:
    """Whether LFP is among what was moved."""
    return any(change.where.startswith("/acquisition/") for change in changes)


def moved_csd(changes: list[Change]) -> bool:
    """Whether current source density is among what was moved."""
    return any(change.where.startswith("/processing/") for change in changes)


def _move_lfp(nwbfile: NWBFile, probe: OpenedFile) -> list[Change]:
    changes = []
    for name, lfp in list(probe.nwbfile.acquisition.items()):
        if not isinstance(lfp, LFP):
            continue
        _check_free(name, nwbfile.acquisition, probe)
        probe.nwbfile.acquisition.pop(name)
        for series in list(lfp.electrical_series.values()):
            rows = base_rows(nwbfile, probe, series)
            lfp.electrical_series.pop(series.name)
            lfp.add_electrical_series(_with_electrodes(series, nwbfile, rows))
        nwbfile.add_acquisition(lfp)
        sentence = f"LFP from {probe.path.name}; its electrodes are those of the same id in this file's table"
        where = f"/acquisition/{name}"
        changes.append(Change(MERGE_PROBES, where, sentence, moved=(Move(probe.path.name, where, where),)))
    return changes


def _with_electrodes(series: ElectricalSeries, nwbfile: NWBFile, rows: NDArray[np.int64]) -> ElectricalSeries:
    former = series.electrodes
    region = DynamicTableRegion.__new__(DynamicTableRegion, object_id=former.object_id)
    region.__init__(name=former.name, data=rows, description=former.description, table=nwbfile.electrodes)
    return rebuilt(series, electrodes=region)


def base_rows(nwbfile: NWBFile, probe: OpenedFile, series: ElectricalSeries) -> NDArray[np.int64]:
    """The rows of the base file's electrodes that a series of a probe file was recorded from.

    Returns
    -------
    int64, shape (n_channels,)
        In the order of the series' channels.

    Raises
    ------
    InputError
        An id of the probe's electrodes is not in the base file, or is there or here more than once.
    """
    ids = np.asarray(probe.nwbfile.electrodes.id[:], np.int64)[np.asarray(series.electrodes.data[:], np.int64)]
    base, first, counts = np.unique(np.asarray(nwbfile.electrodes.id[:]), return_index=True, return_counts=True)
    at = np.searchsorted(base, ids).clip(max=len(base) - 1)
    is_unknown = base[at] != ids
    _, place, n_here = np.unique(ids, return_inverse=True, return_counts=True)
    is_doubled = (counts[at] > 1) | (n_here[place] > 1)
    if is_unknown.any() or is_doubled.any():
        wrong = f"{ids[is_unknown][0]} is not there" if is_unknown.any() else f"{ids[is_doubled][0]} is not unique"
        raise InputError(
            f"{probe.path.name}: the electrodes of {series.name} are not those of the base file: id {wrong}. Is the "
            "file of another session, or from another release of the data set? Fetch both again"
        )
    rows: NDArray[np.int64] = first[at]
    return rows


def _move_csd(nwbfile: NWBFile, probe: OpenedFile) -> list[Change]:
    module = probe.nwbfile.processing.get(_CSD_MODULE)
    if module is None:
        return []
    changes = []
    for name, csd in list(module.data_interfaces.items()):
        if csd.neurodata_type != _CSD_TYPE:
            continue
        made: tuple[str, ...] = ()
        if _MODULE not in nwbfile.processing:
            made = (f"/processing/{_MODULE}",)
            described = f"Extracellular recordings processed for each probe. {module.description}"
            nwbfile.create_processing_module(name=_MODULE, description=described)
        target = nwbfile.processing[_MODULE]
        renamed = f"probe_{probe.nwbfile.identifier}_{name}"
        _check_free(renamed, target.data_interfaces, probe)
        module.data_interfaces.pop(name)
        target.add(rebuilt(csd, name=renamed))
        where = f"/processing/{_MODULE}/{renamed}"
        moved = (Move(probe.path.name, f"/processing/{_CSD_MODULE}/{name}", where),)
        sentence = f"{_CSD_MODULE}/{name} from {probe.path.name}"
        changes.append(Change(MERGE_PROBES, where, sentence, moved=moved, made=made))
    return changes


def _check_free(name: str, taken: object, probe: OpenedFile) -> None:
    if name in taken:  # type: ignore[operator] # a mapping of names
        raise InputError(f"{probe.path.name}: {name} is in the base file already; give the file of each probe once")
