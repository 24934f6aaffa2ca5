"""The receipt of a finished output: what it was made from, how, and what every file of it must be."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.findings import Finding
from miniscope_to_nwb_zarr.core.text import json_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RECEIPT_NAME = "receipt.json"
SCHEMA_VERSION = 1

# What differs between two runs that did the same: times of packaging, and what carries them. An NWB file in HDF5 holds
# one; its frames and all else it says have digests of their own.
VOLATILE_NAMES = frozenset({"data_description.json", "processing.json", "quality_control.json", RECEIPT_NAME})
VOLATILE_PARTS = ("/file_create_date/", "inspector_report.txt")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file by its path in the output or the recording, with ``/`` as separator."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SeriesEntry:
    """A series of frames, and the digest of its frames as they were decoded."""

    name: str
    n_frames: int
    frames_digest: str
    """xxh3-128 over the xxh3-64 of each frame, shape (x, y), in order."""


@dataclass(frozen=True, slots=True)
class AnalysisEntry:
    """An analysis whose results are in the NWB file."""

    module: str
    """Name of its processing module."""
    digest: str
    """Of all that decides what it found: the frames, the parameters, engine and program."""
    engine: str
    """Name and version."""
    series: tuple[str, ...]
    units: tuple[int, ...]
    """Found in each series."""
    accepted: tuple[int, ...]
    """Of them, taken for cells."""
    paths: tuple[str, ...]
    """All that it added to the NWB file."""
    curation: str = ""
    """Digest of the decisions by hand that were applied to it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything needed to tell whether an output is whole, and whether it is the one that a run would make."""

    session: str
    plan_digest: str
    program_version: str
    created: str
    options: Mapping[str, Any]
    sources: tuple[FileEntry, ...]
    files: tuple[FileEntry, ...]
    series: tuple[SeriesEntry, ...]
    findings: tuple[Finding, ...]
    nwb_digest: str = ""
    """Digest of what the NWB file says, frames aside."""
    versions: Mapping[str, str] = field(default_factory=dict)
    parent: str | None = None
    """Digest of the receipt of the version that this one follows."""
    store_plan: str = ""
    """Plan digest of the run that made the NWB file, where a later run added metadata or an analysis to it."""
    analyses: tuple[AnalysisEntry, ...] = ()
    schema_version: int = SCHEMA_VERSION

    @property
    def content_digest(self) -> str:
        """Digest of all that does not differ between two equal runs."""
        lasting = [(entry.path, entry.sha256) for entry in self.files if not is_volatile(entry.path)]
        frames = [(entry.name, entry.frames_digest) for entry in self.series]
        return digest_of({"files": sorted(lasting), "frames": sorted(frames), "nwb": self.nwb_digest})

    def as_text(self) -> str:
        """The receipt as canonical JSON."""
        value = asdict(self) | {
            "content_digest": self.content_digest,
            "findings": [finding.as_json() for finding in self.findings],
        }
        value["receipt_digest"] = digest_of(value)
        return json_text(value, indent=1, sort_keys=True) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Receipt:
        """Read a receipt.

        Raises
        ------
        ValueError
            The text is no receipt of this schema version, or has been changed.
        """
        try:
            value = json.loads(text)
            if value["schema_version"] != SCHEMA_VERSION:
                raise ValueError(f"receipt of schema version {value['schema_version']}, expected {SCHEMA_VERSION}")
            if value.pop("receipt_digest") != digest_of(value):
                raise ValueError("the receipt has been changed since it was written")
            del value["content_digest"]
            for key, kind in (("sources", FileEntry), ("files", FileEntry), ("series", SeriesEntry)):
                value[key] = tuple(kind(**entry) for entry in value[key])
            value["analyses"] = tuple(_analysis(entry) for entry in value.get("analyses", ()))
            value["findings"] = tuple(Finding.from_json(entry) for entry in value["findings"])
            return cls(**value)
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a receipt: {error}") from error


def _analysis(value: Mapping[str, Any]) -> AnalysisEntry:
    known: dict[str, Any] = {key: tuple(one) if isinstance(one, list) else one for key, one in value.items()}
    return AnalysisEntry(**known)


def is_volatile(path: str) -> bool:
    """Whether a file of an output carries the time of packaging, and so differs between two equal runs."""
    return (
        path.endswith(".nwb")
        or path.rpartition("/")[2] in VOLATILE_NAMES
        or any(part in path for part in VOLATILE_PARTS)
    )


def plan_digest(sources: Iterable[FileEntry], options: Mapping[str, Any], program_version: str) -> str:
    """Digest of all that decides what an output will hold: the sources, the options that matter, the program.

    Parameters
    ----------
    sources : iterable of FileEntry
    options : mapping
        Options that change the output, as JSON values; of a file its sha256.
    program_version : str
    """
    files = sorted((entry.path, entry.sha256) for entry in sources)
    return digest_of({"files": files, "options": dict(options), "program": program_version})


def differences(
    receipt: Receipt, sources: Iterable[FileEntry], options: Mapping[str, Any], program_version: str
) -> list[str]:
    """What is not the same in a receipt and in the plan of another run, in a few words each.

    Examples
    --------
    >>> receipt = Receipt("m1", "", "0.1.0", "", {"chunk_mb": 12}, (), (), (), ())
    >>> differences(receipt, [], {"chunk_mb": 8}, "0.1.0")
    ['--chunk_mb was 12, is 8']
    """
    before = {entry.path: entry.sha256 for entry in receipt.sources}
    now = {entry.path: entry.sha256 for entry in sources}
    # a run for metadata alone takes no checksum of video files: it is empty
    alike = {
        path for path in before.keys() & now.keys() if before[path] == now[path] or not (before[path] and now[path])
    }
    changed = sorted((before.keys() | now.keys()) - alike)
    found = [f"{counted(len(changed), 'source file')}, {changed[0]} first"] if changed else []
    for name in sorted(receipt.options.keys() | options.keys()):
        was, is_now = receipt.options.get(name), options.get(name)
        if was != is_now and name == "session_metadata":
            found.append("what --session_metadata, --subjects or --metadata_service say of it")
        elif was and not is_now and name == "metadata":
            found.append("metadata were added since to its NWB file, which was made without the facts given now")
        elif was != is_now:
            is_digest = any(isinstance(value, str) and len(value) == 64 for value in (was, is_now))
            found.append(f"--{name}, another file" if is_digest else f"--{name} was {was}, is {is_now}")
    if receipt.analyses:
        found.append("it was analysed since")
    if receipt.program_version != program_version:
        found.append(f"the program was {receipt.program_version}, is {program_version}")
    return found


def digest_of(value: object) -> str:
    """The sha256 of a JSON value in canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
