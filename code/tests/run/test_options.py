import dataclasses
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.buckets.object_store import StorePlace
from miniscope_to_nwb_zarr.core.addresses import BucketAddress
from miniscope_to_nwb_zarr.core.errors import ExitCode, UsageError
from miniscope_to_nwb_zarr.run.option_table import DATASETS, OPTIONS, Kind
from miniscope_to_nwb_zarr.run.option_values import Compression
from miniscope_to_nwb_zarr.run.options import Options, make_parser, output_options, parse_options

RULED = """
s3_endpoint s3_credentials sessions leave_out create_inputs
dataset data_dir results_dir scratch_dir metadata require_metadata existing verify_only against_source dry_run combine
subject_id timezone start_time session_metadata user_config video_files timestamps_file device_metadata_file compression
chunk_mb workers engine behavior_video format json quiet log_level version clean_staging
subjects metadata_service aind_records write_templates limits naming
process analysis_parameters project_path line_num analysis_engine corrected_movie apply_curation
"""

BAD_VALUES = [
    ("dataset", "Visual", "'Miniscope DAQ'"),
    ("metadata", "yes", "True or False"),
    ("existing", "overwrite", "'replace'"),
    ("combine", "days", "did you mean 'day'"),
    ("chunk_mb", "0.5", "from 1 to 64"),
    ("chunk_mb", "65", "from 1 to 64"),
    ("chunk_mb", "nan", "from 1 to 64"),
    ("chunk_mb", "big", "a number"),
    ("workers", "0", "from 1"),
    ("workers", "1.5", "whole number"),
    ("compression", "zstd:10", "1 to 9"),
    ("compression", "zstd", "zstd:1"),
    ("compression", "gzip:1", "zstd:1"),
    ("engine", "dask", "tcp://host:port"),
    ("engine", "tcp://host:99999", "tcp://host:port"),
    ("engine", "tcp://host", "tcp://host:port"),
    ("timezone", "Europe/Wien", "IANA"),
    ("timezone", "europe/vienna", "did you mean 'Europe/Vienna'"),
    ("timezone", "../../etc/passwd", "IANA"),
    ("start_time", "12.6.2025", "2025-06-12T15:26:31.176"),
    ("start_time", "2025-06-12", "date and time"),
    ("clean_staging", "all", "'delete'"),
    ("data_dir", "~nobody-of-that-name/data", "home folder"),
    ("subject_id", "a\0b", "NUL"),
    ("metadata_service", "aind-metadata-service", "http://"),
    ("metadata_service", "ftp://host", "http://"),
    ("metadata_service", "http://:80", "http://"),
    ("metadata_service", "http://host:99999", "http://"),
    ("metadata_service", "http://[::1", "http://"),
    ("limits", "table_row=5", "did you mean 'table_rows'"),
    ("limits", "table_rows", "a whole number"),
    ("limits", "table_rows=-1", "a whole number"),
    ("limits", "table_rows=1e9", "a whole number"),
    ("limits", "table_rows=5,", "expected some of"),
]


def test_the_options_are_those_that_were_ruled_and_each_is_a_field():
    fields = [field.name for field in dataclasses.fields(Options)]
    # what follows from others comes last
    assert [option.name for option in OPTIONS] == fields[:-2]
    assert fields[-2:] == ["data_store", "results_store"]
    assert {option.name for option in OPTIONS} == set(RULED.split())


def test_defaults():
    options = parse_options([], {"CO_CPUS": "3"})
    assert options == Options(
        dataset="auto",
        data_dir=Path("../data"),
        results_dir=Path("../results"),
        scratch_dir=Path("../scratch"),
        combine="none",
        video_files=(),
        timestamps_file=None,
        device_metadata_file=None,
        s3_endpoint=None,
        s3_credentials=False,
        sessions=None,
        subject_id=None,
        timezone=None,
        start_time=None,
        session_metadata=None,
        subjects=None,
        metadata_service=None,
        aind_records=None,
        user_config=None,
        write_templates=False,
        create_inputs=False,
        metadata=False,
        require_metadata=False,
        format="zarr",
        naming="session",
        compression=Compression("zstd", 1),
        chunk_mb=12.0,
        leave_out=None,
        behavior_video="external",
        process=False,
        analysis_parameters=None,
        project_path=None,
        line_num=None,
        analysis_engine="native",
        corrected_movie="store",
        apply_curation=None,
        dry_run=False,
        existing="verify",
        verify_only=False,
        against_source=False,
        clean_staging=None,
        workers=3,
        limits=None,
        engine=None,
        json=False,
        quiet=False,
        log_level="warning",
        version=False,
    )


