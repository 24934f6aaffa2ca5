"""The next version of an output in its staging folder: all that was there, and what was found since."""

from __future__ import annotations

import platform
from collections import Counter
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from hdmf.build import BuildManager
from pynwb.event import EventsTable

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.analysis.nwb_module import add_analysis, module_name
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.receipt import RECEIPT_NAME, AnalysisEntry, Receipt, digest_of, plan_digest
from miniscope_to_nwb_zarr.data_conversion import commit, disk
from miniscope_to_nwb_zarr.data_conversion.analysis import append
from miniscope_to_nwb_zarr.data_conversion.analysis.base import replace_file, state_of, take_over
from miniscope_to_nwb_zarr.data_conversion.analysis.describe import metadata_files
from miniscope_to_nwb_zarr.data_conversion.analysis.pictures import page_name, write_pictures
from miniscope_to_nwb_zarr.data_conversion.inspect_nwb import inspect
from miniscope_to_nwb_zarr.data_conversion.nwb.checks import errors_of, inspect_output
from miniscope_to_nwb_zarr.data_conversion.nwb.inputs import source_entries
from miniscope_to_nwb_zarr.data_conversion.nwb.sources import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from hdmf.build import TypeMap
    from hdmf.container import AbstractContainer
    from pynwb import NWBFile

    from miniscope_to_nwb_zarr.analysis.result import MovieAnalysis
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.receipt import FileEntry, SeriesEntry
    from miniscope_to_nwb_zarr.data_conversion.analysis.base import Base
    from miniscope_to_nwb_zarr.data_conversion.analysis.job import AnalysisJob
    from miniscope_to_nwb_zarr.data_conversion.nwb.sources import NwbSource
    from miniscope_to_nwb_zarr.run.phases import Phases

