"""The tables that tell where the data came from and what was found: kept in the store, beside the data they concern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hdmf.common import DynamicTable, VectorData

from miniscope_to_nwb_zarr.aind_data_schema.lab_facts import stated_lines
from miniscope_to_nwb_zarr.core.paths import relative_path, source_root

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.core.receipt import FileEntry


# hdmf-zarr pads every text of a column to the length of the longest while it writes
_PART_CHARACTERS = 20_000


def add_records(
    nwbfile: NWBFile, session: Session, lab: Sidecar, sources: Sequence[FileEntry], findings: Sequence[Finding]
) -> None:
    """Add the processing module ``source``: every file of the recording, small ones verbatim, and every finding.

    All that the lab says is there too: some of it has no place of its own in an NWB file.

    Parameters
    ----------
    nwbfile : NWBFile
    session : Session
    lab : Sidecar
        What the lab says of the session, all sources together.
    sources : sequence of FileEntry
        Every source file with its checksum, by its path in the folder that holds all recordings of the session.
    findings : sequence of Finding
    """
    module = nwbfile.create_processing_module(
        "source", "the files this store was made from, and what was found in them"
    )
    root = source_root(session)
    texts = [
        (relative_path(file.path, root), begin // _PART_CHARACTERS, file.text[begin : begin + _PART_CHARACTERS])
        for file in session.source_files
        if file.text
        for begin in range(0, len(file.text), _PART_CHARACTERS)
    ]
    module.add(
        _table(
            "source_files",
            "every file of the recording",
            {
                "path": ("path in the folder of the recording", [entry.path for entry in sources]),
                "size_bytes": ("size", [entry.size_bytes for entry in sources]),
                "sha256": ("checksum", [entry.sha256 for entry in sources]),
            },
        )
    )
    if texts:
        module.add(
            _table(
                "source_texts",
                "settings, notes and small tables verbatim; the text of a file is its parts joined in order",
                {
                    "path": ("path in the folder of the recording", [path for path, _, _ in texts]),
                    "part": ("number of the part, from 0", [part for _, part, _ in texts]),
                    "text": ("the text", [text for _, _, text in texts]),
                },
            )
        )
    if lines := stated_lines(lab):
        module.add(_lab_facts(lines))
    if findings:
        module.add(_findings(findings))


def _lab_facts(lines: Sequence[tuple[str, str]]) -> DynamicTable:
    return _table(
        "lab_facts",
        "all that the lab says of animal, session, imaging, project, setup and surgeries",
        {
            "line": ("sections and name of the line, items of lists counted from 1", [name for name, _ in lines]),
            "value": ("what it says; the unit is in the name of the line", [value for _, value in lines]),
        },
    )


def _findings(findings: Sequence[Finding]) -> DynamicTable:
    return _table(
        "findings",
        "what was wrong with, or is worth knowing of, the recording",
        {
            "code": ("stable name of the kind of finding", [str(f.code) for f in findings]),
            "severity": ("info, warning or error", [str(f.severity) for f in findings]),
            "where": ("file or device", [f.where for f in findings]),
            "sentence": ("what was found", [f.sentence for f in findings]),
            "numbers": ("the figures, as name=value", [_figures(f) for f in findings]),
        },
    )


def _figures(finding: Finding) -> str:
    # not as JSON: the inspector objects to dictionaries in a cell
    return "; ".join(f"{name}={value}" for name, value in sorted(finding.numbers.items()))


def _table(name: str, description: str, columns: Mapping[str, tuple[str, Sequence[object]]]) -> DynamicTable:
    return DynamicTable(
        name=name,
        description=description,
        columns=[VectorData(name=key, description=text, data=list(values)) for key, (text, values) in columns.items()],
    )
