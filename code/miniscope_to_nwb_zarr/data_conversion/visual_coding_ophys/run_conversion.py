"""Convert sessions of Visual Coding Ophys (reference allen-datasets 2.8)."""

from __future__ import annotations

from functools import partial

from miniscope_to_nwb_zarr.data_conversion.allen.data_set import DataSet, Step, list_data_set, run_data_set
from miniscope_to_nwb_zarr.data_conversion.allen.extensions import namespace_file
from miniscope_to_nwb_zarr.data_conversion.allen.general_facts import (
    EXPERIMENTER,
    KEYWORDS,
    add_experimenter,
    add_keywords,
)
from miniscope_to_nwb_zarr.data_conversion.allen.numbered import RowTable
from miniscope_to_nwb_zarr.data_conversion.allen.regular_times import REGULAR_TIMES, times_to_rates
from miniscope_to_nwb_zarr.data_conversion.allen.vector_indices import unsigned_indices
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.epochs import EPOCHS, restore_epochs
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.experiment import (
    DEPTH,
    EXPERIMENT_METADATA,
    NAMESPACE,
    SUBJECT_ID,
    describe_experiment,
    fill_depth,
    name_animal,
)
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.eye_tracking import EYE_TRACKING, replace_eye_tracking
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.frame_times import FRAME_COLUMNS, add_frame_columns
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.image_sets import (
    ORDER_IMAGES,
    STACK_IMAGES,
    order_images,
    stack_images,
)
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.raw_frames import RAW_FRAMES, add_raw_frames
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.sessions import find_sessions
from miniscope_to_nwb_zarr.data_conversion.visual_coding_ophys.static_gratings import (
    STATIC_GRATINGS,
    restore_static_gratings,
)

DATA_SET = DataSet(
    name="Visual Coding Ophys",
    bucket="",
    find_sessions=find_sessions,
    steps=(
        # before the animal gets another name than it has in the raw file
        Step(add_raw_frames, RAW_FRAMES),
        Step(name_animal, SUBJECT_ID),
        Step(describe_experiment, EXPERIMENT_METADATA),
        Step(fill_depth, DEPTH),
        Step(stack_images, STACK_IMAGES),
        Step(order_images, ORDER_IMAGES),
        # before the epochs, which are made from all gratings, and these before their frames are counted
        Step(restore_static_gratings, STATIC_GRATINGS),
        Step(restore_epochs, EPOCHS),
        Step(replace_eye_tracking, EYE_TRACKING),
        Step(add_frame_columns, FRAME_COLUMNS),
        Step(unsigned_indices),
        Step(add_keywords, KEYWORDS),
        Step(add_experimenter, EXPERIMENTER),
        Step(times_to_rates, REGULAR_TIMES),
    ),
    namespaces=(namespace_file(NAMESPACE),),
    expected="expected sub-<specimen>_ses-<experiment>-Stim<X>_behavior+image+ophys.nwb, as DANDI has them",
    rows=RowTable("ophys_experiments.json", "id"),
    told_by=(name_animal, restore_static_gratings, restore_epochs),
)

# what a module of a data set has (conversion_utils.DatasetModule)
run = partial(run_data_set, DATA_SET)
list_sessions = partial(list_data_set, DATA_SET)
