"""R11: a damaged table is read exactly as its lines are written, or a finding names the file; no stamp is misread.

A stamp is misread when a frame gets another one than it was recorded with, and nothing says so. One thing cannot be
known and is no misreading: a digit that became another digit, in a line that is otherwise as it should be. So every
stamp that comes out of a damaged table must stand so in a whole line of it (`written_text` reads the lines again), and
what does not come out must be missed by a finding.
"""

import random
import re
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.model import Session, Stream
from miniscope_to_nwb_zarr.demo.mio import columns_of
from miniscope_to_nwb_zarr.demo.mio_radio import MioVersion
from miniscope_to_nwb_zarr.layouts.discovery import Discovery, Request, discover
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.timestamp_dat import CLOCK_AS_WRITTEN
from miniscope_to_nwb_zarr.sources.timestamps_csv import read_time_table
from tests.faults import other_tables, samples
from tests.faults.damaged_text import KNOWN, damaged
from tests.faults.harness import Case, Row, Tier
from tests.faults.other_tables import OtherTable, OtherText
from tests.faults.written_text import StampColumns, lines_of, moment

_RANDOM_CASES = {Tier.FAST: 60, Tier.FULL: 4500}
_EXAMPLES = {Tier.FAST: 15, Tier.FULL: 400}
_MAX_S = 10
_REPLACED = "\N{REPLACEMENT CHARACTER}"
_TOLERANCE_S = 1e-6
_START_S = 0.02


@dataclass(frozen=True)
class Table:
    """The table of stamps of a sample."""

    file: str
    device: str
    columns: StampColumns
    stamps: Callable[[Session, Stream], Any]
    """What was read, in the unit in which it is written, for each frame; None where it was read from elsewhere."""


def _wall_clock_s(session: Session, stream: Stream) -> Any:
    zero_s = moment(session.start.isoformat().encode())
    assert zero_s is not None
    return zero_s + stream.time_s


def _device_ms(_session: Session, stream: Stream) -> Any:
    """Stamps of a wireless scope count from the first buffer, which the series of buffers tells."""
    buffers = stream.signals[0]
    known = np.flatnonzero(np.isfinite(buffers.time_s))
    if not len(known):
        return None
    column = buffers.columns.index("timestamp")
    zero_ms = buffers.values[known[0], column] - buffers.time_s[known[0]] * 1000
    return stream.time_s * 1000 + zero_ms


def _extra(name: str) -> Callable[[Session, Stream], Any]:
    return lambda _session, stream: stream.table.extra[name][stream.rows] if name in stream.table.extra else None


_DAQ = ("Frame Number", "Time Stamp (ms)", "Buffer Index", "DAQ Frame Number")
_V3 = ("camNum", "frameNum", "sysClock", "buffer")
_AXES = ("Quaternion_X", "Quaternion_Y", "Quaternion_Z", "Quaternion_W")
_GUI = ("FrameNumber", "HardwareTime", *_AXES, "DigitalIn0", "DigitalIn1", "Timestamp")
_BONSAI = ("Timestamp", "Value.Item1", "Value.Item2.W", "Value.Item2.X", "Value.Item2.Y", "Value.Item2.Z")
TABLES = {
    "Miniscope DAQ": Table(
        "timeStamps.csv",
        "HPC_miniscope1",
        StampColumns(_DAQ, "Time Stamp (ms)", "Frame Number"),
        lambda _session, stream: stream.time_s * 1000,
    ),
    "Miniscope V3": Table(
        "timestamp.dat",
        "msCam",
        StampColumns(_V3, "sysClock", "frameNum", first=1, has_places=False, camera=("camNum", 1), mark=b"\t"),
        _extra(CLOCK_AS_WRITTEN),
    ),
    "Miniscope Open Ephys": Table(
        "run_0.csv", "Miniscope_V4", StampColumns(_GUI, "HardwareTime"), _extra("HardwareTime")
    ),
    "Miniscope Wireless": Table(
        "wl_200px.csv",
        "Miniscope",
        StampColumns(columns_of(MioVersion.V0_9), "timestamp", "reconstructed_frame_index", has_places=False),
        _device_ms,
    ),
    "Bonsai": Table("run_*.csv", "Miniscope_V4", StampColumns(_BONSAI, "Timestamp", read=moment), _wall_clock_s),
    "older ONIX": Table(
        "image-time_*.csv",
        "Miniscope_V4",
        StampColumns(("Timestamp", "Clock"), "Timestamp", read=moment),
        _wall_clock_s,
    ),
}


def _files() -> list[tuple[str, str]]:
    """Each form with each of its tables and texts; the tables of stamps more often."""
    main = [(form, table.file) for form, table in TABLES.items()]
    others = [(one.layout, one.file) for one in (*other_tables.TABLES, *other_tables.TEXTS)]
    return [*main, *main, *main, *dict.fromkeys(others)]


def _discover(form: str, folder: Path) -> Discovery:
    return discover(folder, Request(**samples.FORMS[form].request))


