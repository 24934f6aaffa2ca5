import json

from reliability_log import appending, read_log
from reliability_report import _told


def test_a_line_that_was_cut_costs_its_own_case_only(tmp_path):
    log = tmp_path / "logs" / "log.jsonl"
    with appending(log) as add:
        add({"row": "R1", "case": "a", "held": True})
        add({"row": "R1", "case": "b", "held": True})
    log.write_bytes(log.read_bytes()[:-40])
    with appending(log) as add:
        add({"row": "R1", "case": "c", "held": False})
    assert [(line["case"], line["held"]) for line in read_log(log)] == [("a", True), ("c", False)]
    assert read_log(tmp_path / "none") == []


def test_each_line_says_which_program_was_run_and_when(tmp_path):
    log = tmp_path / "log.jsonl"
    with appending(log) as add:
        add({"row": "R1", "case": "a", "held": True})
    (line,) = (json.loads(text) for text in log.read_text().splitlines())
    assert line["version"]
    assert len(line["date"]) == 10
    lines = [{**line, "date": date, "commit": "abc"} for date in ("2026-11-30", "2026-11-28", "2026-11-29")]
    assert _told(lines).endswith(", commit abc, measured on 2026-11-28 to 2026-11-30")
    assert _told(lines[:1]).endswith("measured on 2026-11-30")
