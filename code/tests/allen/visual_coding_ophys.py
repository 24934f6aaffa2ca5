"""Small sessions as those of Visual Coding Ophys: a processed file, its raw file, the tables of the data set.

A session of 60 s instead of an hour, with the stimuli of each kind of session in blocks of 5 to 20 s.
"""

import csv
import json
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from hdmf.backends.hdf5 import H5DataIO
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.base import Image, Images
from pynwb.behavior import BehavioralTimeSeries, CompassDirection, EyeTracking, PupilTracking, SpatialSeries
from pynwb.epoch import TimeIntervals
from pynwb.file import Subject
from pynwb.image import ImageSeries, IndexSeries
from pynwb.ophys import DfOverF, Fluorescence, ImageSegmentation, OpticalChannel, RoiResponseSeries, TwoPhotonSeries

START = datetime(2016, 7, 15, 9, 30, 1, tzinfo=UTC)
SPECIMEN, DONOR, EXPERIMENT = 510951998, "234584", 511510650
N_FRAMES, RATE = 1800, 30.0
HEIGHT, WIDTH = 32, 28
KINDS = {
    "StimA": "three_session_A",
    "StimB": "three_session_B",
    "StimC": "three_session_C",
    "StimC2": "three_session_C2",
}
TYPE_OF_IMAGE = {"natural_scenes": "NaturalScene", "locally_sparse_noise": "LocallySparseImage"}


@dataclass(frozen=True)
class Kind:
    """What is shown in one kind of session, as (name, start, stop) of each block."""

    gratings: tuple = ()
    images: tuple = ()
    movies: tuple = ()
    spontaneous: tuple = (("spontaneous_stimulus", 21.0, 28.0),)


SHOWN = {
    "StimA": Kind(
        # between the first two rows of gratings is a gap of 1.5 s: one block all the same
        gratings=(("drifting_gratings", 2.0, 8.0), ("drifting_gratings", 40.0, 46.0)),
        movies=(("natural_movie_one", 9.0, 14.0), ("natural_movie_three", 30.0, 36.0)),
    ),
    "StimB": Kind(
        gratings=(("static_gratings", 2.0, 8.0), ("static_gratings", 40.0, 46.0)),
        images=(("natural_scenes", 30.0, 36.0),),
        movies=(("natural_movie_one", 9.0, 14.0),),
    ),
    "StimC": Kind(
        images=(("locally_sparse_noise", 30.0, 36.0),),
        movies=(("natural_movie_one", 9.0, 14.0), ("natural_movie_two", 40.0, 46.0)),
    ),
    "StimC2": Kind(
        images=(("locally_sparse_noise_4deg", 30.0, 36.0), ("locally_sparse_noise_8deg", 2.0, 8.0)),
        movies=(("natural_movie_one", 9.0, 14.0), ("natural_movie_two", 40.0, 46.0)),
    ),
}


def frame_times():
    """Stamps of the imaging frames, not quite regular."""
    return 0.5 + np.arange(N_FRAMES) / RATE + 1e-6 * np.sin(np.arange(N_FRAMES))


def image_values(name, k, shape=(6, 7)):
    """uint8: each image of each set is another one."""
    return ((np.arange(shape[0] * shape[1]).reshape(shape) + 11 * k + len(name)) % 256).astype(np.uint8)


def stem(kind, experiment=EXPERIMENT):
    return f"sub-{SPECIMEN}_ses-{experiment}-{kind}"


def write_session(
    folder, kind="StimB", experiment=EXPERIMENT, has_epochs=False, has_eye=True, has_raw=True, n_raw=40, bad_index=False
):
    """Write the processed and the raw file; give the path of the former."""
    place = folder / f"sub-{SPECIMEN}"
    place.mkdir(parents=True, exist_ok=True)
    nwbfile = _new_file(kind, experiment)
    plane = _add_imaging(nwbfile)
    corrected = _add_traces(nwbfile, plane)
    _add_behavior(nwbfile, corrected, has_eye=has_eye)
    _add_stimuli(nwbfile, SHOWN[kind], bad_index=bad_index)
    if has_epochs:
        _add_epochs(nwbfile, SHOWN[kind])
    path = place / f"{stem(kind, experiment)}_behavior+image+ophys.nwb"
    with NWBHDF5IO(str(path), "w") as io:
        io.write(nwbfile)
    if has_raw:
        write_raw(place / f"{stem(kind, experiment)}_ophys.nwb", kind, experiment, n_frames=n_raw)
    return path


def raw_frames(n_frames=40):
    return (np.arange(n_frames * HEIGHT * WIDTH).reshape(n_frames, HEIGHT, WIDTH) % 4093).astype(np.uint16)


