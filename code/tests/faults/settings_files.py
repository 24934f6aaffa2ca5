"""The files in which settings and facts of the lab stand: where each is, and what is taken from it."""

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import yaml

from miniscope_to_nwb_zarr.aind_data_schema import templates
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_file import load_sidecar
from miniscope_to_nwb_zarr.aind_data_schema.subjects_file import load_subjects
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.model import Session
from miniscope_to_nwb_zarr.demo.settings import qt_json, user_config
from miniscope_to_nwb_zarr.layouts.discovery import Request, discover
from tests.faults import hostile_text, samples
from tests.faults.hostile_text import Slot, leaves

_DAQ = "Miniscope DAQ"
SPARSE = b"begins, and does not end"
"""Put in place of a file, this very object becomes a file of a gibibyte without a block on the disk."""
_SPARSE_BYTES = 1 << 30


@dataclass(frozen=True)
class Taken:
    """What was taken from a file."""

    facts: Mapping[str, Any]
    """By name: everything that outputs say in words of their own; empty where nothing can be converted."""
    settings: Any = None
    """The file as it was parsed, where it is kept so."""
    problems: tuple[str, ...] = ()
    """What was found wrong: the file, and a sentence."""
    session: Session | None = None


@dataclass(frozen=True, eq=False)
class SettingsFile:
    """A file of settings or facts."""

    name: str
    whole: Callable[[], bytes]
    take: Callable[[bytes, Path], Taken]
    """Puts a text into an empty folder in place of the file, and reads what it is of."""
    slots: Callable[[str], list[Slot]]
    values: Mapping[str, str]
    say: Callable[[bytes], Any] | None = None
    """What a text says, read another way: a tuple of one, or None where that is not for sure."""
    factors: tuple[float, ...] = (1.0,)
    """What numbers of it are multiplied by."""


def _put(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    if raw is SPARSE:
        os.truncate(path, _SPARSE_BYTES)


def _of_layout(layout: str, file: str, device: str, keep: Callable[[Session], Any], raw: bytes, folder: Path) -> Taken:
    data = samples.copy_of(layout, folder / "data")
    path = _find(data, file, device)
    _put(path, raw)
    return _taken(data, Request(**samples.LAYOUTS[layout].request), _known(layout), keep)


def _named_device(raw: bytes, folder: Path) -> Taken:
    """The settings of a device, named with the files of a recording that lies anywhere."""
    data = samples.copy_of(_DAQ, folder / "data")
    path = _find(data, "metaData.json", samples.SCOPE_NAME)
    _put(path, raw)
    videos = tuple(sorted(path.parent.glob("*.avi")))
    request = Request(video_files=videos, timestamps_file=path.with_name("timeStamps.csv"), device_metadata_file=path)
    return _taken(data, request, (), lambda session: session.streams[0][1].device.settings)


def _user_config(raw: bytes, folder: Path) -> Taken:
    data = samples.copy_of(_DAQ, folder / "data")
    _find(data, "metaData.json", "09_26_53").unlink()
    config = folder / "user_config.json"
    _put(config, raw)
    return _taken(data, Request(user_config=config, timezone="UTC"), (), lambda _session: None)


def _taken(data: Path, request: Request, known: tuple[str, ...], keep: Callable[[Session], Any]) -> Taken:
    try:
        found = discover(data, request)
    except InputError as error:
        return Taken({}, problems=(str(error),))
    findings = [*found.findings, *(f for one in (*found.sessions, *found.failures) for f in one.findings)]
    problems = [_worded(finding) for finding in findings]
    problems += [f"{failure.folder}: {failure.message}" for failure in found.failures]
    fresh = tuple(problem for problem in problems if problem not in known)
    if len(found.sessions) != 1:
        return Taken({}, problems=fresh)
    (session,) = found.sessions
    return Taken(_facts(session), keep(session), fresh, session)


@cache
def _known(layout: str) -> tuple[str, ...]:
    return tuple(_worded(finding) for finding in samples.session_of(layout).findings)


def _worded(finding: Any) -> str:
    return f"{finding.where}: {finding.sentence}"


def _facts(session: Session) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "animal": session.subject_label,
        "experimenter": session.experimenter,
        "experiment": session.experiment,
        "start": session.start,
    }
    for number, (recording, stream) in enumerate(session.streams):
        device = dataclasses.asdict(dataclasses.replace(stream.device, settings={}))
        facts |= {f"{number}{place}": value for place, value in leaves(device)}
        facts[f"{number}.frames"] = (stream.n_frames, stream.time_s.tobytes(), len(recording.streams))
    facts["notes"] = [note.text for note in session.recordings[0].notes]
    return facts


def _lab(read: Callable[[Path], Any], suffix: str, raw: bytes, folder: Path) -> Taken:
    folder.mkdir(parents=True)
    path = folder / f"facts{suffix}"
    _put(path, raw)
    try:
        facts = read(path)
    except InputError as error:
        problems = tuple(str(error).splitlines())
        if not all(problem.startswith(str(path)) for problem in problems):
            raise
        return Taken({}, problems=problems)
    return Taken({place: value for place, value in leaves(facts) if value is not None})


