from make_recording import WRITERS
from miniscope_to_nwb_zarr.core.findings import Severity
from miniscope_to_nwb_zarr.demo.onix import OnixSpec
from miniscope_to_nwb_zarr.run.plan import n_work_frames, plan_rows
from tests import defects
from tests.conversions import convert, sessions_in
from tests.recordings import CAMERA, SCOPE, small_recording


def test_each_device_is_a_row_with_its_frames_size_and_objects(tmp_path):
    truth = small_recording(tmp_path / "data")
    (session,) = sessions_in(tmp_path / "data")
    rows = {row.device: row for row in plan_rows(session, 20_000, embed_cameras=False)}
    assert set(rows) == {SCOPE.folder_name, CAMERA.folder_name}
    scope, camera = rows[SCOPE.folder_name], rows[CAMERA.folder_name]
    assert (scope.frames, camera.frames) == (25, 24)
    stamps = truth.devices[SCOPE.folder_name].rows.stamp_ms
    assert scope.minutes * 60_000 == float(f"{stamps[-1] - stamps[0]}")
    for row in rows.values():
        files = (truth.folder / row.device).glob("*.avi")
        assert row.raw_bytes == sum(path.stat().st_size for path in files)
    assert camera.store_bytes_estimate == camera.raw_bytes
    assert camera.objects == 3
    # what is planned is what is written
    outcome = convert(session, tmp_path / "results")
    chunks = [
        e
        for e in outcome.receipt.files
        if f"/OnePhotonSeries_{SCOPE.folder_name}/data/" in e.path and "/.z" not in e.path
    ]
    assert scope.objects == len(chunks)


def test_an_embedded_camera_is_planned_as_frames(tmp_path):
    small_recording(tmp_path)
    (session,) = sessions_in(tmp_path)
    rows = {row.device: row for row in plan_rows(session, 20_000, embed_cameras=True)}
    assert rows[CAMERA.folder_name].store_bytes_estimate == int(24 * 64 * 48 * 3 * 0.6)
    assert n_work_frames(session, embed_cameras=True) == (49, 25 * 64 * 48 + 24 * 64 * 48 * 3)
    assert n_work_frames(session, embed_cameras=False) == (25, 25 * 64 * 48)


def test_findings_stand_beside_the_device_they_are_of(tmp_path):
    truth = small_recording(tmp_path)
    (truth.folder / SCOPE.folder_name / "1.avi").unlink()
    defects.step_clock(truth.folder / CAMERA.folder_name, 12, -400)
    (session,) = sessions_in(tmp_path)
    rows = {row.device: row.findings for row in plan_rows(session, 20_000, embed_cameras=False)}
    assert "file missing" in rows[SCOPE.folder_name]
    assert "backwards" not in rows[SCOPE.folder_name]
    assert "stamp backwards" in rows[CAMERA.folder_name]
    assert "file missing" not in rows[CAMERA.folder_name]


def test_findings_of_no_device_stand_in_the_first_row(tmp_path):
    small_recording(tmp_path, animal="")
    (session,) = sessions_in(tmp_path)
    first, second = [row.findings for row in plan_rows(session, 20_000, embed_cameras=False)]
    assert "subject unnamed" in first
    assert "subject unnamed" not in second


def test_findings_of_another_file_of_a_recording_without_folders_stand_in_its_row(tmp_path):
    WRITERS["Miniscope ONIX"][1](OnixSpec(), tmp_path)
    (orientation,) = tmp_path.rglob("bno055*.csv")
    lines = orientation.read_text().splitlines(keepends=True)
    orientation.write_text("".join([*lines[:4], "nothing of a number\n", *lines[5:]]))
    (session,) = sessions_in(tmp_path)
    found = {f.code for f in session.findings if f.where == orientation.name and f.severity is not Severity.INFO}
    (row,) = plan_rows(session, 20_000, embed_cameras=False)
    assert found
    assert all(str(code).replace("_", " ") in row.findings for code in found)
