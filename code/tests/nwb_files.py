"""Small NWB files in HDF5 with every kind of content that a conversion may meet.

`rich_file` has what the core schema knows, `extended_file` what only an extension of our own can say, `old_file` what
files of 2020 look like, and `bare_file` next to nothing. Each returns its path; none loads an extension into this
process.
"""

import tempfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import h5py
import numpy as np
from hdmf.build import BuildManager
from hdmf.common import DynamicTable, VectorData, VectorIndex
from pynwb import NWBHDF5IO, H5DataIO, NWBFile, TimeSeries, get_manager, get_type_map
from pynwb.base import Images
from pynwb.behavior import Position, SpatialSeries
from pynwb.core import ScratchData
from pynwb.ecephys import LFP, ElectricalSeries
from pynwb.file import Subject
from pynwb.image import GrayscaleImage, ImageSeries, IndexSeries
from pynwb.ophys import (
    Fluorescence,
    ImageSegmentation,
    OpticalChannel,
    RoiResponseSeries,
    TwoPhotonSeries,
)
from pynwb.spec import (
    NWBAttributeSpec,
    NWBDatasetSpec,
    NWBDtypeSpec,
    NWBGroupSpec,
    NWBLinkSpec,
    NWBNamespaceBuilder,
    NWBRefSpec,
)

START = datetime(2024, 2, 29, 23, 59, 58, 123456, tzinfo=timezone(timedelta(hours=-8)))
N_SAMPLES = 600
N_CHANNELS = 7
NAMESPACE = "ndx-mnz-fixture"
OWN_NAMESPACES = ("core", "hdmf-common", "hdmf-experimental")
TYPES = ("Rig", "Task", "Notes", "Log", "Answers")


def bare_file(path, **fields):
    """A file of the required facts only."""
    return _write(_nwbfile(**fields), path)


def rich_file(path, *, n_samples=N_SAMPLES):
    """Everything the core schema knows: links, references, ragged tables, compound columns, empty and scalar data."""
    nwbfile = _nwbfile(
        experimenter=["Doe, Jane", "Müller, Jörg"],
        keywords=["vision", "日本語"],
        timestamps_reference_time=START.astimezone(UTC),
        subject=Subject(
            subject_id="mouse 1", species="Mus musculus", sex="F", date_of_birth=START - timedelta(days=90)
        ),
    )
    random = np.random.default_rng(6)
    _add_ephys(nwbfile, random, n_samples)
    _add_units(nwbfile, random)
    _add_behavior(nwbfile, random)
    _add_ophys(nwbfile, random)
    _add_images(nwbfile, random)
    _add_trials(nwbfile)
    _add_awkward(nwbfile)
    _write(nwbfile, path)
    (path.parent / "movie.tiff").write_bytes(b"II*\0 not read by anyone")
    return path


def _write(nwbfile, path, manager=None):
    with NWBHDF5IO(path, "w", manager=manager or get_manager()) as io:
        io.write(nwbfile)
    with h5py.File(path, "r+") as file:
        # what else was loaded into this process is no part of the file
        for name in file["specifications"].keys() - {*OWN_NAMESPACES, NAMESPACE}:
            del file["specifications"][name]
    return path


def _nwbfile(**fields):
    return NWBFile(
        session_description="made for a test",
        identifier="fixture 1",
        session_start_time=START,
        file_create_date=[START + timedelta(hours=1), START + timedelta(hours=2, microseconds=5)],
        **fields,
    )


def _add_ephys(nwbfile, random, n_samples):
    """A table of electrodes and an LFP in chunks of a row each, as the Allen Institute's files have it."""
    device = nwbfile.create_device("probe", description="two shanks")
    groups = [nwbfile.create_electrode_group(f"shank {k}", "made", "CA1", device) for k in range(2)]
    nwbfile.add_electrode_column("label", "name of the site")
    nwbfile.add_electrode_column("valid", "whether the site works")
    for k in range(N_CHANNELS):
        nwbfile.add_electrode(
            id=850_100_000 + 3 * k,
            group=groups[k % 2],
            location="CA1" if k else "unknown",
            rel_x=float(k),
            imp=np.nan,
            label=f"site {k} µm",
            valid=bool(k % 3),
        )
    sites = nwbfile.create_electrode_table_region([4, 2, 0], "half of the sites, not in order")
    counts = random.integers(-3000, 3000, (n_samples, 3)).astype("f4")
    counts[5, 1] = np.nan
    stamps = np.arange(n_samples) / 1250.0 + 1e-7 * random.standard_normal(n_samples)
    series = ElectricalSeries(
        name="probe_lfp",
        data=H5DataIO(counts, chunks=(1, 3), compression="gzip"),
        timestamps=H5DataIO(stamps, chunks=(64,), compression="gzip", shuffle=True),
        electrodes=sites,
        conversion=4.69e-6,
        filtering="none",
    )
    twin = ElectricalSeries(
        name="twin",
        data=random.integers(-5, 5, (n_samples, 3)).astype("i2"),
        # the same samples: a link in the file
        timestamps=series,
        electrodes=nwbfile.create_electrode_table_region([1, 0, 1], "one site twice"),
        channel_conversion=[1.0, 0.5, 2.0],
    )
    nwbfile.create_processing_module("ecephys", "local field potentials").add(LFP(electrical_series=series, name="LFP"))
    nwbfile.add_acquisition(twin)