def _damage(form: str, file: str, change: Callable[[bytes], bytes], folder: Path) -> None:
    """Damage a file of a sample, and hold what is read against what its lines say."""
    data = samples.copy_of(form, folder)
    path = _find(data, file, form)
    raw = change(path.read_bytes())
    path.write_bytes(raw)
    began = time.monotonic()
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = _discover(form, data)
    assert time.monotonic() - began < _MAX_S, "took too long"
    if not found.sessions:
        assert all(failure.message for failure in found.failures)
        assert found.failures or found.findings, "the recording is gone, and nothing says so"
        return
    (session,) = found.sessions
    whole = samples.session_of(form)
    new = _new_findings(session, found, whole)
    if form in TABLES:
        _hold_stamps(form, session, whole, new, _find(data, TABLES[form].file, form).read_bytes())
    for table in other_tables.TABLES:
        if (table.layout, table.file) == (form, file):
            _hold_rows(table, session, whole, new, raw)
    for text in other_tables.TEXTS:
        if (text.layout, text.file) == (form, file):
            _hold_texts(text, session, whole, new, raw)


def _find(data: Path, file: str, form: str) -> Path:
    device = TABLES[form].device if form in TABLES else ""
    found = sorted(data.rglob(file), key=lambda path: path.parent.name != device)
    return found[0]


def _new_findings(session: Session, found: Discovery, whole: Session) -> list[Finding]:
    known = [finding.as_json() for finding in whole.findings]
    return [finding for finding in (*session.findings, *found.findings) if finding.as_json() not in known]


def _stream(session: Session, device: str) -> Stream:
    return next(stream for _, stream in session.streams if stream.device.name == device)


def _frames(session: Session, stream: Stream) -> list[tuple[str, int]]:
    """For each frame of a stream where it is."""
    return [(s.path.name, s.first_in_file + k) for s in stream.segments for k in range(s.n_frames)]


def _times(session: Session, stream: Stream, zero: Any) -> list[float]:
    """Seconds to each frame from the true start.

    Where the computer's clock tells the start, another frame tells it within milliseconds.
    """
    late_s = (session.start - zero).total_seconds()
    return [(late_s if abs(late_s) > _START_S else 0) + time_s for time_s in stream.time_s.tolist()]


def _hold_stamps(form: str, session: Session, whole: Session, new: list[Finding], raw: bytes) -> None:
    table = TABLES[form]
    stream, truth = _stream(session, table.device), _stream(whole, table.device)
    true_stamps = table.stamps(whole, truth).tolist()
    place = {key: k for k, key in enumerate(_frames(whole, truth))}
    true_times = _times(whole, truth, whole.start)
    columns = table.columns
    if any(finding.code is Code.CAMERA_UNCERTAIN for finding in new):
        columns = replace(columns, camera=None)
    written = columns.written(raw)
    stamps = table.stamps(session, stream)
    is_said = any(finding.severity is not Severity.INFO for finding in new)
    given = [place[key] for key in _frames(session, stream)]
    times = _times(session, stream, whole.start)
    numbers = stream.table.frame_number[stream.rows].tolist()
    for j, (frame, time_s, number) in enumerate(zip(given, times, numbers, strict=True)):
        stamp = None if stamps is None else float(stamps[j])
        if stamp is not None:
            assert any(_is_near(stamp, line) for line in written[number]), f"{stamp} of row {number} stands in no line"
        if abs(time_s - true_times[frame]) > _TOLERANCE_S and not is_said:
            changed = stamp is not None and not _is_near(stamp, true_stamps[frame])
            assert changed, f"frame {frame} has the stamp {time_s}, not {true_times[frame]}, and nothing says so"
    assert given == sorted(given)
    if len(given) < len(place):
        assert new, f"{len(place) - len(given)} frames are missing, and nothing says so"


def _is_near(stamp: float, other: float) -> bool:
    return bool(np.isclose(stamp, other, rtol=0, atol=6e-8 + 1e-15 * abs(other)))


def _hold_rows(table: OtherTable, session: Session, whole: Session, new: list[Finding], raw: bytes) -> None:
    written = table.written(raw)
    left = iter(written)
    read = table.read(session)
    for row in read:
        assert any(np.allclose(row, line, rtol=1e-9, atol=1e-9) for line in left), f"{row} stands in no line of it"
    _hold_count(len(read), len(table.read(whole)), table, new, raw)


def _hold_texts(text: OtherText, session: Session, whole: Session, new: list[Finding], raw: bytes) -> None:
    everything = other_tables.decoded(raw)
    read = text.read(session)
    for one in read:
        # a character that no store can hold is replaced, and said
        pattern = ".".join(map(re.escape, one.split(_REPLACED)))
        assert re.search(pattern, everything, re.DOTALL), f"{one!r} does not stand in the file"
        assert _REPLACED not in one or new, f"{one!r} is not what the file holds, and nothing says so"
    _hold_count(len(read), len(text.read(whole)), text, new, raw)


