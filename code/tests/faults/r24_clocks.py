"""R24: the moment of every frame comes through exactly, whatever clock, zone and calendar the recording was made by."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from hdmf_zarr import NWBZarrIO
from numpy.typing import NDArray

from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.model import Session
from miniscope_to_nwb_zarr.data_conversion.nwb_build import build_nwbfile
from miniscope_to_nwb_zarr.data_conversion.series import plan_series, series_name
from miniscope_to_nwb_zarr.demo.mio import MioSpec, write_mio
from miniscope_to_nwb_zarr.demo.mio_radio import MioVersion
from miniscope_to_nwb_zarr.demo.onix import OnixSpec, write_onix
from miniscope_to_nwb_zarr.demo.onix_older import OlderOnixSpec, write_older_onix
from miniscope_to_nwb_zarr.demo.open_ephys import OpenEphysSpec, Software, write_open_ephys
from miniscope_to_nwb_zarr.demo.versions import SoftwareVersion
from miniscope_to_nwb_zarr.layouts import recording_start
from miniscope_to_nwb_zarr.layouts.discovery import Request, discover
from tests.conversions import convert
from tests.faults.harness import Case, Row, Tier
from tests.faults.moments import MOMENTS, ZONES
from tests.recordings import CAMERA, SCOPE, small_recording
from tests.v3_recordings import v3_recording

_CASES = {Tier.FAST: 40, Tier.FULL: 500}
_TOLERANCE_S = 1e-6
_N_FRAMES = 8
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
"""No Miniscope is as old."""


@dataclass(frozen=True)
class _Truth:
    """What was recorded, and what discovery is told of it."""

    start: datetime
    """Exact, with the offset of the computer's clock."""
    time_s: Mapping[str, NDArray[np.float64]]
    """By device."""
    request: Mapping[str, Any] = field(default_factory=dict)
    is_told_twice: bool = False
    """The recording tells a wall clock only, and that showed the same time an hour before."""


def _fixed(when: datetime) -> datetime:
    return when.replace(tzinfo=timezone(when.utcoffset() or timedelta(0)), fold=0)


def _zone_option(rng: random.Random, start: datetime) -> dict[str, Any]:
    """Perhaps the name of the zone, which a recording with an offset does not need."""
    return {"timezone": str(start.tzinfo)} if rng.random() < 0.5 else {}


def _some_lost(rng: random.Random) -> tuple[int, ...]:
    return tuple(sorted(rng.sample(range(3, _N_FRAMES - 1), rng.randrange(3))))


def _daq(rng: random.Random, start: datetime, folder: Path) -> _Truth:
    scope = replace(
        SCOPE, n_frames=_N_FRAMES, first_stamp_ms=rng.choice((-21, 0, -3000, 12)), lost=_some_lost(rng),
        has_orientation=False, rate_hz=rng.choice((20.0, 30.0, 60.0)),
    )  # fmt: skip
    camera = replace(CAMERA, n_frames=_N_FRAMES - 1, first_stamp_ms=rng.randrange(-50, 50), lost=_some_lost(rng))
    version = rng.choice(list(SoftwareVersion))
    made = small_recording(folder, version.value, start=_fixed(start), devices=(scope, camera), seed=rng.randrange(99))
    times = {name: device.rows.stamp_ms / 1000 for name, device in made.devices.items()}
    return _Truth(_fixed(start), times, _zone_option(rng, start))


def _v3(rng: random.Random, start: datetime, folder: Path) -> _Truth:
    second = start.astimezone(UTC).replace(microsecond=0).astimezone(start.tzinfo)
    made = v3_recording(folder, start=second.replace(tzinfo=None, fold=0), seed=rng.randrange(99))
    times = {name: device.rows.stamp_ms / 1000 for name, device in made.devices.items()}
    if rng.random() < 0.3:
        return _Truth(_fixed(start), times, {"start_time": _fixed(start)})
    return _Truth(_fixed(second), times, {"timezone": str(start.tzinfo)}, is_told_twice=second.fold == 1)


def _open_ephys(software: Software, rng: random.Random, start: datetime, folder: Path) -> _Truth:
    later = [
        (k / 100, (start.astimezone(UTC) + timedelta(seconds=k / 100)).astimezone(start.tzinfo)) for k in range(40)
    ]
    changes = [(s, b.utcoffset() - start.utcoffset()) for s, b in later if b.utcoffset() != start.utcoffset()]
    at_s, shift = changes[0] if changes else (0.0, timedelta(0))
    spec = OpenEphysSpec(
        software=software,
        suffix="Timestamp" if software is Software.BONSAI else 0,
        start=_fixed(start) + timedelta(microseconds=rng.randrange(1000)),
        start_ticks=rng.randrange(10),
        n_frames=_N_FRAMES,
        lost=_some_lost(rng),
        zone_change=(at_s, shift / timedelta(hours=1)),
        seed=rng.randrange(99),
    )
    made = write_open_ephys(spec, folder)
    first = 0.0 if software is Software.GUI else made.time_s[0]
    return _Truth(spec.start, {"Miniscope_V4": made.time_s - first}, {} if changes else _zone_option(rng, start))


