from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.demo.open_ephys_text import quoted
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.open_ephys_log import read_log

HEADER = b"Timestamp,FrameNumber,Level,Message\r\n"
END = b"2026-07-30 14:59:27.126,216,Info,Recording stopped\r\n"


@pytest.fixture
def read(tmp_path):
    def read_raw(raw):
        (tmp_path / "run_0.log").write_bytes(raw)
        return read_log(tmp_path / "run_0.log", "run_0.log")

    return read_raw


def test_messages_with_their_moments(read):
    entries, findings = read(HEADER + b"2026-07-30 14:59:23.921,118,Info,Recording started\r\n" + END)
    assert findings == ()
    assert [(e.local, e.frame_count, e.level, e.text) for e in entries] == [
        (datetime(2026, 7, 30, 14, 59, 23, 921_000), 118, "Info", "Recording started"),  # noqa: DTZ001
        (datetime(2026, 7, 30, 14, 59, 27, 126_000), 216, "Info", "Recording stopped"),  # noqa: DTZ001
    ]


@pytest.mark.parametrize(
    ("level", "message", "change"),
    [
        ("PropertyChanged", "Focus: -12.5", ("Focus", "-12.5")),
        ("PropertyChanged", "Sensor Gain: High: x", ("Sensor Gain", "High: x")),
        ("PropertyChanged", "Focus", None),
        ("Info", "Saved image to C:\\x: y", None),
    ],
)
def test_only_what_tells_a_change_is_one(read, level, message, change):
    entries, _ = read(HEADER + f"2026-07-30 14:59:24.000,118,{level},{message}\r\n".encode() + END)
    assert entries[0].change == change


@pytest.mark.parametrize(
    "line",
    [
        b"x,1,Info,a",
        b"2026-02-30 00:00:00.000,1,Info,a",
        b"2026-07-30 14:59:23.921,1,Info",
        b"2026-07-30 14:59:23.921,1,Info,a,b",
    ],
)
def test_lines_that_cannot_be_read_are_told(read, line):
    entries, (finding,) = read(HEADER + line + b"\r\n" + END)
    assert [entry.message for entry in entries] == ["Recording stopped"]
    assert (finding.code, finding.numbers["first_line"]) == (Code.ROW_UNREADABLE, 2)


def test_a_message_that_is_too_long(read):
    for n_chars in (limits.NOTE_CHARS + 1, 200_000):
        line = b'2026-07-30 14:59:23.921,1,Info,"' + b"x" * n_chars + b'"\r\n'
        entries, (finding,) = read(HEADER + line + END)
        assert (len(entries), finding.code) == (1, Code.ROW_UNREADABLE)


@pytest.mark.parametrize("raw", [HEADER, HEADER + END[:-30], HEADER + b'2026-07-30 14:59:24.000,1,Info,"cut'])
def test_a_log_without_end(read, raw):
    assert read(raw)[1][-1].code is Code.RECORDING_UNFINISHED


@pytest.mark.parametrize("raw", [b"", b"a,b\n", b"Timestamp,Message\n"])
def test_what_is_no_log(read, raw):
    entries, (finding,) = read(raw)
    assert (entries, finding.code) == ((), Code.TABLE_FORMAT)


# what .NET can put into a message, but for the NUL that no text file may hold
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=60), max_size=5))
def test_every_message_comes_back(tmp_path_factory, messages):
    path = tmp_path_factory.getbasetemp() / "valid.log"
    lines = [f"2026-07-30 14:59:24.000,{k},Warning,{quoted(text)}\r\n" for k, text in enumerate(messages)]
    path.write_bytes(HEADER + "".join(lines).encode() + END)
    entries, findings = read_log(path, "x")
    assert [entry.message for entry in entries] == [*messages, "Recording stopped"]
    assert findings == ()


@given(st.binary(max_size=300))
def test_no_bytes_raise(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "random.log"
    path.write_bytes(HEADER + raw)
    entries, findings = read_log(path, "x")
    assert entries or findings
