import os
import shutil
import subprocess

import pytest

from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.errors import ConflictError, InputError, TemporaryError, VerificationError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.data_conversion import commit, disk
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from miniscope_to_nwb_zarr.run import session_job
from tests import defects
from tests.conversions import OPTIONS, convert, listing, sessions_in, staged
from tests.faults.harness import in_child

METADATA = {"metadata_only": True, "output_options": OPTIONS | {"metadata": True}}


def kept(results):
    return sorted((results / commit.REPLACED_FOLDER).glob("*"))


def test_the_receipt_tells_sources_files_versions_and_frames(done):
    receipt = commit.read_receipt(done.output)
    assert receipt == done.outcome.receipt
    sources = {entry.path: entry for entry in receipt.sources}
    for path, entry in sources.items():
        assert entry.sha256 == disk.hash_file(done.truth.folder / path)
    assert set(sources) >= {"metaData.json", "HPC_miniscope1/0.avi", "HPC_miniscope1/timeStamps.csv"}
    on_disk = {path.relative_to(done.output).as_posix() for path in done.output.rglob("*") if path.is_file()}
    assert {entry.path for entry in receipt.files} == on_disk - {"receipt.json"}
    assert [(series.name, series.n_frames) for series in receipt.series] == [("OnePhotonSeries_HPC_miniscope1", 25)]
    assert receipt.versions["zarr"]
    assert receipt.parent is None


def test_the_same_plan_again_writes_nothing(done):
    before = listing(done.results)
    outcome = convert(done.session, done.results)
    assert outcome.word == "already done"
    assert outcome.receipt == done.outcome.receipt
    assert listing(done.results) == before


@pytest.mark.parametrize("change", ["option", "source", "sidecar"])
def test_another_plan_is_a_conflict_and_nothing_is_touched(done, change):
    before = listing(done.results)
    options = {"output_options": OPTIONS | {"chunk_mb": 3}} if change == "option" else {}
    if change == "sidecar":
        options = {"sidecar": FACTS}
    if change == "source":
        notes = done.truth.folder / "notes.csv"
        notes.write_text(notes.read_text("utf-8").replace("left", "lift"), "utf-8")
    named = {
        "option": "--chunk_mb was None, is 3",
        "source": "1 source file.*notes.csv",
        "sidecar": "--session_metadata",
    }
    with pytest.raises(ConflictError, match=rf"{named[change]}.*--existing replace"):
        convert(done.session, done.results, **options)
    assert listing(done.results) == before
    assert staged(done.results) == []


def test_existing_error_refuses_even_the_same(done):
    before = listing(done.results)
    with pytest.raises(ConflictError, match="--existing error"):
        convert(done.session, done.results, existing="error")
    assert listing(done.results) == before


def test_existing_replace_keeps_the_former_to_the_byte(done):
    before = listing(done.output)
    outcome = convert(
        done.session, done.results, existing="replace", output_options=OPTIONS | {"x": 1}, chunk_bytes=9999
    )
    assert outcome.word == "written"
    (former,) = kept(done.results)
    assert listing(former) == before
    assert check_files(done.output, commit.read_receipt(done.output), 1) == []
    assert outcome.receipt.series == done.outcome.receipt.series


def test_existing_replace_leaves_a_sound_output_of_the_same_plan(done):
    before = listing(done.results)
    assert convert(done.session, done.results, existing="replace").word == "already done"
    assert listing(done.results) == before


def test_a_finished_output_that_has_changed_is_named_and_replace_mends_it(done):
    chunk = next(done.output.glob("*.zarr/acquisition/One*/data/0.0.0"))
    chunk.write_bytes(chunk.read_bytes()[:-1])
    with pytest.raises(VerificationError, match=r"data/0\.0\.0.*--existing replace"):
        convert(done.session, done.results)
    assert convert(done.session, done.results, existing="replace").word == "written"
    assert check_files(done.output, commit.read_receipt(done.output), 1) == []
    assert len(kept(done.results)) == 1


def test_a_folder_that_is_not_ours_is_not_touched(tiny):
    final = tiny.results / tiny.session.name
    final.mkdir(parents=True)
    (final / "thesis.txt").write_text("mine")
    with pytest.raises(ConflictError, match="no receipt of this program"):
        convert(tiny.session, tiny.results)
    assert sorted(listing(tiny.results)) == [f"{tiny.session.name}/thesis.txt"]


