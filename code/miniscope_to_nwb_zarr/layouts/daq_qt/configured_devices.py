"""The devices that a recording was configured with, linked to its folders by name."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.settings_json import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

LISTS = {"miniscopes": DeviceKind.SCOPE, "cameras": DeviceKind.CAMERA}


@dataclass(frozen=True, slots=True)
class ConfiguredDevices:
    """Names and kinds of devices by the name of their folder, without regard to case: Windows has none."""

    by_folder: Mapping[str, tuple[tuple[str, DeviceKind], ...]] = field(default_factory=dict)

    def labels(self) -> tuple[str, ...]:
        """All names as the lab wrote them."""
        return tuple(label for entries in self.by_folder.values() for label, _ in entries)

    def label(self, folder: str) -> str | None:
        """The name of the device whose folder this is; of several, the one that is spelled as the folder."""
        entries = self.by_folder.get(folder.casefold(), ())
        return next((label for label, _ in entries if folder_name(label) == folder), entries[0][0] if entries else None)

    def kind(self, folder: str) -> DeviceKind | None:
        """The kind of the device whose folder this is; None if it is not configured, or as both."""
        kinds = {kind for _, kind in self.by_folder.get(folder.casefold(), ())}
        return kinds.pop() if len(kinds) == 1 else None

    def or_else(self, other: ConfiguredDevices) -> ConfiguredDevices:
        """These devices, and those of `other` that are not among them."""
        return ConfiguredDevices({**other.by_folder, **self.by_folder})

    def findings(self, folders: Collection[str]) -> tuple[Finding, ...]:
        """Names that share a folder, names without one among `folders`, and folders that no name has."""
        there = {name.casefold() for name in folders}
        sentence = (
            "the settings of the recording list no device for this folder: it may be a copy, or have another name "
            "than when it was recorded. It is converted as a separate device; check that it is one"
        )
        found = [
            Finding(Code.NAME_DISAGREES, Severity.WARNING, name, sentence)
            for name in folders
            if self.by_folder and name.casefold() not in self.by_folder
        ]
        for folder, entries in self.by_folder.items():
            names = ", ".join(repr(cut(label)) for label, _ in entries[: limits.NAMES_SHOWN])
            where = cut(folder_name(entries[0][0]))
            if len(entries) > 1:
                sentence = f"devices {names} share this folder: only what was written last is left of their files"
                found.append(Finding(Code.NAME_SHARED, Severity.WARNING, where, sentence))
            if folder not in there:
                sentence = f"the settings list {names}, whose folder is not there or holds neither table nor video"
                found.append(Finding(Code.FOLDER_INCOMPLETE, Severity.WARNING, where, sentence))
        return tuple(found)


def folder_name(label: str) -> str:
    """The name of a device's folder, or of a folder of `directoryStructure`: only spaces are replaced (formats 1.1)."""
    return label.replace(" ", "_")


def listed_devices(settings: Mapping[str, Any]) -> ConfiguredDevices:
    """The devices that the settings file of a recording, or `devices` of a user configuration, lists.

    Lists of names, lists of objects with `deviceName` (up to v1.02) and objects keyed by name are understood.
    """
    found: defaultdict[str, list[tuple[str, DeviceKind]]] = defaultdict(list)
    for key, kind in LISTS.items():
        entries = settings.get(key)
        for entry in entries if isinstance(entries, (list, dict)) else ():
            label = entry.get("deviceName") if isinstance(entry, dict) else entry
            if isinstance(label, str) and label.strip():
                found[folder_name(label).casefold()].append((label, kind))
    return ConfiguredDevices({folder: tuple(entries) for folder, entries in found.items()})
