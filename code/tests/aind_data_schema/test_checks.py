"""A bundle that contradicts itself in one place is refused, in words: every row of the reference aind-metadata 5b."""

import datetime as dt

import pytest
from aind_data_schema.components.connections import Connection
from aind_data_schema.components.coordinates import Translation
from aind_data_schema.components.devices import Device
from aind_data_schema.components.identifiers import Code as CodeModel
from aind_data_schema.components.measurements import Calibration
from aind_data_schema.core.acquisition import ExternalDataStream, StimulusEpoch
from aind_data_schema.core.metadata import Metadata
from aind_data_schema.core.processing import DataProcess, Processing, ProcessStage
from aind_data_schema_models.process_names import ProcessName

from miniscope_to_nwb_zarr.aind_data_schema import checks, facts
from miniscope_to_nwb_zarr.aind_data_schema.bundle import check, make_bundle
from miniscope_to_nwb_zarr.core.errors import ExitCode, MetadataError
from miniscope_to_nwb_zarr.core.model import DeviceKind

# the library reads its own deprecated fields
pytestmark = pytest.mark.filterwarnings("ignore:Deprecated. use .*coordinate_system:DeprecationWarning")

PACKAGED = dt.datetime(2026, 11, 20, 20, 5, 7, 123_456, dt.UTC)
START = dt.datetime(2026, 3, 14, 16, 26, 53, 589_000, dt.UTC)
BEFORE = START - dt.timedelta(hours=8)
AFTER = START + dt.timedelta(days=2)
INSIDE = START + dt.timedelta(seconds=30)
STREAM = ("data_streams", 0)
CONFIG = (*STREAM, "configurations", 0)
SURGERY = ("subject_procedures", 0)
INJECTION = (*SURGERY, "procedures", 0)
CODE = CodeModel(url="https://example.org/code", version="1.0")


def process(start, end, name="Conversion"):
    return DataProcess(
        process_type=ProcessName.FILE_FORMAT_CONVERSION,
        name=name,
        stage=ProcessStage.PROCESSING,
        code=CODE,
        experimenters=[],
        start_date_time=start,
        end_date_time=end,
    )


def processing(*processes):
    return Processing(data_processes=list(processes) or [process(AFTER, AFTER)])


def stimulus(start=START, end=INSIDE, devices=()):
    return StimulusEpoch(
        stimulus_start_time=start,
        stimulus_end_time=end,
        stimulus_name="tone",
        stimulus_modalities=["Auditory"],
        active_devices=list(devices),
    )


@pytest.fixture
def whole(session, recording, stream, filled):
    """A session and its models that agree, with all that the checks look at."""
    scope, camera = stream(orientation=True), stream("Behavior_camera", DeviceKind.CAMERA)
    sidecar = filled()
    done = facts.complete(session(recording(streams=[scope, camera])), sidecar)
    models = dict(make_bundle(done, sidecar, PACKAGED).models) | {"processing.json": processing()}
    check(done, models)
    return done, models


def broken(models, file, path, value):
    """A copy of the models in which one place holds another value; the library does not look at it again."""
    copy = models[f"{file}.json"].model_copy(deep=True)
    *way, last = path
    place = copy
    for part in way:
        place = place[part] if isinstance(part, int) else getattr(place, part)
    if isinstance(last, int):
        place[last] = value
    else:
        setattr(place, last, value)
    return models | {f"{file}.json": copy}


def refused(whole, models):
    with pytest.raises(MetadataError) as caught:
        check(whole[0], models)
    assert caught.value.exit_code is ExitCode.SOME_FAILED
    return str(caught.value)


