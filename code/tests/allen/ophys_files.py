"""Small files like those of Visual Behavior Ophys: a behaviour session, and imaging planes of a session."""

from dataclasses import dataclass

import numpy as np
from hdmf.backends.hdf5 import H5DataIO
from pynwb import TimeSeries
from pynwb.base import Images
from pynwb.image import GrayscaleImage
from pynwb.ophys import DfOverF, Fluorescence, ImageSegmentation, OpticalChannel, RoiResponseSeries

from tests.allen import behavior_parts as parts
from tests.allen.extensions import Extensions

BEHAVIOR_SESSION = 775614751
EXPERIMENT = 951980471
OPHYS_SESSION = 951410079


@dataclass(frozen=True)
class Plane:
    """What differs from one imaging plane of a session to another."""

    experiment_id: int = EXPERIMENT
    n_rois: int = 3
    n_frames: int = 200
    indicator: str = "GCaMP6f"
    depth_um: int = 150
    group: int = -1
    group_count: int = 0
    device: str = "CAM2P.4"
    size_px: tuple = (44, 51)
    n_imaging_planes: int = 1
    trials_shift_s: float = 0.0
    passive: bool = False
    ophys_session_id: int = OPHYS_SESSION
    image_set: str = parts.IMAGE_SET


def behavior_session(path, *, identifier=BEHAVIOR_SESSION, licks=True, gratings=False):
    extensions = Extensions(*parts.NAMESPACES)
    nwbfile = parts.new_file(identifier, "TRAINING_3_images_A_10uL_reward")
    nwbfile.create_device("BEH.G-Box3", description="Allen Brain Observatory - BEH.G-Box3 rig")
    _add_behavior(nwbfile, extensions, licks=licks, gratings=gratings)
    nwbfile.add_lab_meta_data(
        extensions.BehaviorMetadata(name="metadata", equipment_name="BEH.G-Box3", **_session_facts(identifier))
    )
    return parts.write(nwbfile, extensions, path)


def ophys_experiment(path, plane=Plane()):
    extensions = Extensions(*parts.NAMESPACES)
    nwbfile = parts.new_file(plane.experiment_id, "OPHYS_1_images_A")
    maker = {} if plane.device.startswith("MESO") else {"manufacturer": "Scientifica"}
    device = nwbfile.create_device(plane.device, description="Allen Brain Observatory - 2P Rig", **maker)
    _add_behavior(nwbfile, extensions, image_set=plane.image_set, licks=not plane.passive, shift_s=plane.trials_shift_s)
    parts.add_eye_tracking(nwbfile, extensions)
    for number in range(1, plane.n_imaging_planes + 1):
        _add_imaging_plane(nwbfile, device, plane, number)
    _add_ophys(nwbfile, extensions, plane)
    nwbfile.add_lab_meta_data(
        extensions.OphysBehaviorMetadata(
            name="metadata",
            equipment_name=plane.device,
            ophys_container_id=1018028342,
            ophys_experiment_id=plane.experiment_id,
            ophys_session_id=plane.ophys_session_id,
            field_of_view_height=plane.size_px[1],
            field_of_view_width=plane.size_px[0],
            imaging_plane_group=plane.group,
            imaging_plane_group_count=plane.group_count,
            imaging_depth=plane.depth_um,
            targeted_imaging_depth=plane.depth_um,
            project_code="VisualBehaviorMultiscope" if plane.group_count else "VisualBehavior",
            **_session_facts(None),
        )
    )
    return parts.write(nwbfile, extensions, path)


def _session_facts(session_id):
    facts = {
        "behavior_session_uuid": "69cdbe09-e62b-4b42-aab1-54b5773dfe78",
        "session_type": "OPHYS_1_images_A",
        "stimulus_frame_rate": parts.STIMULUS_RATE_HZ,
    }
    return facts if session_id is None else facts | {"behavior_session_id": session_id}


