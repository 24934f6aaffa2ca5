"""What the table of experiments says of a session: the animal's name, the depth of the plane, and all the rest."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.allen.extensions import extension_class
from miniscope_to_nwb_zarr.data_conversion.allen.rebuild import set_field
from miniscope_to_nwb_zarr.data_conversion.allen.tables import check_size
from miniscope_to_nwb_zarr.data_conversion.nwb import strict_json
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Context

SUBJECT_ID, EXPERIMENT_METADATA, DEPTH = "subject_id", "experiment_metadata", "depth"
EXPERIMENTS_TABLE = "ophys_experiments"
NAMESPACE = "ndx-aibs-visual-coding-2p"
_SESSION = re.compile(r"(?P<experiment>[0-9]+)-(?P<kind>Stim[A-Z][0-9]?)")


def read_experiments(path: Path) -> dict[int, Mapping[str, Any]]:
    """Rows of ``ophys_experiments.json`` by experiment.

    Raises
    ------
    InputError
        The file is no such table, or an experiment is there twice.
    """
    try:
        check_size(path)
        rows: Any = strict_json.parse(path.read_text(encoding="utf-8"))
        found = {int(row["id"]): row for row in rows}
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise InputError(
            f"{path.name}: is not a table of experiments ({error}); expected a JSON list of objects with an id. Fetch "
            "it again"
        ) from error
    if len(found) < len(rows):
        raise InputError(
            f"{path.name}: {counted(len(rows) - len(found), 'experiment is', 'experiments are')} there twice. Fetch "
            "it again"
        )
    return found


def experiment_id(nwbfile: NWBFile) -> int | None:
    """The number of the experiment, from ``session_id``; None where that says nothing of the kind."""
    match = _SESSION.fullmatch(nwbfile.session_id or "")
    return int(match["experiment"]) if match else None


def describe_experiment(nwbfile: NWBFile, context: Context) -> list[Change]:
    """Keep the experiment's row of the table, all of it, as JSON text in ``general/ophys_experiment_metadata``."""
    row = _row(nwbfile, context)
    if row is None or EXPERIMENTS_TABLE in nwbfile.lab_meta_data:
        return []
    made = extension_class(nwbfile, "OphysExperimentMetadata", NAMESPACE)
    text = json.dumps(row, ensure_ascii=False, sort_keys=True)
    nwbfile.add_lab_meta_data(made(name="ophys_experiment_metadata", ophys_experiment_metadata=text))
    sentence = f"the row of experiment {row['id']} in {_table_name(context)}"
    also = (f"/specifications/{NAMESPACE}",)
    return [Change(EXPERIMENT_METADATA, "/general/ophys_experiment_metadata", sentence, also)]


def name_animal(nwbfile: NWBFile, context: Context) -> list[Change]:
    """Call the animal by the donor's name, by which the other data sets know it, instead of the specimen's number."""
    row = _row(nwbfile, context)
    name = donor_name(row) if row else None
    if not name or nwbfile.subject is None or nwbfile.subject.subject_id == name:
        return []
    former = nwbfile.subject.subject_id
    if str(row["specimen_id"] if row else "") != former:
        sentence = f"specimen_id is not {former}, the animal in {context.path.name}, whose name was kept"
        context.findings.append(Finding(Code.PARTS_DISAGREE, Severity.WARNING, _table_name(context), sentence))
        return []
    set_field(nwbfile.subject, "subject_id", name)
    sentence = f"{name}, external_donor_name in {_table_name(context)}; before: {former}"
    return [Change(SUBJECT_ID, "/general/subject/subject_id", sentence)]


def donor_name(row: Mapping[str, Any]) -> str | None:
    """The animal's name in a row of the table; None where it has none."""
    specimen = row.get("specimen")
    donor = specimen.get("donor") if isinstance(specimen, dict) else None
    name = donor.get("external_donor_name") if isinstance(donor, dict) else None
    return str(name) if name else None


def fill_depth(nwbfile: NWBFile, context: Context) -> list[Change]:
    """Put the depth of the imaging plane where the file only holds the word ``{depth}``."""
    row = _row(nwbfile, context)
    depth = row.get("imaging_depth") if row else None
    changes = []
    for plane in nwbfile.imaging_planes.values():
        if isinstance(depth, (int, float)) and "{depth}" in (plane.description or ""):
            set_field(plane, "description", plane.description.replace("{depth}", f"{depth:g}"))
            sentence = f"{{depth}} in the description is {depth:g}, imaging_depth in {_table_name(context)}"
            changes.append(Change(DEPTH, f"/general/optophysiology/{plane.name}/description", sentence))
    return changes


def _table_name(context: Context) -> str:
    return context.tables[EXPERIMENTS_TABLE].name


def _row(nwbfile: NWBFile, context: Context) -> Mapping[str, Any] | None:
    """The experiment's row; None, with a finding, where there is no table or no row."""
    table = context.tables.get(EXPERIMENTS_TABLE)
    number = experiment_id(nwbfile)
    if table is None or number is None:
        return None
    row = read_experiments(table).get(number)
    if row is None:
        finding = Finding(
            Code.PART_MISSING,
            Severity.WARNING,
            table.name,
            f"there is no row of experiment {number}, {context.path.name}",
        )
        if finding not in context.findings:
            context.findings.append(finding)
    return row
