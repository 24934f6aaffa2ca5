"""Parts of made sessions of the Visual Behavior data sets, which imaging and electrodes have in common.

They run under pynwb 2.3.1, with which the real files were written, and under the one that this program uses.
"""

from datetime import UTC, datetime

import numpy as np
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.epoch import TimeIntervals
from pynwb.image import IndexSeries

NAMESPACES = (
    "ndx-aibs-stimulus-template",
    "ndx-ellipse-eye-tracking",
    "ndx-aibs-behavior-ophys",
    "ndx-aibs-ophys-event-detection",
)
START = datetime(2019, 9, 20, 16, 24, 25, tzinfo=UTC)
IMAGES = ("im000_r", "im061_r", "im104_r")
IMAGE_SET = "Natural_Images_Lum_Matched_set_ophys_A_2019"
TEMPLATE = f"{IMAGE_SET}.05.26"
STIMULUS_RATE_HZ = 60.0
N_STIMULUS_FRAMES = 600


def new_file(identifier, session_type, *, start=START, **facts):
    return NWBFile(
        session_description=session_type,
        identifier=str(identifier),
        session_start_time=start,
        file_create_date=START,
        institution="Allen Institute for Brain Science",
        keywords=["visual", "behavior", "task"],
        **facts,
    )


def write(nwbfile, extensions, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with NWBHDF5IO(str(path), "w", manager=extensions.manager) as io:
        io.write(nwbfile)
    return path


def add_subject(nwbfile, extensions):
    nwbfile.subject = extensions.BehaviorSubject(
        age="P140D",
        genotype="Slc17a7-IRES2-Cre/wt",
        sex="F",
        species="Mus musculus",
        subject_id="457841",
        description="A visual behavior mouse with a LabTracks ID",
        age_in_days="140",
        reporter_line="Ai93(TITL-GCaMP6f)",
        driver_line=["Camk2a-tTA", "Slc17a7-IRES2-Cre"],
    )


def add_task(nwbfile, extensions):
    nwbfile.add_lab_meta_data(
        extensions.BehaviorTaskParameters(
            name="task_parameters",
            task="change detection",
            omitted_flash_fraction=0.05,
            reward_volume=0.007,
            n_stimulus_frames=N_STIMULUS_FRAMES,
            session_type=nwbfile.session_description,
            response_window_sec=[0.15, 0.75],
            stimulus_distribution="geometric",
            blank_duration_sec=[0.5, 0.5],
            stimulus="images",
            stimulus_duration_sec=0.25,
            auto_reward_volume=0.005,
        )
    )


def add_running_and_stimulus_times(nwbfile):
    frame_times = 2.0 + np.arange(N_STIMULUS_FRAMES) / STIMULUS_RATE_HZ
    stimulus = nwbfile.create_processing_module("stimulus", "Stimulus Times processing")
    stimulus.add(TimeSeries(name="timestamps", data=frame_times, timestamps=frame_times, unit="s"))
    running = nwbfile.create_processing_module("running", "Running speed processing module")
    # the encoder is read with some jitter: no rate describes it
    jittered = frame_times + np.random.default_rng(1).normal(0, 1e-4, N_STIMULUS_FRAMES)
    speed = TimeSeries(name="speed", data=np.sin(frame_times) * 20, timestamps=jittered, unit="cm/s")
    running.add(speed)
    running.add(TimeSeries(name="speed_unfiltered", data=np.sin(frame_times) * 20 + 0.1, timestamps=speed, unit="cm/s"))
    running.add(TimeSeries(name="dx", data=np.cos(frame_times), timestamps=jittered, unit="cm"))


def add_licks_and_rewards(nwbfile):
    licking = nwbfile.create_processing_module("licking", "Licking behavior processing module")
    licking.add(TimeSeries(name="licks", data=np.array([30, 90, 400]), timestamps=[2.5, 3.5, 8.66], unit="frame"))
    rewards = nwbfile.create_processing_module("rewards", "Licking behavior processing module")
    volume = TimeSeries(name="volume", data=[0.007, 0.005], timestamps=[3.55, 8.7], unit="mL")
    rewards.add(volume)
    rewards.add(TimeSeries(name="autorewarded", data=[False, True], timestamps=volume, unit="mL"))


def add_trials(nwbfile, *, shift_s=0.0):
    texts = {"initial_image_name": [IMAGES[0], IMAGES[1], ""], "change_image_name": [IMAGES[1], IMAGES[2], ""]}
    numbers = {
        "go": [True, False, False],
        "catch": [False, True, False],
        "aborted": [False, False, True],
        "change_time": [3.0, 5.5, np.nan],
        "reward_volume": [0.007, 0.0, 0.0],
    }
    for column in (*texts, *numbers):
        nwbfile.add_trial_column(column, f"NOT IMPLEMENTED: {column}")
    nwbfile.add_trial_column("lick_times", "NOT IMPLEMENTED: lick_times", index=True)
    for row in range(3):
        values = {name: column[row] for name, column in (texts | numbers).items()}
        licks = [[3.5, 3.6], [], [8.66]][row]
        start = 2.0 + 2.5 * row + shift_s
        nwbfile.add_trial(start_time=start, stop_time=start + 2.0, lick_times=licks, **values)


def add_presentations(nwbfile, *, name=IMAGE_SET, active=True):
    """Flashes of images, one of them omitted."""
    table = TimeIntervals(
        name=f"{name}_presentations", description=f"Presentation times and stimuli details for {name}"
    )
    shown = [*IMAGES, "omitted", IMAGES[0]]
    for column in ("image_name", "stimulus_name", "stimulus_block", "omitted", "is_change", "active", "start_frame"):
        table.add_column(column, "No description")
    series = nwbfile.processing["stimulus"]["timestamps"]
    for row, image in enumerate(shown):
        start = 2.0 + 0.75 * row
        table.add_interval(
            start_time=start,
            stop_time=start + 0.25,
            tags=["stimulus_time_interval"],
            timeseries=[series],
            image_name=image,
            stimulus_name=name,
            stimulus_block=0,
            omitted=image == "omitted",
            is_change=row == 1,
            active=active,
            start_frame=row * 45,
        )
    nwbfile.add_time_intervals(table)


def add_template(nwbfile, extensions, *, name=TEMPLATE, images=IMAGES, shape=(24, 40), indexed=True):
    """Images as shown, and as they were before they were warped, with a mask of NaN around them."""
    random = np.random.default_rng(len(images))
    warped = random.integers(0, 256, (len(images), *shape), dtype="u1")
    unwarped = warped.astype("f8")
    unwarped[:, :2] = np.nan
    template = extensions.StimulusTemplate(
        name=name,
        data=warped,
        unwarped=unwarped,
        control=list(range(len(images))),
        control_description=list(images),
        timestamps=np.full(len(images), np.nan),
        unit="NA",
        format="raw",
    )
    nwbfile.add_stimulus_template(template)
    if indexed:
        # pynwb 4 reads such a series and refuses to make one
        shown = IndexSeries.__new__(IndexSeries, in_construct_mode=True)
        shown.__init__(
            name=name,
            data=np.array([0, 1, 2, 0], dtype="i8"),
            timestamps=[2.0, 2.75, 3.5, 5.0],
            unit="None",
            indexed_timeseries=template,
        )
        nwbfile.add_stimulus(shown)


GRATINGS = ("gratings_0.0", "gratings_90.0", "gratings_180.0")


def add_grating_presentations(nwbfile):
    """Flashes of gratings, told apart by their angle; one is left out."""
    table = TimeIntervals(
        name="grating_presentations", description="Presentation times and stimuli details for grating"
    )
    for column in ("orientation", "stimulus_name", "omitted", "is_change"):
        table.add_column(column, "No description")
    series = nwbfile.processing["stimulus"]["timestamps"]
    for row, angle in enumerate((0.0, 90.0, np.nan, 0.0)):
        start = 2.0 + 0.75 * row
        table.add_interval(
            start_time=start,
            stop_time=start + 0.25,
            tags=["stimulus_time_interval"],
            timeseries=[series],
            orientation=angle,
            stimulus_name="grating",
            omitted=np.isnan(angle),
            is_change=row == 1,
        )
    nwbfile.add_time_intervals(table)


def add_eye_tracking(nwbfile, extensions):
    times = 2.0 + np.arange(90) / 30.0
    random = np.random.default_rng(2)

    def ellipse(name, timestamps):
        area = random.uniform(100, 200, len(times))
        blinking = area.copy()
        blinking[10:13] = np.nan
        return extensions.EllipseSeries(
            name=name,
            data=random.normal(300, 5, (len(times), 2)),
            area=blinking,
            area_raw=area,
            width=np.sqrt(area),
            height=np.sqrt(area),
            angle=random.uniform(-1, 1, len(times)),
            timestamps=timestamps,
            reference_frame="nose",
            unit="pixels",
        )

    eye = ellipse("eye_tracking", times)
    blink = np.zeros(len(times), dtype=bool)
    blink[10:13] = True
    nwbfile.add_acquisition(
        extensions.EllipseEyeTracking(
            name="EyeTracking",
            eye_tracking=eye,
            pupil_tracking=ellipse("pupil_tracking", eye),
            corneal_reflection_tracking=ellipse("corneal_reflection_tracking", eye),
            likely_blink=TimeSeries(name="likely_blink", data=blink, timestamps=eye, unit="N/A"),
        )
    )
