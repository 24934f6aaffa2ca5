import json
from dataclasses import replace

import pytest

from miniscope_to_nwb_zarr.aind_data_schema.metadata_service import CLIENT
from miniscope_to_nwb_zarr.core.errors import InputError, UsageError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.run.inputs import find_sessions, make_job, with_animals
from miniscope_to_nwb_zarr.run.options import Options
from tests.metadata_server import RECORD, serving
from tests.recordings import SCOPE, scope_recording, small_recording


def found(**options):
    chosen = Options.from_python(**options)
    return find_sessions(chosen, chosen.data_dir, make_job(chosen).sidecar)


def test_results_inside_an_asset_that_is_a_link_are_refused(tmp_path):
    scope_recording(tmp_path / "asset")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "asset").symlink_to(tmp_path / "asset")
    assert found(data_dir=tmp_path / "data", results_dir=tmp_path / "results").sessions
    with pytest.raises(UsageError, match="never written to"):
        found(data_dir=tmp_path / "data", results_dir=tmp_path / "asset" / "results")


def test_results_beside_the_files_of_a_loose_recording_are_refused(tmp_path):
    device = scope_recording(tmp_path / "data").folder / "HPC_miniscope1"
    loose = {"video_files": [device / "*.avi"], "start_time": "2026-03-14T09:26:53-07:00"}
    assert found(**loose, results_dir=tmp_path / "results").sessions
    with pytest.raises(UsageError, match="never written to"):
        found(**loose, results_dir=device / "results")


@pytest.fixture
def two(tmp_path):
    """Recordings of the animals M1 and m_2, and a function that tells what the lab says of each."""
    for animal in ("M1", "m_2"):
        small_recording(tmp_path / "data", animal=animal, devices=(replace(SCOPE, n_frames=5),))

    def read(lab="", animals="subject_id\n", table="animals.csv", **options):
        (tmp_path / "lab.yml").write_text(lab)
        (tmp_path / table).write_text(animals)
        files = {"session_metadata": tmp_path / "lab.yml", "subjects": tmp_path / table}
        chosen = Options.from_python(data_dir=tmp_path / "data", results_dir=tmp_path / "results", **files, **options)
        job = make_job(chosen)
        sessions = find_sessions(chosen, chosen.data_dir, job.sidecar).sessions
        warned = []
        job = with_animals(job, chosen, sessions, warned.append)
        return {session.subject_id: job.for_session(session) for session in sessions}, warned

    return read


def test_each_session_has_the_row_of_its_animal(two):
    jobs, warned = two("session: {lab: Doe Lab}", "subject_id,sex\nM1,F\nm_2,M\nM3,F\n")
    assert {animal: job.sidecar.subject.sex for animal, job in jobs.items()} == {"M1": "F", "m-2": "M"}
    assert {job.sidecar.session.lab for job in jobs.values()} == {"Doe Lab"}
    assert warned == []


def test_the_plan_of_a_session_follows_its_own_row_only(two):
    def plans(animals):
        return {animal: job.output_options["session_metadata"] for animal, job in two("", animals)[0].items()}

    before = plans("subject_id,sex\nM1,F\nm_2,M\n")
    # another order, another animal, a remark; then another fact of one of them
    assert plans("# all\nsubject_id,sex\nm_2,M\nM9,M\nM1,F\n") == before
    after = plans("subject_id,sex\nM1,F\nm_2,F\n")
    assert (after["M1"] == before["M1"], after["m-2"] == before["m-2"]) == (True, False)


def test_an_animal_without_a_row_is_named(two):
    jobs, (warning,) = two("subject: {species: Mus musculus}", "subject_id,sex\nM1,F\n")
    assert jobs["m-2"].sidecar.subject.model_dump(exclude_unset=True) == {"species": "Mus musculus"}
    assert "animals.csv: has no row for the animal m-2; it has M1" in warning


def test_two_files_that_differ_stop_before_anything_is_done(two, tmp_path):
    with pytest.raises(InputError, match=r"`subject.sex` is `M` in .*lab.yml, but `F` in .*animals.csv, line 2"):
        two("subject: {sex: M}", "subject_id,sex\nM1,F\n")
    assert not (tmp_path / "results").exists()