def _add_units(nwbfile, random):
    """Ragged times, doubly ragged waveforms, a unit without a spike and a column of text lists."""
    nwbfile.add_unit_column("quality", "by eye")
    nwbfile.add_unit_column("tags", "words for it", index=True)
    for k, n_spikes in enumerate([3, 0, 400, 1]):
        nwbfile.add_unit(
            spike_times=np.sort(random.random(n_spikes)),
            obs_intervals=[[0.0, 1.0], [2.0, 3.0 + k]],
            waveforms=random.standard_normal((n_spikes, 2, 5)),
            electrodes=[k, k + 1],
            electrode_group=nwbfile.electrode_groups["shank 0"],
            quality="good" if k % 2 else "noise",
            tags=[] if k == 2 else ["a", "", "ü"][: k + 1],
            id=7 - k,
        )


def _add_behavior(nwbfile, random):
    spatial = SpatialSeries(
        name="head",
        data=random.random((40, 2)),
        reference_frame="corner of the arena",
        starting_time=-0.25,
        rate=30.0,
    )
    module = nwbfile.create_processing_module("behavior", "where it went")
    module.add(Position(spatial_series=spatial))
    module.add(
        TimeSeries(
            name="licks",
            data=np.array([True, False, True]),
            unit="n/a",
            timestamps=[0.5, 1.5, 2.5],
            control=np.array([0, 1, 1], dtype="u1"),
            control_description=["no", "yes"],
        )
    )


def _add_ophys(nwbfile, random):
    """Frames in awkward chunks, and regions of both kinds of masks: compound columns."""
    device = nwbfile.create_device("scope")
    plane = nwbfile.create_imaging_plane(
        name="plane",
        optical_channel=OpticalChannel(name="green", description="GFP", emission_lambda=525.0),
        description="layer 2",
        device=device,
        excitation_lambda=920.0,
        indicator="GCaMP6f",
        location="VISp",
        imaging_rate=31.0,
    )
    frames = random.integers(0, 4096, (30, 17, 23)).astype("u2")
    nwbfile.add_acquisition(
        TwoPhotonSeries(
            name="frames",
            data=H5DataIO(frames, chunks=(10, 17, 5), compression="gzip", compression_opts=9),
            imaging_plane=plane,
            rate=31.0,
            unit="n.a.",
        )
    )
    segmentation = ImageSegmentation()
    nwbfile.create_processing_module("ophys", "regions").add(segmentation)
    planes = segmentation.create_plane_segmentation("cells", plane, "cells", nwbfile.acquisition["frames"])
    for k in range(3):
        planes.add_roi(pixel_mask=[(x, x + k, 0.5 * x) for x in range(2 + 3 * k)])
    masks = segmentation.create_plane_segmentation("masks", plane, "as pictures")
    for _ in range(2):
        masks.add_roi(image_mask=(random.random((4, 6)) > 0.5).astype(float))
    response = RoiResponseSeries(
        name="traces",
        data=random.random((30, 2)),
        rois=planes.create_roi_table_region("two of them", region=[2, 0]),
        unit="lumens",
        rate=31.0,
    )
    nwbfile.processing["ophys"].add(Fluorescence(roi_response_series=response))


def _add_images(nwbfile, random):
    """Pictures shown by index, and a movie that lies beside the file."""
    pictures = [GrayscaleImage(name=f"picture {k}", data=random.random((5, 4)).astype("f4")) for k in range(11)]
    images = Images(name="pictures", images=pictures, description="natural scenes")
    nwbfile.add_stimulus_template(images)
    nwbfile.add_stimulus(
        IndexSeries(
            name="shown",
            data=np.array([3, 1, 10, 0], dtype="u4"),
            indexed_images=images,
            unit="N/A",
            timestamps=[0.0, 0.5, 1.0, 1.75],
        )
    )
    nwbfile.add_acquisition(
        ImageSeries(
            name="movie",
            external_file=["./movie.tiff"],
            starting_frame=[0],
            format="external",
            rate=25.0,
            num_samples=12,
            unit="n.a.",
        )
    )


