"""How much of an untrusted file or folder is taken in before it is refused. Real recordings stay far below.

The limits that a real recording could reach are `Limit`s: ``--limits`` raises them for one run. The others are plain
numbers, which nothing real comes near.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_chosen: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that can be raised.

    Examples
    --------
    >>> FOLDERS.value, FOLDERS.remedy
    (100000, 'if the file is sound, raise the limit: --limits folders=N')
    """

    name: str
    usual: int
    of: str
    """What it is a limit of, and how far real recordings are from it."""

    @property
    def value(self) -> int:
        """The limit in this run."""
        return _chosen.get(self.name, self.usual)

    @property
    def remedy(self) -> str:
        """What to do about something that is beyond it, as the end of a sentence."""
        return f"if the file is sound, raise the limit: --limits {self.name}=N"


TABLE_BYTES: Final = Limit("table_bytes", 1 << 29, "bytes of a table: 20 hours at 100 Hz with all columns take 330 MB")
TABLE_ROWS: Final = Limit("table_rows", 10_000_000, "lines of a table: 27 hours at 100 Hz")
NOTES_BYTES: Final = Limit("notes_bytes", 1 << 24, "bytes of a file of notes or a log")
SETTINGS_BYTES: Final = Limit(
    "settings_bytes", 1 << 20, "bytes of a settings file, of which real ones have a few kB, or of a file of the lab"
)
KEPT_TEXT_BYTES: Final = Limit(
    "kept_text_bytes", 256_000, "bytes of a text file of no known kind that is kept whole, not only named"
)
LAB_VALUES: Final = Limit("lab_values", 20_000, "names and values of a YAML file, or rows of a table of animals")
FILES_PER_FOLDER: Final = Limit(
    "files_per_folder", 100_000, "entries of a folder: a day at 30 frames/s in files of 1000 frames has 2600"
)
FOLDERS: Final = Limit("folders", 100_000, "folders in the data folder")
TREE_DEPTH: Final = Limit("tree_depth", 32, "folders inside folders below the data folder")
LINK_DEPTH: Final = Limit("link_depth", 8, "symbolic links on the way from the data folder to a folder")
PICTURE_SIDE: Final = Limit("picture_side", 16_384, "pixels of a side of a picture")
FRAME_BYTES: Final = Limit("frame_bytes", 1 << 28, "bytes of one frame in a video: 16,384 x 16,384 pixels of 8 bits")
VIDEO_FRAMES: Final = Limit(
    "video_frames", 10_000_000, "frames of a video, or of a file with the clocks of its lines: 92 hours at 30 frames/s"
)
NWB_OBJECTS: Final = Limit("nwb_objects", 1_000_000, "groups and arrays of an NWB file; real ones have up to 100,000")
NWB_VALUES: Final = Limit("nwb_values", 100_000_000, "texts, or rows with text, of one array of an NWB file")
NWB_METADATA_BYTES: Final = Limit(
    "nwb_metadata_bytes", 1 << 28, "bytes of a JSON file of an NWB-Zarr store, of which large ones have 10 MB"
)
NWB_UNWRITTEN_BYTES: Final = Limit(
    "nwb_unwritten_bytes", 1 << 34, "bytes of an array of an NWB file of which next to nothing was written"
)

LIMITS: Final = {
    limit.name: limit
    for limit in (
        *(TABLE_BYTES, TABLE_ROWS, NOTES_BYTES, SETTINGS_BYTES, KEPT_TEXT_BYTES, LAB_VALUES, FILES_PER_FOLDER, FOLDERS),
        *(TREE_DEPTH, LINK_DEPTH, PICTURE_SIDE, FRAME_BYTES, VIDEO_FRAMES),
        *(NWB_OBJECTS, NWB_VALUES, NWB_METADATA_BYTES, NWB_UNWRITTEN_BYTES),
    )
}

