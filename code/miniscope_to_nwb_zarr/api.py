"""The program from Python: discover, look, build, add, write.

Examples
--------
>>> import miniscope_to_nwb_zarr as mnz  # doctest: +SKIP
>>> session = mnz.discover("../data").sessions[0]  # doctest: +SKIP
>>> mnz.devices_table(session)  # doctest: +SKIP
>>> nwbfile = mnz.build_nwbfile(session)  # doctest: +SKIP
>>> nwbfile.add_trial(start_time=1.0, stop_time=2.0)  # doctest: +SKIP
>>> mnz.write_nwbfile(nwbfile, session, results_dir="../results")  # doctest: +SKIP
"""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from miniscope_to_nwb_zarr.core.combine import join
from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError, UsageError
from miniscope_to_nwb_zarr.core.findings import Severity
from miniscope_to_nwb_zarr.core.missing import n_missing
from miniscope_to_nwb_zarr.core.timing import rate_hz
from miniscope_to_nwb_zarr.data_conversion.conversion_utils import run_dataset
from miniscope_to_nwb_zarr.data_conversion.lazy_frames import LazyFrames
from miniscope_to_nwb_zarr.data_conversion.nwb.compare import compare_files
from miniscope_to_nwb_zarr.data_conversion.nwb_digest import digest_nwbfile
from miniscope_to_nwb_zarr.data_conversion.series import plan_series
from miniscope_to_nwb_zarr.run.console import Console
from miniscope_to_nwb_zarr.run.inputs import find_sessions, make_job, with_animals
from miniscope_to_nwb_zarr.run.options import Options
from miniscope_to_nwb_zarr.run.phases import Phases
from miniscope_to_nwb_zarr.run.session_job import convert_session
from miniscope_to_nwb_zarr.run.session_store import build_session

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.core.model import Session
    from miniscope_to_nwb_zarr.data_conversion.nwb.comparison.difference import Comparison
    from miniscope_to_nwb_zarr.layouts.discovery import Discovery
    from miniscope_to_nwb_zarr.run.session_job import Job


def discover(data_dir: str | Path, **options: object) -> Discovery:
    """Find the recordings below a folder, without reading a frame.

    Parameters
    ----------
    data_dir : str or Path
    **options
        Options of the command line by their names, e.g. ``timezone="America/Los_Angeles"`` or ``combine="day"``.

    Returns
    -------
    Discovery
        `sessions`, `failures` (recordings that cannot be converted, and why) and `findings` outside of any session.

    Raises
    ------
    UsageError
        An option is not known.
    InputError
        The folder is not there, or two sources of a fact disagree.
    """
    chosen = Options.from_python(**{**options, "data_dir": data_dir})
    if chosen.data_store:
        raise UsageError(
            f"{chosen.data_store}: frames cannot be read from a bucket; fetch the recordings, or let convert do so"
        )
    return find_sessions(chosen, chosen.data_dir, make_job(chosen).sidecar)


def combine(sessions: Sequence[Session], offsets_s: Sequence[float] | None = None) -> Session:
    """One session of several recordings, each its own series.

    Parameters
    ----------
    sessions : sequence of Session
        Of one recording each, as `discover` gives them. The first gives name, start and animal.
    offsets_s : sequence of float, optional
        Seconds from the start of the first to the start of each, the first being 0: for computers whose clocks
        disagreed, or a start that you know better. Without it the starts of the recordings tell.

    Raises
    ------
    UsageError
        The offsets do not fit the sessions.
    """
    return join(sessions, offsets_s)


def devices_table(session: Session) -> pd.DataFrame:
    """One row for each device of each recording: frames, rows, picture, measured rate, first and last stamp.

    `rows` are those of the time table. `missing_frames` were taken and are not among the frames, as the report counts
    them: those of lost or damaged videos, and those that would fill the gaps, such as dropped ones.
    """
    rows = []
    for recording, stream in session.streams:
        time_s = stream.time_s
        rows.append(
            {
                "recording": recording.shown_name,
                "device": stream.device.name,
                "kind": str(stream.device.kind),
                "model": stream.device.model,
                "frames": stream.n_frames,
                "rows": stream.table.n_rows,
                "width_px": stream.picture.width_px if stream.picture else None,
                "height_px": stream.picture.height_px if stream.picture else None,
                "codec": stream.picture.codec if stream.picture else None,
                "rate_hz": rate_hz(time_s),
                "first_s": float(time_s[0]) if len(time_s) else None,
                "last_s": float(time_s[-1]) if len(time_s) else None,
                "missing_frames": n_missing(stream),
            }
        )
    return pd.DataFrame(rows)


