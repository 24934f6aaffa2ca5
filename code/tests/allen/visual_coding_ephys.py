"""Small sessions as those of Visual Coding Ephys: a base file, its probe files, the tables of the data set."""

import csv

import numpy as np
from hdmf.common import VectorData, VectorIndex
from pynwb import NWBHDF5IO, ProcessingModule, TimeSeries
from pynwb.base import TimeSeriesReference
from pynwb.epoch import TimeIntervals
from pynwb.misc import Units

from tests.allen import old_schema
from tests.allen.extensions import Extensions
from tests.allen.probe_files import (
    PROBES,
    Probe,
    add_electrode_columns,
    add_electrodes,
    add_probe,
    electrode_ids,
    new_file,
    write_probe,
)

SESSION = 715093703
UNIT_IDS = [950911932, 950911986, 950912164, 950912190]
# two rows of a probe's electrodes, in an order of their own
PROBE_A = Probe("probeA", 101, (101003, 101001, 101005))
PROBE_B = Probe("probeB", 102, (102006, 102002))


def write_session(folder, session=SESSION, session_type="brain_observatory_1.1", probes=(PROBE_A, PROBE_B)):
    """Write ``session_<id>/session_<id>.nwb`` and its probe files below a folder; give the base file's path."""
    place = folder / f"session_{session}"
    place.mkdir(parents=True)
    base = write_base(place / f"session_{session}.nwb", session, session_type)
    for probe in probes:
        write_probe(place / f"probe_{probe.probe_id}_lfp.nwb", probe)
    return base


def write_base(path, session=SESSION, session_type="brain_observatory_1.1"):
    """Write a base file, then make it look as one of schema 2.2.2."""
    extensions = Extensions("ndx-aibs-ecephys")
    nwbfile = new_file(
        extensions,
        identifier=str(session),
        session_id=str(session),
        session_description="Data and metadata for an Ecephys session",
        institution="Allen Institute for Brain Science",
        stimulus_notes=session_type,
    )
    _add_electrodes(nwbfile, extensions)
    _add_behavior(nwbfile)
    _add_intervals(nwbfile)
    nwbfile.units = _units()
    with NWBHDF5IO(str(path), "w", manager=extensions.manager) as io:
        io.write(nwbfile)
    old_schema.with_index_dtype(path, np.int64)
    old_schema.with_attribute(path, "general/subject/strain")
    old_schema.with_plain_references(path)
    return path


def _add_electrodes(nwbfile, extensions):
    add_electrode_columns(nwbfile)
    for name, probe_id in PROBES.items():
        add_electrodes(nwbfile, add_probe(nwbfile, extensions, name, probe_id), electrode_ids(probe_id))


def _add_behavior(nwbfile):
    running = ProcessingModule(name="running", description="running")
    stimulus = ProcessingModule(name="stimulus", description="stimulus")
    optotagging = ProcessingModule(name="optotagging", description="optogenetic stimulation data")
    for module in (running, stimulus, optotagging):
        nwbfile.add_processing_module(module)
    times = np.arange(200) / 60 + 10
    running.add(TimeSeries(name="running_speed", data=np.sin(times), timestamps=times, unit="cm/s"))
    stimulus.add(TimeSeries(name="timestamps", data=times, timestamps=times, unit="s"))
    optotagging.add(TimeSeries(name="optotagging", data=[1.0, 2.5], timestamps=[12.0, 12.5], unit="V"))
    stimulation = TimeIntervals(name="optogenetic_stimulation", description="d")
    for name in ("condition", "level", "stimulus_name", "duration"):
        stimulation.add_column(name=name, description="d")
    for start, level in ((12.0, 1.0), (12.5, 2.5)):
        stimulation.add_row(
            start_time=start,
            stop_time=start + 0.01,
            condition="a single square pulse",
            level=level,
            stimulus_name="pulse",
            duration=0.01,
        )
    optotagging.add(stimulation)


