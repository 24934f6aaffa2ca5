"""What is given to a run beside the data: the lab's files, a folder of records, a metadata service."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import h5py

from miniscope_to_nwb_zarr.aind_data_schema.allen_facts import Record
from miniscope_to_nwb_zarr.aind_data_schema.lab_facts import Stated, facts_digest, merge, row_of
from miniscope_to_nwb_zarr.aind_data_schema.metadata_service import MetadataService
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_file import load_sidecar
from miniscope_to_nwb_zarr.aind_data_schema.subjects_file import load_subjects
from miniscope_to_nwb_zarr.core import naming
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.receipt import digest_of
from miniscope_to_nwb_zarr.data_conversion.allen.general_facts import EXPERIMENTER
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_records import KINDS, read_rigs, record_of
from miniscope_to_nwb_zarr.data_conversion.allen.metadata_start import ZONE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from miniscope_to_nwb_zarr.data_conversion.allen.metadata_records import RigRow
    from miniscope_to_nwb_zarr.run.options import Options

_ANIMAL = ("general", "subject", "subject_id")


@dataclass(frozen=True, slots=True)
class Lab:
    """What was given of one animal's sessions."""

    sidecar: Sidecar = field(default_factory=Sidecar)
    source: str = "the session metadata file"
    records: Mapping[str, Record] = field(default_factory=dict)
    """Of the animal, by ``subject`` and ``procedures``."""
    rigs: tuple[RigRow, ...] = ()
    timezone: str = ZONE
    has_timezone: bool = False
    """The zone was given, not taken from the data set."""

    @property
    def digest(self) -> str | None:
        """The sha256 of all that was given; None when nothing was."""
        told = {
            "session_metadata": facts_digest(self.sidecar),
            "records": {kind: record.text for kind, record in self.records.items()},
            "rigs": [repr(row) for row in self.rigs],
            "timezone": self.timezone if self.has_timezone else "",
        }
        return digest_of(told) if any(told.values()) else None


class LabFiles:
    """The files that the options name, read once for all sessions of a run.

    Parameters
    ----------
    options : Options
    warn : callable
        Told what is odd about the answers of a service.

    Raises
    ------
    InputError
        A file cannot be read as what it is given for.
    UsageError
        The client of the service is not installed.
    """

    def __init__(self, options: Options, warn: Callable[[str], None]) -> None:
        sidecar = Sidecar() if options.session_metadata is None else load_sidecar(options.session_metadata)
        name = options.session_metadata.name if options.session_metadata else "the session metadata file"
        self._lab = Stated(sidecar, name)
        self._subjects = load_subjects(options.subjects) if options.subjects else None
        self._folder = options.aind_records
        if self._folder is not None and not self._folder.is_dir():
            raise InputError(f"--aind_records {self._folder}: is not a folder; give the one that holds the records")
        self._rigs = read_rigs(self._folder) if self._folder else ()
        self._service = MetadataService(options.metadata_service) if options.metadata_service else None
        self._timezone = options.timezone
        self._warn = warn
        self._known: dict[str, Lab] = {}

    @property
    def facts(self) -> dict[str, list[str]]:
        """What is written into the NWB file itself, where that does not say it, as options of the transforms."""
        names = self._lab.facts.session.experimenters
        return {EXPERIMENTER: list(names)} if names else {}

    @property
    def is_of_animals(self) -> bool:
        """Whether they say something of one animal that they do not say of another."""
        return any((self._subjects, self._folder, self._service))

    def of_animal(self, label: str | None) -> Lab:
        """What was given of the sessions of an animal.

        Raises
        ------
        InputError
            Two files say different things of it.
        """
        animal = naming.subject_id(label) if label else None
        if (animal or "") not in self._known:
            self._known[animal or ""] = self._read(animal, label)
        return self._known[animal or ""]

    def _read(self, animal: str | None, label: str | None) -> Lab:
        row = row_of(self._subjects, animal) if self._subjects and animal else None
        stated = merge(self._lab, row) if row else self._lab
        zone = self._timezone or stated.facts.session.timezone
        return Lab(
            stated.facts,
            stated.source,
            self._records(animal, label) if animal and label else {},
            self._rigs,
            zone or ZONE,
            has_timezone=zone is not None,
        )

    def _records(self, animal: str, label: str) -> dict[str, Record]:
        """The records of an animal: those of the folder, and what only the service has."""
        found = {}
        for kind in KINDS:
            record = record_of(self._folder, kind, animal) if self._folder else None
            if record is None and self._service:
                values, remarks = self._service.record(kind, label)
                for remark in remarks:
                    self._warn(remark)
                if values is not None:
                    record = Record(json.dumps(values), self._service.url)
            if record is not None:
                found[kind] = record
        return found


def animal_in(path: Path) -> str | None:
    """The animal's id as an NWB file of HDF5 has it; None where it has none, or cannot be read as one.

    A link is not followed: where it leads is not known here.
    """
    try:
        with h5py.File(path, "r") as file:
            at: h5py.Group = file
            for name in _ANIMAL:
                if not isinstance(at.get(name, getlink=True), h5py.HardLink):
                    return None
                at = at[name]
            value = at[()]
    except (OSError, KeyError, AttributeError, TypeError, ValueError):
        # whoever converts the file will say what is wrong with it
        return None
    text = value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)
    return text.strip() or None
