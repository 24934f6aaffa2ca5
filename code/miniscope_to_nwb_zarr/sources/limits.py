"""How much of an untrusted file or folder is taken in before it is refused. Real recordings stay far below."""

from __future__ import annotations

from typing import Final

JSON_BYTES: Final = 1 << 20
"""Size of a settings file; real ones have a few kB."""
JSON_DEPTH: Final = 64
"""Nested objects and lists in a settings file; real ones have four."""
NUMBER_CHARS: Final = 40
"""Characters of one number in a settings file or a table; a float64 written in full takes at most 24."""

TABLE_BYTES: Final = 1 << 29
"""Size of a table (512 MiB): 20 hours at 100 Hz with all columns take 330 MB."""
TABLE_ROWS: Final = 10_000_000
"""Lines of a table: 27 hours at 100 Hz."""
LINE_BYTES: Final = 1 << 16
"""Length of one line of a table; a row of live pose with 1000 points takes 30 kB."""

NOTES_BYTES: Final = 1 << 24
"""Size of a file of notes (16 MiB)."""
NOTE_CHARS: Final = 10_000
"""Length of one note."""

FILES_PER_FOLDER: Final = 100_000
"""Entries of one folder; a day at 30 frames per second in files of 1000 frames has 2600."""
FOLDERS: Final = 100_000
"""Folders of one data folder."""
TREE_DEPTH: Final = 32
"""Folders inside folders below the data folder."""
LINK_DEPTH: Final = 8
"""Symbolic links on the way from the data folder to a folder."""

VALUES_REPORTED: Final = 20
"""Doubtful values of one settings file that are named before the rest is only counted."""
NAMES_SHOWN: Final = 3
"""Names or lines that one finding lists before it only counts."""