NWB_DEPTH: Final = 64
"""Groups inside groups of an NWB file; real ones have six."""
NWB_NAME_BYTES: Final = 255
"""Of the name of an object of an NWB file, which names a folder of a store."""
NWB_LINK_STEPS: Final = 1000
"""Names and links on the way to an object of an NWB file; links that lead back to themselves end here."""
NWB_WORK_S: Final = 5
"""Of the processor, for one object of an HDF5 file; a sound one takes milliseconds, and a slow disk is not counted."""
NWB_CHUNK_BYTES: Final = (1 << 31) - 1
"""Bytes of one chunk of a Zarr store: Blosc takes no more."""
NWB_PACKED: Final = 2000
"""How many times its stored bytes an array may have before it counts as unwritten; gzip packs to a thousandth."""
JSON_DEPTH: Final = 64
"""Nested objects and lists in a settings file; real ones have four."""
YAML_DEPTH: Final = 12
"""Nested names and lists in a YAML file; real ones have three."""
NUMBER_CHARS: Final = 40
"""Characters of one number in a settings file or a table; a float64 written in full takes at most 24."""
WHOLE_NUMBER: Final = 2**53
"""A count or a whole number of a file; beyond it a float64 no longer tells neighbours apart."""
LINE_BYTES: Final = 1 << 16
"""Length of one line of a table; a row of live pose with 1000 points takes 30 kB."""
NOTE_CHARS: Final = 10_000
"""Length of one note."""
AVI_HEADER_BYTES: Final = 1 << 20
"""From the start of a video to its first frame; real headers end within 10 kB."""
AVI_FORMAT_BYTES: Final = 2048
"""One chunk of that header; a bitmap header of its longest version and 256 colours takes less."""
CAMERAS: Final = 16
"""In one timestamp.dat: DirectShow numbers the cameras of a computer, and the software records from two."""
STRANGE_NAMES: Final = 100
"""Unknown names of a settings file in which misspelt settings are looked for."""
STRANGE_NAME_CHARS: Final = 60
"""Length of such a name; no setting has a longer one."""

FIXED: Final = (
    (JSON_DEPTH, "objects and lists inside one another in a settings file; real ones have four"),
    (YAML_DEPTH, "names and lists inside one another in a YAML file; real ones have three"),
    (NUMBER_CHARS, "characters of one number in a settings file or a table; a number of 64 bits takes at most 24"),
    (WHOLE_NUMBER, "as a count or a whole number: beyond it neighbours cannot be told apart"),
    (LINE_BYTES, "bytes of one line of a table; a row of live pose with 1000 points takes 30 kB"),
    (NOTE_CHARS, "characters of one note"),
    (AVI_HEADER_BYTES, "bytes from the start of a video to its first frame; real headers end within 10 kB"),
    (CAMERAS, "cameras in one timestamp.dat; the software records from two"),
    (NWB_DEPTH, "groups inside groups of an NWB file; real ones have six"),
    (NWB_NAME_BYTES, "bytes of the name of an object of an NWB file"),
    (NWB_LINK_STEPS, "names and links on the way to an object of an NWB file"),
    (NWB_WORK_S, "seconds of the processor for one object of an HDF5 file; a sound one takes milliseconds"),
    (NWB_CHUNK_BYTES, "bytes of one chunk of an NWB-Zarr store, which is the most that Blosc takes"),
)
"""Limits that nothing raises, and what they are limits of."""

VALUES_REPORTED: Final = 20
"""Doubtful values of one settings file that are named before the rest is only counted."""
NAMES_SHOWN: Final = 3
"""Names or lines that one finding lists before it only counts."""


def choose(raised: Mapping[str, int]) -> None:
    """Use these limits in this process from now on, and the usual ones for all that are not named."""
    _chosen.clear()
    _chosen.update(raised)


def chosen() -> dict[str, int]:
    """The limits that were chosen, for a process that works for this one."""
    return dict(_chosen)