def _rows(path: Path) -> dict[int, Any]:
    return {number: row.model_dump(mode="json") for number, (row, _) in enumerate(load_subjects(path).rows.values())}


def _as_json(text: str) -> bytes:
    """A YAML file of the lab as JSON, with numbers for what looks like one."""
    return json.dumps(yaml.safe_load(text), indent=2, default=str).encode()


def _table() -> bytes:
    head = templates.text_of("subjects.csv")
    return (head.rstrip("\n") + "\nm770001,Mus musculus,F,2025-12-01,,Thy1-GCaMP6f/wt,C57BL/6J,Jackson Laboratory,23.1,"
            "white paw\nm770002,Mus musculus,M,2025-12-02,,wt/wt,,,,\n").encode()  # fmt: skip


def _animals() -> str:
    return (
        "- subject_id: m770001\n  species: Mus musculus\n  sex: F\n  date_of_birth: 2025-12-01\n  weight_g: 23.1\n"
        "  imaging:\n    indicator: GCaMP6f\n    depth_um: 1200\n- subject_id: m770002\n  genotype: wt/wt\n"
    )


def _config() -> bytes:
    return (qt_json(user_config(samples.truth_of(_DAQ).spec)) + "\n").encode()


def _find(data: Path, file: str, device: str) -> Path:
    return next(path for path in sorted(data.rglob(file)) if path.parent.name == device or not device)


def _text_of(layout: str, file: str, device: str) -> bytes:
    samples.truth_of(layout)
    return _find(samples.folder_of(layout), file, device).read_bytes()


def _layout_file(
    name: str, layout: str, file: str, device: str, keep: Callable[[Session], Any], **fields: Any
) -> SettingsFile:
    take = partial(_of_layout, layout, file, device, keep)
    return SettingsFile(name, partial(_text_of, layout, file, device), take, **fields)


def _lab_file(name: str, whole: Callable[[], bytes], read: Callable[[Path], Any], suffix: str, **fields: Any) -> Any:
    return SettingsFile(name, whole, partial(_lab, read, suffix), **fields)


def _sidecar(path: Path) -> Any:
    return load_sidecar(path).model_dump(mode="json", exclude_unset=True)


def _settings(session: Session) -> Any:
    return session.recordings[0].settings


def _device_settings(name: str) -> Callable[[Session], Any]:
    def keep(session: Session) -> Any:
        return next((stream.device.settings for _, stream in session.streams if stream.device.name == name), None)

    return keep


_JSON: dict[str, Any] = {
    "slots": hostile_text.json_slots, "values": hostile_text.JSON_VALUES, "say": hostile_text.json_of
}  # fmt: skip
_YAML: dict[str, Any] = {
    "slots": hostile_text.yaml_slots, "values": hostile_text.YAML_VALUES, "say": hostile_text.yaml_of
}  # fmt: skip
_PLAIN: dict[str, Any] = {"values": hostile_text.PLAIN_VALUES}
_LAB_JSON = {**_JSON, "say": None}
_CAMERA = "Behavior_camera"

FILES: tuple[SettingsFile, ...] = (
    _layout_file("settings of a recording", _DAQ, "metaData.json", "09_26_53", _settings, **_JSON),
    _layout_file("settings of a scope", _DAQ, "metaData.json", samples.SCOPE_NAME,
                 _device_settings(samples.SCOPE_NAME), **_JSON),
    _layout_file("settings of a camera", _DAQ, "metaData.json", _CAMERA, _device_settings(_CAMERA), **_JSON),
    SettingsFile("settings of a named device",
                 partial(_text_of, _DAQ, "metaData.json", samples.SCOPE_NAME), _named_device, **_JSON),
    SettingsFile("user configuration", _config, _user_config, **_JSON),
    _layout_file("settings and notes of V3", "Miniscope V3", "settings_and_notes.dat", "", _settings,
                 slots=hostile_text.field_slots("\t"), **_PLAIN),
    _layout_file("configuration of Open Ephys", "Miniscope Open Ephys", "run_0.yml", "",
                 lambda session: session.streams[0][1].device.settings, factors=(1.0, 1.27), **_YAML),
    _layout_file("start of ONIX", "Miniscope ONIX", "start-time_0.csv", "",
                 lambda session: session.streams[0][1].device.settings, slots=hostile_text.field_slots(","), **_PLAIN),
    _lab_file("facts in YAML", lambda: templates.example().encode(), _sidecar, ".yml", **_YAML),
    _lab_file("facts in JSON", lambda: _as_json(templates.example()), _sidecar, ".json", **_LAB_JSON),
    _lab_file("animals in CSV", _table, _rows, ".csv", slots=hostile_text.field_slots(","), **_PLAIN),
    _lab_file("animals in YAML", lambda: _animals().encode(), _rows, ".yaml", **_YAML),
    _lab_file("animals in JSON", lambda: _as_json(_animals()), _rows, ".json", **_LAB_JSON),
)  # fmt: skip
