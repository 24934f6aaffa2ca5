"""What the versions of the acquisition software write differently (reference formats 1.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class SoftwareVersion(StrEnum):
    """Versions of Miniscope-DAQ-QT-Software that differ on disk."""

    V0_1 = "v0.1"
    V0_11 = "v0.11"
    V1_02 = "v1.02"
    V1_11 = "v1.11"
    V2_0 = "v2.0"
    UNRELEASED = "unreleased"
    """After v2.0.0: Unix time stamps and the end of the recording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How one version writes."""

    delimiter: str = ","
    has_table_header: bool = True
    orientation_header: str | None = "Time Stamp (ms),qw,qx,qy,qz"
    notes_header: str | None = None
    has_compression_key: bool = True
    has_roi_key: bool = True
    has_custom_tokens: bool = True
    """Whether `directoryStructure` may name keys of the user's own, and `<token>Missing` stands for an absent one."""
    is_start_nested: bool = True
    sorts_device_names: bool = True
    has_behavior_tracker: bool = True
    notes_property_changes: bool = True
    counts_hardware_frames: bool = False
    """Whether the tables of scopes have the column `DAQ Frame Number`."""
    writes_unix_time: bool = False
    """Whether tables and notes have Unix stamps and the settings have `recordingEndTime`."""
    cameras_have_scope_settings: bool = False
    """The mistake of v0.1: the settings of camera i are those of miniscope i."""


_NOTES = "Time Stamp (ms), Note"

HABITS = MappingProxyType(
    {
        SoftwareVersion.V0_1: Habits(
            delimiter="\t",
            has_table_header=False,
            orientation_header=None,
            has_compression_key=False,
            has_roi_key=False,
            has_custom_tokens=False,
            is_start_nested=False,
            sorts_device_names=False,
            has_behavior_tracker=False,
            notes_property_changes=False,
            cameras_have_scope_settings=True,
        ),
        SoftwareVersion.V0_11: Habits(
            # four names above rows of five values, the mistake of v0.11 to v0.14
            orientation_header="qw,qx,qy,qz",
            has_roi_key=False,
            has_custom_tokens=False,
            is_start_nested=False,
            sorts_device_names=False,
            has_behavior_tracker=False,
            notes_property_changes=False,
        ),
        SoftwareVersion.V1_02: Habits(
            is_start_nested=False, sorts_device_names=False, has_behavior_tracker=False, notes_property_changes=False
        ),
        SoftwareVersion.V1_11: Habits(notes_header=_NOTES),
        SoftwareVersion.V2_0: Habits(notes_header=_NOTES, counts_hardware_frames=True),
        SoftwareVersion.UNRELEASED: Habits(
            notes_header="Time Stamp (ms),Unix Time Stamp (ms),Note", counts_hardware_frames=True, writes_unix_time=True
        ),
    }
)