def _add_intervals(nwbfile):
    series = nwbfile.processing["stimulus"]["timestamps"]
    for name, first, angles in (("drifting_gratings", 0, (0.0, 45.0, 90.0)), ("spontaneous", 60, (np.nan,))):
        table = TimeIntervals(name=f"{name}_presentations", description="Presentation times and stimuli details")
        for column in ("stimulus_name", "stimulus_block", "orientation", "duration"):
            table.add_column(name=column, description="No description")
        for k, angle in enumerate(angles):
            row = first + 12 * k
            table.add_row(
                start_time=float(series.timestamps[row]),
                stop_time=float(series.timestamps[row + 10]),
                stimulus_name=name,
                stimulus_block=float(first > 0),
                orientation=angle,
                duration=10 / 60,
                tags=["stimulus_time_interval"],
                timeseries=[TimeSeriesReference(row, 10, series)],
            )
        nwbfile.add_time_intervals(table)
    nwbfile.add_invalid_time_interval(start_time=12.6, stop_time=12.8, tags=["EcephysProbe", "102", "probeB"])
    nwbfile.add_invalid_time_interval(start_time=10.2, stop_time=11.0, tags=["all_probes", "stimulus"])
    nwbfile.add_invalid_time_interval(start_time=10.2, stop_time=10.4, tags=["EcephysProbe", "101", "probeA"])


def waveform_means():
    return 1e-6 * np.arange(6 * 82.0).reshape(6, 82)


def _units():
    counts = [5, 0, 7, 3]
    ends = np.cumsum(counts)
    times = np.concatenate([np.sort(np.linspace(10, 13, n) + 0.001 * n) for n in counts])
    spikes = VectorData(name="spike_times", description="times", data=times)
    amplitudes = VectorData(name="spike_amplitudes", description="No description", data=times * 1e-5)
    # of each unit two channels, of each channel four samples
    samples = VectorData(name="waveform_samples", description="samples", data=np.arange(32.0))
    inner = VectorIndex(name="waveform_samples_index", data=np.arange(4, 33, 4), target=samples)
    outer = VectorIndex(name="waveform_samples_index_index", data=np.arange(2, 9, 2), target=inner)
    # of each unit the channels on which it was seen, each with 82 samples
    means = VectorData(name="waveform_mean", description="No description", data=waveform_means())
    columns = [
        means,
        VectorIndex(name="waveform_mean_index", data=[2, 2, 5, 6], target=means),
        spikes,
        VectorIndex(name="spike_times_index", data=ends, target=spikes),
        amplitudes,
        VectorIndex(name="spike_amplitudes_index", data=ends, target=amplitudes),
        samples,
        inner,
        outer,
        VectorData(name="peak_channel_id", description="No description", data=[101000, 101003, 102001, 102007]),
        VectorData(name="snr", description="No description", data=[1.5, 2.5, np.nan, 3.0]),
        VectorData(name="quality", description="No description", data=["good", "good", "noise", "good"]),
    ]
    names = (
        "spike_times", "spike_amplitudes", "waveform_mean", "waveform_samples", "peak_channel_id", "snr", "quality",
    )  # fmt: skip
    return Units(name="units", description="Autogenerated by NWBFile", id=UNIT_IDS, columns=columns, colnames=names)


def write_tables(folder):
    """The data set's tables: of units by session type, and of channels; give their paths by name."""
    folder.mkdir(parents=True, exist_ok=True)
    metrics = folder / "brain_observatory_1.1_analysis_metrics.csv"
    # a unit of another session stands between; one of ours is missing
    rows = [[UNIT_IDS[2], 45.0, 0.3, 1.0], [1, 90.0, 0.1, 0.0], [UNIT_IDS[0], "", 0.5, 1.0], [UNIT_IDS[3], 0, 0.2, 0]]
    _write(metrics, ["ecephys_unit_id", "pref_ori_dg", "g_dsi_dg", "run_pval_multi_ns"], rows)
    other = folder / "functional_connectivity_analysis_metrics.csv"
    _write(other, ["ecephys_unit_id", "c50_dg"], [[unit, 0.25] for unit in UNIT_IDS])
    channels = folder / "channels.csv"
    header = [
        "id", "ecephys_probe_id", "local_index", "probe_horizontal_position", "probe_vertical_position",
        "anterior_posterior_ccf_coordinate", "dorsal_ventral_ccf_coordinate", "left_right_ccf_coordinate",
        "ecephys_structure_id", "ecephys_structure_acronym",
    ]  # fmt: skip
    rows = []
    for probe_id in PROBES.values():
        for k, number in enumerate(electrode_ids(probe_id)):
            place = [8000 + k, 500 + k, 7000 + k, 385, "VISp"] if k < 4 else [-1000, -1000, -1000, "", ""]
            rows.append([number, probe_id, k, 43, 20 * k, *place])
    _write(channels, header, rows)
    return {"metrics": metrics, "other": other, "channels": channels}


def _write(path, header, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
