import json
import shutil

import numpy as np
import pytest
import zarr

from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.data_conversion import disk, zarr_stage
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from miniscope_to_nwb_zarr.run import session_store
from tests import defects
from tests.conversions import convert, staged


@pytest.fixture
def finished(rich, tmp_path):
    output = tmp_path / "output"
    shutil.copytree(rich.outcome.output, output)
    assert check_files(output, rich.outcome.receipt, 2) == []
    return output


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def empty(path):
    path.write_bytes(b"")


def delete(path):
    path.unlink()


def link_away(path):
    path.unlink()
    path.symlink_to("nowhere")


FILES = (
    "{store}/acquisition/OnePhotonSeries_HPC_miniscope1/data/1.0.0",
    "{store}/acquisition/OnePhotonSeries_HPC_miniscope1/timestamps/0",
    "{store}/.zmetadata",
    "behavior-videos/Behavior_camera/1.avi",
    "qc/{session}.nwb.inspector_report.txt",
    "subject.json",
)


@pytest.mark.parametrize("damage", [flip, truncate, empty, delete, link_away])
@pytest.mark.parametrize("name", FILES)
def test_every_change_of_a_finished_file_is_found_and_named(rich, finished, damage, name):
    path = name.format(store=rich.store.name, session=rich.session.name)
    damage(finished / path)
    (problem,) = check_files(finished, rich.outcome.receipt, 2)
    assert problem.startswith(f"{path}: ")


def test_a_file_that_was_added_is_found(rich, finished):
    (finished / rich.store.name / "acquisition" / "extra").write_text("")
    (finished / "notes.txt").write_text("mine")
    problems = check_files(finished, rich.outcome.receipt, 2)
    assert sorted(problem.partition(":")[0] for problem in problems) == [
        f"{rich.store.name}/acquisition/extra",
        "notes.txt",
    ]


@pytest.mark.parametrize("damage", [flip, truncate, delete])
def test_a_chunk_that_is_spoiled_on_the_disk_is_never_published(tiny, monkeypatch, damage):
    read = zarr_stage.start_reading

    def after_damage(series, store, pool):
        damage(store / series[0].path / "1.0.0")
        return read(series, store, pool)

    monkeypatch.setattr(zarr_stage, "start_reading", after_damage)
    # a chunk that is cut or flipped may also be refused by its decoder
    with pytest.raises((VerificationError, RuntimeError)):
        convert(tiny.session, tiny.results)
    assert list(tiny.results.iterdir()) == []


def test_the_first_wrong_frame_is_named(tiny, monkeypatch):
    read = zarr_stage.start_reading

    def after_damage(series, store, pool):
        array = zarr.open_array(str(store / series[0].path), mode="r+")
        array[17, 3, 4] ^= 1
        return read(series, store, pool)

    monkeypatch.setattr(zarr_stage, "start_reading", after_damage)
    with pytest.raises(VerificationError, match=r"OnePhotonSeries_HPC_miniscope1: frame 17 is not what was decoded"):
        convert(tiny.session, tiny.results)
    assert staged(tiny.results) == []


def test_chunks_that_change_places_are_never_published(tiny, monkeypatch):
    read = zarr_stage.start_reading

    def after_exchange(series, store, pool):
        first, second = (store / series[0].path / key for key in ("1.0.0", "2.0.0"))
        former = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(former)
        return read(series, store, pool)

    monkeypatch.setattr(zarr_stage, "start_reading", after_exchange)
    with pytest.raises(VerificationError, match="is not what was decoded"):
        convert(tiny.session, tiny.results)
    assert staged(tiny.results) == []


def test_a_counter_that_is_read_back_differently_is_never_published(tiny, monkeypatch):
    read = zarr_stage.start_reading

    def after_change(series, store, pool):
        (name,) = (path.name for path in (store / "acquisition").glob("BufferIndex_HPC*"))
        zarr.open_array(str(store / "acquisition" / name / "data"), mode="r+")[3] += 1
        return read(series, store, pool)

    monkeypatch.setattr(zarr_stage, "start_reading", after_change)
    with pytest.raises(VerificationError, match="BufferIndex_HPC"):
        convert(tiny.session, tiny.results)
    assert staged(tiny.results) == []


def test_a_stamp_that_is_read_back_differently_is_never_published(tiny, monkeypatch):
    build = session_store.build_nwbfile

    def shifted(*args, wrap, **kwargs):
        return build(*args, wrap=lambda values: wrap(np.asarray(values) + 1e-6), **kwargs)

    monkeypatch.setattr(session_store, "build_nwbfile", shifted)
    with pytest.raises(VerificationError, match="stamps"):
        convert(tiny.session, tiny.results)
    assert list(tiny.results.iterdir()) == []


def test_a_file_that_the_validator_refuses_is_never_published(tiny, monkeypatch):
    read = zarr_stage.start_reading

    def without_an_attribute(series, store, pool):
        path = store / "acquisition/OnePhotonSeries_HPC_miniscope1/timestamps/.zattrs"
        attributes = json.loads(path.read_text())
        del attributes["interval"]
        path.write_text(json.dumps(attributes))
        zarr.consolidate_metadata(str(store))
        return read(series, store, pool)

    monkeypatch.setattr(zarr_stage, "start_reading", without_an_attribute)
    with pytest.raises(VerificationError, match=r"validator reports 1 error.*interval"):
        convert(tiny.session, tiny.results)
    assert list(tiny.results.iterdir()) == []


def test_a_copy_of_a_camera_file_that_is_spoiled_is_never_published(rich, tmp_path, monkeypatch):
    copy = disk.copy_file

    def spoiled(source, target):
        digest = copy(source, target)
        flip(target)
        return digest

    monkeypatch.setattr(disk, "copy_file", spoiled)
    with pytest.raises(VerificationError, match="avi"):
        convert(rich.session, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_source_that_changes_after_discovery_is_refused(tiny):
    from miniscope_to_nwb_zarr.core.errors import InputError

    defects.truncate_avi(tiny.truth.folder / "HPC_miniscope1" / "2.avi", 0.9)
    with pytest.raises(InputError, match=r"HPC_miniscope1/2.avi: has changed"):
        convert(tiny.session, tiny.results)
    assert not tiny.results.exists()
