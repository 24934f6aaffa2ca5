import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_file import parse_sidecar
from miniscope_to_nwb_zarr.aind_data_schema.templates import example
from miniscope_to_nwb_zarr.core.errors import ConflictError, ExitCode, MetadataError
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from miniscope_to_nwb_zarr.run import main
from miniscope_to_nwb_zarr.run.phases import Phases
from miniscope_to_nwb_zarr.run.session_job import convert_session
from miniscope_to_nwb_zarr.run.session_store import build_session
from tests import defects
from tests.conversions import OPTIONS, convert, job, listing, sessions_in, staged
from tests.recordings import SCOPE, SMALL, small_recording

NOW = datetime(2026, 11, 20, 20, 5, 7, tzinfo=UTC)
METADATA = {"metadata_only": True, "output_options": OPTIONS | {"metadata": True}}
FILES = (
    "subject.json", "acquisition.json", "data_description.json", "instrument.json", "procedures.json",
    "processing.json", "quality_control.json",
)  # fmt: skip


@pytest.fixture(scope="module")
def facts():
    values = parse_sidecar(example(), "example").model_dump(mode="python", exclude_unset=True)
    values["subject"]["subject_id"] = SMALL.animal
    return Sidecar.model_validate(values)


def changed(sidecar, section, **lines):
    return sidecar.model_copy(update={section: getattr(sidecar, section).model_copy(update=lines)})


def told(outcome, name):
    return json.loads((outcome.output / name).read_text("utf-8"))


def statuses(outcome):
    return {m["name"]: m["status_history"][0]["status"] for m in told(outcome, "quality_control.json")["metrics"]}


def test_a_conversion_writes_all_seven_files(tiny, facts):
    outcome = convert(tiny.session, tiny.results, sidecar=facts)
    assert {path.name for path in outcome.output.glob("*.json")} == {*FILES, "receipt.json"}
    (process,) = told(outcome, "processing.json")["data_processes"]
    assert (outcome.output / process["output_path"]).is_dir()
    receipt = outcome.receipt
    assert process["code"]["parameters"]["source_files"] == [
        {"path": e.path, "size_bytes": e.size_bytes, "sha256": e.sha256} for e in receipt.sources
    ]
    assert process["code"]["parameters"]["behavior_video"] == "external"
    packaged = told(outcome, "data_description.json")["creation_time"]
    assert process["start_date_time"] <= process["end_date_time"] <= packaged
    found = statuses(outcome)
    assert {found[f"HPC_miniscope1: {name}"] for name in ("Frames stored", "Damaged frames")} == {"Pass"}
    assert found["Verification"] == "Pass"
    (shares,) = (m["value"] for m in told(outcome, "quality_control.json")["metrics"] if "Saturation" in m["name"])
    frames = [tiny.truth.devices[SCOPE.folder_name].frame(row) for row in range(SCOPE.n_frames)]
    assert shares["share"] == pytest.approx(sum((frame == 255).mean() for frame in frames) / SCOPE.n_frames)


def test_without_facts_processing_and_quality_are_written_all_the_same(done):
    assert {path.name for path in done.output.glob("*.json")} == {
        "procedures.json", "processing.json", "quality_control.json", "receipt.json"
    }  # fmt: skip


def test_damaged_frames_fail(tiny):
    defects.flip_bit(tiny.truth.folder / "HPC_miniscope1" / "0.avi", 9)
    outcome = convert(tiny.session, tiny.results)
    assert statuses(outcome)["HPC_miniscope1: Damaged frames"] == "Fail"


def test_metadata_alone_touches_no_frame(tmp_path, facts, capsys):
    truth = small_recording(tmp_path / "data")
    for video in (tmp_path / "data").rglob("*.avi"):
        content = bytearray(video.read_bytes())
        for offset, size in defects.payloads(video):
            content[offset : offset + size] = bytes(size)
        video.write_bytes(content)
    before = listing(tmp_path / "data")
    sidecar = tmp_path / "lab.json"
    sidecar.write_text(facts.model_dump_json(exclude_unset=True))
    words = ["--data_dir", tmp_path / "data", "--results_dir", tmp_path / "results", "--session_metadata", sidecar]
    assert main.main([str(word) for word in [*words, "--metadata", "True"]], {}) == ExitCode.DONE, capsys.readouterr()
    (output,) = (path.parent for path in (tmp_path / "results").glob("*/receipt.json"))
    assert {path.name for path in output.iterdir()} == {*FILES, "receipt.json"}
    metrics = json.loads((output / "quality_control.json").read_text("utf-8"))["metrics"]
    by_name = {metric["name"]: metric for metric in metrics}
    for spec in truth.spec.devices:
        assert by_name[f"{spec.folder_name}: Frames and rows"]["value"]["frames"] == spec.n_frames
    # what only frames can tell is not there
    assert not [name for name in by_name if name.endswith(("Saturation", "Damaged frames", "Frames stored"))]
    assert "Verification" not in by_name
    (process,) = json.loads((output / "processing.json").read_text("utf-8"))["data_processes"]
    assert (process["process_type"], process["name"]) == ("Other", "Metadata files")
    hashed = {file["path"] for file in process["code"]["parameters"]["source_files"] if "sha256" in file}
    assert hashed
    assert not [path for path in hashed if path.endswith(".avi")]
    assert listing(tmp_path / "data") == before
    # a conversion cannot do without the frames
    assert (
        main.main([str(word) for word in [*words, "--results_dir", tmp_path / "other"]], {}) == ExitCode.INVALID_INPUT
    )


