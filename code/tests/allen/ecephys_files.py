"""Small files like those of Visual Behavior Ephys: a session with two probes, their files, and a session without."""

import csv

import numpy as np
from pynwb import TimeSeries
from pynwb.epoch import TimeIntervals

from tests.allen import behavior_parts as parts
from tests.allen import probe_files
from tests.allen.extensions import Extensions
from tests.allen.ophys_files import behavior_session
from tests.allen.visual_coding_ephys import UNIT_IDS, _units

NAMESPACES = (*parts.NAMESPACES, "ndx-aibs-ecephys")
SESSION = 1044385384
BEHAVIOR = 1044408432
BEHAVIOR_ALONE = 1052272975
IMAGE_SET = "Natural_Images_Lum_Matched_set_ophys_G_2019"
TEMPLATE = f"{IMAGE_SET}.05.26"
# a subset of each probe's electrodes, in an order of its own
PROBES = (
    probe_files.Probe("probeA", 101, (101003, 101001, 101005)),
    probe_files.Probe("probeB", 102, (102006, 102002)),
)


def write_session(folder, *, probes=PROBES, session=SESSION, **variant):
    """Write ``behavior_ecephys_sessions/<id>/`` with the base file and the probe files; give the base file's path."""
    place = folder / "behavior_ecephys_sessions" / str(session)
    base = write_base(place / f"ecephys_session_{session}.nwb", session=session, **variant)
    for probe in probes:
        write_probe(place / f"probe_{probe.probe_id}.nwb", probe)
    return base


def write_probe(path, probe, *, extra_device=None, start=parts.START):
    extensions = Extensions(*NAMESPACES)
    nwbfile = parts.new_file(probe.probe_id, "EPHYS_1_images_G_5uL_reward", start=start, session_id=str(SESSION))
    parts.add_subject(nwbfile, extensions)
    group = probe_files.add_probe(nwbfile, extensions, probe.name, probe.probe_id)
    if extra_device:
        nwbfile.create_device(extra_device)
    probe_files.add_electrode_columns(nwbfile)
    probe_files.add_electrodes(nwbfile, group, probe.ids)
    _place_electrodes(nwbfile)
    if probe.has_lfp:
        probe_files._add_lfp(nwbfile, probe)
    if probe.has_csd:
        probe_files._add_csd(nwbfile, probe, extensions)
    return parts.write(nwbfile, extensions, path)


def write_behavior_only(folder):
    """A session without probes: gratings, and a series that indexes their templates."""
    path = folder / "behavior_only_sessions" / str(BEHAVIOR_ALONE) / f"behavior_session_{BEHAVIOR_ALONE}.nwb"
    return behavior_session(path, identifier=BEHAVIOR_ALONE, gratings=True)


def write_base(path, *, session=SESSION, image_set=IMAGE_SET, is_passive=False):
    extensions = Extensions(*NAMESPACES)
    nwbfile = parts.new_file(session, "EPHYS_1_images_G_5uL_reward")
    nwbfile.create_device("NP.1", description="Allen Brain Observatory - NP.1 rig")
    parts.add_subject(nwbfile, extensions)
    parts.add_task(nwbfile, extensions)
    parts.add_running_and_stimulus_times(nwbfile)
    if not is_passive:
        parts.add_licks_and_rewards(nwbfile)
    parts.add_trials(nwbfile)
    # a ragged column without any value is written as one empty text
    nwbfile.trials.add_column("reward_types", "NOT IMPLEMENTED: reward_types", data=["", "", ""])
    parts.add_presentations(nwbfile, name=image_set, active=not is_passive)
    _add_mapping(nwbfile)
    parts.add_template(nwbfile, extensions, name=f"{image_set}.05.26", indexed=False)
    parts.add_eye_tracking(nwbfile, extensions)
    _add_eye_tracking_rig(nwbfile, extensions)
    _add_optotagging(nwbfile)
    _add_electrodes(nwbfile, extensions)
    nwbfile.units = _units()
    nwbfile.add_lab_meta_data(
        extensions.BehaviorMetadata(
            name="metadata",
            equipment_name="NP.1",
            behavior_session_id=BEHAVIOR,
            behavior_session_uuid="69cdbe09-e62b-4b42-aab1-54b5773dfe78",
            session_type=nwbfile.session_description,
            stimulus_frame_rate=parts.STIMULUS_RATE_HZ,
        )
    )
    return parts.write(nwbfile, extensions, path)


