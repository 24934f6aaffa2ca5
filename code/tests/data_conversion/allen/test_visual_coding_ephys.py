import subprocess
import sys

import numpy as np
import pytest
from hdmf.common import VectorIndex

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.data_conversion.allen.empty_columns import drop_impedances
from miniscope_to_nwb_zarr.data_conversion.allen.invalid_times import reorder, sort_invalid_times
from miniscope_to_nwb_zarr.data_conversion.allen.probes import merge_probes
from miniscope_to_nwb_zarr.data_conversion.allen.vector_indices import unsigned_indices
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ephys.electrode_places import mend_electrode_places
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ephys.strain import keep_strain
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ephys.unit_metrics import (
    add_unit_metrics,
    add_unit_places,
    describe,
)
from tests.allen import visual_coding_ephys as made
from tests.allen.conversions import opened, read_back

pytestmark = pytest.mark.filterwarnings("ignore")
ELECTRODES = "/general/extracellular_ephys/electrodes"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return made.write_base(tmp_path_factory.mktemp("base") / "session_715093703.nwb")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    written = made.write_tables(tmp_path_factory.mktemp("tables"))
    return {"analysis_metrics": written["metrics"], "channels": written["channels"]}


def test_metrics_are_joined_by_the_units_ids(base, tables, tmp_path):
    with opened(base, tables=tables) as session:
        (change,) = add_unit_metrics(session.nwbfile, session.context)
        (finding,) = session.context.findings
        output = session.write(tmp_path / "out.nwb.zarr")
    assert (change.where, change.also[0]) == ("/units@colnames", "/units/pref_ori_dg")
    assert "3 columns from brain_observatory_1.1_analysis_metrics.csv" in change.sentence
    assert (finding.code, finding.numbers) == (Code.PART_MISSING, {"missing": 1})
    with read_back(output) as nwbfile:
        units = nwbfile.units
        np.testing.assert_array_equal(units["pref_ori_dg"].data[:], [np.nan, np.nan, 45.0, 0.0])
        np.testing.assert_array_equal(units["g_dsi_dg"].data[:], [0.5, np.nan, 0.3, 0.2])
        assert units["g_dsi_dg"].description == "Global direction selectivity index; stimulus: drifting gratings"


def test_the_table_of_other_units_is_refused(base, tables):
    path = tables["analysis_metrics"].parent / "other.csv"
    path.write_text("ecephys_unit_id,snr\n1,2\n")
    with (
        opened(base, tables={"analysis_metrics": path}) as session,
        pytest.raises(InputError, match="holds none of the 4 ids"),
    ):
        add_unit_metrics(session.nwbfile, session.context)


def test_units_are_placed_by_their_largest_waveform(base, tables, tmp_path):
    with opened(base, tables=tables) as session:
        add_unit_places(session.nwbfile, session.context)
        output = session.write(tmp_path / "out.nwb.zarr")
    with read_back(output) as nwbfile:
        units = nwbfile.units
        np.testing.assert_array_equal(units["left_right_ccf_coordinate"].data[:], [7000, 7003, 7001, np.nan])
        np.testing.assert_array_equal(units["probe_vertical_position"].data[:], [0, 60, 20, 140])
        assert list(units["ecephys_structure_acronym"].data[:]) == ["VISp", "VISp", "VISp", ""]
        np.testing.assert_array_equal(units["ecephys_structure_id"].data[:], [385, 385, 385, np.nan])


def test_a_unit_without_a_largest_waveform_is_placed_nowhere(base, tables):
    with opened(base, tables=tables) as session:
        session.nwbfile.units["peak_channel_id"].transform(lambda _: np.array([101000, np.nan, 102001, 102007]))
        add_unit_places(session.nwbfile, session.context)
        np.testing.assert_array_equal(session.nwbfile.units["ecephys_probe_id"].data, [101, np.nan, 102, 102])
        assert [finding.code for finding in session.context.findings] == [Code.PART_MISSING]


def test_a_column_that_is_there_is_kept(base, tables):
    with opened(base, tables=tables) as session:
        session.nwbfile.units.add_column(name="g_dsi_dg", description="mine", data=[0.0, 1.0, 2.0, 3.0])
        (change,) = add_unit_metrics(session.nwbfile, session.context)
        assert "g_dsi_dg" not in change.sentence
        assert Code.PARTS_DISAGREE in [finding.code for finding in session.context.findings]
        assert add_unit_metrics(session.nwbfile, session.context) == []


def test_z_is_taken_from_the_table_where_it_repeats_y(base, tables, tmp_path):
    with opened(base, tables=tables) as session:
        changes = mend_electrode_places(session.nwbfile, session.context)
        assert not session.context.findings
        output = session.write(tmp_path / "out.nwb.zarr")
    assert [change.where for change in changes] == [f"{ELECTRODES}/z", f"{ELECTRODES}@colnames"]
    with read_back(output) as nwbfile:
        table = nwbfile.electrodes
        expected = [7000, 7001, 7002, 7003, *[np.nan] * 4]
        np.testing.assert_array_equal(table["z"].data[:], expected * 2)
        np.testing.assert_array_equal(table["y"].data[:8], 500.0 + np.arange(8))
        assert "left to right" in table["z"].description
        np.testing.assert_array_equal(table["ecephys_structure_id"].data[:8], [*[385] * 4, *[np.nan] * 4])


