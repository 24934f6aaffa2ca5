"""The store of one session: frames by the workers while the NWB file is built, then joined, read back and inspected."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.output_names import output_names
from miniscope_to_nwb_zarr.core.receipt import SeriesEntry
from miniscope_to_nwb_zarr.core.timing import median_interval_s
from miniscope_to_nwb_zarr.data_conversion import hdf5_stage, zarr_stage
from miniscope_to_nwb_zarr.data_conversion.camera_files import plan_camera_files
from miniscope_to_nwb_zarr.data_conversion.frames_stage import collect
from miniscope_to_nwb_zarr.data_conversion.inspect_nwb import inspect
from miniscope_to_nwb_zarr.data_conversion.nwb_build import build_nwbfile, fix_object_ids
from miniscope_to_nwb_zarr.data_conversion.nwb_digest import digest_nwbfile
from miniscope_to_nwb_zarr.data_conversion.nwb_records import add_records
from miniscope_to_nwb_zarr.data_conversion.series import plan_series
from miniscope_to_nwb_zarr.data_conversion.verify import compare_frames
from miniscope_to_nwb_zarr.data_conversion.verify_series import as_damage, check_series
from miniscope_to_nwb_zarr.qc.frame_measures import StoredFrames
from miniscope_to_nwb_zarr.run.session_pictures import start_pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.data_conversion.backend import Backend
    from miniscope_to_nwb_zarr.data_conversion.frames_stage import WrittenSeries
    from miniscope_to_nwb_zarr.data_conversion.series import FrameSeries
    from miniscope_to_nwb_zarr.qc.seen import SeenFrames
    from miniscope_to_nwb_zarr.run.session_frames import StartedFrames
    from miniscope_to_nwb_zarr.run.session_job import Job, Work
    from miniscope_to_nwb_zarr.run.session_pictures import SessionPictures

_BACKENDS: dict[str, Backend] = {"zarr": zarr_stage, "hdf5": hdf5_stage}
_NAMED_FRAMES = 10


@dataclass(frozen=True, slots=True)
class MadeStore:
    """What is known of a store once it is written and verified."""

    name: str
    """The store, by its path in the output."""
    findings: tuple[Finding, ...]
    series: tuple[SeriesEntry, ...]
    stored: tuple[StoredFrames, ...]
    nwb_digest: str
    pictures: SessionPictures
    known: Mapping[str, tuple[int, str]]
    """Size and sha256 of the files that were hashed as they were written, by their path in the output."""


def make_store(work: Work, started: StartedFrames, meanwhile: Callable[[NWBFile], None]) -> MadeStore:
    """Write and verify the store of a session in its staging folder.

    Parameters
    ----------
    work : Work
    started : StartedFrames
        What the workers are at.
    meanwhile : callable
        What else there is to do with the NWB file in memory while they are.

    Raises
    ------
    VerificationError
        What was read back is not what was decoded, or the file is not valid.
    """
    session, job = work.session, work.job
    backend = _BACKENDS[job.backend]
    name = output_names(session, job.naming).store(backend.SUFFIX)
    store = work.staging / name
    store.parent.mkdir(exist_ok=True)
    frames, series = started.folder, started.series
    with work.phases.phase("decode and write frames"):
        nwbfile = work.nwbfile or build_session(session, job, work.created, frames)
        meanwhile(nwbfile)
        written = collect(started.reports, work.advance)
        pictures = start_pictures(work, started, written)
        known = dict(started.copies)
    with work.phases.phase("write NWB"):
        findings = (*session.findings, *(f for one in series for f in add_damage(nwbfile, one, written[one.name])))
        add_records(nwbfile, session, job.sidecar, work.sources, findings)
        fix_object_ids(nwbfile, session.name)
        nwb_digest = digest_nwbfile(nwbfile)
        backend.write_store(nwbfile, store, series, frames)
        if frames.exists():
            shutil.rmtree(frames)
    with work.phases.phase("verify"):
        findings += _read_back(work, backend, store, nwbfile, series, written)
    with work.phases.phase("pictures"):
        shown = pictures.collect()
    for one in series:
        known |= backend.known_objects(f"{name}/{one.path}", written[one.name])
    entries = (SeriesEntry(o.name, o.stream.n_frames, written[o.name].frames_digest) for o in series)
    places = {id(stream): place for place, (_, stream) in enumerate(session.streams)}
    stored = tuple(_stored(one, written[one.name], shown.seen.get(places[id(one.stream)])) for one in series)
    return MadeStore(name, findings, tuple(entries), stored, nwb_digest, shown, known)


def build_session(session: Session, job: Job, created: datetime, frames: Path | None = None) -> NWBFile:
    """The NWB file of a session in memory; for HDF5 its frames are read from the arrays below `frames`."""
    backend = _BACKENDS[job.backend]
    cameras = plan_camera_files(session, output_names(session, job.naming), embed=job.embed_cameras)
    return build_nwbfile(
        session,
        job.sidecar,
        plan_series(session, job.chunk_bytes, embed_cameras=job.embed_cameras),
        created=created,
        frames=lambda one: backend.series_data(one, job.compression_level, frames and frames / one.name),
        wrap=backend.table_data,
        external_files={key: tuple((c.reference, c.first_frame) for c in files) for key, files in cameras.items()},
    )


def add_damage(nwbfile: NWBFile, series: FrameSeries, written: WrittenSeries) -> list[Finding]:
    """Mark the frames that the decoder complained of as invalid times of the series, and report them."""
    if not written.damaged:
        return []
    time_s = series.recording.offset_s + series.stream.time_s
    interval = median_interval_s(series.stream.time_s) or 0.0
    for frame, has_picture in written.damaged:
        nwbfile.add_invalid_time_interval(
            start_time=float(time_s[frame]),
            stop_time=float(time_s[frame]) + interval,
            tags=["frame damaged" if has_picture else "frame lost"],
            timeseries=[nwbfile.acquisition[series.name]],
        )
    lost = [frame for frame, has_picture in written.damaged if not has_picture]
    frames = [frame for frame, _ in written.damaged]
    named = ", ".join(str(frame) for frame in frames[:_NAMED_FRAMES]) + (", ..." if len(frames) > _NAMED_FRAMES else "")
    device = series.stream.device.name
    return [
        Finding(
            Code.FRAMES_DAMAGED,
            Severity.ERROR,
            device,
            f"the data of {counted(len(frames), 'frame')} is damaged in the video (in the series, from 0: {named}); "
            + _as_stored(len(frames), len(lost)),
            {"frames": frames[:1000], "n_damaged": len(frames), "n_lost": len(lost)},
        )
    ]


def _as_stored(n_damaged: int, n_lost: int) -> str:
    """What the damaged frames are in the series, where they are marked, and what to do."""
    if n_damaged == 1:
        stored = (
            "it is stored black, as it could not be decoded at all" if n_lost else "it is stored as the decoder gave it"
        )
        return f"{stored}, and marked in the table invalid_times: leave it out of analyses"
    if n_lost == 0:
        stored = "they are stored as the decoder gave them."
    elif n_lost == n_damaged:
        stored = "they are stored black, as they could not be decoded at all."
    else:
        black = counted(n_lost, "of them is stored black, as it", "of them are stored black, as they")
        stored = f"{black} could not be decoded at all, the others as the decoder gave them."
    return f"{stored} All are marked in the table invalid_times: leave them out of analyses"


def _stored(series: FrameSeries, written: WrittenSeries, seen: SeenFrames | None) -> StoredFrames:
    n_lost = sum(not has_picture for _, has_picture in written.damaged)
    n_frames, *shape = series.plan.shape
    return StoredFrames(
        stream=series.stream,
        n_frames=n_frames,
        n_damaged=len(written.damaged),
        n_lost=n_lost,
        n_values=(n_frames - n_lost) * math.prod(shape),
        n_white=int(written.levels[:, 1].sum()),
        white=series.white,
        seen=seen,
    )


def _read_back(
    work: Work,
    backend: Backend,
    store: Path,
    nwbfile: NWBFile,
    series: Sequence[FrameSeries],
    written: Mapping[str, WrittenSeries],
) -> tuple[Finding, ...]:
    report = f"qc/{work.session.name}.nwb.inspector_report.txt"
    reading = backend.start_reading(series, store, work.pool)
    # the workers read frames while the inspector reads the rest
    with backend.open_store(store) as io:
        with as_damage(store.name):
            read = io.read()
        check_series(read, nwbfile, series)
        inspection = inspect(read, io, work.session.name, report)
    compare_frames(reading, written, work.advance)
    (work.staging / report).parent.mkdir(exist_ok=True)
    (work.staging / report).write_text(inspection.report, encoding="utf-8")
    return inspection.findings
