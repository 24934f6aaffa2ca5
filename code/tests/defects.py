"""Damages recordings in place, each function in one way that was seen in the field (reference formats, section 6).

Rows are counted from 0, without the header. `folder` is the folder of a device. A file missing in the middle is
`(folder / "1.avi").unlink()`; what a spec can say is listed in `recordings`.
"""

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from miniscope_to_nwb_zarr.demo.settings import qt_json

STAMP, QUEUE, COUNTER = 1, 2, 3
"""Columns of timeStamps.csv."""


# tables


def _edit_table(folder: Path, edit: Callable[[list[list[str]]], None], table: str = "timeStamps.csv") -> None:
    """Let `edit` change the rows of a table, as lists of text, in place."""
    path = folder / table
    lines = path.read_text("utf-8").splitlines()
    delimiter = "\t" if "\t" in lines[0] else ","
    n_header = 0 if lines[0].split(delimiter)[0].lstrip("-").isdigit() else 1
    rows = [line.split(delimiter) for line in lines[n_header:]]
    edit(rows)
    kept = [*lines[:n_header], *(delimiter.join(row) for row in rows)]
    path.write_text("".join(f"{line}\n" for line in kept), "utf-8", newline="\n")


def _edit_stamps(folder: Path, stamp: Callable[[int, int], int]) -> None:
    """Replace each stamp by `stamp(row, old)`."""

    def edit(rows):
        for k, row in enumerate(rows):
            row[STAMP] = str(stamp(k, int(row[STAMP])))

    _edit_table(folder, edit)


def drop_rows(folder: Path, rows: slice, table: str = "timeStamps.csv") -> None:
    """Take rows out: the tail, the head, the middle; of headOrientation.csv as its filter does."""
    _edit_table(folder, lambda lines: lines.__delitem__(rows), table)


def tear_last_line(folder: Path, table: str = "timeStamps.csv", n_bytes: int = 4) -> None:
    """Cut the table's last bytes off, as a crash does."""
    path = folder / table
    path.write_bytes(path.read_bytes()[:-n_bytes])


def add_field(folder: Path, row: int, text: str = "7", table: str = "timeStamps.csv") -> None:
    """One field too many in a row."""
    _edit_table(folder, lambda rows: rows[row].append(text), table)


def put_text(folder: Path, row: int, text: str = "abc", column: int = STAMP, table: str = "timeStamps.csv") -> None:
    """Text where a number is expected; any cell of any table can be set with it."""
    _edit_table(folder, lambda rows: rows[row].__setitem__(column, text), table)


def step_clock(folder: Path, row: int, by_ms: int) -> None:
    """The computer's clock is set before `row`: forward, or back where `by_ms` is negative."""
    _edit_stamps(folder, lambda k, stamp: stamp + by_ms * (k >= row))


def reconnect(folder: Path, row: int, gap_ms: int = 1400, interval_ms: float = 16.667) -> None:
    """The device is lost before `row` and comes back at its default rate."""
    _edit_table(folder, lambda rows: _resume(rows, row, gap_ms, interval_ms))


def _resume(rows: list[list[str]], first: int, gap_ms: int, interval_ms: float) -> None:
    resumed = int(rows[first - 1][STAMP]) + gap_ms
    for k, row in enumerate(rows[first:]):
        row[STAMP] = str(round(resumed + k * interval_ms) + k % 2)


def absurd_first_stamp(folder: Path, stamp_ms: int = 935703178) -> None:
    """The first stamp is far off the others."""
    _edit_stamps(folder, lambda k, stamp: stamp if k else stamp_ms)


def negative_first_stamps(folder: Path, n_rows: int = 3, interval_ms: int = 33) -> None:
    """The first rows lie before the start: `n_rows` frames waited in the queue."""
    by_ms: list[int] = []

    def shift(_: int, stamp: int) -> int:
        by_ms.append(-n_rows * interval_ms + 5 - stamp)
        return stamp + by_ms[0]

    _edit_stamps(folder, shift)


def oscillate(folder: Path, by_ms: int = 14) -> None:
    """Frames arrive in pairs: every second stamp is late."""
    _edit_stamps(folder, lambda k, stamp: stamp + by_ms * (k % 2))