def _hold_count(n_read: int, n_usual: int, table: OtherTable | OtherText, new: list[Finding], raw: bytes) -> None:
    """What was read is all that there is, or something is missed. Nobody can miss lines of which nothing is left."""
    whole = _find(samples.folder_of(table.layout), table.file, table.layout).read_bytes()
    n_gone = max(len(lines_of(whole)) - len(lines_of(raw)), 0)
    assert new or n_read >= n_usual - n_gone, "something is missing, and nothing says so"
    assert new or not raw.endswith(bytes(4)), "zeros at the end are passed over, and nothing says so"


def _random(form: str, file: str, seed: int, folder: Path) -> None:
    _damage(form, file, lambda raw: damaged(raw, random.Random(seed)), folder)


def _searched(form: str, seed: int, n_examples: int, folder: Path) -> None:
    """Hypothesis looks for a damage that is misread, and makes the one it finds as small as it can."""
    edit = st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=8) | st.sampled_from((b",", b"\n", b"7")))

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=n_examples, database=None, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(st.lists(edit, min_size=1, max_size=4), st.uuids())
    def search(edits: list[tuple[float, int, bytes]], name: Any) -> None:
        def change(raw: bytes) -> bytes:
            for where, n_lost, put in edits:
                at = int(where * len(raw))
                raw = raw[:at] + put + raw[at + n_lost :]
            return raw

        with samples.passing_folder(folder / str(name)) as data:
            _damage(form, TABLES[form].file, change, data)

    folder.mkdir(parents=True)
    search()


def _too_long(folder: Path) -> None:
    """A table beyond the limit is refused in words that name the option; the limit raised, it is read."""
    folder.mkdir(parents=True)
    path = folder / "timeStamps.csv"
    lines = 2000
    path.write_bytes(
        b"Frame Number,Time Stamp (ms),Buffer Index\n" + b"".join(b"%d,%d,0\n" % (k, 33 * k) for k in range(lines))
    )
    limits.choose({"table_rows": lines - 1})
    table, (finding,) = read_time_table(path, "timeStamps.csv")
    assert table is None
    assert "--limits table_rows=" in finding.sentence
    limits.choose({"table_rows": lines + 1})
    table, findings = read_time_table(path, "timeStamps.csv")
    limits.choose({})
    assert table is not None
    assert not findings
    assert (table.time_s * 1000).round().tolist() == [33.0 * k for k in range(lines)]


def _cut_counter(folder: Path) -> None:
    """Of a last line that has no end the last field is not taken: `419` may have been `4191`."""
    folder.mkdir(parents=True)
    path = folder / "timeStamps.csv"
    path.write_bytes(b"Frame Number,Time Stamp (ms),Buffer Index,DAQ Frame Number\n0,1,0,4189\n1,34,0,4190\n2,67,0,419")
    table, findings = read_time_table(path, "timeStamps.csv")
    assert table is not None
    assert table.hardware_count is not None
    assert table.hardware_count.tolist() == [4189, 4190, -1]
    assert findings


def _ten_million_rows(folder: Path) -> None:
    folder.mkdir(parents=True)
    path = folder / "timeStamps.csv"
    n_rows = limits.TABLE_ROWS.usual - 1
    with path.open("wb") as file:
        file.write(b"Frame Number,Time Stamp (ms),Buffer Index\n")
        for first in range(0, n_rows, 1_000_000):
            file.write(b"".join(b"%d,%d,0\n" % (k, 33 * k) for k in range(first, min(first + 1_000_000, n_rows))))
    table, findings = read_time_table(path, "timeStamps.csv")
    assert table is not None
    assert not findings
    assert np.array_equal(table.frame_number, np.arange(n_rows))
    assert np.array_equal(table.time_s, 33 * np.arange(n_rows) / 1000)


def _cases(tier: Tier) -> Iterable[Case]:
    files, forms = _files(), list(TABLES)
    for k, (name, change) in enumerate(KNOWN.items()):
        # every damage on every table in the full tier, on one of them in the fast one
        one = forms[(k // 6 + k) % 6]
        for form, file in dict.fromkeys(files) if tier is Tier.FULL else [(one, TABLES[one].file)]:
            yield Case(f"{form}-{file}-{name}", partial(_damage, form, file, change))
    for seed in range(_RANDOM_CASES[tier]):
        form, file = files[seed % len(files)]
        yield Case(f"{form}-{file}-{seed}", partial(_random, form, file, seed))
    for form in TABLES:
        yield Case(f"{form}-searched", partial(_searched, form, 11, _EXAMPLES[tier]))
    yield Case("too many lines", _too_long)
    yield Case("counter cut off", _cut_counter)
    if tier is Tier.FULL:
        yield Case("ten million lines", _ten_million_rows)


ROW = Row(
    name="R11",
    title="a damaged table",
    promise="no stamp is misread: read as its lines are written, or a finding names what is wrong",
    cases=_cases,
)
