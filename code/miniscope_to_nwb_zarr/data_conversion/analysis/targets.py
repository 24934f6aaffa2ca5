"""What a run analyses: finished outputs, NWB files made elsewhere, and recordings, which are converted first."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.errors import ConflictError, InputError
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.analysis.base import Base
from miniscope_to_nwb_zarr.data_conversion.nwb.inputs import find_files, source_entries
from miniscope_to_nwb_zarr.layouts.discovery import Discovery
from miniscope_to_nwb_zarr.run.inputs import find_sessions
from miniscope_to_nwb_zarr.run.kept_store import store_of
from miniscope_to_nwb_zarr.run.places import refuse_inside
from miniscope_to_nwb_zarr.sources.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.analysis.old_tables import Experiment
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.run.options import Options


@dataclass(frozen=True, slots=True)
class Stored:
    """An output or an NWB file, where it was found."""

    name: str
    """Of the output."""
    folder: Path
    store: Path
    is_output: bool
    """Whether it has a receipt of ours."""

    def base(self, results: Path, existing: str) -> Base:
        """What the analysis is added to: what was found, or its version in the results.

        Raises
        ------
        ConflictError
            The results hold another output of that name.
        """
        receipt = commit.read_receipt(self.folder) if self.is_output else None
        found = Base(self.name, self.folder, self.store, receipt, is_final=False)
        final = results / self.name
        if not final.exists():
            return found
        if os.path.realpath(final) == os.path.realpath(self.folder) and receipt is not None:
            return replace(found, is_final=True)
        there = output_in(final)
        if there is not None and _is_version_of(there, found):
            return replace(there, is_final=True)
        if existing == "replace":
            return found
        raise ConflictError(
            f"{self.name}: the output of that name in the results has other frames; nothing was changed. Use "
            "--existing replace (the former is kept), or another --results_dir"
        )


@dataclass(frozen=True, slots=True)
class Targets:
    """All that a run analyses."""

    stored: tuple[Stored, ...] = ()
    recordings: Discovery = field(default_factory=Discovery)
    findings: tuple[Finding, ...] = ()


def find_targets(options: Options, sidecar: Sidecar, experiment: Experiment | None) -> Targets:
    """Look for what is to be analysed.

    Parameters
    ----------
    options : Options
    sidecar : Sidecar
        What the lab says of recordings.
    experiment : Experiment, optional
        Names the folders of the recordings, where an experiment was chosen.

    Raises
    ------
    UsageError
        The results would lie inside the data.
    InputError
        There is nothing to analyse.
    """
    if options.video_files:
        return Targets(recordings=find_sessions(options, options.data_dir, sidecar))
    if experiment is not None:
        return Targets(recordings=_of_experiment(options, sidecar, experiment))
    data = options.data_dir
    if not _is_same(data, options.results_dir) and data.is_dir():
        found = _in_data(options, sidecar)
        if found.stored or found.recordings.sessions or found.recordings.failures:
            return found
    outputs = tuple(_outputs(options.results_dir))
    if not outputs:
        raise InputError(
            f"nothing to analyse: {data} holds neither recordings nor NWB files with a movie, and "
            f"{options.results_dir} no finished output"
        )
    return Targets(outputs)


def find_output(options: Options, name: str) -> Stored:
    """The finished output of a name: in the results, or else in the data.

    Raises
    ------
    InputError
        There is none.
    """
    found = list(_outputs_at(options.results_dir / name))
    if not found and options.data_dir.is_dir() and not _is_same(options.data_dir, options.results_dir):
        tree = walk(options.data_dir)
        folders = [path for path, folder in tree.folders.items() if folder.file(RECEIPT_NAME)]
        found = [one for path in folders for one in _outputs_at(path) if one.name == name]
        refuse_inside(options.results_dir, [options.data_dir, *(one.folder for one in found)])
    if not found:
        raise InputError(f"{name}: is not a finished output in {options.results_dir}, nor below {options.data_dir}")
    return found[0]


def output_in(folder: Path) -> Base | None:
    """The finished output in a folder, if its NWB file is there."""
    receipt = commit.read_receipt(folder)
    if receipt is None:
        return None
    name = store_of(receipt)
    store = folder / name
    return Base(receipt.session, folder, store, receipt, is_final=False) if name and store.exists() else None


def _in_data(options: Options, sidecar: Sidecar) -> Targets:
    data = options.data_dir
    tree = walk(data)
    outputs = [one for path, folder in tree.folders.items() if folder.file(RECEIPT_NAME) for one in _outputs_at(path)]
    inside = [one.folder for one in outputs]
    files = find_files(data)
    refuse_inside(options.results_dir, [data, *(file.path.parent for file in files.files)])
    plain = [
        Stored(file.name, file.path.parent, file.path, is_output=False)
        for file in files.files
        if not _is_within(file.path, inside)
    ]
    recordings = find_sessions(options, data, sidecar)
    sessions = tuple(one for one in recordings.sessions if not _is_within(one.recordings[0].folder, inside))
    failures = tuple(one for one in recordings.failures if not _is_within(one.folder, inside))
    # what lies in an output is no recording
    findings = files.findings if not sessions else recordings.findings
    return Targets((*outputs, *plain), replace(recordings, sessions=sessions, failures=failures, findings=()), findings)


def _of_experiment(options: Options, sidecar: Sidecar, experiment: Experiment) -> Discovery:
    """The recordings in the folders that the tables of a project name."""
    found = Discovery()
    for written in experiment.directories:
        folder = _place(options.data_dir, written)
        if folder is None:
            raise InputError(
                f"{experiment.facts.where('calcium imaging directory')}: {written} is not a folder below "
                f"{options.data_dir} (--data_dir), nor is any end of this path"
            )
        refuse_inside(options.results_dir, [folder])
        more = find_sessions(options, folder, sidecar)
        found = Discovery(
            found.sessions + more.sessions, found.failures + more.failures, found.findings + more.findings
        )
    if not experiment.directories:
        raise InputError(
            f"{experiment.facts.where('calcium imaging directory')} is empty: it has to say where the recording lies"
        )
    return found


def _place(data: Path, written: str) -> Path | None:
    """A folder by its path in a table, or by the end of it: tables were written for other machines."""
    parts = [part for part in written.split("/") if part not in {"", ".", ".."} and not part.endswith(":")]
    places = (data.joinpath(*parts[k:]) for k in range(len(parts)))
    return next((place for place in places if place.is_dir()), None)


def _outputs(folder: Path) -> Iterable[Stored]:
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            yield from _outputs_at(path)


def _outputs_at(folder: Path) -> Iterable[Stored]:
    base = output_in(folder)
    if base is not None:
        yield Stored(base.name, folder, base.store, is_output=True)


def _is_version_of(there: Base, found: Base) -> bool:
    """Whether an output in the results holds the same frames."""
    theirs = there.receipt
    if theirs is None:
        return False
    if found.receipt is not None:
        frames = {(one.name, one.frames_digest) for one in found.receipt.series}
        return bool(frames) and frames == {(one.name, one.frames_digest) for one in theirs.series}
    return theirs.sources == source_entries([found.store], found.folder, 2)


def _is_same(first: Path, second: Path) -> bool:
    return os.path.realpath(first) == os.path.realpath(second)


def _is_within(path: Path, folders: Sequence[Path]) -> bool:
    real = os.path.realpath(path)
    return any(real == os.path.realpath(one) or real.startswith(f"{os.path.realpath(one)}{os.sep}") for one in folders)
