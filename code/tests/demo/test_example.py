import hashlib

import numpy as np

from miniscope_to_nwb_zarr.demo.example import DEMO, write_demo
from miniscope_to_nwb_zarr.demo.tables import make_rows


def test_demo_has_one_lost_frame():
    rows = make_rows(DEMO.devices[1], 1)
    interval = np.diff(rows.stamp_ms)
    assert (interval > 50).sum() == 1
    assert interval.max() in range(60, 75)
    assert ((np.diff(rows.hardware_count) % 65536) == 2).sum() == 1


def test_demo_is_small_and_always_the_same(tmp_path):
    truth = write_demo(tmp_path)
    assert truth.folder.relative_to(tmp_path).as_posix() == "Dr_Miniscope/Open_field/M770001/2026_03_14/09_26_53"
    files = [path for path in truth.folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 60_000_000
    scope = truth.devices["HPC_miniscope1"]
    assert sorted(path.name for path in scope.folder.glob("*.avi")) == ["0.avi", "1.avi", "2.avi"]
    table = hashlib.sha256((scope.folder / "timeStamps.csv").read_bytes()).hexdigest()
    assert table.startswith("9e7ede73a30fddd7")
