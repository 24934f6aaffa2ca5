"""Convert sessions of Visual Coding Ephys (reference allen-datasets 2.7)."""

from __future__ import annotations

from functools import partial

from miniscope_to_nwb_zarr.data_conversion.allen.data_set import DataSet, Step, list_data_set, run_data_set
from miniscope_to_nwb_zarr.data_conversion.allen.descriptions import fill_descriptions
from miniscope_to_nwb_zarr.data_conversion.allen.empty_columns import DROP_IMPEDANCES, drop_impedances
from miniscope_to_nwb_zarr.data_conversion.allen.general_facts import (
    EXPERIMENTER,
    KEYWORDS,
    add_experimenter,
    add_keywords,
    set_session_id,
)
from miniscope_to_nwb_zarr.data_conversion.allen.invalid_times import SORT_INVALID_TIMES, sort_invalid_times
from miniscope_to_nwb_zarr.data_conversion.allen.module_names import (
    MODULE_NAMES,
    OPTOTAGGING,
    behavior_module,
    optotagging_intervals,
)
from miniscope_to_nwb_zarr.data_conversion.allen.numbered import RowTable
from miniscope_to_nwb_zarr.data_conversion.allen.probes import merge_probes
from miniscope_to_nwb_zarr.data_conversion.allen.regular_times import REGULAR_TIMES, times_to_rates
from miniscope_to_nwb_zarr.data_conversion.allen.vector_indices import unsigned_indices
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ephys.electrode_places import (
    ELECTRODE_PLACES,
    mend_electrode_places,
)
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ephys.sessions import find_sessions
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ephys.strain import keep_strain
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ephys.unit_metrics import (
    UNIT_METRICS,
    UNIT_PLACES,
    add_unit_metrics,
    add_unit_places,
)

DATA_SET = DataSet(
    name="Visual Coding Ephys",
    bucket="s3://allen-brain-observatory/visual-coding-neuropixels/ecephys-cache",
    find_sessions=find_sessions,
    steps=(
        Step(merge_probes),
        Step(set_session_id),
        Step(keep_strain),
        Step(fill_descriptions),
        Step(unsigned_indices),
        Step(add_unit_metrics, UNIT_METRICS),
        Step(add_unit_places, UNIT_PLACES),
        Step(mend_electrode_places, ELECTRODE_PLACES),
        Step(drop_impedances, DROP_IMPEDANCES),
        Step(sort_invalid_times, SORT_INVALID_TIMES),
        Step(add_keywords, KEYWORDS),
        Step(add_experimenter, EXPERIMENTER),
        Step(behavior_module, MODULE_NAMES),
        Step(optotagging_intervals, OPTOTAGGING),
        Step(times_to_rates, REGULAR_TIMES),
    ),
    namespaces=(),
    expected="expected session_<id>.nwb, with the probe_<id>_lfp.nwb of the session in the same folder",
    rows=RowTable("sessions.csv", "id"),
    told_by=(keep_strain,),
)

# what a module of a data set has (conversion_utils.DatasetModule)
run = partial(run_data_set, DATA_SET)
list_sessions = partial(list_data_set, DATA_SET)
