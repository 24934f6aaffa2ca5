"""What is known of one session of an Allen data set, whatever said it. Nothing here loads the schema's library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
    from miniscope_to_nwb_zarr.core.findings import Finding
    from miniscope_to_nwb_zarr.core.model import Session


@dataclass(frozen=True, slots=True)
class Epoch:
    """A run of one stimulus, in seconds from the start of the session."""

    name: str
    start_s: float
    stop_s: float
    is_light: bool = False
    """Light that was given into the brain, not something that was shown."""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Lack:
    """A fact that neither file nor tables hold, without which a file cannot be made."""

    fact: str
    reason: str
    remedy: str
    """Where to give it."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record of an animal as a provider has it."""

    text: str
    """JSON as aind-data-schema has it."""
    source: str
    """What messages call it: a path, an address."""


@dataclass(frozen=True, slots=True)
class Rig:
    """The setup of a session as the rig table gives it."""

    instrument: Record
    """An ``instrument.json``."""
    stream: Record | None = None
    """``active_devices`` and ``configurations`` of a data stream, JSON; None where the table gives none."""


@dataclass(frozen=True, slots=True, eq=False)
class AllenFacts:
    """All that the metadata files of one session are made of."""

    output: str
    """Name of the output, as ``ecephys_session_1044385384``."""
    session: Session
    """Animal, start and zone. Its name is that of the asset; where the start is not known it means nothing."""
    sidecar: Sidecar
    """What the lab says, then what file, tables and the data set say."""
    modalities: tuple[str, ...]
    """Abbreviations of the schema, in a fixed order."""
    span_s: tuple[float, float] | None
    """First and last moment of the data, in seconds from the start; None where nothing has a time."""
    epochs: tuple[Epoch, ...] = ()
    reward_ml: float | None = None
    rig_name: str | None = None
    devices: tuple[str, ...] = ()
    records: Mapping[str, Record] = field(default_factory=dict)
    """Of the animal, by ``subject`` and ``procedures``."""
    rig: Rig | None = None
    lacks: tuple[Lack, ...] = ()
    """What is not known of animal and start, without which nothing of the session can be said."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where each fact is from, by its name in the session metadata file or in a metadata file."""
    remarks: tuple[Finding, ...] = ()
