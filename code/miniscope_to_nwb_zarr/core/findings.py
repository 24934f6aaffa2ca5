"""What is wrong with, or worth knowing of, a recording: values, not exceptions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.text import valid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Severity(StrEnum):
    """How much a finding matters to an analysis."""

    INFO = "info"
    """Worth knowing; nothing is lost."""
    WARNING = "warning"
    """Look at it before you analyse: something is missing, doubtful or was mended."""
    ERROR = "error"
    """Data is lost or cannot be trusted."""


class Code(StrEnum):
    """Stable names of all findings. Names are only ever added."""

    # files and folders
    FILE_MISSING = "file_missing"
    FILE_EMPTY = "file_empty"
    FILE_UNREADABLE = "file_unreadable"
    FILE_TRUNCATED = "file_truncated"
    FILE_STALE = "file_stale"
    FILES_RENUMBERED = "files_renumbered"
    FILE_IGNORED = "file_ignored"
    FOLDER_INCOMPLETE = "folder_incomplete"
    LINK_REFUSED = "link_refused"
    # settings
    SETTINGS_MISSING = "settings_missing"
    SETTINGS_UNREADABLE = "settings_unreadable"
    SETTINGS_VALUE = "settings_value"
    NAME_DISAGREES = "name_disagrees"
    NAME_SHARED = "name_shared"
    PICTURE_UNEXPECTED = "picture_unexpected"
    SETTINGS_MOVED = "settings_moved"
    # rows and frames
    FRAMES_MISSING = "frames_missing"
    FRAMES_WITHOUT_STAMP = "frames_without_stamp"
    FRAMES_DAMAGED = "frames_damaged"
    FRAMES_TORN = "frames_torn"
    FRAMES_PER_FILE = "frames_per_file"
    NO_FRAMES = "no_frames"
    ROW_UNREADABLE = "row_unreadable"
    ROW_TORN = "row_torn"
    ROWS_RENUMBERED = "rows_renumbered"
    TABLE_FORMAT = "table_format"
    RECORDING_UNFINISHED = "recording_unfinished"
    CAMERA_UNCERTAIN = "camera_uncertain"
    BUFFERS_CORRUPTED = "buffers_corrupted"
    BUFFERS_DROPPED = "buffers_dropped"
    PICTURE_PADDED = "picture_padded"
    # time
    START_UNCERTAIN = "start_uncertain"
    STAMP_NEGATIVE = "stamp_negative"
    STAMP_OUTLIER = "stamp_outlier"
    STAMP_BACKWARDS = "stamp_backwards"
    STAMP_REPEATED = "stamp_repeated"
    STAMP_MENDED = "stamp_mended"
    GAP = "gap"
    RATE_DIFFERS = "rate_differs"
    RATE_CHANGED = "rate_changed"
    STAMPS_OSCILLATE = "stamps_oscillate"
    QUEUE_FULL = "queue_full"
    FRAMES_DROPPED = "frames_dropped"
    COUNTER_UNRELIABLE = "counter_unreliable"
    CLOCK_DRIFT = "clock_drift"
    # what goes with the frames
    ORIENTATION_INVALID = "orientation_invalid"
    ORIENTATION_INCOMPLETE = "orientation_incomplete"
    POSE_TIME_ESTIMATED = "pose_time_estimated"
    CAMERA_UNTIMED = "camera_untimed"
    LOG_ERRORS = "log_errors"
    # who and what
    SUBJECT_UNNAMED = "subject_unnamed"
    SUBJECT_RENAMED = "subject_renamed"
    FACT_MISSING = "fact_missing"
    FACT_UNKNOWN = "fact_unknown"
    # NWB files of one session
    PART_MISSING = "part_missing"
    PART_LEFT_OUT = "part_left_out"
    PARTS_DISAGREE = "parts_disagree"
    EPOCHS_UNCERTAIN = "epochs_uncertain"
    # NWB files of others
    TEMPLATE_UNUSABLE = "template_unusable"
    INDEX_INVALID = "index_invalid"
    NWB_SCHEMA = "nwb_schema"
    NWB_CHANGED = "nwb_changed"
    # the analysis
    MOVIE_LEFT_OUT = "movie_left_out"
    FRAMES_REPLACED = "frames_replaced"
    SIGNAL_CUT = "signal_cut"
    MOTION_AT_LIMIT = "motion_at_limit"
    MOTION_NOT_BETTER = "motion_not_better"
    NO_CELLS = "no_cells"
    PARAMETER_UNKNOWN = "parameter_unknown"
    PARAMETER_UNUSED = "parameter_unused"
    # the output
    INSPECTOR = "inspector"
    NO_CHECKSUM = "no_checksum"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found.

    Examples
    --------
    >>> finding = Finding(Code.GAP, Severity.WARNING, "HPC/timeStamps.csv", "no frame for 1.2 s after row 40")
    >>> finding.as_json()["code"]
    'gap'
    """

    code: Code
    severity: Severity
    where: str
    """The file or device, by its path inside the recording."""
    sentence: str
    """What was found and what was expected, in one plain sentence; and what to do, where there is something to do."""
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # names of files may hold bytes that no output can
        object.__setattr__(self, "where", valid(self.where))
        object.__setattr__(self, "sentence", valid(self.sentence))

    def as_json(self) -> dict[str, Any]:
        """The finding as plain JSON values."""
        return {
            "code": str(self.code),
            "severity": str(self.severity),
            "where": self.where,
            "sentence": self.sentence,
            "numbers": dict(self.numbers),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Finding:
        """Rebuild a finding from `as_json`."""
        return cls(
            Code(value["code"]), Severity(value["severity"]), value["where"], value["sentence"], dict(value["numbers"])
        )


def grave_in_words(findings: Iterable[Finding]) -> str:
    """How many errors and warnings there are, such as "1 error, 2 warnings"; empty for none."""
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(counted(counts[one], one) for one in (Severity.ERROR, Severity.WARNING) if counts[one])
