"""Reads the session metadata file (``--session_metadata``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.aind_data_schema import fact_file
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.sources import strict_yaml

if TYPE_CHECKING:
    from pathlib import Path


def load_sidecar(path: Path) -> Sidecar:
    """Read a session metadata file, YAML or JSON.

    Raises
    ------
    InputError
        When the file cannot be read, is larger than 1 MB, or does not say what a session metadata file says: one line
        of message for each thing wrong, with file, line, what was found and what was expected.
    """
    return parse_sidecar(fact_file.read_text(path, "session metadata file"), str(path))


def parse_sidecar(text: str, name: str) -> Sidecar:
    """Read the text of a session metadata file; `name` is what messages call it. Errors as in `load_sidecar`."""
    document = fact_file.without_empty_items(strict_yaml.parse(text, name))
    sidecar, problems = fact_file.hold_against(Sidecar, document)
    if sidecar is None:
        raise fact_file.refusal(problems, name)
    return sidecar
