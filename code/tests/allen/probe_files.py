"""Probe files: LFP and current source density of one probe, as the data sets have them beside the base file."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from hdmf.backends.hdf5 import H5DataIO
from pynwb import NWBHDF5IO, NWBFile, ProcessingModule, TimeSeries
from pynwb.ecephys import LFP, ElectricalSeries

from tests.allen import old_schema
from tests.allen.extensions import Extensions

START = datetime(2019, 1, 19, 0, 54, 18, tzinfo=UTC)
PROBES = {"probeA": 101, "probeB": 102}
N_ELECTRODES = 8


def electrode_ids(probe_id):
    return [probe_id * 1000 + k for k in range(N_ELECTRODES)]


def new_file(extensions, subject_id="703279277", start=START, **facts):
    """A file with subject and start, without recordings."""
    nwbfile = NWBFile(session_start_time=start, **{"session_description": "made for tests", **facts})
    nwbfile.subject = extensions.EcephysSpecimen(
        subject_id=subject_id,
        specimen_name="Sst-IRES-Cre;Ai32-386129",
        age_in_days=110.0,
        age="P110D",
        species="Mus musculus",
        sex="M",
        genotype="Sst-IRES-Cre/wt;Ai32(RCL-ChR2(H134R)_EYFP)/wt",
        strain="C57BL/6J",
    )
    return nwbfile


def add_probe(nwbfile, extensions, name, probe_id):
    """A probe's device and electrode group."""
    device = extensions.EcephysProbe(name=name, sampling_rate=29999.9, probe_id=probe_id, description="Neuropixels")
    group = extensions.EcephysElectrodeGroup(
        name=name,
        description=name,
        location="See electrode locations",
        device=device,
        has_lfp_data=True,
        probe_id=probe_id,
        lfp_sampling_rate=1249.99,
    )
    nwbfile.add_device(device)
    nwbfile.add_electrode_group(group)
    return group


def add_electrodes(nwbfile, group, ids):
    """Rows of the electrodes table; what they hold follows from the id."""
    for number in ids:
        k = number % 1000
        nwbfile.add_electrode(
            id=number,
            x=8000.0 + k,
            y=500.0 + k,
            z=500.0 + k,
            imp=np.nan,
            location="VISp" if k < N_ELECTRODES // 2 else "unknown",
            filtering="AP band: 500 Hz high-pass; LFP band: 1000 Hz low-pass",
            group=group,
            probe_vertical_position=20 * k,
            probe_horizontal_position=43,
            local_index=k,
            valid_data=k != 3,
            enforce_unique_id=False,
        )


def add_electrode_columns(nwbfile):
    for name in ("probe_vertical_position", "probe_horizontal_position", "local_index", "valid_data"):
        nwbfile.add_electrode_column(name=name, description=name)


@dataclass(frozen=True)
class Probe:
    """What a probe file holds."""

    name: str
    probe_id: int
    ids: tuple
    n_samples: int = 3000
    has_lfp: bool = True
    has_csd: bool = True
    csd_description: str = "Precalculated current source density from interpolated channel locations."

    @property
    def lfp(self):
        """float32, shape (n_samples, len(ids)): each channel is its electrode's id and a ramp of its own."""
        ramp = np.arange(self.n_samples, dtype=np.float32)[:, None]
        return np.asarray(self.ids, np.float32) % 100 + ramp * np.arange(1, len(self.ids) + 1, dtype=np.float32) / 1e6

    @property
    def times(self):
        return 3.5 + np.arange(self.n_samples) / 1249.99 + self.probe_id * 1e-7


def write_probe(path, probe, extra_device=None, subject_id="703279277", start=START):
    """Write a probe file and give its path."""
    extensions = Extensions("ndx-aibs-ecephys")
    nwbfile = new_file(extensions, subject_id, start, identifier=str(probe.probe_id), session_id="715093703")
    group = add_probe(nwbfile, extensions, probe.name, probe.probe_id)
    if extra_device:
        nwbfile.create_device(extra_device)
    add_electrode_columns(nwbfile)
    add_electrodes(nwbfile, group, probe.ids)
    if probe.has_lfp:
        _add_lfp(nwbfile, probe)
    if probe.has_csd:
        _add_csd(nwbfile, probe, extensions)
    with NWBHDF5IO(str(path), "w", manager=extensions.manager) as io:
        io.write(nwbfile)
    old_schema.with_attribute(path, "general/subject/strain")
    return path


def _add_lfp(nwbfile, probe):
    region = nwbfile.create_electrode_table_region(
        region=list(range(len(probe.ids))), description=f"lfp channels on probe {probe.probe_id}", name="electrodes"
    )
    series = ElectricalSeries(
        name=f"probe_{probe.probe_id}_lfp_data",
        data=H5DataIO(probe.lfp, chunks=(500, 1), compression="gzip"),
        timestamps=H5DataIO(probe.times, chunks=(500,), compression="gzip"),
        electrodes=region,
        description="LFP",
    )
    nwbfile.add_acquisition(LFP(name=f"probe_{probe.probe_id}_lfp", electrical_series=series))


def _add_csd(nwbfile, probe, extensions):
    density = np.linspace(-1, 1, 60 * 5).reshape(60, 5) + probe.probe_id
    csd = extensions.EcephysCSD(
        name="ecephys_csd",
        time_series=TimeSeries(
            name="current_source_density", data=density, timestamps=np.arange(60) / 1250 - 0.1, unit="V/cm^2"
        ),
        virtual_electrode_x_positions=np.array([11, 59, 11, 59, 11], np.uint64),
        virtual_electrode_x_positions__unit="um",
        virtual_electrode_y_positions=np.array([20, 40, 60, 80, 100], np.uint64),
        virtual_electrode_y_positions__unit="um",
    )
    module = ProcessingModule(name="current_source_density", description=probe.csd_description)
    nwbfile.add_processing_module(module)
    module.add(csd)