def _mio(rng: random.Random, start: datetime, folder: Path) -> _Truth:
    spec = MioSpec(
        version=rng.choice((MioVersion.V0_9, MioVersion.UNRELEASED)),
        n_frames=_N_FRAMES + 1,
        start=start.astimezone(UTC),
        first_ms=rng.choice((0, 124_429, 2**31)),
        seed=rng.randrange(99),
    )
    made = write_mio(spec, folder)
    times = {"Miniscope": np.array(made.time_s, float)}
    zone = {"timezone": str(start.tzinfo)}
    if start < _FIRST:
        # the layout does not believe it: the lab says when it was
        return _Truth(_fixed(start), times, {"start_time": _fixed(start), **zone})
    received = round(float(f"{made.frames[0].rows[0].buffer.received_s:.7f}") * 1e6)
    exact = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=received)
    return _Truth(_fixed(exact.astimezone(start.tzinfo)), times, zone)


def _onix(rng: random.Random, start: datetime, folder: Path) -> _Truth:
    spec = OnixSpec(
        start=_fixed(start) + timedelta(microseconds=rng.randrange(1000)),
        clock_hz=rng.choice((250_000_000, 42_000_000)),
        n_frames=_N_FRAMES,
        lost=_some_lost(rng),
        first_frame_s=rng.choice((0.0, 1.37, 86_400.0 * 3)) + 0.001,
        seed=rng.randrange(99),
    )
    made = write_onix(spec, folder)
    return _Truth(spec.start, {"Miniscope_V4": made.time_s}, _zone_option(rng, start))


def _older_onix(rng: random.Random, start: datetime, folder: Path) -> _Truth:
    spec = OlderOnixSpec(first_stamp=_fixed(start), n_frames=_N_FRAMES, seed=rng.randrange(99))
    made = write_older_onix(spec, folder)
    return _Truth(spec.first_stamp, {"Miniscope_V4": made.ticks / 1e7}, _zone_option(rng, start))


_FORMS: dict[str, Callable[[random.Random, datetime, Path], _Truth]] = {
    "Miniscope DAQ": _daq,
    "Miniscope V3": _v3,
    "Miniscope Open Ephys": partial(_open_ephys, Software.GUI),
    "Miniscope Wireless": _mio,
    "Miniscope ONIX": _onix,
    "Bonsai": partial(_open_ephys, Software.BONSAI),
    "older ONIX": _older_onix,
}


def _one(form: str, moment: Callable[[random.Random], datetime], seed: int, folder: Path, *, is_written: bool) -> None:
    """A recording that begins at an awkward moment, down to the NWB file."""
    rng = random.Random(seed)
    truth = _FORMS[form](rng, moment(rng), folder / "data")
    start = truth.start
    if start > datetime.now(UTC):
        (failure,) = discover(folder / "data", Request(**truth.request)).failures
        assert "--start_time" in failure.message
    if start > datetime.now(UTC) and (is_written or "start_time" in truth.request):
        # the lab knows when it was
        start = start.replace(year=2020)
        truth = replace(truth, request={"start_time": start}, is_told_twice=False)
        found = discover(folder / "data", Request(**truth.request))
    else:
        with _later():
            found = discover(folder / "data", Request(**truth.request))
    assert not found.failures, found.failures
    (session,) = found.sessions
    if start < _FIRST:
        assert any("--start_time" in finding.sentence for finding in session.findings)
    if truth.is_told_twice:
        assert any(finding.code is Code.START_UNCERTAIN for finding in session.findings)
        start = session.start
        assert abs(truth.start - start) in {timedelta(hours=1), timedelta(minutes=30)}
    wanted = {series_name(session, *pair): truth.time_s[pair[1].device.name] for pair in session.streams}
    _hold(session, start, wanted, folder if is_written else None)


@contextmanager
def _later() -> Iterator[None]:
    """Within this context the program looks at recordings in the year 2040."""
    before, recording_start.now = recording_start.now, lambda: datetime(2040, 1, 1, tzinfo=UTC)
    try:
        yield
    finally:
        recording_start.now = before