@pytest.mark.parametrize("backend", ["zarr", "hdf5"])
def test_metadata_after_a_store_adds_to_it_and_keeps_the_former_version(tiny, backend):
    first = convert(tiny.session, tiny.results, backend=backend)
    before = listing(first.output)
    again = convert(tiny.session, tiny.results, backend=backend, sidecar=FACTS, **METADATA)
    assert again.word == "written"
    assert check_files(again.output, again.receipt, 1) == []
    after = listing(again.output)
    assert {path: after[path] for path in before if "nwb" in path} == {p: before[p] for p in before if "nwb" in p}
    assert "subject.json" in after
    assert again.receipt.series == first.receipt.series
    assert again.receipt.sources == first.receipt.sources
    (former,) = kept(tiny.results)
    assert listing(former) == before
    assert again.receipt.parent == disk.hash_file(former / "receipt.json")
    # and once more: nothing to do
    third = convert(tiny.session, tiny.results, sidecar=FACTS, **METADATA)
    assert third.word == "already done"
    # other facts: the video files, whose checksums this run did not take, are not called changed
    other = Sidecar.model_validate({"session": {"lab": "Doe Lab"}})
    with pytest.raises(ConflictError) as conflict:
        convert(tiny.session, tiny.results, sidecar=other, **METADATA)
    assert "source file" not in str(conflict.value)


def test_metadata_first_is_followed_by_the_whole(tiny):
    first = convert(tiny.session, tiny.results, sidecar=FACTS, **METADATA)
    assert sorted(listing(first.output)) == [
        "procedures.json", "processing.json", "quality_control.json", "receipt.json", "subject.json"
    ]  # fmt: skip
    assert first.receipt.series == ()
    whole = convert(tiny.session, tiny.results)
    assert whole.word == "written"
    assert whole.receipt.series[0].n_frames == 25
    assert len(kept(tiny.results)) == 1


def test_metadata_after_a_damaged_recording_keeps_its_finding(tiny):
    defects.flip_bit(tiny.truth.folder / "HPC_miniscope1" / "0.avi", 9)
    (session,) = sessions_in(tiny.folder)
    convert(session, tiny.results)
    again = convert(session, tiny.results, **METADATA)
    assert Code.FRAMES_DAMAGED in {finding.code for finding in again.receipt.findings}


def test_too_little_room_is_said_before_anything_is_written(tiny, monkeypatch):
    tiny.results.mkdir()
    monkeypatch.setattr(disk, "free_bytes", lambda _: 1000)
    with pytest.raises(TemporaryError, match=r"needs about 2,122,240 bytes, 1,000 are free"):
        convert(tiny.session, tiny.results)
    assert list(tiny.results.iterdir()) == []


@pytest.mark.parametrize("kilobytes", [40, 120, 260, 330])
@pytest.mark.parametrize("backend", ["zarr", "hdf5"])
def test_a_full_disk_is_a_reason_to_run_again(tiny, monkeypatch, kilobytes, backend):
    """Needs root: mounts a small file system in memory."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small file system needs root")
    tiny.results.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", tiny.results], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"this machine does not let root mount: {mounted.stderr.decode().strip()}")

    def fills_the_disk():
        with pytest.raises(TemporaryError, match=r"no room is left .*[0-9] bytes are needed"):
            convert(tiny.session, tiny.results, backend=backend)

    try:
        monkeypatch.setattr(disk, "free_bytes", lambda _: 10**9)
        # libhdf5 may crash later, at another file, in a process in which the disk was full when it closed one
        assert in_child(fills_the_disk) == 0
        assert list(tiny.results.iterdir()) == []
    finally:
        subprocess.run(["umount", tiny.results], check=True)


def test_results_that_may_not_be_written_are_no_reason_to_run_again(tiny, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied", str(tiny.results))

    monkeypatch.setattr(commit, "staging_folder", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        convert(tiny.session, tiny.results)


FACTS = Sidecar.model_validate(
    {
        "subject": {
            "species": "Mus musculus",
            "sex": "F",
            "genotype": "Thy1-GCaMP6f/wt",
            "date_of_birth": "2025-12-01",
        }
    }
)


def test_a_source_that_is_replaced_while_it_is_converted_is_not_published(tiny, monkeypatch):
    start = session_job.start_frames

    def after_exchange(work):
        path = work.session.source_files[-1].path
        path.write_bytes(path.read_bytes())
        return start(work)

    monkeypatch.setattr(session_job, "start_frames", after_exchange)
    with pytest.raises(InputError, match="has changed during the run"):
        convert(tiny.session, tiny.results)
    assert list(tiny.results.iterdir()) == []


def test_two_runs_to_hdf5_have_the_same_content(tiny, tmp_path):
    first, second = (convert(tiny.session, tmp_path / name, backend="hdf5").receipt for name in ("a", "b"))
    assert first.content_digest == second.content_digest
    assert first.nwb_digest
    other = convert(tiny.session, tmp_path / "c", backend="hdf5", sidecar=FACTS).receipt
    assert other.content_digest != first.content_digest
