"""Files for a lab to fill in, with remarks; and a filled one, which the demo recording comes with."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SIDECAR = "session_metadata.yml"
SUBJECTS = "subjects.csv"
SIDECAR_SCHEMA = "session_metadata.schema.json"
SUBJECTS_SCHEMA = "subjects.schema.json"
ANALYSIS = "analysis_parameters.yml"
_EXAMPLE = "example_session_metadata.yml"
_PACKAGES = {ANALYSIS: "miniscope_to_nwb_zarr.analysis"}


def text_of(name: str) -> str:
    """The text of a template."""
    package = _PACKAGES.get(name, __package__)
    return resources.files(package).joinpath("templates", name).read_text(encoding="utf-8")


def example() -> str:
    """A session metadata file with every line filled in."""
    return text_of(_EXAMPLE)


def write_templates(folder: Path) -> tuple[list[Path], list[Path]]:
    """Write the files to fill in, and the schema by which editors check the first of them.

    Returns
    -------
    written, kept : list of Path
        The files that were written, and those that were there already and were left as they are.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written, kept = [], []
    for name in (SIDECAR, SUBJECTS, SIDECAR_SCHEMA, ANALYSIS):
        path = folder / name
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text_of(name))
            written.append(path)
        except FileExistsError:
            kept.append(path)
    return written, kept
