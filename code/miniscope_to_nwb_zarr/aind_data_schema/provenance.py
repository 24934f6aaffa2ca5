"""Where an output comes from: the program, the pipeline it ran in, what it was given."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from miniscope_to_nwb_zarr.core.receipt import FileEntry

NAME = "miniscope-to-nwb-zarr"
REPOSITORY: str | None = None
"""The public address of the code, as `project.urls` of pyproject.toml states it; None as long as it states none."""

# `git archive` puts the commit in the place of this text (.gitattributes); Code Ocean has neither that nor a .git
_COMMIT_OF_ARCHIVE = "$Format:%H$"
_HERE = Path(__file__).resolve()


@dataclass(frozen=True, slots=True)
class Program:
    """The code that made an output."""

    version: str
    commit: str | None = None
    """None where it is not known."""
    is_changed: bool = False
    """The code was not quite that of the commit."""
    python: str | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The pipeline that the program ran in, as far as its environment tells."""

    name: str | None = None
    version: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """How one output was made."""

    program: Program
    pipeline: Pipeline
    parameters: Mapping[str, Any]
    """The options that change the output, as JSON values."""
    sources: tuple[FileEntry, ...]
    """Every file of the recording; its checksum is empty where it was not taken."""
    started: datetime
    """Aware of its zone, as all times here."""
    ended: datetime
    store: str | None
    """Path of the NWB file beside the metadata files; None where none was made."""
    former: str = ""
    """``processing.json`` of the version whose store this one keeps; empty where there is none."""
    notes: str | None = None
    """What there is to say of that store besides."""
    means: str = ""
    """What metadata files that were made without a store were made from, as a sentence; empty: from a recording."""


@cache
def this_program() -> Program:
    """The program that runs, with the commit of its code where a release or a git checkout tells it."""
    commit, is_changed = _COMMIT_OF_ARCHIVE, False
    if not re.fullmatch("[0-9a-f]{40,64}", commit):
        commit = _git("rev-parse", "HEAD") if _git("ls-files", "--error-unmatch", _HERE.name) else ""
        is_changed = bool(commit and _git("status", "--porcelain", "--untracked-files=no", "--", str(_HERE.parents[1])))
    return Program(__version__, commit or None, is_changed, platform.python_version())


def pipeline_of(environment: Mapping[str, str]) -> Pipeline:
    """The pipeline that AIND's variables ``PIPELINE_NAME``, ``PIPELINE_VERSION`` and ``PIPELINE_URL`` name."""
    name, version, url = (environment.get(f"PIPELINE_{key}", "").strip() or None for key in ("NAME", "VERSION", "URL"))
    return Pipeline(name, version, url)


def _git(*arguments: str) -> str:
    """What git says of the folder of this file; empty where there is no git, or it knows nothing."""
    command = ["git", "-C", str(_HERE.parent), *arguments]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            command, env=environment, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