@pytest.mark.parametrize("argv", [["--dry_run", "tRuE"], ["--dry_run=True"]])
def test_a_value_follows_its_option_or_an_equals_sign(argv):
    assert parse_options(argv, {}).dry_run


def test_the_environment_stands_in_only_for_an_absent_option():
    env = {"MINISCOPE_COMBINE": "day", "MINISCOPE_FORMAT": "hdf5", "MINISCOPE_SUBJECT_ID": "from-env"}
    options = parse_options(["--combine", "all", "--subject_id="], env)
    assert (options.combine, options.format, options.subject_id) == ("all", "hdf5", None)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_an_empty_value_is_the_default(option):
    absent, empty = parse_options([], {}), parse_options([option.flag, ""], {})
    assert absent == empty == parse_options([f"{option.flag}="], {}) == Options.from_python(**{option.name: None})


@pytest.mark.parametrize(("name", "text", "hint"), BAD_VALUES)
def test_a_bad_value_is_named_with_what_was_expected(name, text, hint):
    for call in (
        lambda: parse_options([f"--{name}={text}"], {}),
        lambda: parse_options([], {f"MINISCOPE_{name.upper()}": text}),
        lambda: Options.from_python(**{name: text}),
    ):
        with pytest.raises(UsageError, match=f"--{name}") as caught:
            call()
        assert hint in str(caught.value)
        assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--dry-run", "True"], "did you mean '--dry_run'"),
        (["--datadir=x"], "did you mean '--data_dir'"),
        (["--data", "x"], "there is no option --data"),
        (["../data"], "'../data' is not an option"),
        (["--dry_run"], "expected one argument; every option takes a value"),
        (["--metadata", "--dry_run", "True"], "expected one argument"),
    ],
)
def test_a_wrong_command_line_is_explained(argv, sentence):
    with pytest.raises(UsageError) as caught:
        parse_options(argv, {})
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"timestamps_file": "t.csv"}, "--video_files"),
        ({"device_metadata_file": "m.json"}, "--video_files"),
        ({"dataset": "demo", "video_files": "0.avi"}, "its own recording"),
        ({"against_source": True}, "--verify_only True"),
        ({"start_time": "2025-06-12T15:26:31+01:00", "timezone": "Europe/Vienna"}, "offset of --timezone"),
    ],
)
def test_options_that_contradict_each_other_are_refused(values, sentence):
    with pytest.raises(UsageError) as caught:
        Options.from_python(**values)
    assert sentence in str(caught.value)


def test_a_start_time_may_agree_with_the_zone():
    options = Options.from_python(start_time="2025-06-12T15:26:31+02:00", timezone="Europe/Vienna")
    assert options.start_time == datetime.fromisoformat("2025-06-12T13:26:31+00:00")


def test_dataset_names_have_no_case():
    assert [parse_options(["--dataset", name.upper()], {}).dataset for name in DATASETS] == list(DATASETS)


def test_video_files_keep_their_order_and_spaces():
    assert parse_options(["--video_files", "my mouse/1.avi, 0.avi,"], {}).video_files == (
        Path("my mouse/1.avi"),
        Path("0.avi"),
    )


def test_paths_given_from_python_are_not_split():
    one = Path("mouse 1, day 2/0.avi")
    assert Options.from_python(video_files=one).video_files == (one,)
    assert Options.from_python(video_files=[one, "b,c.avi"]).video_files == (one, Path("b,c.avi"))


def test_blanks_at_the_end_of_a_folder_name_are_kept():
    assert parse_options(["--data_dir", "mouse 1 "], {}).data_dir == Path("mouse 1 ")


def test_python_values_equal_their_text():
    values = {
        "dry_run": True,
        "data_dir": Path("a b"),
        "workers": np.int64(2),
        "chunk_mb": np.float32(8.5),
        "start_time": datetime(2025, 6, 12, 15, 26, 31, 176000),  # noqa: DTZ001 - a local time, on purpose
        "compression": Compression("zstd", 3),
        "limits": {"table_rows": 5, "folders": 7},
    }
    argv = "--dry_run=True|--data_dir=a b|--workers=2|--chunk_mb=8.5|--start_time=2025-06-12T15:26:31.176"
    assert Options.from_python(**values) == parse_options(
        [*argv.split("|"), "--compression=zstd:3", "--limits=folders=7, table_rows=5"], {}
    )


