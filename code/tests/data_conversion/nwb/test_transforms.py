"""Changes of an NWB file on its way: run on its objects, logged in the file, and nothing else is changed."""

import numpy as np
import pytest
from hdmf_zarr import NWBZarrIO
from pynwb import NWBHDF5IO, TimeSeries

from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.data_conversion.nwb.compare import compare_files
from miniscope_to_nwb_zarr.data_conversion.nwb.job import NwbJob, convert
from miniscope_to_nwb_zarr.data_conversion.nwb.transform import Change
from tests.nwb_files import bare_file, extended_file, rich_file

READERS = {"zarr": NWBZarrIO, "hdf5": NWBHDF5IO}
SUFFIXES = {"zarr": ".nwb.zarr", "hdf5": ".nwb"}


def add_pharmacology(nwbfile, context):
    nwbfile.pharmacology = context.options["drug"]
    return [Change("pharmacology", "/general/pharmacology", "as the option says")]


def take_lfp(nwbfile, context):
    (other,) = context.others
    series = other.nwbfile.acquisition["lfp"]
    moved = TimeSeries(name="lfp", data=series.data, unit="V", rate=series.rate)
    nwbfile.add_acquisition(moved)
    return [Change("merge", "/acquisition/lfp", f"from {other.path.name}")]


def change_silently(nwbfile, context):
    nwbfile.pharmacology = "something"
    return []


def converted(job, form):
    outcome = convert(job)
    path = outcome.output / f"{job.name}{SUFFIXES[form]}"
    return outcome.receipt, READERS[form](str(path), "r")


@pytest.mark.parametrize("form", ["zarr", "hdf5"])
@pytest.mark.parametrize("make", [bare_file, rich_file, extended_file])
def test_what_is_changed_is_logged_and_all_else_stays(tmp_path, make, form):
    source = make(tmp_path / "a.nwb") or tmp_path / "a.nwb"
    options = {"drug": "none"}
    job = NwbJob(
        "s", (source,), tmp_path / "results", transforms=(add_pharmacology,), transform_options=options, format=form
    )
    receipt, opened = converted(job, form)
    with opened as io:
        nwbfile = io.read()
        assert nwbfile.pharmacology == "none"
        log = nwbfile.processing["source"]["changes"].to_dataframe()
    assert log["where"].tolist() == ["/general/pharmacology"]
    changed = [finding for finding in receipt.findings if finding.code is Code.NWB_CHANGED]
    # the log itself is a change too
    assert {finding.severity for finding in changed} == {Severity.INFO}
    where = [finding.where for finding in changed]
    assert where[0] == "/general/pharmacology"
    assert [path.startswith("/processing/source") for path in where] == [False, True]


@pytest.mark.parametrize("form", ["zarr", "hdf5"])
def test_a_large_array_of_another_file_is_taken_as_it_is(tmp_path, form):
    values = np.random.default_rng(0).normal(size=(40_000, 9)).astype("f4")
    base, probe = bare_file(tmp_path / "base.nwb"), bare_file(tmp_path / "probe.nwb")
    with NWBHDF5IO(probe, "a") as io:
        nwbfile = io.read()
        nwbfile.add_acquisition(TimeSeries(name="lfp", data=values, unit="V", rate=1250.0))
        io.write(nwbfile)
    job = NwbJob("s", (base, probe), tmp_path / "results", transforms=(take_lfp,), format=form, chunk_bytes=300_000)
    receipt, opened = converted(job, form)
    with opened as io:
        data = io.read().acquisition["lfp"].data
        assert np.array_equal(data[:], values)
        assert data.chunks == (8333, 9)
    assert not [one for one in receipt.findings if one.code is Code.NWB_CHANGED and one.severity is Severity.WARNING]
    assert {entry.path for entry in receipt.sources} == {"base.nwb", "probe.nwb"}


def test_a_change_that_no_log_names_is_found(tmp_path):
    source = bare_file(tmp_path / "a.nwb")
    receipt, opened = converted(NwbJob("s", (source,), tmp_path / "results", transforms=(change_silently,)), "zarr")
    opened.close()
    (finding,) = [one for one in receipt.findings if one.code is Code.NWB_CHANGED]
    assert (finding.severity, finding.where) == (Severity.WARNING, "/general/pharmacology")


def test_links_stay_links(tmp_path):
    source = extended_file(tmp_path / "a.nwb") or tmp_path / "a.nwb"
    job = NwbJob(
        "s", (source,), tmp_path / "results", transforms=(add_pharmacology,), transform_options={"drug": "none"}
    )
    outcome = convert(job)
    found = compare_files(source, outcome.output / "s.nwb.zarr", ["/general/pharmacology", "/processing/source"])
    assert found.differences == ()