def write_raw(path, kind="StimB", experiment=EXPERIMENT, specimen=SPECIMEN, n_frames=40):
    """Write the file of frames as they came from the microscope."""
    nwbfile = _new_file(kind, experiment, specimen)
    plane = _add_imaging(nwbfile)
    frames = TwoPhotonSeries(
        name="MotionCorrectedTwoPhotonSeries",
        description="frames",
        data=H5DataIO(raw_frames(n_frames), chunks=(10, HEIGHT, WIDTH), compression="gzip"),
        timestamps=frame_times()[:n_frames],
        imaging_plane=plane,
        unit="n.a.",
    )
    nwbfile.add_acquisition(frames)
    shifts = np.arange(2 * n_frames, dtype=np.int16).reshape(n_frames, 2)
    nwbfile.add_acquisition(
        TimeSeries(name="MotionCorrectionShiftsPerFrame", data=shifts, timestamps=frames, unit="pixels")
    )
    with NWBHDF5IO(str(path), "w") as io:
        io.write(nwbfile)
    return path


def _new_file(kind, experiment=EXPERIMENT, specimen=SPECIMEN):
    return NWBFile(
        session_description="Two-photon imaging while images are shown",
        identifier=f"{experiment}-{kind}",
        session_start_time=START,
        session_id=f"{experiment}-{kind}",
        protocol=KINDS[kind],
        subject=Subject(subject_id=str(specimen), species="Mus musculus", sex="M", age="P105D"),
    )


def _add_imaging(nwbfile):
    device = nwbfile.create_device(name="Microscope", description="Nikon A1R-MP multiphoton microscope")
    nwbfile.create_device(name="StimulusDisplay", description="ASUS PA248Q")
    channel = OpticalChannel(name="OpticalChannel", description="channel", emission_lambda=np.nan)
    return nwbfile.create_imaging_plane(
        name="ImagingPlane",
        description="The plane imaged at {depth} um depth in VISp",
        optical_channel=channel,
        device=device,
        excitation_lambda=910.0,
        indicator="GCaMP6f",
        location="VISp",
    )


def _add_traces(nwbfile, plane):
    module = nwbfile.create_processing_module(name="ophys", description="processed imaging")
    segmentation = ImageSegmentation()
    module.add(segmentation)
    rois = segmentation.create_plane_segmentation(
        name="PlaneSegmentation", description="regions of interest", imaging_plane=plane
    )
    for k in range(3):
        rois.add_roi(pixel_mask=[(x, k, 1.0) for x in range(2 + k)])
    rois.add_column(name="global_roi_id", description="number", data=[EXPERIMENT + k for k in range(3)])
    region = rois.create_roi_table_region(region=[0, 1, 2], description="all")
    values = np.sin(np.arange(N_FRAMES * 3).reshape(N_FRAMES, 3))
    corrected = RoiResponseSeries(
        name="Corrected", data=values, rois=region, unit="n.a.", timestamps=frame_times(), description="corrected"
    )
    module.add(Fluorescence(name="Fluorescence", roi_response_series=corrected))
    region = rois.create_roi_table_region(region=[0, 1, 2], description="all")
    change = RoiResponseSeries(
        name="DfOverF", data=values / 2, rois=region, unit="n.a.", timestamps=corrected, description="dF/F"
    )
    module.add(DfOverF(name="DfOverF", roi_response_series=change))
    return corrected


def _add_behavior(nwbfile, corrected, has_eye):
    module = nwbfile.create_processing_module(name="behavior", description="what the animal did")
    speed = TimeSeries(name="running_speed", data=np.cos(frame_times()), timestamps=corrected, unit="cm/s")
    module.add(BehavioralTimeSeries(time_series=speed))
    if not has_eye:
        return
    times = np.arange(600) / 10
    gaze = SpatialSeries(name="eye_position", data=np.zeros((600, 2)), timestamps=times, reference_frame="monitor")
    module.add(EyeTracking(spatial_series=gaze))
    angle = SpatialSeries(name="pupil_location", data=np.zeros((600, 2)), timestamps=times, reference_frame="monitor")
    module.add(CompassDirection(spatial_series=angle))
    module.add(PupilTracking(time_series=TimeSeries(name="pupil_size", data=times, timestamps=times, unit="cm^2")))


def _add_stimuli(nwbfile, shown, bad_index):
    names = sorted({name for name, _, _ in (*shown.gratings, *shown.spontaneous)})
    for name in names:
        nwbfile.add_stimulus(_intervals(name, [b for b in (*shown.gratings, *shown.spontaneous) if b[0] == name]))
    for name, start, stop in shown.images:
        base = "locally_sparse_noise" if name.startswith("locally") else name
        images = [Image(name=f"{TYPE_OF_IMAGE[base]}{k}", data=image_values(name, k)) for k in range(12)]
        # as HDF5 lists them: NaturalScene10 before NaturalScene2
        template = Images(name=f"{name}_template", images=images, description=f"images of {name}")
        nwbfile.add_stimulus_template(template)
        index = np.arange(24, dtype=np.uint32) % 12
        index[5] = 4294967295 if bad_index else index[5]
        nwbfile.add_stimulus(_index_series(f"{name}_stimulus", index, start, stop, indexed_images=template))
    for name, start, stop in shown.movies:
        frames = np.stack([image_values(name, k) for k in range(15)])
        template = ImageSeries(
            name=name,
            data=frames,
            unit="n.a.",
            starting_time=np.nan,
            rate=np.nan,
            format="raw",
            device=nwbfile.devices["StimulusDisplay"],
        )
        nwbfile.add_stimulus_template(template)
        index = np.arange(30, dtype=np.uint32) % 15
        nwbfile.add_stimulus(_index_series(f"{name}_stimulus", index, start, stop, indexed_timeseries=template))