def _hold(session: Session, start: datetime, wanted: Mapping[str, NDArray[np.float64]], folder: Path | None) -> None:
    """The moments of a session, and of the file that is built or written of it, are those that were recorded."""
    assert abs((session.start - start) / timedelta(seconds=1)) <= _TOLERANCE_S, f"{session.start}, not {start}"
    assert session.start.utcoffset() == start.utcoffset()
    assert f"{start:%Y-%m-%d_%H-%M-%S}" in session.name
    if folder is None:
        series = plan_series(session, 20_000, embed_cameras=True)
        built = build_nwbfile(
            session, Sidecar(), series, created=datetime(2026, 1, 1, tzinfo=UTC), external_files={},
            frames=lambda one: np.zeros((one.stream.n_frames, 1, 1, *(3,) * one.as_color), np.uint8), wrap=np.asarray,
        )  # fmt: skip
        _hold_file(built, start, wanted)
        return
    done = convert(session, folder / "results")
    with NWBZarrIO(str(done.output / f"{session.name}.nwb.zarr"), "r") as io:
        _hold_file(io.read(), start, wanted)


def _hold_file(nwbfile: Any, start: datetime, wanted: Mapping[str, NDArray[np.float64]]) -> None:
    for moment in (nwbfile.session_start_time, nwbfile.timestamps_reference_time):
        assert abs((moment - start) / timedelta(seconds=1)) <= _TOLERANCE_S
        assert moment.utcoffset() == start.utcoffset()
    for name, time_s in wanted.items():
        written = np.asarray(nwbfile.acquisition[name].timestamps)
        assert written.shape == time_s.shape, name
        assert np.abs(written - time_s).max() <= _TOLERANCE_S, f"{name}: {written} s, not {time_s}"


def _two(moment: Callable[[random.Random], datetime], seed: int, folder: Path) -> None:
    """Two recordings of an animal in one store lie as far apart as they were, also where the clock was changed."""
    rng = random.Random(seed)
    start = moment(rng)
    gap = timedelta(milliseconds=rng.choice((5_000, 1_800_000, 86_400_000)) + rng.randrange(1000))
    second = (start.astimezone(UTC) + gap).astimezone(start.tzinfo)
    truths = [_daq(rng, when, folder / "data" / str(k)) for k, when in enumerate((start, second))]
    with _later():
        (session,) = discover(folder / "data", Request(combine="all")).sessions
    first, other = session.recordings
    assert abs(other.offset_s - gap.total_seconds()) <= _TOLERANCE_S
    offsets = {id(first): 0.0, id(other): gap.total_seconds()}
    times = {id(first): truths[0].time_s, id(other): truths[1].time_s}
    wanted = {series_name(session, r, s): offsets[id(r)] + times[id(r)][s.device.name] for r, s in session.streams}
    _hold(session, truths[0].start, wanted, None)


def _wrong_zone(form: str, moment: Callable[[random.Random], datetime], seed: int, folder: Path) -> None:
    """A zone that was not the computer's is refused and named."""
    rng = random.Random(seed)
    start = moment(rng)
    # what is written in UTC does not say where the computer stood
    while not start.utcoffset():
        start = moment(rng)
    _FORMS[form](rng, start, folder / "data")
    wrong = next(name for name in ZONES if start.astimezone(ZoneInfo(name)).utcoffset() != start.utcoffset())
    try:
        found = discover(folder / "data", Request(timezone=wrong))
    except InputError as error:
        said = [str(error)]
    else:
        assert not found.sessions
        said = [failure.message for failure in found.failures]
    assert any(wrong in text and "--timezone" in text for text in said), said


def _cases(tier: Tier) -> Iterable[Case]:
    forms = list(_FORMS)
    with_offset = [form for form in forms if form not in {"Miniscope V3", "Miniscope Wireless"}]
    for k in range(_CASES[tier]):
        moment = MOMENTS[(k + k // len(forms)) % len(MOMENTS)]
        name = f"{k}-{moment.__name__.replace('_', '-')}"
        if k % 10 == 8:
            yield Case(f"{name}-two-recordings", partial(_two, moment, k))
        elif k % 20 == 9:
            form = with_offset[k // 20 % len(with_offset)]
            yield Case(f"{name}-{form}-wrong-zone", partial(_wrong_zone, form, moment, k))
        else:
            form, is_written = forms[k % len(forms)], k % 12 == 3
            yield Case(f"{name}-{form}{'-written' * is_written}", partial(_one, form, moment, k, is_written=is_written))


ROW = Row(
    name="R24",
    title="clocks",
    promise="start and stamps in the NWB file are those of the recording to 1 µs, or a finding says what is not known",
    cases=_cases,
)
