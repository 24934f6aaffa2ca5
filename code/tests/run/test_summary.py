import json
from datetime import UTC, datetime, timedelta

import pytest

from miniscope_to_nwb_zarr.core.errors import ExitCode
from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.run.summary import RunFolder, SessionResult, exit_code_of

NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)
GAP = Finding(Code.GAP, Severity.WARNING, "HPC", "no frame for 1.2 s", {"row": 40})


def result(code=ExitCode.DONE, name="M1"):
    return SessionResult(name, code, "written" if code is ExitCode.DONE else "failed", "where or why", findings=(GAP,))


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((0,), 0),
        ((0, 0), 0),
        ((3,), 3),
        ((3, 3), 3),
        ((5, 5), 5),
        ((6,), 6),
        ((75,), 75),
        ((0, 3), 4),
        ((0, 5), 4),
        ((3, 5), 4),
        ((0, 75), 75),
        ((75, 3), 4),
        ((0, 1, 75), 1),
    ],
)
def test_the_exit_code_of_a_run_sums_up_its_sessions(codes, expected):
    assert exit_code_of([result(ExitCode(code)) for code in codes]) == expected


def test_a_run_leaves_events_as_they_came_and_a_summary(tmp_path):
    run = RunFolder(tmp_path, {"combine": "none"}, ["M1", "M2"], NOW)
    assert run.path.name.startswith("run-")
    plan, own = run.path.name.removeprefix("run-").split("-")
    assert (len(plan), len(own)) == (8, 8)
    run.event("session", result(name="müde").as_json(), NOW)
    code = run.finish([result(), result(ExitCode.CONFLICT)], [GAP], NOW + timedelta(seconds=3))
    assert code is ExitCode.SOME_FAILED
    lines = [json.loads(line) for line in (run.path / "run.jsonl").read_text("utf-8").splitlines()]
    assert [line["type"] for line in lines] == ["session", "summary"]
    assert lines[0]["session"] == "müde"
    summary = json.loads((run.path / "summary.json").read_text("utf-8"))
    assert summary["exit_code"] == 4
    assert [one["outcome"] for one in summary["sessions"]] == ["written", "failed"]
    assert summary["sessions"][0]["findings"] == summary["findings"] == [GAP.as_json()]
    assert (summary["began"], summary["ended"]) == ("2026-03-14T09:00:00+00:00", "2026-03-14T09:00:03+00:00")
    assert summary["options"] == {"combine": "none"}


def test_a_run_that_was_stopped_says_so(tmp_path):
    run = RunFolder(tmp_path, {}, [], NOW)
    assert run.finish([result()], (), NOW, ExitCode.TERMINATED) is ExitCode.TERMINATED
    assert json.loads((run.path / "summary.json").read_text("utf-8"))["exit_code"] == 143


def test_runs_of_the_same_plan_have_folders_of_their_own(tmp_path):
    names = [RunFolder(tmp_path, {"a": 1}, sessions, NOW).path.name for sessions in (["x", "y"], ["y", "x"])]
    assert len(set(names)) == 2
    assert len({name[:12] for name in names}) == 1
    assert RunFolder(tmp_path, {"a": 2}, ["x", "y"], NOW).path.name[:12] != names[0][:12]