@pytest.mark.parametrize("backend", ["zarr", "hdf5"])
def test_metadata_added_to_a_store_keep_what_is_known_of_it(tiny, facts, backend):
    defects.flip_bit(tiny.truth.folder / "HPC_miniscope1" / "0.avi", 9)
    first = convert(tiny.session, tiny.results, backend=backend)
    conversion, quality = told(first, "processing.json"), (first.output / "quality_control.json").read_bytes()
    again = convert(tiny.session, tiny.results, backend=backend, sidecar=facts, **METADATA)
    assert {path.name for path in again.output.glob("*.json")} == {*FILES, "receipt.json"}
    kept, added = told(again, "processing.json")["data_processes"]
    assert [kept] == conversion["data_processes"]
    assert (added["process_type"], "output_path" in added) == ("Other", False)
    # the checksums of the videos are known from before
    assert all("sha256" in file for file in added["code"]["parameters"]["source_files"])
    assert (again.output / "quality_control.json").read_bytes() == quality
    assert check_files(again.output, again.receipt, 1) == []


@pytest.mark.parametrize("existing", ["verify", "replace"])
@pytest.mark.parametrize("name", ["notes.csv", "HPC_miniscope1/0.avi"])
def test_metadata_of_other_files_are_not_put_beside_a_store(done, facts, existing, name):
    path = done.truth.folder / name
    path.write_bytes(path.read_bytes() + b"\n")
    (session,) = sessions_in(done.folder)
    before = listing(done.results)
    with pytest.raises(ConflictError, match=rf"made from other files \(1 changed, {name} first\).*--metadata True"):
        convert(session, done.results, sidecar=facts, existing=existing, **METADATA)
    assert listing(done.results) == before


@pytest.mark.parametrize("backend", ["zarr", "hdf5"])
def test_metadata_that_contradict_the_store_are_not_published(tiny, facts, backend):
    convert(tiny.session, tiny.results, sidecar=facts, backend=backend)
    before = listing(tiny.results)
    other = changed(changed(facts, "subject", sex="M"), "session", experimenters=("Roe, Richard", "Doe, Jane"))
    with pytest.raises(MetadataError) as caught:
        convert(tiny.session, tiny.results, sidecar=other, backend=backend, **METADATA)
    assert "the animal's sex is `F` in the NWB file, and `M` in subject.json" in str(caught.value)
    assert "who did the experiment" in str(caught.value)
    assert str(caught.value).endswith("with --existing replace")
    assert caught.value.exit_code is ExitCode.SOME_FAILED
    assert listing(tiny.results) == before


def test_metadata_that_agree_with_the_store_are_published(tiny, facts):
    two = changed(facts, "session", experimenters=("Roe, Richard", "Doe, Jane"))
    convert(tiny.session, tiny.results, sidecar=two)
    more = changed(two, "session", notes="The animal slept.")
    assert convert(tiny.session, tiny.results, sidecar=more, **METADATA).word == "written"


def test_a_store_of_version_0_1_0_is_told_of_in_words(done, facts):
    made_by_0_1_0 = ("processing.json", "quality_control.json")
    receipt = commit.read_receipt(done.output)
    for name in made_by_0_1_0:
        (done.output / name).unlink()
    files = tuple(entry for entry in receipt.files if entry.path not in made_by_0_1_0)
    (done.output / "receipt.json").write_text(replace(receipt, files=files, program_version="0.1.0").as_text())
    again = convert(done.session, done.results, sidecar=facts, **METADATA)
    (process,) = told(again, "processing.json")["data_processes"]
    assert process["name"] == "Metadata files"
    assert f"version 0.1.0 of the program, begun at {receipt.created}" in told(again, "processing.json")["notes"]
    assert "HPC_miniscope1: Gaps" in statuses(again)
    assert "Verification" not in statuses(again)


def convert_with(tiny, session, advance=lambda _frames, _bytes: None, nwbfile=None, **changes):
    phases = Phases()
    return convert_session(session, job(tiny.results, **changes), lambda: NOW, advance, phases, nwbfile)


@pytest.mark.usefixtures("in_process")
def test_a_contradiction_is_known_before_the_frames_are_written(tiny, facts):
    odd = replace(tiny.session, name="m9_2026-03-14_09-26-53")
    progress = []
    with pytest.raises(MetadataError, match="its animal is"):
        convert_with(tiny, odd, lambda frames, _: progress.append(frames), sidecar=facts)
    assert progress == []
    assert staged(tiny.results) == []
    assert list(tiny.results.iterdir()) == []


@pytest.mark.usefixtures("in_process")
def test_what_a_person_adds_to_the_nwb_file_may_not_contradict(tiny, facts):
    nwbfile = build_session(tiny.session, job(tiny.results, sidecar=facts), NOW)
    nwbfile.subject.fields["sex"] = "M"
    with pytest.raises(MetadataError, match="the animal's sex is `M` in the NWB file"):
        convert_with(tiny, tiny.session, nwbfile=nwbfile, sidecar=facts)


def test_a_store_is_not_made_again_because_metadata_were_added_to_it(tiny, facts):
    """The command that made the store finds it done; one that would say more in the store names the difference."""
    first = convert(tiny.session, tiny.results)
    added = convert(tiny.session, tiny.results, sidecar=facts, **METADATA)
    before = listing(added.output)
    again = convert(tiny.session, tiny.results)
    assert (again.word, again.receipt.parent is None) == ("already done", False)
    other = OPTIONS | {"session_metadata": "0" * 64}
    with pytest.raises(ConflictError, match="made without the facts given now"):
        convert(tiny.session, tiny.results, sidecar=facts, output_options=other)
    assert listing(first.output) == before


def test_a_store_follows_where_there_are_metadata_only(tiny, facts):
    convert(tiny.session, tiny.results, sidecar=facts, **METADATA)
    assert convert(tiny.session, tiny.results, sidecar=facts).word == "written"
