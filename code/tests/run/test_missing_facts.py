import json
from datetime import timedelta

import pytest

from miniscope_to_nwb_zarr.aind_data_schema import templates
from miniscope_to_nwb_zarr.run.main import main
from tests.recordings import CAMERA, SCOPE, SECOND_SCOPE, SMALL, small_recording

CSV = "subject_id,species,sex,date_of_birth,genotype\nM1,Mus musculus,F,2025-12-01,wt/wt\nM2,Mus musculus,M,,wt/wt\n"


@pytest.fixture
def three(tmp_path):
    for animal in ("M1", "M2", "M3"):
        small_recording(tmp_path / "data", animal=animal)
    (tmp_path / "animals.csv").write_text(CSV)
    return [
        "--data_dir", str(tmp_path / "data"), "--results_dir", str(tmp_path / "results"),
        "--subjects", str(tmp_path / "animals.csv"), "--dry_run", "True",
    ]  # fmt: skip


def listed(said):
    return [line.strip() for line in said.err.splitlines() if line.startswith("  ")]


def test_all_missing_facts_of_all_sessions_are_one_message(three, capsys):
    assert main(three, {}) == 0
    said = capsys.readouterr()
    assert said.err.count("some metadata files cannot be made") == 1
    assert "animals.csv: has no row for the animal M3; it has M1, M2" in said.err
    lines = listed(said)
    assert len(lines) == len(set(lines))
    assert (
        "all 3 sessions lack acquisition.json: the kind of session is not known; "
        "add a line like `acquisition_type: Open field exploration` under `session:`"
    ) in lines
    assert (
        "2 sessions (M2_2026-03-14_09-26-53, M3_2026-03-14_09-26-53) lack subject.json: "
        "the date of birth is not known; add a line like `date_of_birth: 2025-12-01` under `subject:`"
    ) in lines
    assert (
        "M3_2026-03-14_09-26-53 lacks subject.json: the animal's sex is not known; "
        "add a line like `sex: F` under `subject:`"
    ) in lines


def test_machines_are_told_fact_by_fact(three, capsys):
    assert main([*three, "--json", "True"], {}) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    facts = [line for line in told if line["type"] == "missing_fact"]
    (born,) = (fact for fact in facts if "date of birth" in fact["reason"])
    assert born["files"] == ["subject.json"]
    assert born["sessions"] == ["M2_2026-03-14_09-26-53", "M3_2026-03-14_09-26-53"]


def test_a_run_that_requires_all_facts_stops_there(three, capsys, tmp_path):
    assert main([*three[:-2], "--require_metadata", "True"], {}) == 3
    said = capsys.readouterr()
    assert "--require_metadata True asks for all of them; nothing was written" in said.err
    assert listed(said)
    assert not list((tmp_path / "results").glob("M*"))


def test_a_rat_is_said_in_words_where_all_facts_are_required(three, capsys, tmp_path):
    (tmp_path / "animals.csv").write_text(CSV.replace("M2,Mus musculus", "M2,Rattus norvegicus"))
    assert main([*three, "--require_metadata", "True"], {}) == 3
    (line,) = (line for line in listed(capsys.readouterr()) if "Rattus" in line)
    assert line.startswith("M2_2026-03-14_09-26-53 lacks subject.json: the schema describes mice only")


def test_after_the_work_a_rat_is_no_missing_fact(three, capsys, tmp_path):
    (tmp_path / "animals.csv").write_text(CSV.replace("M2,Mus musculus", "M2,Rattus norvegicus"))
    assert main([*three[:-2], "--metadata", "True"], {}) == 0
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "left out, because the schema" in line)
    assert line == (
        "warning: M2_2026-03-14_09-26-53 lacks subject.json: left out, because the schema describes mice only, and the "
        "animal is Rattus norvegicus; the NWB file holds what is known"
    )


def test_a_single_session_is_not_named_in_every_line(three, capsys, tmp_path):
    (folder,) = {path.parent.parent for path in (tmp_path / "data").rglob("notes.csv") if "M1" in str(path)}
    assert main([*three, "--data_dir", str(folder)], {}) == 0
    lines = listed(capsys.readouterr())
    assert lines
    assert all(line.split()[0].endswith(".json:") for line in lines)


def test_nothing_is_said_where_nothing_is_missing(three, capsys, tmp_path):
    text = templates.example()
    before, _, after = text.partition("subject:\n")
    lab = tmp_path / "lab.yml"
    lab.write_text(before + after[after.index("session:") :])
    (tmp_path / "animals.csv").write_text(CSV.replace("M,,", "M,2025-12-01,") + "M3,Mus musculus,M,2025-12-01,wt/wt\n")
    # the example has lines for a second scope: one session that has it is enough
    small_recording(
        tmp_path / "data/both",
        animal="M1",
        start=SMALL.start + timedelta(days=1),
        devices=(SCOPE, SECOND_SCOPE, CAMERA),
    )
    assert main([*three, "--session_metadata", str(lab), "--require_metadata", "True"], {}) == 0
    assert capsys.readouterr().err == ""
