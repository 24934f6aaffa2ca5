"""NWB files that this program did not make, and what in a data folder is analysed at all."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hdmf_zarr import NWBZarrIO
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.ophys import OnePhotonSeries, OpticalChannel

from miniscope_to_nwb_zarr.core.errors import ConflictError, InputError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.analysis.stored import Stored
from miniscope_to_nwb_zarr.data_conversion.analysis.targets import find_targets
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from miniscope_to_nwb_zarr.run.inputs import make_job
from miniscope_to_nwb_zarr.run.options import Options
from tests.conversions import listing
from tests.data_conversion.analysis.conftest import LIVELY, analysed, job
from tests.recordings import small_recording

QUICK = "cells: {find: false}\nmotion: {correct: false}"


def foreign(path, *, n_frames=80, n_short=0):
    """A file with a movie without stamps, cells that somebody else found, and perhaps a series too short to analyse."""
    file = NWBFile("made elsewhere", "id", datetime(2025, 1, 2, 3, 4, tzinfo=UTC))
    plane = file.create_imaging_plane(
        name="plane",
        optical_channel=OpticalChannel(name="channel", description="green", emission_lambda=525.0),
        description="focal plane",
        device=file.create_device("scope"),
        excitation_lambda=470.0,
        indicator="GCaMP6f",
        location="CA1",
    )
    rng = np.random.default_rng(0)
    for name, length in (("OnePhotonSeries", n_frames), ("short", n_short)):
        if length:
            data = rng.integers(50, 90, (length, 24, 20), dtype=np.uint16)
            file.add_acquisition(
                OnePhotonSeries(name=name, data=data, imaging_plane=plane, unit="n.a.", rate=20.0, starting_time=3.0)
            )
    file.create_processing_module("ophys", "cells as somebody else found them").add(
        TimeSeries(name="somebody", data=[1.0, 2.0], unit="n.a.", rate=1.0)
    )
    with (NWBZarrIO if path.suffix == ".zarr" else NWBHDF5IO)(str(path), mode="w") as io:
        io.write(file)
    return path


@pytest.mark.parametrize("suffix", [".nwb.zarr", ".nwb"])
def test_a_file_made_elsewhere_is_copied_and_analysed(tmp_path, suffix):
    data = tmp_path / "data"
    data.mkdir()
    path = foreign(data / f"theirs{suffix}", n_short=20)
    before = listing(data)
    stored = Stored("theirs", data, path, is_output=False)
    outcome = analysed(stored.base(tmp_path / "results", "verify"), job(tmp_path, QUICK))
    assert listing(data) == before
    receipt = outcome.receipt
    (entry,) = receipt.analyses
    assert entry.module == f"ophys_{entry.digest[:8]}"
    assert (receipt.parent, [one.name for one in receipt.series]) == (None, ["OnePhotonSeries"])
    assert Code.MOVIE_LEFT_OUT in {finding.code for finding in receipt.findings}
    with (NWBZarrIO if path.suffix == ".zarr" else NWBHDF5IO)(str(outcome.output / path.name), "r") as io:
        nwbfile = io.read()
        assert nwbfile.processing["ophys"]["somebody"].data[:].tolist() == [1, 2]
        mean = nwbfile.processing[entry.module]["MeanFluorescence_scope"]
        assert (mean.rate, mean.starting_time) == (20, 3)
        frames = nwbfile.acquisition["OnePhotonSeries"].data[:]
        assert np.allclose(mean.data[:], frames.mean(axis=(1, 2)))
    assert check_files(outcome.output, receipt, 1) == []
    # the same file again: what is in the results is its next version
    base = stored.base(tmp_path / "results", "verify")
    assert base.is_final
    assert analysed(base, job(tmp_path, QUICK)).word == "already done"


def test_a_file_with_the_name_of_another_output_is_refused(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    stored = Stored("theirs", data, foreign(data / "theirs.nwb"), is_output=False)
    analysed(stored.base(tmp_path / "results", "verify"), job(tmp_path, QUICK))
    (data / "theirs.nwb").unlink()
    foreign(data / "theirs.nwb", n_frames=90)
    with pytest.raises(ConflictError, match="has other frames"):
        stored.base(tmp_path / "results", "verify")
    replaced = stored.base(tmp_path / "results", "replace")
    assert not replaced.is_final
    outcome = analysed(replaced, job(tmp_path, QUICK, existing="replace"))
    assert outcome.receipt.series[0].n_frames == 90
    assert len(list((tmp_path / "results" / ".replaced").iterdir())) == 1


def test_a_file_without_a_movie_is_refused(tmp_path):
    file = NWBFile("nothing", "id", datetime(2025, 1, 2, tzinfo=UTC))
    with NWBHDF5IO(str(tmp_path / "none.nwb"), "w") as io:
        io.write(file)
    for path, said in (
        (tmp_path / "none.nwb", "holds no OnePhotonSeries"),
        (foreign(tmp_path / "short.nwb", n_frames=30), "has 30 frames; expected at least 50"),
    ):
        stored = Stored(path.stem, tmp_path, path, is_output=False)
        with pytest.raises(InputError, match=said):
            analysed(stored.base(tmp_path / "results", "verify"), job(tmp_path, QUICK))


# what is found in a data folder


def targets(**options):
    chosen = Options.from_python(dataset="analysis", **options)
    return find_targets(chosen, make_job(chosen).sidecar, None)


def test_outputs_files_and_recordings_are_found_in_one_folder(converted, tmp_path):
    data = tmp_path / "data"
    small_recording(data / "raw", devices=(LIVELY,), animal="M3")
    (data / "asset").symlink_to(converted.parent)
    (data / "others").mkdir()
    foreign(data / "others" / "theirs.nwb")
    found = targets(data_dir=data, results_dir=tmp_path / "results")
    assert [(one.name, one.is_output) for one in found.stored] == [(converted.name, True), ("theirs", False)]
    assert [one.subject_id for one in found.recordings.sessions] == ["M3"]
    # the behaviour video and the tables in an output are no recordings
    assert not found.recordings.failures


def test_without_data_the_results_themselves_are_analysed(converted, tmp_path):
    for data in (tmp_path / "none", converted.parent):
        (one,) = targets(data_dir=data, results_dir=converted.parent).stored
        assert one.base(converted.parent, "verify").is_final
    with pytest.raises(InputError, match="nothing to analyse"):
        targets(data_dir=tmp_path / "none", results_dir=tmp_path / "empty")


def test_an_output_in_the_data_of_which_the_results_have_a_version_is_that_version(done, converted):
    (one,) = targets(data_dir=converted.parent, results_dir=done.results).stored
    base = one.base(done.results, "verify")
    assert (base.is_final, base.folder) == (True, done.outcome.output)
    assert commit.read_receipt(base.folder).analyses
