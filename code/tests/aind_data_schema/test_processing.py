import datetime as dt
import json
import os
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from aind_data_schema.core.processing import Processing

from miniscope_to_nwb_zarr import __version__
from miniscope_to_nwb_zarr.aind_data_schema import processing, provenance
from miniscope_to_nwb_zarr.aind_data_schema.bundle import make_bundle
from miniscope_to_nwb_zarr.aind_data_schema.provenance import Pipeline, Program, Provenance
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.errors import MetadataError
from miniscope_to_nwb_zarr.core.receipt import FileEntry

STARTED = dt.datetime(2026, 11, 20, 20, 5, 7, 900_000, dt.UTC)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
MADE = Provenance(
    program=Program(__version__, COMMIT, python="3.11.7"),
    pipeline=Pipeline(),
    parameters={"combine": "none", "chunk_mb": 12.0, "metadata": False, "subject_id": None, "sizes": (1, 2)},
    sources=(FileEntry("HPC/0.avi", 10, "a" * 64), FileEntry("HPC/1.avi", 11, "")),
    started=STARTED,
    ended=STARTED + dt.timedelta(hours=13),
    store="m770001_2026-03-14_09-26-53.nwb.zarr",
)
ONLY_METADATA = replace(
    MADE, store=None, started=STARTED + dt.timedelta(days=2), ended=STARTED + dt.timedelta(days=2, seconds=1)
)
REPOSITORY = Path(__file__).resolve().parents[3]


def processing_of(session, sidecar, made):
    return json.loads(processing.make(session, sidecar, made).model_dump_json(exclude_none=True))


def test_a_conversion_says_what_was_done_by_what_to_what(session, filled):
    told = processing_of(session(), filled(), MADE)
    (process,) = told["data_processes"]
    assert process["process_type"] == "File format conversion"
    assert (process["start_date_time"], process["end_date_time"]) == (
        "2026-11-20T12:05:07-08:00", "2026-11-21T01:05:07-08:00"
    )  # fmt: skip
    assert process["output_path"] == MADE.store
    assert process["experimenters"] == []
    code = process["code"]
    assert (code["name"], code["version"], code["commit_hash"]) == ("miniscope-to-nwb-zarr", __version__, COMMIT)
    assert (code["language"], code["language_version"]) == ("Python", "3.11.7")
    assert code["input_data"] == [{"object_type": "Data asset", "name": "m770001_2026-03-14_09-26-53"}]
    assert code["parameters"] == {
        "combine": "none",
        "chunk_mb": 12.0,
        "metadata": False,
        "sizes": [1, 2],
        "source_files": [
            {"path": "HPC/0.avi", "size_bytes": 10, "sha256": "a" * 64},
            {"path": "HPC/1.avi", "size_bytes": 11},
        ],
    }
    assert "pipelines" not in told


def test_nobody_is_made_responsible(session):
    (process,) = processing_of(session(), Sidecar(), MADE)["data_processes"]
    assert process["experimenters"] == []


def test_a_commit_that_is_not_known_is_left_out(session, filled):
    (process,) = processing_of(session(), filled(), replace(MADE, program=Program("9.9")))["data_processes"]
    assert "commit_hash" not in process["code"]
    assert "not committed" not in process["notes"]
    changed = replace(MADE, program=replace(MADE.program, is_changed=True))
    (process,) = processing_of(session(), filled(), changed)["data_processes"]
    assert "not committed" in process["notes"]


def test_combined_recordings_are_all_inputs(session, recording, filled):
    first = recording()
    second = recording(first.start + dt.timedelta(hours=2), offset_s=7200.0)
    (process,) = processing_of(session(first, second), filled(), MADE)["data_processes"]
    assert [asset["name"] for asset in process["code"]["input_data"]] == [
        "m770001_2026-03-14_09-26-53", "m770001_2026-03-14_11-26-53"
    ]  # fmt: skip


def test_the_pipeline_is_named_where_its_environment_names_it(session, filled):
    stated = {"PIPELINE_NAME": " miniscopes ", "PIPELINE_VERSION": "1.2.0", "PIPELINE_URL": "https://example.org/p"}
    pipeline = provenance.pipeline_of(stated)
    told = processing_of(session(), filled(), replace(MADE, pipeline=pipeline))
    (listed,) = told["pipelines"]
    assert (listed["name"], listed["version"], listed["url"]) == ("miniscopes", "1.2.0", "https://example.org/p")
    assert told["data_processes"][0]["pipeline_name"] == "miniscopes"


@pytest.mark.parametrize("left_out", ["PIPELINE_NAME", "PIPELINE_URL"])
def test_a_pipeline_that_the_schema_cannot_hold_stands_in_words(session, filled, left_out):
    stated = {"PIPELINE_NAME": "miniscopes", "PIPELINE_VERSION": "1.2.0", "PIPELINE_URL": "https://example.org/p"}
    del stated[left_out]
    told = processing_of(session(), filled(), replace(MADE, pipeline=provenance.pipeline_of(stated)))
    assert "pipelines" not in told
    assert all(text in told["data_processes"][0]["notes"] for text in stated.values())


