"""Make sessions with the libraries that wrote the real ones (reference 9.1).

Visual Behavior: pynwb 2.3.1, schema 2.6.0-alpha; Visual Coding Ophys: pynwb 2.7.0, schema 2.7.0. The version that runs
this makes its own files. Each needs the network once. Run in ``code/``::

    uv run --no-project --python 3.11 --with pynwb==2.3.1 --with hdmf==3.5.5 --with h5py==3.8.0 --with numpy==1.23.5 \
        --with pandas==1.5.3 --with 'setuptools<60' python -m tests.allen.make_old_files
    uv run --no-project --no-config --python 3.11 --with pynwb==2.7.0 --with hdmf==3.14.6 --with 'numpy<2' \
        python -m tests.allen.make_old_files
"""

import gzip
import shutil
import tempfile
from pathlib import Path

import pynwb

from tests.allen import ecephys_files, ophys_files, visual_coding_ophys

OLD_FILES = {
    "2.3.1": Path(__file__).parent / "written_by_pynwb_2_3_1",
    "2.7.0": Path(__file__).parent / "written_by_pynwb_2_7_0",
}
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
    for old_files in OLD_FILES.values():
        for packed in old_files.rglob("*.nwb.gz"):
            path = folder / packed.relative_to(old_files).with_suffix("")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.decompress(packed.read_bytes()))
    return folder


def _make_visual_coding(folder):
    visual_coding_ophys.write_session(folder / "visual_coding_ophys")


def _make_visual_behavior(folder):
    ophys = folder / "visual_behavior_ophys"
    ophys_files.behavior_session(ophys / f"behavior_session_{ophys_files.BEHAVIOR_SESSION}.nwb")
    for plane in PLANES:
        ophys_files.ophys_experiment(ophys / f"behavior_ophys_experiment_{plane.experiment_id}.nwb", plane)
    ecephys_files.write_session(folder / "visual_behavior_ephys")


def main():
    old_files = OLD_FILES[pynwb.__version__]
    shutil.rmtree(old_files, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make = _make_visual_coding if pynwb.__version__ == "2.7.0" else _make_visual_behavior
        make(folder)
        for path in folder.rglob("*.nwb"):
            packed = old_files / path.relative_to(folder).with_suffix(".nwb.gz")
            packed.parent.mkdir(parents=True, exist_ok=True)
            packed.write_bytes(gzip.compress(path.read_bytes(), mtime=0))


if __name__ == "__main__":
    main()
