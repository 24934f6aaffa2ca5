"""The user configuration of the acquisition software: which folders its recordings are in, and their devices.

Its values are compared with names that are on disk; no path is made of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.model import SourceFile
from miniscope_to_nwb_zarr.layouts.daq_qt.configured_devices import ConfiguredDevices, folder_name, listed_devices
from miniscope_to_nwb_zarr.layouts.source_files import size_of
from miniscope_to_nwb_zarr.sources.settings_json import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.findings import Finding

_MOMENTS = frozenset({"date", "time"})
_SEPARATOR = re.compile(r"[/\\]")


@dataclass(frozen=True, slots=True)
class UserConfig:
    """A user configuration, as far as it tells of recordings."""

    file: SourceFile
    components: tuple[str, ...]
    """Names of the folders above a recording, in order; those of date and time are left out."""
    devices: ConfiguredDevices
    findings: tuple[Finding, ...] = ()
    """What is doubtful in it."""

    def describes(self, folder: Path) -> bool:
        """Whether the folder's path has all components, in their order."""
        parts = iter(folder.parts)
        return all(component in parts for component in self.components)


def read_user_config(path: Path) -> UserConfig:
    """Read a user configuration.

    Raises
    ------
    InputError
        The file is not there, no JSON, or has no devices.
    """
    settings, text, findings = read_json(path, path.name)
    if settings is None:
        raise InputError(f"--user_config {path}: {'; '.join(finding.sentence for finding in findings)}")
    devices = settings.get("devices")
    if not isinstance(devices, dict):
        raise InputError(f"--user_config {path}: has no object 'devices', which every user configuration has")
    return UserConfig(SourceFile(path, size_of(path), text), _components(settings), listed_devices(devices), findings)


def _components(settings: Mapping[str, Any]) -> tuple[str, ...]:
    structure = settings.get("directoryStructure")
    tokens = [token for token in structure if isinstance(token, str)] if isinstance(structure, list) else []
    values = [_component(settings, token) for token in tokens if token.casefold() not in _MOMENTS]
    return tuple(part for value in values for part in _SEPARATOR.split(value) if part)


def _component(settings: Mapping[str, Any], token: str) -> str:
    """The folder of one token as the software makes it (`setupBaseDirectory`, reference formats 1.1)."""
    value = settings.get(token)
    return folder_name(value) if isinstance(value, str) and value else f"{token}Missing"