_PACKAGES = (
    "h5py", "hdmf", "hdmf-zarr", "numba", "numcodecs", "numpy", "opencv-python-headless", "pynwb", "scipy", "zarr",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Addition:
    """What an analysis adds to an output."""

    digest: str
    analyses: tuple[MovieAnalysis, ...]
    series: tuple[SeriesEntry, ...]
    """All series of frames of the output."""
    findings: tuple[Finding, ...]
    start: datetime
    """Of the session."""
    types: TypeMap
    """Of the NWB file: reading its schemas takes a second."""


def make_version(
    base: Base, job: AnalysisJob, addition: Addition, staging: Path, now: Callable[[], datetime], phases: Phases
) -> Receipt:
    """Fill a staging folder with the next version; gives its receipt.

    Raises
    ------
    VerificationError
        What is there is not what was to be there.
    """
    created = now()
    store = staging / base.store_name
    dropped = base.receipt.analyses if base.receipt and job.existing == "replace" else ()
    removed = [path for entry in dropped for path in entry.paths]
    with phases.phase("take over"):
        is_zarr = base.backend == "zarr"
        left_out = [f"{base.store_name}/{path}" for path in removed] if is_zarr else []
        for one in dropped:
            page = page_name(one.module)
            left_out += [f"qc/{one.module}", page, page.replace(".html", ".json")]
        known = take_over(base, staging, left_out)
        if removed and not is_zarr:
            append.remove(store, removed)
    with phases.phase("write NWB"):
        before = state_of(store) if is_zarr else {}
        entry, content, new = _write(base, job, addition, store)
    with phases.phase("verify"):
        changed = _check_kept(base, store, before, removed, entry)
        with open_source(store, root=staging, manager=BuildManager(addition.types)) as written:
            append.check_added(written.nwbfile, new)
            findings = kept_findings(base) + addition.findings + inspect_version(base, staging, written)
    with phases.phase("pictures"):
        modules = [one.module for one in dropped]
        changed += write_pictures(staging, base.name, entry.module, addition.digest, addition.analyses, modules)
    with phases.phase("metadata"):
        _describe(base, addition, entry, staging, now())
    for name in (*changed, report_of(base)):
        known.pop(name, None)
    with phases.phase("hash output"):
        files = commit.list_files(staging, known)
    former = _former(base, addition)
    analyses = (*(one for one in former.analyses if one not in dropped), entry)
    return next_receipt(base, former, analyses, files, findings, changed=content, created=created)


def _write(
    base: Base, job: AnalysisJob, addition: Addition, store: Path
) -> tuple[AnalysisEntry, str, tuple[AbstractContainer, ...]]:
    """Write the results into the staged file; gives what the receipt says of them, their digest and the new objects."""
    names: list[str] = []

    def add(nwbfile: NWBFile) -> None:
        names.append(module_name(list(nwbfile.processing), addition.digest))
        add_analysis(
            nwbfile,
            names[0],
            addition.analyses,
            _versions(addition),
            job.chosen.kept,
            backend=base.backend,
            with_movies=job.stores_movies,
        )

    content, new = append.append(store, add, addition.types)
    events = sorted(f"events/{one.name}" for one in new if isinstance(one, EventsTable))
    entry = AnalysisEntry(
        module=names[0],
        digest=addition.digest,
        engine=addition.analyses[0].engine,
        series=tuple(one.movie.series for one in addition.analyses),
        units=tuple(one.cells.units.n_units if one.cells else 0 for one in addition.analyses),
        accepted=tuple(int(one.cells.accepted.sum()) if one.cells else 0 for one in addition.analyses),
        paths=(f"processing/{names[0]}", *events),
    )
    return entry, content, new


def _versions(addition: Addition) -> dict[str, str]:
    return {
        "miniscope-to-nwb-zarr": __version__,
        "engine": addition.analyses[0].engine,
        "digest of the analysis": addition.digest,
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
    }


def _check_kept(
    base: Base, store: Path, before: dict[str, tuple[int, int, int]], removed: Sequence[str], entry: AnalysisEntry
) -> list[str]:
    """Hold what was in the file before against the base; gives the files of the output that are not as they were."""
    if base.backend == "hdf5":
        append.check_kept_hdf5(base.store, store, [*removed, *entry.paths])
        return [base.store_name]
    changed = append.check_kept(base.store, store, before, state_of(store), link=base.is_final)
    return [f"{base.store_name}/{name}" for name in changed]


def inspect_version(base: Base, staging: Path, written: NwbSource) -> tuple[Finding, ...]:
    """Run validator and inspector on the staged file; their words are written beside it.

    Raises
    ------
    VerificationError
        The validator finds an error, in a file made elsewhere one that it did not have before.
    """
    own: Counter[str] = Counter()
    if base.receipt is None:
        with open_source(base.store, root=base.folder) as source:
            own = errors_of(source)
    if base.receipt is None:
        inspection = inspect_output(written, own, (), base.name, report_of(base))
    else:
        inspection = inspect(written.nwbfile, written.io, base.name, report_of(base))
    replace_file(staging / report_of(base), inspection.report.encode())
    return inspection.findings


def _describe(base: Base, addition: Addition, entry: AnalysisEntry, staging: Path, checked: datetime) -> None:
    files = metadata_files(base, addition.analyses, entry.module, base.store_name, checked, addition.start)
    for name, text in files.items():
        (staging / name).write_text(text, encoding="utf-8")


def report_of(base: Base) -> str:
    """Where the words of validator and inspector stand in the output."""
    return f"qc/{base.name}.nwb.inspector_report.txt"


def kept_findings(base: Base) -> tuple[Finding, ...]:
    """What was found before, but for what the inspector said of the former version."""
    found = base.receipt.findings if base.receipt else ()
    return tuple(finding for finding in found if finding.code is not Code.INSPECTOR)


def next_receipt(
    base: Base,
    former: Receipt,
    analyses: tuple[AnalysisEntry, ...],
    files: tuple[FileEntry, ...],
    findings: tuple[Finding, ...],
    *,
    changed: str,
    created: datetime,
) -> Receipt:
    """The receipt of the next version.

    Parameters
    ----------
    base : Base
    former : Receipt
        Of the version before.
    analyses : tuple of AnalysisEntry
        All that the NWB file has then.
    files : tuple of FileEntry
    findings : tuple of Finding
        All of the output.
    changed : str
        Digest of what the NWB file says besides.
    created : datetime
    """
    said = sorted([one.digest, one.curation] for one in analyses)
    return replace(
        former,
        plan_digest=plan_digest(former.sources, {**former.options, "analyses": said}, __version__),
        program_version=__version__,
        created=created.isoformat(),
        files=files,
        findings=findings,
        nwb_digest=digest_of({"former": former.nwb_digest, "added": changed}),
        versions={**former.versions, "python": platform.python_version(), **{n: version(n) for n in _PACKAGES}},
        parent=disk.hash_file(base.folder / RECEIPT_NAME) if base.receipt else None,
        store_plan=former.store_plan or former.plan_digest,
        analyses=analyses,
    )


def _former(base: Base, addition: Addition) -> Receipt:
    """The receipt of the version before; of an NWB file made elsewhere one that says where it comes from."""
    if base.receipt is not None:
        return base.receipt
    sources = source_entries([base.store], base.folder, 1)
    return Receipt(base.name, "", __version__, "", {"dataset": "analysis"}, sources, (), addition.series, ())
