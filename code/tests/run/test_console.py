import io
import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.text import visible
from miniscope_to_nwb_zarr.run.console import Console
from miniscope_to_nwb_zarr.run.rows import PlanRow, ResultRow

PLAN = PlanRow("m1_2025-06-12_15-15-04", "HPC_miniscope1", 53614, 29.8, 7_100_000_000, 4_000_000_000, 702, "")
RESULT = ResultRow("m1_2025-06-12_15-15-04", "written", 53614, 65.0, 4_000_000_000, 1, "../results/m1", "1 error")
FINDING = Finding(Code.GAP, Severity.WARNING, "HPC/timeStamps.csv", "no frame for 1.2 s after row 40")


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def streams():
    return io.StringIO(), io.StringIO()


def console_on(streams, **settings):
    return Console(stdout=streams[0], stderr=streams[1], **settings)


def texts(streams):
    return streams[0].getvalue(), streams[1].getvalue()


def test_plan_table(streams):
    console_on(streams).plan_table([PLAN])
    out, err = texts(streams)
    title, row = out.splitlines()
    titles = ["session", "device", "frames", "minutes", "raw", "size, about", "chunks", "findings"]
    assert re.split(r"  +", title.strip()) == titles
    assert re.split(r"  +", row.strip()) == [
        PLAN.session,
        PLAN.device,
        "53,614",
        "29.8",
        "7.1 GB",
        "4.0 GB",
        "702",
        "-",
    ]
    assert not err


def test_result_table(streams):
    console_on(streams).result_table([RESULT, replace(RESULT, n_findings=0, findings="")])
    title, row, sound = (re.split(r"  +", line.strip()) for line in texts(streams)[0].splitlines())
    assert title == ["session", "outcome", "frames", "time", "size", "findings", "where or why"]
    assert row == [
        "m1_2025-06-12_15-15-04", "written", "53,614", "1 min 05 s", "4.0 GB", "1 error", "../results/m1"
    ]  # fmt: skip
    assert sound[5] == "-"


def test_a_long_reason_is_wrapped_where_there_is_no_terminal_and_a_place_is_left_whole(streams):
    place = f"../results/{'m' * 70}"
    failed = replace(RESULT, outcome="failed", message="the disk is full and " * 20 + f"see {place}")
    console_on(streams).result_table([failed, RESULT])
    lines = texts(streams)[0].splitlines()
    assert max(map(len, lines)) < 180
    assert any(place in line for line in lines)
    short = replace(failed, message="the disk is full and " * 20)
    streams[0].truncate(0)
    streams[0].seek(0)
    console_on(streams).result_table([short])
    assert max(map(len, texts(streams)[0].splitlines())) <= 140


def test_a_table_without_rows_is_its_titles(streams):
    console_on(streams).result_table([])
    assert texts(streams)[0].startswith("session")


def test_frames_have_no_column_where_none_are_counted(streams):
    console = console_on(streams)
    console.plan_table([replace(PLAN, frames=0, minutes=0.0)])
    console.result_table([replace(RESULT, frames=0)])
    titles = [line for line in texts(streams)[0].splitlines() if line.startswith("session")]
    assert len(titles) == 2
    assert not [line for line in titles if "frames" in line or "minutes" in line]


def test_a_place_in_an_nwb_file_is_joined_with_one_slash(streams):
    console_on(streams).finding(replace(FINDING, where="/acquisition/video"), "m1")
    assert texts(streams)[1].startswith("warning: m1/acquisition/video: ")


def test_standard_output_is_nothing_but_json_when_asked(streams):
    console = console_on(streams, json=True)
    console.info("hello")
    console.finding(FINDING, "m1")
    console.plan_table([PLAN])
    console.result_table([RESULT])
    console.summary(4, "1 of 2 sessions failed", {"failed": 1})
    out, err = texts(streams)
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["type"] for event in events] == ["finding", "plan", "result", "summary"]
    assert events[0]["session"] == "m1"
    assert Finding.from_json(events[0]) == FINDING
    assert events[1]["frames"] == 53614
    assert events[3] == {"type": "summary", "sentence": "1 of 2 sessions failed", "failed": 1, "exit_code": 4}
    assert err.splitlines() == ["hello", "warning: m1/HPC/timeStamps.csv: no frame for 1.2 s after row 40"]


