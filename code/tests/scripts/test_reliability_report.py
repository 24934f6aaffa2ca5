"""The table of the scorecard, from a log and from what was measured of others."""

import reliability_report as report


def test_the_headlines_count_what_was_run():
    held = {
        ("R1", "Miniscope DAQ-step-0-of-9"): True,
        ("R2", "all-0-of-120"): True,
        ("R1 analysis", "at-publishing"): False,
        ("R9", "flip-0"): True,
        ("R9", "flip-1"): False,
        ("R9", "truncate-1"): True,
        ("R18", "Miniscope DAQ-file-nothing"): True,
    }
    assert report.headlines(held) == [
        "- 1 of 3 kill points leave a half-written output under its final name.",
        "- 1 of 2 changes of one bit are found and named.",
        "- 0 of 1 runs delete or change a file that is not ours.",
    ]


def test_the_table_tells_each_row_beside_other_tools(monkeypatch):
    # rows whose cases are known without a conversion
    monkeypatch.setattr(report, "ROWS", {name: report.ROWS[name] for name in ("R1 analysis", "R7", "R26")})
    line = {"row": "R26", "case": "", "held": True, "commit": "abc", "date": "2026-11-30", "version": "0.1.0"}
    cases = [case.name for case in report.ROWS["R26"].cases(report.Tier.FULL)]
    others = {"date": "2026-11-21", "words": {"R7": {report.NEUROCONV: "0 fsync"}}}
    table = report.table_of([{**line, "case": case} for case in cases], others)
    assert f"| R26 | exit codes and JSON lines | {len(cases)} / {len(cases)} | does not apply: a library |" in table
    assert "| R1 analysis | killed at every step, analyses | - / - | does not apply: analyses nothing |" in table
    assert "| 0 fsync | not measured |" in table
    assert "commit abc, measured on 2026-11-30; 12 cases, promises broken: 0." in table