def test_python_names_and_types_are_checked():
    with pytest.raises(UsageError, match="did you mean 'data_dir'"):
        Options.from_python(datadir="x")
    with pytest.raises(UsageError, match="of type dict"):
        Options.from_python(subject_id={})


@pytest.mark.parametrize(("given", "workers"), [("7", 7), ("", None), ("many", None), ("0", None), ("-2", None)])
def test_workers_follow_code_ocean(given, workers):
    granted = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    expected = workers or granted
    assert parse_options([], {"CO_CPUS": given}).workers == expected


def test_output_options_are_exactly_those_that_change_the_output():
    options = Options.from_python(start_time="2025-06-12T15:26:31", subject_id="m1", workers=2)
    assert output_options(options) == {
        "combine": "none",
        "subject_id": "m1",
        "timezone": None,
        "start_time": "2025-06-12T15:26:31",
        "metadata": False,
        "format": "zarr",
        "naming": "session",
        "compression": "zstd:1",
        "chunk_mb": 12.0,
        "behavior_video": "external",
        "limits": None,
    }
    raised = Options.from_python(limits="table_rows=50_000_000,folders=9")
    assert output_options(raised)["limits"] == "folders=9,table_rows=50000000"


@given(st.sampled_from(OPTIONS), st.text())
def test_any_text_gives_a_value_or_a_sentence(option, text):
    try:
        options = parse_options([f"{option.flag}={text}"], {})
    except UsageError:
        return
    assert option.kind is not Kind.BOOLEAN or isinstance(getattr(options, option.name), bool)


def test_help_shows_every_option_the_exit_codes_and_an_example():
    text = make_parser().format_help()
    for option in OPTIONS:
        assert option.flag in text
    for code in ExitCode:
        assert f"\n  {code.value} " in text
    assert "--dataset demo" in text


def test_help_ends_with_code_0_and_needs_no_heavy_import():
    heavy = ["numpy", "pynwb", "hdmf", "hdmf_zarr", "zarr", "av", "pandas", "rich", "aind_data_schema", "distributed"]
    program = (
        "import sys\n"
        "from miniscope_to_nwb_zarr.run.options import parse_options\n"
        "try:\n    parse_options(['--help'], {})\n"
        "except SystemExit as stop:\n    assert stop.code == 0\n"
        f"sys.exit(','.join(set({heavy}) & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "exit codes:" in done.stdout


def test_a_folder_in_a_bucket_is_made_in_the_scratch_folder():
    words = ["--data_dir", "s3://lab/raw/", "--results_dir", "s3://lab/out", "--scratch_dir", "/tmp/x"]
    options = parse_options([*words, "--s3_endpoint", "http://host:9000/"], {})
    assert options.data_store == StorePlace(BucketAddress("lab", "raw"), "http://host:9000", with_credentials=False)
    assert options.results_store == StorePlace(BucketAddress("lab", "out"), "http://host:9000", with_credentials=True)
    assert (options.data_dir, options.results_dir) == (Path("/tmp/x/s3/lab/raw"), Path("/tmp/x/outputs/lab/out"))
    assert (options.data_shown, options.results_shown) == ("s3://lab/raw", "s3://lab/out")
    # a path of Python has lost a slash
    assert Options.from_python(data_dir=Path("s3://lab/raw")).data_shown == "s3://lab/raw"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--data_dir", "s3://lab/raw", "--results_dir", "s3://lab/raw/out"], "lies inside the data"),
        (["--data_dir", "s3://"], "expected s3://bucket/folder"),
        (["--results_dir", "s3://lab//x"], "expected s3://bucket/folder"),
        (["--results_dir", "s3://lab/../x"], "expected s3://bucket/folder"),
        (["--s3_endpoint", "http://jane:secret@host"], "has credentials in it"),
    ],
)
def test_addresses_that_cannot_be_meant_are_refused(words, said):
    with pytest.raises(UsageError, match=said) as error:
        parse_options(words, {})
    assert "secret" not in str(error.value)