def _add_trials(nwbfile):
    """References of times to series: a compound column with object references; and times that are out of order."""
    twin, licks = nwbfile.acquisition["twin"], nwbfile.processing["behavior"]["licks"]
    nwbfile.add_trial_column("answer", "what it did")
    for k in range(4):
        nwbfile.add_trial(start_time=float(k), stop_time=k + 0.5, timeseries=[twin, licks][: 1 + k % 2], answer=f"{k}?")
    nwbfile.add_invalid_time_interval(start_time=9.0, stop_time=10.0, tags=["dark"], timeseries=[licks])
    nwbfile.add_invalid_time_interval(start_time=1.0, stop_time=2.0, tags=["noise", "rf"], timeseries=[twin])


def _add_awkward(nwbfile):
    """Shapes and values at the edge of what a file can hold."""
    nwbfile.add_acquisition(TimeSeries(name="nothing", data=np.empty((0, 4), "f4"), unit="V", rate=10.0))
    nwbfile.add_acquisition(TimeSeries(name="one", data=np.array([[[2.5]]]), unit="V", timestamps=[-1.0]))
    values = [0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, 1 / 3]
    nwbfile.add_acquisition(TimeSeries(name="numbers", data=values, unit="V", rate=1.0, comments="", description="ß"))
    nwbfile.add_acquisition(TimeSeries(name="words", data=["", "a\nb", "ü" * 300], unit="n/a", rate=1.0))
    nwbfile.add_scratch(ScratchData(name="note", data=3, description="one number"))
    nwbfile.add_scratch(ScratchData(name="remark", data="a line\nand another", description="one text"))
    large = np.array([2**63 + 1, 0, 2**64 - 1], dtype="u8")
    nwbfile.add_scratch(ScratchData(name="large", data=large, description="past what a float can tell apart"))
    nwbfile.add_scratch(_nested_table())
    nwbfile.add_scratch(DynamicTable(name="empty", description="no row and no column"))


def _nested_table():
    """Three levels of indices, one of them with empty lists."""
    values = VectorData(name="deep", description="letters of words of lines", data=list("abcdef"))
    words = VectorIndex(name="deep_index", data=[2, 2, 5, 6], target=values)
    lines = VectorIndex(name="deep_index_index", data=[1, 4], target=words)
    texts = VectorIndex(name="deep_index_index_index", data=[0, 2], target=lines)
    return DynamicTable(name="nested", description="three deep", columns=[texts, lines, words, values])


def extended_file(path):
    """What the core schema cannot say, in types of our own: references as attributes and in rows with text, links."""
    with tempfile.TemporaryDirectory() as folder:
        type_map = get_type_map()
        type_map.load_namespaces(_write_namespace(Path(folder)))
    types = {name: type_map.get_dt_container_cls(name, NAMESPACE) for name in TYPES}
    nwbfile = _nwbfile()
    licks = TimeSeries(name="licks", data=[1.0, 2.0], unit="V", rate=1.0)
    nwbfile.add_acquisition(licks)
    rig = types["Rig"](
        name="rig", monitor_position=np.array([1, 2, 3], "f4"), monitor_position__unit="cm", watched=licks
    )
    rows = np.array([(1, 0.5), (255, -1.0)], dtype=[("id", "u1"), ("gain", "f8")])
    nwbfile.add_lab_meta_data(rig)
    labels = np.array([(7, "sieben µ"), (-8, "")], dtype=[("number", "i4"), ("label", "O")])
    nwbfile.add_lab_meta_data(
        types["Task"](name="task", stage="stage ü", sizes=[2.5, 3.5], rows=rows, labels=labels, rig=rig)
    )
    notes = types["Notes"](name="notes", description="by hand", data=[(3, "three", licks), (4, "vier µ", rig)])
    seen = VectorData(name="seen", description="objects of any type", data=[rig, licks])
    nwbfile.add_scratch(types["Log"](name="log", description="what was seen", columns=[notes, seen]))
    nwbfile.add_acquisition(
        types["Answers"](
            name="answers", data=np.arange(6, dtype="i2").reshape(3, 2), unit="n/a", rate=2.0, key=np.int32(-4)
        )
    )
    return _write(nwbfile, path, BuildManager(type_map))


def _write_namespace(folder):
    builder = NWBNamespaceBuilder("types of a test", NAMESPACE, version="0.1.0", author="nobody", contact="none")
    builder.include_namespace("core")
    for spec in (_rig(), _task(), _notes(), _log(), _answers()):
        builder.add_spec("fixture.extensions.yaml", spec)
    builder.export("fixture.namespace.yaml", outdir=str(folder))
    return str(folder / "fixture.namespace.yaml")