def test_json_is_strict_whatever_is_in_it(streams):
    event = {
        "not a number": math.nan,
        "numpy": np.float32(0.5),
        "array": np.array([1, 2]),
        "path": Path("a"),
        "time": datetime(2025, 6, 12, tzinfo=UTC),
        "severity": Severity.INFO,
        "set": {1},
        "line": "a\nb\u2028c",
    }
    console_on(streams, json=True).event(event)
    (line,) = texts(streams)[0].splitlines()
    assert json.loads(line) == {
        "not a number": None,
        "numpy": 0.5,
        "array": [1, 2],
        "path": "a",
        "time": "2025-06-12 00:00:00+00:00",
        "severity": "info",
        "set": [1],
        "line": "a\nb\u2028c",
    }


def test_events_are_silent_for_people(streams):
    console_on(streams).event({"type": "anything"})
    assert texts(streams) == ("", "")


def test_quiet_leaves_only_warnings_and_errors(streams):
    console = console_on(streams, quiet=True, clock=(clock := Clock()))
    console.info("hello")
    console.plan_table([PLAN])
    console.result_table([RESULT])
    console.finding(Finding(Code.FILE_IGNORED, Severity.INFO, "._0.avi", "ignored"))
    console.summary(0, "done")
    with console.progress(100, 100, "m1") as advance:
        clock.now_s = 60
        advance(50, 50)
    console.warn("look")
    console.error("broken")
    assert texts(streams) == ("", "warning: look\nerror: broken\n")


def test_text_of_recordings_cannot_speak_to_the_terminal():
    streams = Terminal(), Terminal()
    evil = "a\x1b[2J\r[bold red]b[/bold red]\u202e:smile:\x07"
    console = console_on(streams)
    console.warn(evil)
    console.finding(Finding(Code.GAP, Severity.INFO, evil, evil), evil)
    console.plan_table([PlanRow(evil, evil, 1, 1.0, 1, 1, 1, evil)])
    console.summary(0, evil)
    written = "".join(texts(streams))
    for harm in ("\x1b[2J", "\r", "\u202e", "\x07", "\U0001f604"):
        assert harm not in written
    assert "[bold red]b[/bold red]" in written


@given(st.text())
def test_visible_text_is_one_printable_line(text):
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")
    assert visible(shown) == shown


@pytest.mark.parametrize("text", ["Maus ä 5.avi", "小鼠", "a [b] \\ c"])
def test_ordinary_text_is_left_alone(text):
    assert visible(text) == text


def test_a_log_in_an_old_encoding_gets_escapes():
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console(stdout=out, stderr=io.StringIO())
    console.summary(0, "小鼠 done")
    out.flush()
    assert out.buffer.getvalue() == b"\\u5c0f\\u9f20 done\n"


def test_a_long_line_of_a_log_is_not_broken(streams):
    console_on(streams).warn("word " * 200)
    assert len(texts(streams)[1].splitlines()) == 1


def test_a_log_gets_a_line_at_most_every_ten_seconds(streams):
    clock = Clock()
    with console_on(streams, clock=clock).progress(4000, 1_440_000_000, "m1") as advance:
        for _ in range(35):
            clock.now_s += 1
            advance(100, 36_000_000)
    lines = texts(streams)[1].splitlines()
    assert len(lines) == 3
    assert lines[0] == "m1: 1,000 of 4,000 frames (25 %), 100 frames/s, 36.0 MB/s, 30 s left"


def test_a_terminal_gets_bars_also_from_several_threads():
    streams = Terminal(), Terminal()
    console = console_on(streams)

    def work(label):
        with console.progress(10, 10, label) as advance:
            for _ in range(10):
                advance(1, 1)

    with console.progress(10, 10, "[m0]") as advance:
        threads = [Thread(target=work, args=(f"m{i}",)) for i in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        advance(10, 10)
    out, err = texts(streams)
    for label in ("[m0]", "m1", "m2"):
        assert label in err
    assert not out


def test_an_error_in_the_work_ends_its_bar():
    streams = Terminal(), Terminal()
    console = console_on(streams)
    with pytest.raises(OSError, match="disk"), console.progress(1, 1, "m1"):
        raise OSError("disk")
    with console.progress(1, 1, "m2"):
        pass
    assert "m2" in streams[1].getvalue()


def test_no_colour_is_respected(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    plain, coloured = (Terminal(), Terminal()), (Terminal(), Terminal())
    monkeypatch.delenv("NO_COLOR", raising=False)
    console_on(coloured).warn("look")
    monkeypatch.setenv("NO_COLOR", "1")
    console_on(plain).warn("look")
    assert "\x1b[33m" in coloured[1].getvalue()
    assert "\x1b[33m" not in plain[1].getvalue()
