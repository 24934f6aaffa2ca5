"""The video files of one device: how many frames each holds, and what its pictures are."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.file_numbers import FileFrames
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Picture, SourceFile
from miniscope_to_nwb_zarr.core.paths import inside
from miniscope_to_nwb_zarr.layouts.source_files import size_of
from miniscope_to_nwb_zarr.sources import failed_reads
from miniscope_to_nwb_zarr.sources.avi import AviScan, NotAnAviError, scan_avi
from miniscope_to_nwb_zarr.sources.tree import shown
from miniscope_to_nwb_zarr.sources.video import NoPictureError, UndecodableError, VideoFile, listen_to_decoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

# writers may put something behind a picture, but not a quarter of one
_PLENTY = 1.25
_may_decode = ContextVar("may_decode", default=True)


@dataclass(frozen=True, slots=True)
class Videos:
    """The video files of a device by their number, what is stored in them, and what is wrong with them."""

    files: Mapping[int, FileFrames]
    sources: tuple[SourceFile, ...]
    picture: Picture | None
    """None when no frame of any file could be decoded."""
    findings: tuple[Finding, ...]

    @property
    def n_frames(self) -> int:
        """Complete frames in all files that can be used."""
        return sum(file.n_frames for file in self.files.values())


@contextmanager
def by_headers_alone() -> Iterator[None]:
    """Within this context `read_videos` decodes no frame, unless what is known of a recording depends on it."""
    token = _may_decode.set(False)
    try:
        yield
    finally:
        _may_decode.reset(token)


def read_videos(
    numbered: Mapping[int, Path], where: str, *, raw16_is_gray: bool = False, must_decode: bool = False
) -> Videos:
    """Count the frames of each file by its container, and decode the first picture of one.

    Parameters
    ----------
    numbered : mapping of file number to Path
    where : str
        The device's folder, for the findings; empty where the recording has no folders.
    raw16_is_gray : bool
        The sensor is known to be gray: bitmaps of 16 bits a pixel, which do not say what they hold, are its levels.
    must_decode : bool
        Look at a picture also within `by_headers_alone`.
    """
    scans: dict[int, AviScan] = {}
    files: dict[int, FileFrames] = {}
    findings: list[Finding] = []
    for number, path in numbered.items():
        name = inside(where, shown(path.name))
        try:
            scan = scan_avi(path)
        except (NotAnAviError, OSError) as error:
            failed_reads.note(path, error)
            found, problem = _unusable(path, name, error)
            findings.append(found)
            files[number] = FileFrames(path, 0, problem, is_whole=False)
            continue
        findings += _header_findings(scan, name)
        scans[number] = scan
        is_whole = scan.is_closed and scan.cut_bytes == 0 and scan.header_frames == scan.n_frames
        files[number] = FileFrames(path, scan.n_frames, is_whole=is_whole)
    odd, more = _other_sizes(scans, files, where)
    of_one_size = [file for number, file in files.items() if number not in odd]
    if must_decode or _may_decode.get():
        picture, closed, doubts = _picture(of_one_size, where, raw16_is_gray=raw16_is_gray)
    else:
        picture, closed, doubts = _header_picture(scans[k] for k in scans if k not in odd), frozenset(), []
    for number, file in files.items():
        problem = "holds pictures of another size" if number in odd else "cannot be decoded"
        if number in odd or file.path in closed:
            files[number] = replace(file, n_frames=0, problem=problem, is_whole=False)
    sources = tuple(SourceFile(path, size_of(path)) for path in numbered.values())
    return Videos(files, sources, picture, (*findings, *more, *doubts))


def _header_picture(scans: Iterable[AviScan]) -> Picture | None:
    """What the header of the first file with a frame says of its pictures."""
    for scan in scans:
        if scan.n_frames:
            return Picture(scan.width_px, scan.height_px, scan.fourcc.lower(), "", bit_depth=8, is_seen=False)
    return None


def _unusable(path: Path, where: str, error: Exception) -> tuple[Finding, str]:
    if size_of(path) == 0 and isinstance(error, NotAnAviError):
        sentence = "the file is empty: the disk was full, or the codec is missing on the acquisition computer"
        return Finding(Code.FILE_EMPTY, Severity.ERROR, where, sentence), "is empty"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Finding(Code.FILE_UNREADABLE, Severity.ERROR, where, f"cannot be read as AVI: {reason}"), "cannot be read"


def _header_findings(scan: AviScan, where: str) -> list[Finding]:
    numbers = {"frames": scan.n_frames, "header_frames": scan.header_frames, "cut_bytes": scan.cut_bytes}
    if scan.cut_bytes or not scan.is_closed:
        cut = f", and {counted(scan.cut_bytes, 'byte')} of one that is cut off" if scan.cut_bytes else ""
        held = counted(scan.n_frames, "complete frame")
        sentence = f"the file was never closed, is cut off or damaged: it holds {held}{cut}"
        return [Finding(Code.FILE_TRUNCATED, Severity.WARNING, where, sentence, numbers)]
    if scan.header_frames != scan.n_frames:
        sentence = (
            f"its header says {counted(scan.header_frames, 'frame')}, the file holds {scan.n_frames}; those are used"
        )
        return [Finding(Code.FILE_TRUNCATED, Severity.INFO, where, sentence, numbers)]
    return []


def _other_sizes(
    scans: Mapping[int, AviScan], files: Mapping[int, FileFrames], where: str
) -> tuple[list[int], list[Finding]]:
    """Files whose pictures are not of the size that most frames have."""
    frames: Counter[tuple[int, int]] = Counter()
    for scan in scans.values():
        frames[scan.width_px, scan.height_px] += scan.n_frames
    if len(+frames) < 2:
        return [], []
    (width, height), _ = frames.most_common(1)[0]
    odd = [k for k, scan in scans.items() if scan.n_frames and (scan.width_px, scan.height_px) != (width, height)]
    return odd, [
        Finding(
            Code.PICTURE_UNEXPECTED,
            Severity.ERROR,
            inside(where, files[k].path.name),
            f"its pictures have {scans[k].width_px} x {scans[k].height_px} pixels, those of the other files {width} x "
            f"{height}: its {scans[k].n_frames} frames cannot be stored in the same series and are left out",
            {"width": scans[k].width_px, "height": scans[k].height_px, "frames": scans[k].n_frames},
        )
        for k in odd
    ]


def _too_small(picture: Picture, video: VideoFile, where: str) -> Iterator[Finding]:
    """The finding for uncompressed pictures that take much less than the file has for each."""
    taken, there = video.bytes_taken(picture), int(np.median(video.scan.sizes))
    if taken is not None and there > _PLENTY * taken:
        sentence = (
            f"its header says pictures of {picture.width_px} x {picture.height_px} pixels, which take {taken:,} "
            f"bytes; there are {there:,} for each: the header may be damaged; look at the pictures"
        )
        numbers = {"width": picture.width_px, "height": picture.height_px, "frame_bytes": there}
        yield Finding(Code.PICTURE_UNEXPECTED, Severity.WARNING, where, sentence, numbers)


def _picture(
    files: Sequence[FileFrames], where: str, *, raw16_is_gray: bool
) -> tuple[Picture | None, frozenset[Path], list[Finding]]:
    """The picture of the first file that decodes, the files that cannot be decoded, and what is wrong with them.

    Where no file gives a picture, none can be decoded.
    """
    listen_to_decoder()
    closed: set[Path] = set()
    findings: list[Finding] = []
    usable = [file for file in files if file.n_frames]
    for file in usable:
        try:
            with VideoFile(file.path) as video:
                picture = video.picture(raw16_is_gray=raw16_is_gray)
                findings += _too_small(picture, video, inside(where, shown(file.path.name)))
                return picture, frozenset(closed), findings
        except NoPictureError as error:
            problem = str(error)
        except (UndecodableError, NotAnAviError, OSError) as error:
            failed_reads.note(file.path, error)
            closed.add(file.path)
            problem = str(error)
        sentence = f"no picture could be decoded ({problem})"
        findings.append(Finding(Code.FILE_UNREADABLE, Severity.ERROR, inside(where, file.path.name), sentence))
    return None, frozenset(file.path for file in usable), findings
