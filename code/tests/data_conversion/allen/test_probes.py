import numpy as np
import pytest

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.data_conversion.allen.probes import merge_probes
from tests.allen.conversions import opened, read_back
from tests.allen.probe_files import START, Probe, write_probe
from tests.allen.visual_coding_ephys import PROBE_A, PROBE_B, write_base

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return write_base(tmp_path_factory.mktemp("base") / "session_715093703.nwb")


def merged(base, folder, *probes, **facts):
    paths = [write_probe(folder / f"probe_{probe.probe_id}_lfp.nwb", probe, **facts) for probe in probes]
    return opened(base, *paths)


@pytest.mark.parametrize("name", ["merged.nwb.zarr", "merged.nwb"])
def test_lfp_points_at_the_rows_of_the_same_electrodes(base, tmp_path, name):
    with merged(base, tmp_path, PROBE_A, PROBE_B) as session:
        ids = {o.name: o.object_id for f in session.context.others for o in f.nwbfile.all_children() if "lfp" in o.name}
        changes = merge_probes(session.nwbfile, session.context)
        assert not session.context.findings
        output = session.write(tmp_path / name)
    assert [change.where for change in changes] == [
        "/acquisition/probe_101_lfp",
        "/processing/ecephys/probe_101_ecephys_csd",
        "/acquisition/probe_102_lfp",
        "/processing/ecephys/probe_102_ecephys_csd",
    ]
    with read_back(output) as nwbfile:
        for probe, rows in ((PROBE_A, [3, 1, 5]), (PROBE_B, [14, 10])):
            lfp = nwbfile.acquisition[f"probe_{probe.probe_id}_lfp"]
            series = lfp[f"probe_{probe.probe_id}_lfp_data"]
            assert series.data.dtype == np.float32
            np.testing.assert_array_equal(series.data[:], probe.lfp)
            np.testing.assert_array_equal(series.timestamps[:], probe.times)
            assert list(series.electrodes.data[:]) == rows
            assert series.electrodes.table is nwbfile.electrodes
            assert list(nwbfile.electrodes.id[:][rows]) == list(probe.ids)
            assert series.electrodes.description == f"lfp channels on probe {probe.probe_id}"
            assert {lfp.object_id, series.object_id} == {ids[lfp.name], ids[series.name]}
            csd = nwbfile.processing["ecephys"][f"probe_{probe.probe_id}_ecephys_csd"]
            assert csd.neurodata_type == "EcephysCSD"
            np.testing.assert_array_equal(csd.virtual_electrode_y_positions[:], [20, 40, 60, 80, 100])
            assert csd.time_series.data[0, 0] == probe.probe_id - 1
        description = nwbfile.processing["ecephys"].description
        assert description.endswith("interpolated channel locations.")
        assert ".." not in description


def test_a_base_file_without_probe_files_is_left_as_it_is(base):
    with opened(base) as session:
        assert merge_probes(session.nwbfile, session.context) == []
        assert "ecephys" not in session.nwbfile.processing


@pytest.mark.parametrize(("lacks", "word"), [("has_lfp", "LFP"), ("has_csd", "current source density")])
def test_a_probe_without_a_part_is_a_finding(base, tmp_path, lacks, word):
    probe = Probe("probeA", 101, (101002,), **{lacks: False})
    with merged(base, tmp_path, probe) as session:
        assert len(merge_probes(session.nwbfile, session.context)) == 1
        (finding,) = session.context.findings
        assert (finding.code, finding.where) == (Code.PART_MISSING, "probe_101_lfp.nwb")
        assert word in finding.sentence


@pytest.mark.parametrize(
    ("ids", "facts", "message"),
    [
        ((101001, 999), {}, "id 999 is not there"),
        ((101001, 101002, 101001), {}, "id 101001 is not unique"),
        ((101001,), {"start": START.replace(minute=55)}, "session_start_time is 2019-01-19 00:55:18"),
        ((101001,), {"subject_id": "1"}, "subject_id is 1, that of the base file is 703279277"),
    ],
)
def test_files_that_are_not_of_one_session_are_refused(base, tmp_path, ids, facts, message):
    with (
        merged(base, tmp_path, Probe("probeA", 101, ids), **facts) as session,
        pytest.raises(InputError, match=r"probe_101_lfp\.nwb: ") as raised,
    ):
        merge_probes(session.nwbfile, session.context)
    assert message in str(raised.value)


def test_the_file_of_a_probe_is_merged_once(base, tmp_path):
    twin = tmp_path / "twin"
    twin.mkdir()
    paths = [write_probe(folder / "probe_101_lfp.nwb", PROBE_A) for folder in (tmp_path, twin)]
    with opened(base, *paths) as session, pytest.raises(InputError, match="probe_101_lfp is in the base file already"):
        merge_probes(session.nwbfile, session.context)


def test_what_differs_or_is_left_out_is_found(base, tmp_path):
    with merged(base, tmp_path, PROBE_A, extra_device="a camera") as session:
        probe = session.context.others[0].nwbfile
        probe.add_scratch([1.0], name="remark", description="a remark")
        probe.electrodes["x"].transform(lambda x: np.asarray(x) + 1)
        merge_probes(session.nwbfile, session.context)
        found = {(finding.code, finding.sentence.partition(";")[0]) for finding in session.context.findings}
    assert (Code.PARTS_DISAGREE, "devices/a camera is not in the base file") in found
    assert (Code.PARTS_DISAGREE, "column x of the electrodes differs from the base file's in 3 rows") in found
    assert any(code is Code.PART_LEFT_OUT and "scratch/remark" in sentence for code, sentence in found)
