"""What a run leaves behind about itself: a summary for people and machines, and every event as it came."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.core.errors import ExitCode
from miniscope_to_nwb_zarr.core.receipt import digest_of
from miniscope_to_nwb_zarr.core.secrets import without_secrets
from miniscope_to_nwb_zarr.core.text import json_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.receipt import Receipt


@dataclass(frozen=True, slots=True)
class SessionResult:
    """How one session ended."""

    session: str
    exit_code: ExitCode
    word: str
    """``written``, ``already done`` or ``failed``."""
    message: str
    """Where the output lies, or why there is none."""
    frames: int = 0
    seconds: float = 0.0
    store_bytes: int = 0
    findings: tuple[Finding, ...] = ()
    phases: Mapping[str, float] = field(default_factory=dict)
    """Seconds that each part of the work took."""

    @classmethod
    def done(cls, session: str, word: str, message: str, receipt: Receipt, **more: Any) -> Self:  # noqa: ANN401 - fields
        """The result of an output that is there now; `more` are further fields."""
        return cls(
            session=session,
            exit_code=ExitCode.DONE,
            word=word,
            message=message,
            frames=sum(series.n_frames for series in receipt.series),
            store_bytes=sum(entry.size_bytes for entry in receipt.files),
            findings=receipt.findings,
            **more,
        )

    def as_json(self) -> dict[str, Any]:
        """The result as plain JSON values."""
        return {
            "session": self.session,
            "exit_code": int(self.exit_code),
            "outcome": self.word,
            "message": self.message,
            "frames": self.frames,
            "seconds": round(self.seconds, 3),
            "store_bytes": self.store_bytes,
            "phases_s": {name: round(seconds, 3) for name, seconds in self.phases.items()},
            "findings": [finding.as_json() for finding in self.findings],
        }


def exit_code_of(results: Sequence[SessionResult]) -> ExitCode:
    """The exit code of a run: the one that all its failures share when nothing was written, else `SOME_FAILED`.

    A fault of this program is said as such, whatever else there is.
    A run that failed for a temporary reason only says so, whatever was written: run again, it goes on where it stopped.
    """
    failed = {result.exit_code for result in results if result.exit_code is not ExitCode.DONE}
    if not failed:
        return ExitCode.DONE
    if ExitCode.INTERNAL in failed:
        return ExitCode.INTERNAL
    if failed == {ExitCode.TEMPORARY}:
        return ExitCode.TEMPORARY
    if len(failed) == 1 and not any(result.exit_code is ExitCode.DONE for result in results):
        return failed.pop()
    return ExitCode.SOME_FAILED


class RunFolder:
    """``run-<plan>-<id>`` in the results: events as they come, and a summary at the end.

    Parameters
    ----------
    results_dir : Path
    options : mapping
        All options of the run, as JSON values.
    sessions : iterable of str
    began : datetime
    """

    def __init__(self, results_dir: Path, options: Mapping[str, Any], sessions: Iterable[str], began: datetime) -> None:
        plan = digest_of({"options": dict(options), "sessions": sorted(sessions)})
        self.path = results_dir / f"run-{plan[:8]}-{uuid.uuid4().hex[:8]}"
        self._options = dict(options)
        self._began = began
        self.path.mkdir(parents=True)

    def event(self, kind: str, facts: Mapping[str, Any], when: datetime) -> None:
        """Add a line to ``run.jsonl``."""
        line = without_secrets(json_text({"time": when.isoformat(), "type": kind, **facts}))
        with (self.path / "run.jsonl").open("a", encoding="utf-8") as log:
            log.write(line + "\n")

    def finish(
        self,
        results: Sequence[SessionResult],
        findings: Iterable[Finding],
        ended: datetime,
        stopped: ExitCode | None = None,
    ) -> ExitCode:
        """Write ``summary.json``; gives the exit code of the run, which is `stopped` where a signal ended it."""
        code = exit_code_of(results) if stopped is None else stopped
        summary = {
            "program": "miniscope-to-nwb-zarr",
            "version": __version__,
            "began": self._began.isoformat(),
            "ended": ended.isoformat(),
            "options": self._options,
            "exit_code": int(code),
            "sessions": [result.as_json() for result in results],
            "findings": [finding.as_json() for finding in findings],
        }
        text = without_secrets(json_text(summary, indent=1)) + "\n"
        (self.path / "summary.json").write_text(text, encoding="utf-8")
        self.event("summary", {"exit_code": int(code)}, ended)
        return code