@pytest.mark.parametrize(
    ("file", "path", "value", "words"),
    [
        # what the library lets through
        ("subject", ("subject_id",), "other", "subject.json is about animal `other`"),
        ("acquisition", ("subject_id",), "other", "acquisition.json is about animal `other`"),
        ("procedures", ("subject_id",), "other", "procedures.json is about animal `other`"),
        ("data_description", ("subject_id",), "other", "data_description.json is about animal `other`"),
        ("acquisition", (*CONFIG, "device_name"), "x", "configures the device `x`"),
        ("acquisition", (*CONFIG, "channels", 0, "detector", "device_name"), "x", "configures the device `x`"),
        ("acquisition", (*CONFIG, "channels", 0, "light_sources", 0, "device_name"), "x", "configures the device `x`"),
        ("acquisition", (*STREAM, "configurations", 1, "device_name"), "HPC tunable lens", "HPC tunable lens"),
        ("acquisition", (*STREAM, "active_devices"), ["HPC"], "`HPC sensor`, which is not active"),
        ("data_description", ("modalities",), [], "data_description.json has the modalities []"),
        ("acquisition", (*STREAM, "modalities"), [], "acquisition.json has the modalities []"),
        ("instrument", ("modalities",), [], "instrument.json has the modalities []"),
        ("acquisition", (*STREAM, "stream_start_time"), INSIDE + dt.timedelta(days=1), "is not inside the session"),
        ("acquisition", (*STREAM, "stream_end_time"), BEFORE, "is not inside the session"),
        ("procedures", (*SURGERY, "start_date"), dt.date(2026, 3, 15), "a procedure on 2026-03-15, after the session"),
        ("subject", ("subject_details", "date_of_birth"), dt.date(2026, 3, 14), "born on 2026-03-14, and the session"),
        ("procedures", ("global_coordinate_system",), None, "coordinates and no coordinate system"),
        ("procedures", (*INJECTION, "coordinate_system_name"), "LAMBDA_ARI", "injection in `LAMBDA_ARI`"),
        ("procedures", (*INJECTION, "coordinates"), [[Translation(translation=[1, 2])]], "2 coordinates on 3 axes"),
        ("processing", ("data_processes", 0, "end_date_time"), BEFORE, "before its start"),
        ("processing", ("data_processes", 0, "end_date_time"), None, "`Conversion` has no end"),
        ("data_description", ("name",), None, "is named ``"),
        ("data_description", ("name",), "garbage", "is named `garbage`"),
        ("data_description", ("name",), "m770001_2026-03-14_09-26-53_nwb_2026-11-20_12-05-08", "was created at"),
        ("data_description", ("name",), "m1_2026-03-14_09-26-53_nwb_2026-11-20_12-05-07", "is named `m1_"),
        ("data_description", ("source_data",), ["x"], "names the sources ['x']"),
        ("data_description", ("creation_time",), BEFORE, "before the session ended"),
        # what it does not look at
        ("acquisition", ("data_streams",), [], "no data stream"),
        ("acquisition", ("acquisition_end_time",), BEFORE, "before its start"),
        ("acquisition", ("acquisition_start_time",), BEFORE, "begins at"),
        ("acquisition", ("acquisition_type",), "TO ENTER", "`TO ENTER`"),
        (
            "instrument",
            ("components", 0, "serial_number"),
            "unknown",
            "`unknown`, which is a placeholder and not a value",
        ),
        ("instrument", ("components", 0, "name"), "Scope", "lacks the device `HPC` of the recording"),
        ("instrument", ("components", 1, "name"), "HPC LED", "2 things of the setup are named `HPC LED`"),
        ("instrument", ("modification_date",), dt.date(2026, 3, 15), "a setup as changed on 2026-03-15"),
        # what it catches, and we too
        ("acquisition", (*STREAM, "active_devices", 0), "x", "activates the device `x`"),
        ("acquisition", ("instrument_id",), "other", "about the setup `other`"),
        ("acquisition", ("stimulus_epochs",), [stimulus(devices=["speaker"])], "activates the device `speaker`"),
        ("acquisition", ("stimulus_epochs",), [stimulus(end=AFTER)], "a stimulus from"),
        (
            "acquisition",
            (*STREAM, "connections"),
            [Connection(source_device="HPC", target_device="x")],
            "connects the device `x`",
        ),
        (
            "acquisition",
            (*STREAM, "connections"),
            [Connection(source_device="HPC", target_device="Square arena")],
            "connects the device `Square arena`, which is not active",
        ),
        ("subject", ("subject_details", "date_of_birth"), dt.date(2027, 1, 1), "born on 2027-01-01"),
        ("processing", ("data_processes", 0, "start_date_time"), BEFORE, "before the session ended"),
        ("acquisition", ("subject_details",), None, "subject_details are required"),
    ],
)  # fmt: skip
def test_bundle_that_contradicts_itself_is_refused(whole, file, path, value, words):
    assert words in refused(whole, broken(whole[1], file, path, value))


def test_calibration_after_the_session_is_refused(whole):
    late = Calibration(
        calibration_date=AFTER,
        device_name="HPC",
        input=[1.0],
        input_unit="percent",
        output=[2.0],
        output_unit="milliwatt",
        description="power",
    )
    assert "must be before" in refused(whole, broken(whole[1], "acquisition", ("calibrations",), [late]))


def test_streams_without_devices_beside_a_setup_are_refused_and_not_crashed_on(whole):
    """The library ends with an AttributeError there."""
    first = whole[1]["acquisition.json"].data_streams[0]
    external = ExternalDataStream(
        stream_start_time=first.stream_start_time, stream_end_time=first.stream_end_time, modalities=first.modalities
    )
    models = broken(whole[1], "acquisition", STREAM, external)
    assert "a data stream without devices" in refused(whole, models)


def test_devices_of_no_setup_are_refused(whole):
    models = {file: model for file, model in whole[1].items() if file != "instrument.json"}
    assert "instrument.json is not there" in refused(whole, models)


def test_processes_out_of_order_are_refused(whole):
    """The library would sort them, and write so into the notes."""
    later = process(AFTER + dt.timedelta(hours=1), AFTER + dt.timedelta(hours=2), "Second")
    sorted_ones = processing(process(AFTER, AFTER, "First"), later)
    sorted_ones.data_processes.reverse()
    assert "`First` comes after `Second`" in refused(whole, whole[1] | {"processing.json": sorted_ones})


def test_implant_that_shares_a_name_with_a_device_is_refused(whole):
    implant = (*SURGERY, "procedures", 1, "implanted_device")
    models = broken(whole[1], "procedures", implant, Device(name="HPC"))
    assert "2 things of the setup are named `HPC`" in refused(whole, models)


def test_implants_may_be_active(whole):
    active = [*whole[1]["acquisition.json"].data_streams[0].active_devices, "left CA1 lens"]
    check(whole[0], broken(whole[1], "acquisition", (*STREAM, "active_devices"), active))


def test_bundle_of_another_name_is_found(whole):
    parts = {file.removesuffix(".json"): model for file, model in whole[1].items()}
    assert checks.of_metadata(Metadata(name=parts["data_description"].name, location="", **parts)) == []
    (sentence,) = checks.of_metadata(Metadata(name="another", location="", **parts))
    assert sentence.startswith("the files are bundled as `another`")


def test_file_that_is_left_out_without_a_word_is_found():
    assert checks.unexplained(["procedures.json"], ()) == ["procedures.json is not there, and nothing says why"]


def test_device_that_is_called_nothing_is_no_placeholder(session, recording, stream, filled):
    """A folder may be called `none`: it is a name then."""
    done = facts.complete(session(recording(streams=[stream("none")])), filled())
    files = make_bundle(done, filled(), PACKAGED).files
    assert '"none"' in files["acquisition.json"]
    assert '"none sensor"' in files["instrument.json"]