def fill_queue(folder: Path, first: int, n_rows: int = 8) -> None:
    """The disk is too slow: Buffer Index climbs to 127 over `n_rows` rows."""

    def edit(rows):
        for k in range(n_rows):
            rows[first + k][QUEUE] = str(127 * (k + 1) // n_rows)

    _edit_table(folder, edit)


def spoil_counter(folder: Path, unread: Iterable[int] = (), repeated: Iterable[int] = ()) -> None:
    """DAQ Frame Number is -1 in the `unread` rows and that of the row before in the `repeated` ones."""

    def edit(rows):
        for row in repeated:
            rows[row][COUNTER] = rows[row - 1][COUNTER]
        for row in unread:
            rows[row][COUNTER] = "-1"

    _edit_table(folder, edit)


def zero_orientation(folder: Path, rows: Iterable[int]) -> None:
    """Readings of the orientation sensor that failed: all zeros."""

    def edit(lines):
        for row in rows:
            lines[row][1:] = ["0"] * 4

    _edit_table(folder, edit, "headOrientation.csv")


# settings


def change_settings(folder: Path, **keys: Any) -> None:
    """Replace keys of a metaData.json, e.g. a `deviceName` of another device; a value of None takes the key out."""
    path = folder / "metaData.json"
    settings = {**json.loads(path.read_text("utf-8")), **keys}
    kept = {key: value for key, value in settings.items() if value is not None}
    path.write_text(qt_json(kept) + "\n", "utf-8", newline="\n")


def remove_settings(folder: Path) -> None:
    """No metaData.json, in the folder of a device or of a recording."""
    (folder / "metaData.json").unlink()


# video files


def truncate_avi(path: Path, fraction: float = 0.6) -> int:
    """Keep the first part of a file's bytes; returns how many whole frames are left."""
    keep = int(path.stat().st_size * fraction)
    n_whole = sum(start + size <= keep for start, size in payloads(path))
    path.write_bytes(path.read_bytes()[:keep])
    return n_whole


def unclose_avi(path: Path, n_frames: int) -> None:
    """As a crash leaves a file: counts of 0 and sizes of -1 in the header, no index, a packet half written.

    `n_frames` whole frames are left; the offsets are those of FFmpeg's muxer for a file of one stream.
    """
    begin, size = payloads(path)[n_frames]
    data = bytearray(path.read_bytes()[: begin + size // 2])
    list_size = data.find(b"movi") - 4
    for at, value in ((4, 0xFFFFFFFF), (0x30, 0), (0x8C, 0), (0x90, 1 << 20), (list_size, 0xFFFFFFFF)):
        data[at : at + 4] = value.to_bytes(4, "little")
    path.write_bytes(data)


def empty_file(path: Path) -> None:
    """No bytes: a full disk, a missing codec."""
    path.write_bytes(b"")


def flip_bit(path: Path, frame: int, at: float = 0.5, bit: int = 3) -> None:
    """Flip one bit in the packet of a frame, at a fraction of its length."""
    begin, size = payloads(path)[frame]
    data = bytearray(path.read_bytes())
    data[begin + int(size * at)] ^= 1 << bit
    path.write_bytes(data)


def payloads(path: Path) -> list[tuple[int, int]]:
    """Offset and size of each frame's packet in an AVI file of one stream."""
    data = path.read_bytes()
    at, found = data.find(b"movi") + 4, []
    while data[at : at + 4] in {b"00dc", b"00db"}:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append((at + 8, size))
        at += 8 + size + size % 2
    return found


# files that do not belong there


def add_strays(folder: Path) -> tuple[str, ...]:
    """Files of other programs and systems; returns their names."""
    shutil.copy(folder / "0.avi", folder / "0_corrected.avi")
    (folder / "._0.avi").write_bytes(b"\x00\x05\x16\x07" + bytes(78))
    (folder / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(60))
    (folder / "corrected").mkdir()
    shutil.copy(folder / "0.avi", folder / "corrected" / "0.avi")
    return "0_corrected.avi", "._0.avi", "Thumbs.db", "corrected"


def remove(path: Path) -> None:
    """A file that is not there."""
    path.unlink()
