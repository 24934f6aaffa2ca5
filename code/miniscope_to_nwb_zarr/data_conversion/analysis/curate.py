"""Decisions by hand applied to an output: its next version, in which other units are accepted, all else alike."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import zarr
from hdmf.build import BuildManager

from miniscope_to_nwb_zarr.analysis.nwb_cells import ACCEPTED, BY_EVALUATION, BY_HAND, SEGMENTATION
from miniscope_to_nwb_zarr.core.errors import InputError, VerificationError
from miniscope_to_nwb_zarr.core.receipt import digest_of
from miniscope_to_nwb_zarr.core.text import json_text
from miniscope_to_nwb_zarr.data_conversion import commit, disk
from miniscope_to_nwb_zarr.data_conversion.analysis import append
from miniscope_to_nwb_zarr.data_conversion.analysis.base import check_base, replace_file, state_of, take_over
from miniscope_to_nwb_zarr.data_conversion.analysis.describe import curation_files
from miniscope_to_nwb_zarr.data_conversion.analysis.job import publish_version
from miniscope_to_nwb_zarr.data_conversion.analysis.pictures import GLANCE, PAGE, REPORT, page_name
from miniscope_to_nwb_zarr.data_conversion.analysis.version import (
    inspect_version,
    kept_findings,
    next_receipt,
    report_of,
)
from miniscope_to_nwb_zarr.data_conversion.nwb.sources import open_source
from miniscope_to_nwb_zarr.qc.analysis_section import with_counts
from miniscope_to_nwb_zarr.qc.cell_counts import CellCount
from miniscope_to_nwb_zarr.qc.curation_page import with_decisions
from miniscope_to_nwb_zarr.qc.glance import Glance
from miniscope_to_nwb_zarr.run.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from miniscope_to_nwb_zarr.analysis.curation import Curation
    from miniscope_to_nwb_zarr.core.receipt import AnalysisEntry, Receipt
    from miniscope_to_nwb_zarr.data_conversion.analysis.base import Base
    from miniscope_to_nwb_zarr.run.phases import Phases


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """The verdicts on the units of one movie.

    Attributes
    ----------
    table : str
        Path of the table of footprints in the NWB file.
    accepted, by_hand : bool, shape (n_units,)
    """

    series: str
    table: str
    accepted: NDArray[np.bool_]
    by_hand: NDArray[np.bool_]


def apply_curation(
    base: Base, curation: Curation, results: Path, workers: int, now: Callable[[], datetime], phases: Phases
) -> Outcome:
    """Make the next version of an output, with the decisions; or find that it has them.

    Raises
    ------
    InputError
        The decisions are of another output or analysis, or of units that are not there.
    VerificationError
        The output has changed since it was finished, or what was written is not what was to be written.
    TemporaryError
        The disk is full or fails, or another run was faster.
    """
    try:
        with disk.system_errors():
            return _apply(base, curation, results, workers, now, phases)
    except OSError as error:
        raise disk.explain(error) from error


def _apply(
    base: Base, curation: Curation, results: Path, workers: int, now: Callable[[], datetime], phases: Phases
) -> Outcome:
    receipt, entry = _entry(base, curation)
    final = results / base.name
    with phases.phase("check output"):
        check_base(base, workers)
    if base.is_final and entry.curation == curation.digest:
        return Outcome("already done", receipt, final, entry.digest)
    with open_source(base.store, root=base.folder) as source:
        decided = _decided(source.nwbfile, entry, curation)
        start, types = source.nwbfile.session_start_time, source.io.manager.type_map
    created = now()
    with commit.staging_folder(results, base.name) as staging:
        store = staging / base.store_name
        with phases.phase("write NWB"):
            known = take_over(base, staging, [])
            changed = _write(base, store, decided)
        with phases.phase("verify"), open_source(store, root=staging, manager=BuildManager(types)) as written:
            _check(written.nwbfile, decided)
            findings = kept_findings(base) + inspect_version(base, staging, written)
        with phases.phase("metadata"):
            files = curation_files(base, curation, entry, decided, base.store_name, created, now(), start)
            for name, text in {**files, **_pages(base, curation), **_told(base, entry, decided)}.items():
                replace_file(staging / name, text.encode())
                known.pop(name, None)
        for name in (*changed, report_of(base)):
            known.pop(name, None)
        with phases.phase("hash output"):
            listed = commit.list_files(staging, known)
        one = replace(entry, curation=curation.digest, accepted=tuple(int(d.accepted.sum()) for d in decided))
        analyses = tuple(one if each is entry else each for each in receipt.analyses)
        made = next_receipt(
            base, receipt, analyses, listed, findings, changed=digest_of(curation.as_json()), created=created
        )
        with phases.phase("publish"):
            published = publish_version(base, staging, final, made, now())
    return Outcome("written" if published is made else "already done", published, final, entry.digest)


def _entry(base: Base, curation: Curation) -> tuple[Receipt, AnalysisEntry]:
    receipt = base.receipt
    if receipt is None or curation.session != base.name:
        raise InputError(
            f"the decisions are of {curation.session}, and this output is {base.name}; nothing was changed"
        )
    entry = next((one for one in receipt.analyses if one.digest == curation.analysis), None)
    if entry is None:
        raise InputError(
            f"{base.name}: has no analysis to which the decisions belong ({curation.module}, digest "
            f"{curation.analysis[:8]}...); nothing was changed. Decide again on the page qc/{PAGE} of this output"
        )
    return receipt, entry


def _decided(nwbfile: Any, entry: AnalysisEntry, curation: Curation) -> tuple[Decided, ...]:  # noqa: ANN401 - pynwb
    module = nwbfile.processing[entry.module]
    tables = module[SEGMENTATION].plane_segmentations if SEGMENTATION in module.data_interfaces else {}
    of_series = {table.reference_images[0].name: table for table in tables.values()}
    unknown = sorted(curation.decisions.keys() - of_series.keys())
    if unknown:
        raise InputError(
            f"the decisions are of {unknown[0]}, of which {entry.module} has no units; nothing was changed"
        )
    found = []
    for series in entry.series:
        if series not in of_series:
            found.append(Decided(series, "", np.zeros(0, bool), np.zeros(0, bool)))
            continue
        table = of_series[series]
        accepted = np.asarray(table[BY_EVALUATION].data[:], bool)
        by_hand = np.zeros(len(accepted), bool)
        for unit, is_cell in curation.decisions.get(series, {}).items():
            if unit >= len(accepted):
                raise InputError(f"the decisions are of unit {unit} of {series}, which has {len(accepted)} units")
            accepted[unit], by_hand[unit] = is_cell, True
        path = f"processing/{entry.module}/{SEGMENTATION}/{table.name}"
        found.append(Decided(series, path, accepted, by_hand))
    return tuple(found)


def _write(base: Base, store: Path, decided: tuple[Decided, ...]) -> list[str]:
    """Write the verdicts; gives the files of the output that are not as they were."""
    arrays = [f"{one.table}/{name}" for one in decided if one.table for name in (ACCEPTED, BY_HAND)]
    if store.is_file():
        with h5py.File(store, mode="r+") as file:
            _fill(file, decided)
        append.check_kept_hdf5(base.store, store, arrays)
        return [base.store_name]
    before = state_of(store)
    _fill(zarr.open_group(str(store), mode="r+"), decided)
    changed = append.check_kept(base.store, store, before, state_of(store), link=base.is_final, meant=arrays)
    return [f"{base.store_name}/{name}" for name in changed]


def _fill(file: Any, decided: tuple[Decided, ...]) -> None:  # noqa: ANN401 - zarr and h5py have no types
    for one in decided:
        if one.table:
            file[f"{one.table}/{ACCEPTED}"][:] = one.accepted
            file[f"{one.table}/{BY_HAND}"][:] = one.by_hand


def _check(nwbfile: Any, decided: tuple[Decided, ...]) -> None:  # noqa: ANN401 - pynwb
    for one in decided:
        if not one.table:
            continue
        _, module, _, name = one.table.split("/")
        table = nwbfile.processing[module][SEGMENTATION].plane_segmentations[name]
        for column, values in ((ACCEPTED, one.accepted), (BY_HAND, one.by_hand)):
            if not np.array_equal(np.asarray(table[column].data[:], bool), values):
                raise VerificationError(f"{name}: {column} is not what was to be written; nothing was changed")


def _pages(base: Base, curation: Curation) -> Mapping[str, str]:
    """The decisions as they were given, and the page, which begins with them."""
    saved = {
        "session": curation.session,
        "module": curation.module,
        "analysis": curation.analysis,
        "curator": curation.curator,
        "decisions": curation.as_json(),
    }
    page = page_name(curation.module)
    found = {page.replace(".html", ".json"): json_text(saved, indent=1) + "\n"}
    path = base.folder / page
    if path.is_file():
        found[page] = with_decisions(path.read_text(encoding="utf-8"), curation.as_json(), curation.curator)
    return found


def _told(base: Base, entry: AnalysisEntry, decided: tuple[Decided, ...]) -> Mapping[str, str]:
    """The report of the recording and what is shown of it among others, with as many cells as there are now."""
    counts = {one.series: CellCount(int(one.accepted.sum()), len(one.accepted)) for one in decided if one.table}
    found = {}
    page, glance = base.text(REPORT), base.text(GLANCE)
    if page:
        found[REPORT] = with_counts(page, entry.module, counts)
    # one that cannot be read is that of another version of the program, and stays
    with suppress(ValueError):
        found[GLANCE] = Glance.from_text(glance).with_analysis(entry.module, counts).as_text()
    return found