def findings_table(session: Session) -> pd.DataFrame:
    """One row for each finding."""
    columns = ["severity", "code", "where", "sentence"]
    return pd.DataFrame([finding.as_json() for finding in session.findings], columns=[*columns, "numbers"])


def frames(session: Session, device: str, recording: int = 0) -> LazyFrames:
    """The frames of a device as an array of shape (frame, x, y), or (frame, x, y, channel) in colour, read on demand.

    Parameters
    ----------
    session : Session
    device : str
        Its name, as in `devices_table`.
    recording : int
        Which recording of the session, from 0.

    Raises
    ------
    InputError
        There is no such device, or it has no frames.
    """
    wanted = session.recordings[recording]
    for one in plan_series(session, 1 << 23, embed_cameras=True):
        if one.recording is wanted and one.stream.device.name == device:
            return LazyFrames(one)
    names = ", ".join(stream.device.name for stream in wanted.streams if stream.n_frames)
    raise InputError(f"{device}: no device of that name with frames; there are {names or 'none'}")


def build_nwbfile(session: Session, **options: object) -> NWBFile:
    """The session as an NWB file in memory, to look at or to add to; its frames are read when they are asked for.

    Raises
    ------
    UsageError
        An option is not known, or the format is not Zarr.
    """
    chosen = Options.from_python(**options)
    if chosen.format != "zarr":
        raise UsageError(
            "build_nwbfile: nothing can be added to an HDF5 file; use format='zarr', and convert what is written with "
            "--dataset NWB --format hdf5"
        )
    return build_session(session, _job(chosen, session), datetime.now(UTC))


def write_nwbfile(nwbfile: NWBFile, session: Session, results_dir: str | Path, **options: object) -> Path:
    """Write an NWB file that `build_nwbfile` made and you may have added to, verify and publish it.

    Parameters
    ----------
    nwbfile : NWBFile
    session : Session
        The one it was built from.
    results_dir : str or Path
    **options
        The same as for `build_nwbfile`.

    Returns
    -------
    Path
        The folder of the finished output.

    Raises
    ------
    MiniscopeError
        As the command line would say it; nothing is published then.
    """
    chosen = Options.from_python(**{**options, "results_dir": results_dir})
    if chosen.results_store:
        raise UsageError(f"{chosen.results_store}: give a folder, and copy the output into the bucket from there")
    job = _job(chosen, session)
    with_edits = job.with_edited(digest_nwbfile(nwbfile))
    outcome = convert_session(
        session, with_edits, lambda: datetime.now(UTC), lambda _frames, _n_bytes: None, Phases(), nwbfile
    )
    return outcome.output


def _job(options: Options, session: Session) -> Job:
    return with_animals(make_job(options), options, [session], warnings.warn).for_session(session)


def compare(a: str | Path, b: str | Path, announced: Collection[str] = ()) -> Comparison:
    """Compare an NWB file with a copy of it, value by value: HDF5 or Zarr, in any combination, in bounded memory.

    Parameters
    ----------
    a, b : str or Path
        The source, then its copy: what a newer schema adds to the copy is no difference, what it lacks is one.
    announced : collection of str
        Paths in the file at and below which the copy was changed on purpose.

    Returns
    -------
    Comparison
        `differences`, each with where and what; `allowed`, where the copy says the same in another way, and why.

    Raises
    ------
    InputError
        One of them cannot be read.

    Examples
    --------
    >>> compare("session.nwb", "session.nwb.zarr").is_equal  # doctest: +SKIP
    True
    """
    return compare_files(Path(a), Path(b), announced)


def convert(**options: object) -> ExitCode:
    """Do what the command line does, with the same options by name.

    Examples
    --------
    >>> convert(data_dir="../data", results_dir="../results", dry_run=True)  # doctest: +SKIP
    """
    chosen = Options.from_python(**options)
    return run_dataset(chosen, Console(json=chosen.json, quiet=chosen.quiet, show_from=Severity(chosen.log_level)))
