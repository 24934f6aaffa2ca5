"""Make sessions with the libraries that wrote the real ones: pynwb 2.3.1, schema 2.6.0-alpha (reference 9.1).

Run in ``code/``, which needs the network once::

    uv run --no-project --python 3.11 --with pynwb==2.3.1 --with hdmf==3.5.5 --with h5py==3.8.0 --with numpy==1.23.5 \
        --with pandas==1.5.3 --with 'setuptools<60' python -m tests.allen.make_old_files
"""

import gzip
import shutil
import tempfile
from pathlib import Path

from tests.allen import ecephys_files, ophys_files

OLD_FILES = Path(__file__).parent / "written_by_pynwb_2_3_1"
PLANES = tuple(
    ophys_files.Plane(
        experiment_id=number,
        n_rois=number - 48,
        device="MESO.1",
        group=0,
        group_count=4,
        indicator="GCaMP6s",
        ophys_session_id=500,
    )
    for number in (51, 52)
)


def unpack(folder):
    """Put the files into a folder, each under its path in the data set."""
    for packed in OLD_FILES.rglob("*.nwb.gz"):
        path = folder / packed.relative_to(OLD_FILES).with_suffix("")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.decompress(packed.read_bytes()))
    return folder


def _make(folder):
    ophys = folder / "visual_behavior_ophys"
    ophys_files.behavior_session(ophys / f"behavior_session_{ophys_files.BEHAVIOR_SESSION}.nwb")
    for plane in PLANES:
        ophys_files.ophys_experiment(ophys / f"behavior_ophys_experiment_{plane.experiment_id}.nwb", plane)
    ecephys_files.write_session(folder / "visual_behavior_ephys")


def main():
    shutil.rmtree(OLD_FILES, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _make(folder)
        for path in folder.rglob("*.nwb"):
            packed = OLD_FILES / path.relative_to(folder).with_suffix(".nwb.gz")
            packed.parent.mkdir(parents=True, exist_ok=True)
            packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))


if __name__ == "__main__":
    main()
