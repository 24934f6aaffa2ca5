"""One NWB file from its sources to a published output: settle, stage, commit.

The libraries of NWB are not imported here: they take a second, in which the workers start and hash the sources.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.core.errors import InputError, TemporaryError
from miniscope_to_nwb_zarr.core.output_names import SUFFIXES
from miniscope_to_nwb_zarr.core.receipt import plan_digest
from miniscope_to_nwb_zarr.data_conversion import commit, disk
from miniscope_to_nwb_zarr.data_conversion.nwb.inputs import n_bytes, source_entries, start_hashing, state_of
from miniscope_to_nwb_zarr.data_conversion.nwb.zarr_admission import admit_zarr
from miniscope_to_nwb_zarr.data_conversion.pool import open_pool
from miniscope_to_nwb_zarr.run.outcome import Outcome
from miniscope_to_nwb_zarr.run.phases import Phases
from miniscope_to_nwb_zarr.run.settle import found_at, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.data_conversion.nwb.describe import Describe
    from miniscope_to_nwb_zarr.data_conversion.nwb.export import Advance
    from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Transform
    from miniscope_to_nwb_zarr.data_conversion.pool import Pool


@dataclass(frozen=True, slots=True)
class NwbJob:
    """One output, ``results/<name>/<name>.nwb.zarr`` or ``.nwb``, and what it is made from."""

    name: str
    sources: tuple[Path, ...]
    """The base file first; the others are opened with the same manager, for transforms to take from."""
    results: Path
    root: Path | None = None
    """Links are followed below this folder only; the base file's own folder where it is not given."""
    transforms: tuple[Transform, ...] = ()
    """Run in this order on the base file."""
    tables: Mapping[str, Path] = field(default_factory=dict)
    """Further sources for the transforms, each a file; hashed like the others."""
    transform_options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the transforms, as plain JSON values; a part of the plan digest."""
    namespaces: tuple[Path, ...] = ()
    """Namespace files that are loaded before the sources are opened: they win over older ones that these hold."""
    findings: tuple[Finding, ...] = ()
    """What was found of the sources before they were opened; a part of the receipt."""
    format: Literal["zarr", "hdf5"] = "zarr"
    """Of the output."""
    chunk_bytes: int = 10_000_000
    compression_level: int = 1
    workers: int = 1
    existing: Literal["verify", "error", "replace"] = "verify"
    describe: Describe | None = None
    """Makes the metadata files beside the store; none are made where it is not given."""
    only_describe: bool = False
    """Make them alone, or beside the store that is there."""

    @property
    def options(self) -> dict[str, Any]:
        """All that changes the output, as plain JSON values."""
        return {
            "format": self.format,
            "chunk_mb": self.chunk_bytes / 1_000_000,
            "compression": f"zstd:{self.compression_level}",
            "transforms": [f"{one.__module__.rpartition('.')[2]}.{one.__qualname__}" for one in self.transforms],
            **self.transform_options,
        }

    @property
    def source_root(self) -> Path:
        """Links are followed below this folder only."""
        return self.root or self.sources[0].parent

    @property
    def inputs(self) -> tuple[Path, ...]:
        """Every source."""
        return (*self.sources, *self.tables.values())


@dataclass(frozen=True, slots=True)
class Work:
    """A file in the making."""

    job: NwbJob
    pool: Pool
    staging: Path
    phases: Phases
    advance: Advance
    now: Callable[[], datetime]

    @property
    def store(self) -> Path:
        """The file or folder that is written."""
        return self.staging / f"{self.job.name}{SUFFIXES[self.job.format]}"


def convert(
    job: NwbJob,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    advance: Advance = lambda _boxes, _n_bytes: None,
    phases: Phases | None = None,
) -> Outcome:
    """Convert one NWB file, or find that it is done.

    Parameters
    ----------
    job : NwbJob
    now : callable
        The time, aware of its zone.
    advance : callable
        Told the boxes of large arrays and their bytes, twice for each: written, and read back.
    phases : Phases, optional
        Told how long each part takes.

    Raises
    ------
    InputError
        A source is no NWB file, or changed meanwhile.
    ConflictError
        Another output of that name is there.
    VerificationError
        What was written is not what was read, or a finished output has changed since.
    TemporaryError
        The disk is full or fails, a worker died.
    """
    phases = phases or Phases()
    if job.only_describe and job.describe is not None:
        return job.describe.alone(job, now, phases)
    final = job.results / job.name
    created = now()
    try:
        with disk.system_errors(), open_pool(job.workers) as pool:
            # before any file is read: what is in a store may be a link, or no file
            for store in (path for path in job.inputs if path.is_dir()):
                admit_zarr(store, job.source_root.resolve())
            state = state_of(job.inputs)
            found = found_at(final, job.workers)
            is_added_to = found.has_metadata_only
            if found.exists:
                with phases.phase("hash sources"):
                    sources = source_entries(job.inputs, job.source_root, job.workers)
                plan = plan_digest(sources, job.options, __version__)
                done = settle(
                    found,
                    sources,
                    plan,
                    options=job.options,
                    existing=job.existing,
                    may_follow=is_added_to,
                )
                if done is not None:
                    return Outcome("already done", done, final)
            disk.check_room(job.results, n_bytes(state), job.name)
            with commit.staging_folder(job.results, job.name) as staging, pool.ending_on_error():
                # a file of many gigabytes takes one worker a while, in which the others begin to copy
                hashed = start_hashing(job.inputs, job.source_root, pool)
                from miniscope_to_nwb_zarr.data_conversion.nwb.make import make_output  # noqa: PLC0415 - see above

                receipt = make_output(Work(job, pool, staging, phases, advance, now), created, hashed)
                if state_of(job.inputs) != state:
                    raise InputError(
                        f"{job.name}: a source file changed while it was read; run the same command again when it no "
                        "longer changes"
                    )
                with phases.phase("publish"):
                    takes_place = job.existing == "replace" or is_added_to
                    there = commit.publish(staging, final, receipt, replace=takes_place, now=now())
    except OSError as error:
        if disk.is_full(error):
            raise TemporaryError(
                f"{job.name}: no room is left in {job.results}, and about {n_bytes(state_of(job.inputs)):,} bytes are "
                "needed; no output was made. Make room and run the same command again"
            ) from error
        raise disk.explain(error) from error
    return Outcome("written" if there is receipt else "already done", there, final)
