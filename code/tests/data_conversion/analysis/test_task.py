from types import SimpleNamespace

from miniscope_to_nwb_zarr.core.receipt import AnalysisEntry
from miniscope_to_nwb_zarr.data_conversion.analysis import task


def entry(module, digest, accepted):
    return AnalysisEntry(module, digest, "native 1", ("OnePhotonSeries_A",), (10,), (accepted,), ())


def test_the_result_tells_of_the_analysis_that_was_worked_on():
    receipt = SimpleNamespace(analyses=(entry("ophys", "d1", 9), entry("ophys_2", "d2", 4)))
    assert task._in_short(receipt, "d1") == "ophys: A: 9 cells of 10 units"
    assert task._in_short(receipt, "d2") == "ophys_2: A: 4 cells of 10 units"