def _rig():
    return NWBGroupSpec(
        "where things stood, and an attribute that is a reference",
        neurodata_type_def="Rig",
        neurodata_type_inc="LabMetaData",
        attributes=[NWBAttributeSpec("watched", "what was watched", NWBRefSpec("TimeSeries", "object"))],
        datasets=[
            NWBDatasetSpec(
                "of the monitor",
                "float32",
                name="monitor_position",
                shape=(3,),
                dims=("x y z",),
                attributes=[NWBAttributeSpec("unit", "of length", "text")],
            )
        ],
    )


def _task():
    rows = [NWBDtypeSpec("id", "of the row", "uint8"), NWBDtypeSpec("gain", "of the row", "float64")]
    labels = [NWBDtypeSpec("number", "of the row", "int32"), NWBDtypeSpec("label", "of the row", "text")]
    return NWBGroupSpec(
        "an attribute, numbers, rows with and without text and a link",
        neurodata_type_def="Task",
        neurodata_type_inc="LabMetaData",
        attributes=[NWBAttributeSpec("stage", "of training", "text")],
        datasets=[
            NWBDatasetSpec("numbers", "float32", name="sizes", shape=(None,), dims=("size",)),
            NWBDatasetSpec("rows of numbers", rows, name="rows", shape=(None,), dims=("row",)),
            NWBDatasetSpec("rows with text", labels, name="labels", shape=(None,), dims=("row",)),
        ],
        links=[NWBLinkSpec("where", "Rig", name="rig")],
    )


def _notes():
    row = [
        NWBDtypeSpec("number", "of the row", "int32"),
        NWBDtypeSpec("label", "of the row", "text"),
        NWBDtypeSpec("target", "of the row", NWBRefSpec("NWBContainer", "object")),
    ]
    return NWBDatasetSpec(
        "a column of rows with text and a reference",
        row,
        neurodata_type_def="Notes",
        neurodata_type_inc="VectorData",
    )


def _log():
    return NWBGroupSpec(
        "a table that has such a column: in a table of no type of its own, hdmf would not see what its rows are",
        neurodata_type_def="Log",
        neurodata_type_inc="DynamicTable",
        datasets=[NWBDatasetSpec("rows", name="notes", neurodata_type_inc="Notes")],
    )


def _answers():
    return NWBGroupSpec(
        "a series with a key",
        neurodata_type_def="Answers",
        neurodata_type_inc="TimeSeries",
        attributes=[NWBAttributeSpec("key", "of the box", "int32")],
    )


def old_file(path):
    """`rich_file` edited with h5py until it looks as files of schema 2.2.2 (2020) did; no old program wrote it.

    No cached specifications, indices of int64, no `offset`, and of the types that came later, those before them.
    """
    rich_file(path)
    types = {"ElectrodesTable": "DynamicTable", "TimeSeriesReferenceVectorData": "VectorData"}
    with h5py.File(path, "r+") as file:
        del file["specifications"], file.attrs[".specloc"], file["stimulus/presentation/shown"]
        del file["acquisition/movie/num_samples"]
        file.attrs["nwb_version"] = "2.2.2"
        items = []
        file.visititems(lambda _name, item: items.append(item))
        for item in items:
            item.attrs.pop("offset", None)
            kind = item.attrs.get("neurodata_type")
            if kind in types:
                item.attrs["neurodata_type"] = types[kind]
                item.attrs["namespace"] = "hdmf-common"
        indices = [item for item in items if item.attrs.get("neurodata_type") == "VectorIndex"]
        for made in [replace_dataset(item, item[()].astype("i8")) for item in indices]:
            # of two levels, the lower one is another dataset now
            made.attrs["target"] = made.parent[made.name.removesuffix("_index")].ref
    return path


def linked_files(folder):
    """A file whose series has its data in another file beside it: an external link of HDF5. The path of the first."""
    other, path = folder / "data.nwb", folder / "links.nwb"
    nwbfile = _nwbfile()
    nwbfile.add_acquisition(TimeSeries(name="raw", data=np.arange(50.0), unit="V", rate=10.0))
    _write(nwbfile, other)
    manager = get_manager()
    with NWBHDF5IO(other, "r", manager=manager) as source, NWBHDF5IO(path, "w", manager=manager) as io:
        raw = source.read().acquisition["raw"]
        nwbfile = _nwbfile()
        nwbfile.add_acquisition(TimeSeries(name="shared", data=raw.data, unit="V", rate=10.0))
        io.write(nwbfile, link_data=True)
    return path


def replace_dataset(dataset, values, **settings):
    """Put other values, of any shape and type, in the place of a dataset; references to it break."""
    parent, name, attributes = dataset.parent, dataset.name, dict(dataset.attrs)
    del parent[name]
    made = parent.create_dataset(name, data=values, **settings)
    for key, value in attributes.items():
        made.attrs[key] = value
    return made