def write_tables(folder, unit_ids=UNIT_IDS):
    """The data set's tables; the first unit has no structure."""
    place = folder / "project_metadata"
    place.mkdir(parents=True, exist_ok=True)
    _write(place / "ecephys_sessions.csv", ["ecephys_session_id", "behavior_session_id"], [[SESSION, BEHAVIOR]])
    header = [
        "unit_id", "ecephys_channel_id", "ecephys_probe_id", "ecephys_session_id", "valid_data", "structure_acronym",
        "structure_id", "anterior_posterior_ccf_coordinate", "dorsal_ventral_ccf_coordinate",
        "left_right_ccf_coordinate", "probe_vertical_position", "probe_horizontal_position", "waveform_halfwidth",
    ]  # fmt: skip
    rows = [
        [
            unit,
            101000 + k,
            101,
            SESSION,
            k != 1,
            "VISp" if k else "",
            385 if k else "",
            8000.0 + k,
            500.5,
            7000,
            20 * k,
            43,
            0.2,
        ]
        for k, unit in enumerate(unit_ids)
    ]
    # the table has units of all sessions, in an order of its own
    rows = [*reversed(rows), [7, 1, 1, 1, True, "CA1", 382, 1, 1, 1, 1, 1, 0.3]]
    _write(place / "units.csv", header, rows)
    return place


def _add_mapping(nwbfile):
    """Patches of gratings, which have no template."""
    table = TimeIntervals(name="gabor_20_deg_250ms_presentations", description="Presentation times and stimuli details")
    for column in ("orientation", "position_x", "stimulus_name", "stimulus_block", "duration"):
        table.add_column(column, "No description")
    series = nwbfile.processing["stimulus"]["timestamps"]
    for row, angle in enumerate((0.0, 45.0, 90.0)):
        start = 8.0 + 0.25 * row
        table.add_interval(
            start_time=start,
            stop_time=start + 0.25,
            tags=["stimulus_time_interval"],
            timeseries=[series],
            orientation=angle,
            position_x=10.0 * row,
            stimulus_name="gabor_20_deg_250ms",
            stimulus_block=2,
            duration=0.25,
        )
    nwbfile.add_time_intervals(table)


def _add_eye_tracking_rig(nwbfile, extensions):
    places = ("monitor_position", "camera_position", "led_position", "monitor_rotation", "camera_rotation")
    facts = {name: np.array([k, 2.5, -3.0], np.float32) for k, name in enumerate(places)}
    units = {f"{name}__unit": "mm" if name.endswith("position") else "deg" for name in places}
    rig = extensions.EcephysEyeTrackingRigMetadata(name="eye_tracking_rig_metadata", equipment="NP.1", **facts, **units)
    nwbfile.create_processing_module("eye_tracking_rig_metadata", "Eye tracking rig metadata").add(rig)


def _add_optotagging(nwbfile):
    module = nwbfile.create_processing_module("optotagging", "optogenetic stimulution data")
    series = TimeSeries(name="optotagging", data=[1.0, 2.5], timestamps=[10.0, 10.5], unit="V", description="pulses")
    module.add(series)
    table = TimeIntervals(name="optogenetic_stimulation", description="optogenetic_stimulation")
    for column in ("stimulus_name", "level", "condition", "duration"):
        table.add_column(column, "No description")
    for start, level in ((10.0, 1.0), (10.5, 2.5)):
        table.add_interval(
            start_time=start,
            stop_time=start + 0.01,
            tags=["optical_stimulation"],
            timeseries=[series],
            stimulus_name="pulse",
            level=level,
            condition="a single square pulse",
            duration=0.01,
        )
    module.add(table)


def _add_electrodes(nwbfile, extensions):
    """Probe B was never found in the brain: its places are 0; one electrode of probe A lies at 0 on one axis only."""
    probe_files.add_electrode_columns(nwbfile)
    for name, probe_id in probe_files.PROBES.items():
        group = probe_files.add_probe(nwbfile, extensions, name, probe_id)
        probe_files.add_electrodes(nwbfile, group, probe_files.electrode_ids(probe_id))
    _place_electrodes(nwbfile)


def _place_electrodes(nwbfile):
    table = nwbfile.electrodes
    for axis in "xyz":
        for row, number in enumerate(table.id.data):
            if number >= 102000 or (axis == "z" and number == 101002):
                table[axis].data[row] = 0.0


def _write(path, header, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