def _index_series(name, index, start, stop, **target):
    times = np.linspace(start, stop, len(index))
    # pynwb no longer makes a series that indexes a series, as the files of the data set have them
    series = IndexSeries.__new__(IndexSeries, in_construct_mode=True)
    series.__init__(name=name, data=index, unit="N/A", timestamps=times, description="which image", **target)
    return series


def grating_rows(blocks):
    """start, stop, orientation, spatial frequency, phase, blank of each row; the first two are 1.5 s apart."""
    rows = []
    for _, start, stop in blocks:
        starts = np.r_[start, np.arange(start + 1.75, stop - 0.25, 0.25)]
        for k, first in enumerate(starts):
            is_blank = k % 5 == 4
            values = (np.nan,) * 3 if is_blank else (30.0 * (k % 6), 0.04, 0.25 * (k % 4))
            rows.append((float(first), float(min(first + 0.25, stop)), *values, is_blank))
        rows[-1] = (*rows[-1][:1], stop, *rows[-1][2:])
    return rows


GRATING_COLUMNS = ("orientation_in_degrees", "spatial_frequency_in_cycles_per_degree", "phase", "is_blank_sweep")


def _intervals(name, blocks):
    table = TimeIntervals(name=name, description=f"{name} as they were shown")
    if "gratings" not in name:
        for _, start, stop in blocks:
            table.add_row(start_time=start, stop_time=stop)
        return table
    for column in GRATING_COLUMNS:
        table.add_column(name=column, description=column)
    rows = grating_rows(blocks)
    for start, stop, *values in rows[:3] if name == "static_gratings" else rows:
        table.add_row(start_time=start, stop_time=stop, **dict(zip(GRATING_COLUMNS, values, strict=True)))
    return table


def _add_epochs(nwbfile, shown):
    table = TimeIntervals(name="epochs", description="blocks of stimuli")
    table.add_column(name="stimulus_type", description="kind of stimulus")
    blocks = [*shown.gratings, *shown.images, *shown.movies, *shown.spontaneous]
    for name, start, stop in sorted(blocks, key=lambda block: block[1]):
        table.add_row(start_time=start, stop_time=stop, stimulus_type=name.removesuffix("_stimulus"))
    nwbfile.epochs = table


def write_tables(folder, experiments=None, eye_rows=N_FRAMES):
    """The table of experiments, the gratings and the eye tracking of each; give the paths of those of the last.

    `experiments` has the number of the experiment of each kind of session.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "ophys_experiments.json"
    rows = [_row(1, 2, "StimA")]
    for kind, experiment in (experiments or {"StimB": EXPERIMENT}).items():
        rows.append(_row(experiment, SPECIMEN, kind))
        gratings = folder / "visual-coding-ophys-static-gratings" / f"{experiment}.csv"
        gratings.parent.mkdir(exist_ok=True)
        with gratings.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["start_time", "stop_time", *GRATING_COLUMNS])
            for line in grating_rows(SHOWN["StimB"].gratings):
                writer.writerow(["" if value != value else value for value in line])
        eye = folder / "behavior_ophys_experiments" / str(experiment) / "eye_tracking.npy"
        eye.parent.mkdir(parents=True, exist_ok=True)
        np.save(eye, eye_values(eye_rows))
    table.write_text(json.dumps(rows))
    return {"experiments": table, "static_gratings": gratings, "eye_tracking": eye}


def _row(experiment, specimen, kind):
    return {
        "id": experiment,
        "specimen_id": specimen,
        "stimulus_name": KINDS[kind],
        "imaging_depth": 275,
        "targeted_structure": {"acronym": "VISp"},
        "specimen": {"donor": {"external_donor_name": DONOR}},
        "experiment_container_id": 511510753,
        "date_of_acquisition": "2016-07-15T09:30:01Z",
    }


def eye_values(n_rows=N_FRAMES):
    """float64, shape (n_rows, 5): frame, areas of eye and pupil, azimuth and altitude."""
    frame = np.arange(n_rows, dtype=float)
    return np.stack([frame, 0.1 + frame / 1e5, 0.01 + frame / 1e6, np.sin(frame), np.cos(frame)], axis=1)