def test_a_scope_that_no_session_has_is_named(two):
    lab = "imaging: {scopes: [{name: HPC miniscope1, depth_um: 9}, {name: HPC miniscope2, depth_um: 8}]}"
    jobs, (warning,) = two(lab, "subject_id\nM1\nm_2\n")
    assert "lab.yml: `HPC miniscope2` (imaging.scopes) is not the name of a recorded scope" in warning
    assert warning.endswith("the recorded ones are HPC_miniscope1")
    assert len(jobs["M1"].sidecar.imaging.scopes) == 2


def test_two_files_may_each_say_a_part_of_one_scope(two):
    lab = "imaging: {location: CA1, scopes: {name: HPC miniscope1, depth_um: 1100}}"
    row = "imaging: {scopes: [{name: HPC miniscope1, location: CA3}, {name: Other, location: PL}]}"
    jobs, (warning,) = two(lab, f"- subject_id: M1\n  {row}\n- subject_id: m_2\n", table="animals.yml")
    first, _ = jobs["M1"].sidecar.imaging.scopes
    assert (first.name, first.depth_um, first.location) == ("HPC miniscope1", 1100, "CA3")
    assert [scope.location for scope in jobs["m-2"].sidecar.imaging.scopes] == [None]
    assert "animals.yml, line 1: `Other`" in warning
    with pytest.raises(
        InputError, match=r"imaging.scopes.HPC_miniscope1.depth_um` is `1100.0` in .*lab.yml, but `9.0`"
    ):
        two(lab, f"- subject_id: M1\n  {row.replace('location: CA3', 'depth_um: 9')}\n", table="animals.yml")


def test_one_animal_in_the_session_metadata_file_does_not_rename_recordings_of_others(two):
    with pytest.raises(InputError, match=r"`M1` in the session metadata file .*`m_2` in the recording m-2_2026"):
        two("subject: {subject_id: M1}")


def test_the_option_renames_all_recordings_and_says_so(two):
    jobs, _ = two("subject: {subject_id: M7}", subject_id="M7")
    assert set(jobs) == {"M7"}


@pytest.mark.parametrize("combine", ["none", "all"])
def test_the_session_metadata_file_names_a_recording_without_a_name(tmp_path, combine):
    small_recording(tmp_path / "data", animal="", devices=(replace(SCOPE, n_frames=5),))
    (tmp_path / "lab.yml").write_text("subject: {subject_id: m_7}")
    (session,) = found(data_dir=tmp_path / "data", session_metadata=tmp_path / "lab.yml", combine=combine).sessions
    assert (session.name, session.subject_label) == ("m-7_2026-03-14_09-26-53", "m_7")
    assert Code.SUBJECT_UNNAMED not in {finding.code for finding in session.findings}


def test_a_service_is_asked_once_for_each_animal_by_the_name_that_the_lab_uses(two):
    pytest.importorskip(CLIENT, reason="the optional extra metadata-service is not installed")
    with serving(body=json.dumps(RECORD).encode()) as (url, asked):
        jobs, (warning,) = two("", "subject_id,sex\nM1,M\nm_2,F\n", metadata_service=url)
    assert asked == ["/api/v2/subject/M1", "/api/v2/subject/m_2"]
    assert {job.sidecar.subject.species for job in jobs.values()} == {"Mus musculus"}
    assert {animal: job.sidecar.subject.sex for animal, job in jobs.items()} == {"M1": "M", "m-2": "F"}
    assert warning.endswith(f"but `F` in {url}; `M` is used")


def test_a_service_that_does_not_answer_changes_nothing(two):
    pytest.importorskip(CLIENT, reason="the optional extra metadata-service is not installed")
    without, _ = two("", "subject_id,sex\nM1,M\nm_2,F\n")
    jobs, (warning,) = two("", "subject_id,sex\nM1,M\nm_2,F\n", metadata_service="http://127.0.0.1:1")
    assert "no server answers there" in warning
    assert {animal: job.sidecar for animal, job in jobs.items()} == {a: job.sidecar for a, job in without.items()}
