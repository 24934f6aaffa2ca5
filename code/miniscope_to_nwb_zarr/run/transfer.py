"""What an output needs of buckets: its files from one before it is made, and its place in another when it is finished.

What makes the output knows nothing of it: it finds its files in the scratch folder, and publishes there.
"""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.buckets.fetch import fetch_all, give_back, key_of, note_companions, place_of
from miniscope_to_nwb_zarr.buckets.ledger import known_sources, remember_sources
from miniscope_to_nwb_zarr.buckets.outputs import OutputStore, tag_of
from miniscope_to_nwb_zarr.core.errors import ExitCode, MiniscopeError
from miniscope_to_nwb_zarr.core.receipt import plan_digest
from miniscope_to_nwb_zarr.data_conversion import commit, disk
from miniscope_to_nwb_zarr.run.phases import Phases
from miniscope_to_nwb_zarr.run.settle import Found, found_at, settle
from miniscope_to_nwb_zarr.run.summary import SessionResult
from miniscope_to_nwb_zarr.run.turn import one_at_a_time

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.buckets.object_store import RemoteFile, StorePlace
    from miniscope_to_nwb_zarr.buckets.standing import Standing
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.receipt import FileEntry, Receipt
    from miniscope_to_nwb_zarr.run.console import Console
    from miniscope_to_nwb_zarr.run.engine import Task


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where the files of one output come from, and where it goes; can be sent to another process."""

    name: str
    results: Path
    """The local folder in which it is made."""
    scratch: Path
    existing: str
    """``verify``, ``error`` or ``replace``: of the place where it is to be in the end."""
    workers: int
    options: Mapping[str, Any] | None
    """Those that change the output, as JSON values; None where only the local run can tell."""
    hash_sources: Callable[[], tuple[FileEntry, ...]]
    """Gives its sources with their checksums, when they are here."""
    data: StorePlace | None = None
    files: tuple[RemoteFile, ...] = ()
    """To be fetched from there."""
    store: StorePlace | None = None
    """Where it is published; None where its local place is the final one."""
    also: Callable[[], tuple[Path, ...]] | None = None
    """Gives, when its files are here, the places of more that they name."""
    here: Mapping[str, int] = field(default_factory=dict)
    """When the files that were fetched ahead were last changed, in ns, by their keys."""

    def prepared(self) -> Transfer:
        """The same, its files fetched unless the output is there already.

        Raises
        ------
        InputError, TemporaryError
            A file cannot be fetched.
        """
        if not self.files:
            return self
        standing = OutputStore(self.store).look(self.name) if self.store else None
        found = self._found(standing)
        sources = self._known_sources(standing)
        if found.receipt and self.options is not None and sources is not None:
            plan = plan_digest(sources, self.options, __version__)
            if plan in {found.receipt.plan_digest, found.receipt.store_plan}:
                return self
        self._fetch()
        return replace(self, here={file.key: self._place(file).stat().st_mtime_ns for file in self.files})

    def carry_out(self, make: Callable[[], SessionResult]) -> SessionResult:
        """Fetch, make, publish, and clear up; an error becomes the result.

        Parameters
        ----------
        make : callable
            Makes the output in the local folder.
        """
        began, phases = time.monotonic(), Phases()
        try:
            if self.store is None:
                result = self._fetched(make, phases)
            else:
                with one_at_a_time(self.results / f".{self.name}.lock"):
                    result = self._published(make, phases, OutputStore(self.store))
        except MiniscopeError as error:
            result = SessionResult(self.name, error.exit_code, "failed", str(error))
        except OSError as error:
            reason = disk.explain(error)
            result = SessionResult(self.name, reason.exit_code, "failed", str(reason))
        if result.exit_code is not ExitCode.TEMPORARY:
            # what failed for a while is tried again
            self._give_back()
        return replace(result, seconds=time.monotonic() - began, phases={**result.phases, **phases.seconds})

    @contextmanager
    def here_for_a_while(self) -> Iterator[None]:
        """Within this context its files are here."""
        self.fetch()
        try:
            yield
        finally:
            self._give_back()

    def fetch(self) -> None:
        """Have its files here, and those that they name."""
        self._fetch()
        if self.also is not None and self.data is not None:
            store = self.data.open()
            named = (store.find(key_of(self.data.address, path, self.scratch)) for path in self.also())
            fetched = fetch_all(store, [file for file in named if file], self.scratch)
            if fetched:
                note_companions(self._place(self.files[0]), [one.path for one in fetched], self.scratch)

    def _fetch(self) -> None:
        """Have its own files here; those that were fetched ahead and are as they were then are not looked at again."""
        missing = [file for file in self.files if not self._is_here(file)]
        if missing and self.data is not None:
            fetch_all(self.data.open(), missing, self.scratch)

    def _give_back(self) -> None:
        give_back(map(self._place, self.files), self.scratch)

    def _fetched(self, make: Callable[[], SessionResult], phases: Phases) -> SessionResult:
        done = self._settled(None)
        if done is not None:
            return SessionResult.done(self.name, "already done", str(self.results / self.name), done)
        with phases.phase("fetch"):
            self.fetch()
        result = make()
        receipt = commit.read_receipt(self.results / self.name)
        if result.exit_code is ExitCode.DONE and receipt is not None:
            self._remember(receipt)
        return result

    def _published(self, make: Callable[[], SessionResult], phases: Phases, outputs: OutputStore) -> SessionResult:
        standing = outputs.look(self.name)
        final = self.results / self.name
        where = f"{outputs.place}/{self.name}"
        done = self._settled(standing, self.fetch)
        if done is not None:
            return SessionResult.done(self.name, "already done", where, done)
        is_followed = standing.has_version and (self.options is None or self._found(standing).has_metadata_only)
        with phases.phase("fetch"):
            self.fetch()
            self._drop_leftover(final)
            if is_followed:
                outputs.bring(self.name, final, self.scratch)
        result = make()
        receipt = commit.read_receipt(final)
        if result.exit_code is not ExitCode.DONE or receipt is None:
            return result
        self._remember(receipt)
        if receipt.as_text() != standing.text:
            with phases.phase("upload"):
                there = outputs.publish(
                    final,
                    receipt,
                    replaces=standing.etag if is_followed or self.existing == "replace" else None,
                    sources=self._tag,
                    now=datetime.now(UTC),
                )
            result = replace(result, word="written" if there.created == receipt.created else "already done")
        self._clear(final)
        return replace(result, message=where)

    def _settled(self, standing: Standing | None, fetch: Callable[[], None] | None = None) -> Receipt | None:
        """The receipt of the output if it is there and is the one wanted; its files are fetched if only they tell."""
        found = self._found(standing)
        if not found.exists:
            return None
        options, sources = self.options, self._known_sources(standing)
        if self.existing == "error":
            options, sources = {}, ()
        if options is not None and sources is None and fetch is not None:
            fetch()
            sources = self.hash_sources()
        if options is None or sources is None:
            if found.receipt or (standing and standing.has_version):
                # the local run looks itself
                return None
            options, sources = {}, ()
        plan = plan_digest(sources, options, __version__)
        return settle(found, sources, plan, options=options, existing=self.existing, may_follow=found.has_metadata_only)

    def _drop_leftover(self, final: Path) -> None:
        """Keep what an interrupted run has made and not published only if it is what this one would make."""
        receipt = commit.read_receipt(final)
        if receipt is not None and self.options is not None:
            plan = plan_digest(self.hash_sources(), self.options, __version__)
            if receipt.plan_digest == plan:
                return
        self._clear(final)

    def _found(self, standing: Standing | None) -> Found:
        if standing is None or self.store is None:
            return found_at(self.results / self.name, self.workers)
        outputs = OutputStore(self.store)
        return Found(
            self.name,
            standing.exists,
            standing.receipt,
            lambda receipt: outputs.problems(self.name, standing, receipt, in_full=False),
        )

    def _known_sources(self, standing: Standing | None) -> tuple[FileEntry, ...] | None:
        """The sources with their checksums, as far as they are known by what the server says of them."""
        if not self._tag:
            return None
        is_of_them = standing is not None and standing.sources == self._tag
        sources = standing.receipt.sources if is_of_them and standing and standing.receipt else None
        sources = sources or known_sources(self._tag, self.scratch)
        # a run for metadata alone takes no checksum of video files
        return sources if sources and all(entry.sha256 for entry in sources) else None

    def _remember(self, receipt: Receipt) -> None:
        if self.options is not None and self._tag and all(entry.sha256 for entry in receipt.sources):
            remember_sources(self._tag, receipt.sources, self.scratch)

    def _clear(self, final: Path) -> None:
        """Remove what was made in the scratch folder, now that it is elsewhere."""
        shutil.rmtree(final, ignore_errors=True)
        for former in (self.results / commit.REPLACED_FOLDER).glob(f"{self.name}.*"):
            shutil.rmtree(former, ignore_errors=True)

    @property
    def _tag(self) -> str:
        return tag_of({file.key: file for file in self.files}) if self.files else ""

    def _place(self, file: RemoteFile) -> Path:
        if self.data is None:
            raise ValueError("no bucket of data")
        return place_of(self.data.address, file.key, self.scratch)

    def _is_here(self, file: RemoteFile) -> bool:
        place = self._place(file)
        return place.exists() and place.stat().st_mtime_ns == self.here.get(file.key)


@dataclass(slots=True)
class TransferTask:
    """A task whose files or whose place lie in a bucket."""

    task: Task
    transfer: Transfer

    @property
    def name(self) -> str:
        """Of the output."""
        return self.task.name

    @property
    def outputs(self) -> Collection[str]:
        """Of the task."""
        return self.task.outputs

    @property
    def amount(self) -> tuple[int, int]:
        """Frames and bytes of the work."""
        return self.task.amount

    @property
    def is_analysis(self) -> bool:
        """Whether movies are analysed."""
        return self.task.is_analysis

    @property
    def findings(self) -> Collection[Finding]:
        """Those that people have seen before the run."""
        return self.task.findings

    def prepare(self) -> None:
        """Fetch its files, while others are made."""
        self.transfer = self.transfer.prepared()

    def run(self, console: Console) -> SessionResult:
        """Do all of it in this process."""
        return self.transfer.carry_out(partial(self.task.run, console))

    def order(self, workers: int) -> Callable[[], SessionResult]:
        """What does all of it in a process far away."""
        return partial(self.transfer.carry_out, self.task.order(workers))
