"""What a run analyses: finished outputs, NWB files made elsewhere, and recordings, which are converted first."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.buckets.mirror import OUTPUTS
from miniscope_to_nwb_zarr.buckets.outputs import OutputStore
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion.analysis.stored import (
    StoredFiles,
    find_stored,
    is_within,
    outputs_at,
    outputs_in,
)
from miniscope_to_nwb_zarr.data_conversion.analysis.transfers import output_there, outputs_there
from miniscope_to_nwb_zarr.data_conversion.miniscope.found import look
from miniscope_to_nwb_zarr.data_conversion.nwb.transfers import look_into
from miniscope_to_nwb_zarr.layouts.discovery import Discovery
from miniscope_to_nwb_zarr.run.inputs import find_sessions
from miniscope_to_nwb_zarr.run.places import refuse_inside

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.analysis.old_tables import Experiment
    from miniscope_to_nwb_zarr.buckets.object_store import RemoteFile
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.data_conversion.analysis.stored import Stored
    from miniscope_to_nwb_zarr.run.options import Options


@dataclass(frozen=True, slots=True)
class Targets:
    """All that a run analyses."""

    stored: tuple[Stored, ...] = ()
    recordings: Discovery = field(default_factory=Discovery)
    findings: tuple[Finding, ...] = ()
    remote: Mapping[Path, RemoteFile] = field(default_factory=dict)
    """Files of a bucket, by the places that they have here once they are fetched; empty for local data."""


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
    if options.data_store or (not _is_same(data, options.results_dir) and data.is_dir()):
        found = _in_data(options, sidecar)
        if found.stored or found.recordings.sessions or found.recordings.failures:
            return found
    store, results = options.results_store, options.results_dir
    outputs = outputs_there(store, results) if store else tuple(outputs_in(results))
    if not outputs:
        raise InputError(
            f"nothing to analyse: {options.data_shown} holds neither recordings nor NWB files with a movie, and "
            f"{options.results_shown} no finished output"
        )
    return Targets(outputs)


def find_output(options: Options, name: str) -> tuple[Stored, Mapping[Path, RemoteFile]]:
    """The finished output of a name, in the results or else in the data, and the files of the bucket that it lies in.

    Raises
    ------
    InputError
        There is none.
    """
    store, results = options.results_store, options.results_dir
    found = output_there(OutputStore(store), name, results) if store else tuple(outputs_at(results / name))
    remote: Mapping[Path, RemoteFile] = {}
    if not found:
        below, remote = _stored_below(options)
        found = tuple(one for one in below.stored if one.is_output and one.name == name)
        if not options.data_store:
            refuse_inside(results, [options.data_dir, *(one.folder for one in found)])
    if not found:
        raise InputError(f"{name}: is not a finished output in {options.results_shown}, nor below {options.data_shown}")
    return found[0], remote


def _stored_below(options: Options) -> tuple[StoredFiles, Mapping[Path, RemoteFile]]:
    """The outputs and NWB files in the data, which are local or in a bucket."""
    data = options.data_dir
    if options.data_store:
        return look_into(options, OUTPUTS, find_stored)
    if not data.is_dir() or _is_same(data, options.results_dir):
        return StoredFiles((), ()), {}
    return find_stored(data), {}


def _in_data(options: Options, sidecar: Sidecar) -> Targets:
    found, remote = _stored_below(options)
    if not options.data_store:
        refuse_inside(options.results_dir, [options.data_dir, *(one.store.parent for one in found.stored)])
    looked = look(options, sidecar)
    inside = [one.folder for one in found.stored if one.is_output]
    # what lies in an output is no recording
    sessions = tuple(one for one in looked.discovery.sessions if not is_within(one.recordings[0].folder, inside))
    failures = tuple(one for one in looked.discovery.failures if not is_within(one.folder, inside))
    return Targets(
        found.stored,
        replace(looked.discovery, sessions=sessions, failures=failures, findings=()),
        looked.discovery.findings if sessions else found.findings,
        {**remote, **looked.remote},
    )


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


def _is_same(first: Path, second: Path) -> bool:
    return os.path.realpath(first) == os.path.realpath(second)