def test_no_pipeline_is_made_up(session, filled):
    assert provenance.pipeline_of({"PIPELINE_NAME": "", "PIPELINE_URL": " "}) == Pipeline()
    assert "pipeline" not in str(processing_of(session(), filled(), MADE))


def test_metadata_after_a_conversion_keeps_it_and_only_the_last_of_their_own(session, filled):
    text = processing.make(session(), filled(), MADE).model_dump_json()
    for _ in range(2):
        told = processing.make(session(), filled(), replace(ONLY_METADATA, former=text))
        text = told.model_dump_json()
    conversion, metadata = told.data_processes
    assert conversion == processing.make(session(), filled(), MADE).data_processes[0]
    assert (metadata.process_type, metadata.name, metadata.output_path) == ("Other", "Metadata files", None)
    assert "no frame was decoded" in metadata.notes
    assert "reordered" not in str(told.notes)


def test_a_pipeline_is_kept_as_long_as_what_it_did(session, filled):
    first, second = (Pipeline(name, "1.0.0", f"https://example.org/{name}") for name in ("one", "two"))
    text = processing.make(session(), filled(), replace(MADE, pipeline=first)).model_dump_json()
    text = processing.make(session(), filled(), replace(ONLY_METADATA, pipeline=second, former=text)).model_dump_json()
    told = processing.make(session(), filled(), replace(ONLY_METADATA, former=text))
    assert [pipeline.name for pipeline in told.pipelines] == ["one"]


def test_what_is_known_of_a_store_besides_is_kept(session, filled):
    first = processing.make(session(), filled(), replace(ONLY_METADATA, notes="made by version 0.1.0"))
    again = processing.make(session(), filled(), replace(ONLY_METADATA, former=first.model_dump_json()))
    assert again.notes == "made by version 0.1.0"


def test_it_reads_back_and_is_held_against_the_session(session, filled):
    made = make_bundle(session(), filled(), MADE.ended, MADE)
    assert Processing.model_validate_json(made.files["processing.json"]) == made.models["processing.json"]
    early = replace(MADE, started=dt.datetime(2026, 3, 14, 9, tzinfo=dt.UTC))
    with pytest.raises(MetadataError, match="before the session ended"):
        make_bundle(session(), filled(), MADE.ended, early)
    with pytest.raises(MetadataError, match="before its start"):
        make_bundle(session(), filled(), MADE.ended, replace(MADE, ended=STARTED - dt.timedelta(hours=1)))


def test_without_a_fact_of_the_lab_it_is_made_all_the_same(session):
    made = make_bundle(session(subject=None), Sidecar(), MADE.ended, MADE)
    assert set(made.files) == {"processing.json"}


def git(folder, *words):
    name = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    return subprocess.run(["git", *name, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A git repository that holds the module; the program asks git about this one."""
    package = tmp_path / "repository" / "package"
    (package / "aind_data_schema").mkdir(parents=True)
    module = package / "aind_data_schema" / "provenance.py"
    module.write_text("1")
    monkeypatch.setattr(provenance, "_HERE", module)
    monkeypatch.setattr(provenance, "_COMMIT_OF_ARCHIVE", "$Format" + ":%H$")
    return module


def test_the_commit_is_that_of_the_checkout(checkout):
    assert provenance.this_program.__wrapped__() == Program(
        __version__, None, python=provenance.platform.python_version()
    )
    folder = checkout.parents[2]
    git(folder, "init", "-q")
    (folder / "other").write_text("1")
    git(folder, "add", "other")
    git(folder, "commit", "-q", "-m", "without the program")
    # in a repository, and none of it: as an installed package in somebody's project
    assert provenance.this_program.__wrapped__().commit is None
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "with it")
    found = provenance.this_program.__wrapped__()
    assert (found.commit, found.is_changed) == (git(folder, "rev-parse", "HEAD"), False)
    checkout.write_text("2")
    assert provenance.this_program.__wrapped__().is_changed


def test_a_release_archive_carries_its_commit(checkout, monkeypatch):
    monkeypatch.setattr(provenance, "_COMMIT_OF_ARCHIVE", COMMIT)
    assert provenance.this_program.__wrapped__().commit == COMMIT


def test_the_archive_is_told_to_put_its_commit_in():
    module = Path(provenance.__file__).resolve()
    if not (REPOSITORY / ".git").exists():
        pytest.skip("only a git checkout has attributes")
    listed = git(REPOSITORY, "check-attr", "export-subst", "--", str(module))
    assert listed.endswith("export-subst: set")
    archived = subprocess.run(
        ["git", "archive", "HEAD", os.path.relpath(module, REPOSITORY)], cwd=REPOSITORY, check=True, capture_output=True
    ).stdout
    assert f'"{git(REPOSITORY, "rev-parse", "HEAD")}"'.encode() in archived


def test_the_address_of_the_code_is_the_one_that_the_project_states():
    project = tomllib.loads((REPOSITORY / "code" / "pyproject.toml").read_text())["project"]
    assert project.get("urls", {}).get("Repository") == provenance.REPOSITORY