def test_z_that_is_right_is_kept_and_sentinels_are_nan(base, tables):
    with opened(base, tables=tables) as session:
        table = session.nwbfile.electrodes
        table["z"].transform(lambda z: np.asarray(z) + 1000)
        table["x"].transform(lambda x: np.where(np.arange(16) == 2, -1000, np.asarray(x)))
        changes = mend_electrode_places(session.nwbfile, session.context)
        assert [change.where for change in changes] == [f"{ELECTRODES}/x", f"{ELECTRODES}@colnames"]
        assert table["z"].data[0] == 1500
        assert np.isnan(table["x"].data[2])


def test_impedances_that_nobody_measured_are_left_out(base, tmp_path):
    files = [made.write_probe(tmp_path / "probe_102_lfp.nwb", made.PROBE_B)]
    with opened(base, *files) as session:
        merge_probes(session.nwbfile, session.context)
        before = session.nwbfile.electrodes.object_id
        (change,) = drop_impedances(session.nwbfile, session.context)
        assert drop_impedances(session.nwbfile, session.context) == []
        output = session.write(tmp_path / "out.nwb.zarr")
    assert change.where == f"{ELECTRODES}/imp"
    with read_back(output) as nwbfile:
        assert "imp" not in nwbfile.electrodes.colnames
        assert nwbfile.electrodes.object_id == before
        assert nwbfile.electrodes["filtering"].data[0].startswith("AP band: 500 Hz")
        assert nwbfile.electrodes["group"].data[8].name == "probeB"
        region = nwbfile.acquisition["probe_102_lfp"]["probe_102_lfp_data"].electrodes
        assert region.table is nwbfile.electrodes
        assert list(region.data[:]) == [14, 10]


def test_impedances_that_are_known_are_kept(base):
    with opened(base) as session:
        session.nwbfile.electrodes["imp"].transform(lambda imp: np.where(np.arange(16) == 3, 1e5, np.asarray(imp)))
        assert drop_impedances(session.nwbfile, session.context) == []


def test_invalid_times_are_sorted_with_their_tags(base, tmp_path):
    with opened(base) as session:
        (change,) = sort_invalid_times(session.nwbfile, session.context)
        assert sort_invalid_times(session.nwbfile, session.context) == []
        output = session.write(tmp_path / "out.nwb.zarr")
    assert change.sentence.endswith("before, in order: 2, 1, 0")
    with read_back(output) as nwbfile:
        table = nwbfile.invalid_times
        assert list(table.id[:]) == [2, 1, 0]
        np.testing.assert_array_equal(table["start_time"].data[:], [10.2, 10.2, 12.6])
        np.testing.assert_array_equal(table["stop_time"].data[:], [10.4, 11.0, 12.8])
        assert [list(tags) for tags in table["tags"][:]] == [
            ["EcephysProbe", "101", "probeA"],
            ["all_probes", "stimulus"],
            ["EcephysProbe", "102", "probeB"],
        ]


def test_tables_with_references_and_doubly_ragged_columns_are_reordered(base, tmp_path):
    with opened(base) as session:
        table = session.nwbfile.intervals["drifting_gratings_presentations"]
        reorder(table, np.array([2, 0, 1]))
        reorder(session.nwbfile.units, np.array([3, 1, 0, 2]))
        output = session.write(tmp_path / "out.nwb.zarr")
    with read_back(output) as nwbfile:
        table = nwbfile.intervals["drifting_gratings_presentations"]
        assert list(table["orientation"].data[:]) == [90.0, 0.0, 45.0]
        references = [row[0] for row in table["timeseries"][:]]
        assert [one.idx_start for one in references] == [24, 0, 12]
        assert references[0].timeseries is nwbfile.processing["stimulus"]["timestamps"]
        units = nwbfile.units
        assert [len(times) for times in units["spike_times"][:]] == [3, 0, 5, 7]
        first = [np.asarray(channel).tolist() for channel in units["waveform_samples"][0]]
        assert first == [[24.0, 25.0, 26.0, 27.0], [28.0, 29.0, 30.0, 31.0]]


def test_the_strain_survives_as_the_schema_has_it(base, tmp_path):
    with opened(base) as session:
        assert session.nwbfile.subject.strain is None
        (change,) = keep_strain(session.nwbfile, session.context)
        assert keep_strain(session.nwbfile, session.context) == []
        output = session.write(tmp_path / "out.nwb.zarr")
    assert change.where == "/general/subject/strain"
    program = (
        "import sys; from hdmf_zarr import NWBZarrIO\n"
        "with NWBZarrIO(sys.argv[1], 'r') as io:\n    print(io.read().subject.strain)"
    )
    command = [sys.executable, "-W", "ignore", "-c", program, output]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "C57BL/6J\n"


def test_every_index_of_a_session_is_unsigned(base, tmp_path):
    with opened(base) as session:
        changes = unsigned_indices(session.nwbfile, session.context)
        output = session.write(tmp_path / "out.nwb.zarr")
    assert {"/units/waveform_samples_index", "/units/waveform_samples_index_index"} <= {c.where for c in changes}
    with read_back(output) as nwbfile:
        indices = [one for one in nwbfile.all_children() if isinstance(one, VectorIndex)]
        assert len(indices) >= 9
        assert {one.data.dtype.kind for one in indices} == {"u"}


def test_metrics_are_described_by_the_parts_of_their_name():
    assert describe("run_pval_multi_ns").endswith("several best stimuli taken together; stimulus: natural scenes")
    assert describe("c50_dg").startswith("Contrast at which half")
    assert describe("new_thing_fl") == "Metric new_thing of the response; stimulus: full-field flashes"
    assert describe("other") == "Metric of the unit's response: other"
