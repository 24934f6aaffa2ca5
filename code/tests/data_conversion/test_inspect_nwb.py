import pytest
from hdmf_zarr import NWBZarrIO

from miniscope_to_nwb_zarr.core.errors import VerificationError
from miniscope_to_nwb_zarr.data_conversion.inspect_nwb import inspect

SERIES = "acquisition/OnePhotonSeries_HPC_miniscope1"


@pytest.mark.parametrize(
    ("place", "attribute"),
    [
        (f"{SERIES}/timestamps", "interval"),
        (f"{SERIES}/data", "unit"),
        ("processing/source/source_files", "colnames"),
        ("processing/behavior/PoseEstimation/point_0/timestamps", "interval"),
        ("general/devices/models/Miniscope_V4_BNO", "manufacturer"),
    ],
)
def test_the_validator_looks_into_every_part_of_the_file(rich, place, attribute):
    with NWBZarrIO(str(rich.store), mode="r") as io:
        nwbfile = io.read()
        del io.read_builder()[place].attributes[attribute]
        with pytest.raises(VerificationError, match=attribute):
            inspect(nwbfile, io, "x", "report.txt")


def test_what_is_critical_and_not_the_labs_to_know_is_an_error(rich):
    with NWBZarrIO(str(rich.store), mode="r") as io:
        nwbfile = io.read()
        nwbfile.fields["session_start_time"] = nwbfile.session_start_time.replace(year=2090)
        with pytest.raises(VerificationError, match="critical"):
            inspect(nwbfile, io, "x", "report.txt")
