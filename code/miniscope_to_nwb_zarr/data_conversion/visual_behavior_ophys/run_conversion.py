"""Convert sessions of Visual Behavior Ophys (reference allen-datasets 2.6)."""

from __future__ import annotations

from functools import partial

from miniscope_to_nwb_zarr.data_conversion.allen.data_set import DataSet, Step, list_data_set, run_data_set
from miniscope_to_nwb_zarr.data_conversion.allen.descriptions import fill_descriptions
from miniscope_to_nwb_zarr.data_conversion.allen.extensions import namespace_file, newer_extensions
from miniscope_to_nwb_zarr.data_conversion.allen.general_facts import (
    EXPERIMENTER,
    KEYWORDS,
    add_experimenter,
    add_keywords,
    set_session_id,
)
from miniscope_to_nwb_zarr.data_conversion.allen.module_names import MODULE_NAMES, behavior_module
from miniscope_to_nwb_zarr.data_conversion.allen.numbered import RowTable
from miniscope_to_nwb_zarr.data_conversion.allen.regular_times import REGULAR_TIMES, times_to_rates
from miniscope_to_nwb_zarr.data_conversion.allen.stimulus_templates import templates_to_images
from miniscope_to_nwb_zarr.data_conversion.allen.template_links import TEMPLATE_LINKS, link_presentations
from miniscope_to_nwb_zarr.data_conversion.allen.vector_indices import unsigned_indices
from miniscope_to_nwb_zarr.data_conversion.visual_behavior_ophys.planes import merge_planes
from miniscope_to_nwb_zarr.data_conversion.visual_behavior_ophys.sessions import find_sessions
from miniscope_to_nwb_zarr.data_conversion.visual_behavior_ophys.shared_parts import compare_planes

DATA_SET = DataSet(
    name="Visual Behavior Ophys",
    bucket="s3://visual-behavior-ophys-data/visual-behavior-ophys",
    find_sessions=find_sessions,
    steps=(
        Step(newer_extensions),
        Step(compare_planes),
        Step(merge_planes),
        Step(set_session_id),
        Step(templates_to_images),
        Step(link_presentations, TEMPLATE_LINKS),
        Step(fill_descriptions),
        Step(unsigned_indices),
        Step(add_keywords, KEYWORDS),
        Step(add_experimenter, EXPERIMENTER),
        Step(behavior_module, MODULE_NAMES),
        Step(times_to_rates, REGULAR_TIMES),
    ),
    namespaces=(namespace_file("ndx-aibs-stimulus-template"), namespace_file("ndx-ellipse-eye-tracking")),
    expected="expected behavior_session_<id>.nwb or behavior_ophys_experiment_<id>.nwb",
    rows=RowTable("behavior_session_table.csv", "behavior_session_id"),
)

# what a module of a data set has (conversion_utils.DatasetModule)
run = partial(run_data_set, DATA_SET)
list_sessions = partial(list_data_set, DATA_SET)