def _add_behavior(nwbfile, extensions, *, image_set=parts.IMAGE_SET, licks=True, shift_s=0.0, gratings=False):
    parts.add_subject(nwbfile, extensions)
    parts.add_task(nwbfile, extensions)
    parts.add_running_and_stimulus_times(nwbfile)
    if licks:
        parts.add_licks_and_rewards(nwbfile)
    parts.add_trials(nwbfile, shift_s=shift_s)
    if gratings:
        parts.add_grating_presentations(nwbfile)
        parts.add_template(nwbfile, extensions, name="grating", images=parts.GRATINGS)
        return
    parts.add_presentations(nwbfile, name=image_set, active=licks)
    template = parts.TEMPLATE if image_set == parts.IMAGE_SET else f"{image_set}.05.26"
    parts.add_template(nwbfile, extensions, name=template)


def _add_imaging_plane(nwbfile, device, plane, number):
    width, height = plane.size_px
    nwbfile.create_imaging_plane(
        name=f"imaging_plane_{number}",
        optical_channel=OpticalChannel(name="channel_1", description="2P Optical Channel", emission_lambda=520.0),
        description=f"({width}, {height}) field of view in VISp at depth {plane.depth_um} um",
        device=device,
        excitation_lambda=910.0,
        imaging_rate=31.0,
        indicator=plane.indicator,
        location="VISp",
    )


def _add_ophys(nwbfile, extensions, plane):
    module = nwbfile.create_processing_module("ophys", "Ophys processing module")
    random = np.random.default_rng(plane.experiment_id)
    width, height = plane.size_px
    segmentation = ImageSegmentation(name="image_segmentation")
    cells = segmentation.create_plane_segmentation(
        name="cell_specimen_table",
        description="Segmented rois",
        imaging_plane=nwbfile.imaging_planes["imaging_plane_1"],
    )
    cells.add_column("cell_specimen_id", "No Description Available")
    cells.add_column("valid_roi", "No Description Available")
    for roi in range(plane.n_rois):
        mask = np.zeros((height, width), dtype=bool)
        mask[roi : roi + 4, roi : roi + 3] = True
        cells.add_roi(id=1080000 + roi, image_mask=mask, cell_specimen_id=1086000 + roi, valid_roi=True)
    module.add(segmentation)
    # imaging is regular to the last bit of the clock
    times = 2.0 + np.arange(plane.n_frames) / 31.0
    _add_traces(module, extensions, cells, times, random)
    module.add(_summary_images(random, (height, width)))
    for axis in "xy":
        shift = random.integers(-3, 4, plane.n_frames)
        module.add(TimeSeries(name=f"ophys_motion_correction_{axis}", data=shift, timestamps=times, unit="pixels"))


def _add_traces(module, extensions, cells, times, random):
    shape = len(times), len(cells)
    rois = cells.create_roi_table_region("segmented cells labeled by cell_specimen_id", region=list(range(shape[1])))
    values = random.normal(0, 1, shape).round(2)
    traces = RoiResponseSeries(name="traces", data=values, unit="NA", rois=rois, timestamps=times)
    module.add(DfOverF(name="dff", roi_response_series=traces))
    for name in ("corrected_fluorescence", "demixed_trace", "neuropil_trace"):
        series = RoiResponseSeries(name="traces", data=values + 100, unit="NA", rois=rois, timestamps=traces)
        module.add(Fluorescence(name=name, roi_response_series=series))
    events = np.where(values > 2.3, values, 0)
    module.add(
        extensions.OphysEventDetection(
            data=H5DataIO(events, compression="gzip", chunks=(max(1, shape[0] // 32), 1)),
            lambdas=random.uniform(0, 1, shape[1]),
            noise_stds=random.uniform(0, 1, shape[1]),
            unit="N/A",
            rois=rois,
            timestamps=traces,
        )
    )


def _summary_images(random, shape):
    images = [
        GrayscaleImage(name=name, data=random.uniform(0, 1, shape).round(3), resolution=0.0078, description=name)
        for name in ("max_projection", "average_image")
    ]
    mask = random.integers(0, 2, shape).astype("f8")
    images.append(GrayscaleImage(name="segmentation_mask_image", data=mask, resolution=0.0078, description="mask"))
    return Images(name="images", images=images, description="Summary images for the imaging plane")
