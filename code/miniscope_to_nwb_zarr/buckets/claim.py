"""A claim to the name of an output in a bucket: of runs with different plans one goes on, those of one share it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from miniscope_to_nwb_zarr.buckets.patience import ChangedError
from miniscope_to_nwb_zarr.buckets.put import about, put_text
from miniscope_to_nwb_zarr.buckets.upload import PROGRAM, remove
from miniscope_to_nwb_zarr.core.errors import ConflictError

if TYPE_CHECKING:
    from miniscope_to_nwb_zarr.buckets.object_store import ObjectStore


@dataclass(frozen=True, slots=True)
class Claim:
    """What tells other runs that one has begun."""

    store: ObjectStore
    key: str
    plan: str
    """The plan digest."""

    def make(self, name: str, *, may_take_over: bool) -> None:
        """Make it, before the first object is sent.

        Parameters
        ----------
        name : str
            Of the output, for people.
        may_take_over : bool
            Whether a claim of another plan may be taken over.

        Raises
        ------
        ConflictError
            A run of another plan has begun.
        """
        replaces = ""
        while True:
            try:
                put_text(self.store, self.key, self.plan, {**PROGRAM, "plan": self.plan}, replaces)
            except ChangedError:
                stored = about(self.store, self.key)
                replaces = ""
                if stored is None:
                    continue
                if stored.facts.get("plan") == self.plan:
                    return
                if not may_take_over:
                    raise ConflictError(
                        f"{name}: a run with other options, sources or another version has begun to upload it there "
                        "and has not finished; nothing was changed. Run that one again, use --existing replace, or "
                        "choose another --results_dir"
                    ) from None
                replaces = stored.etag
            else:
                return

    def end(self) -> None:
        """Remove it: the receipt is there, or never will be."""
        stored = about(self.store, self.key)
        if stored is not None and stored.facts.get("plan") == self.plan:
            with suppress(ChangedError):
                remove(self.store, self.key, stored.etag)
