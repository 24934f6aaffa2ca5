"""What a run would do: the table that ``--dry_run True`` shows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.core.findings import Finding, Severity
from miniscope_to_nwb_zarr.data_conversion.series import plan_series
from miniscope_to_nwb_zarr.run.rows import PlanRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from miniscope_to_nwb_zarr.core.model import Session, Stream

# measured on sensor noise of a simulated scope (scripts/benchmark.py)
_STORE_SHARE = 0.6
_NAMED_KINDS = 3


def plan_rows(session: Session, chunk_bytes: int, *, embed_cameras: bool) -> tuple[PlanRow, ...]:
    """One row for each device of each recording of a session; what is of no device stands in the first."""
    series = {id(one.stream): one for one in plan_series(session, chunk_bytes, embed_cameras=embed_cameras)}
    rows: list[PlanRow] = []
    own = [_of_device(session.findings, recording.folder.name, stream) for recording, stream in session.streams]
    placed = {id(finding) for findings in own for finding in findings}
    of_session = [finding for finding in session.findings if id(finding) not in placed]
    for (_, stream), findings in zip(session.streams, own, strict=True):
        one = series.get(id(stream))
        raw_bytes = sum(file.size_bytes for file in stream.video_files)
        store_bytes = int(one.n_bytes * _STORE_SHARE) if one else raw_bytes
        n_objects = one.plan.n_objects if one else len(stream.video_files)
        time_s = stream.time_s
        rows.append(
            PlanRow(
                session=session.name,
                device=stream.device.name,
                frames=stream.n_frames,
                minutes=float(time_s[-1] - time_s[0]) / 60 if stream.n_frames else 0.0,
                raw_bytes=raw_bytes,
                store_bytes_estimate=store_bytes,
                objects=n_objects,
                findings=_in_short(findings if rows else [*findings, *of_session]),
            )
        )
    return tuple(rows)


def n_work_frames(session: Session, *, embed_cameras: bool) -> tuple[int, int]:
    """Frames and bytes of a session that are decoded, written and read back."""
    series = plan_series(session, 1 << 23, embed_cameras=embed_cameras)
    return sum(o.stream.n_frames for o in series), sum(o.n_bytes for o in series)


def _of_device(findings: Iterable[Finding], folder: str, stream: Stream) -> list[Finding]:
    files = [file.path.name for file in stream.video_files]
    names = (stream.table.path.parent.name, stream.device.name, stream.table.path.name, *files)
    return [f for f in findings if any(f.where.removeprefix(f"{folder}/").startswith(name) for name in names)]


def _in_short(findings: Iterable[Finding]) -> str:
    kinds = Counter(str(f.code).replace("_", " ") for f in findings if f.severity is not Severity.INFO)
    named = [f"{kind}{f' x{count}' if count > 1 else ''}" for kind, count in kinds.most_common(_NAMED_KINDS)]
    return ", ".join(named) + (", ..." if len(kinds) > _NAMED_KINDS else "")
