"""Every option of the program, defined once: command line, app panel and Python API are made from `OPTIONS`."""

from __future__ import annotations

from miniscope_to_nwb_zarr.core.output_names import NAMINGS
from miniscope_to_nwb_zarr.layouts import LAYOUTS
from miniscope_to_nwb_zarr.run.analysis_options import ANALYSIS_OPTIONS
from miniscope_to_nwb_zarr.run.option import Category, Kind, Option

__all__ = ["BY_NAME", "DATASETS", "OPTIONS", "Category", "Kind", "Option"]

NWB_DATASETS = ("NWB", "Visual Behavior Ephys", "Visual Behavior Ophys", "Visual Coding Ephys", "Visual Coding Ophys")
"""Those that begin as NWB files."""
DATASETS = ("auto", "demo", "Miniscope", *LAYOUTS, "analysis", *NWB_DATASETS)
"""Values of ``--dataset``, whatever their case."""


_WHAT = (
    Option(
        "dataset",
        Kind.CHOICE,
        "auto",
        "kind of data; auto finds out, demo makes a recording and converts it",
        Category.WHAT,
        choices=DATASETS,
    ),
    Option(
        "data_dir",
        Kind.PLACE,
        "../data",
        "folder that holds the recordings, or s3://bucket/folder; only ever read (data sets of the Allen Institute: "
        "s3://public is where each can be fetched)",
        Category.WHAT,
    ),
    Option(
        "results_dir",
        Kind.PLACE,
        "../results",
        "folder for the outputs, made if missing, or s3://bucket/folder",
        Category.WHAT,
    ),
    Option(
        "scratch_dir",
        Kind.PATH,
        "../scratch",
        "folder for temporary files, made if missing; what lies in a bucket is fetched into it, or made there first",
        Category.WHAT,
    ),
    Option(
        "combine",
        Kind.CHOICE,
        "none",
        "which recordings of one animal share an NWB file: none, those of one day, or all",
        Category.WHAT,
        choices=("none", "day", "all"),
        changes_output=True,
    ),
    Option(
        "video_files",
        Kind.PATHS,
        "",
        "video files of one recording that lies anywhere, in the order of recording, separated by commas; "
        "* and ? in a name match as in a shell (? also stands for a comma)",
        Category.WHAT,
    ),
    Option(
        "timestamps_file",
        Kind.PATH,
        "",
        "time table of --video_files: the file with the time stamps of their frames",
        Category.WHAT,
    ),
    Option("device_metadata_file", Kind.PATH, "", "settings file of the device of --video_files", Category.WHAT),
    Option(
        "s3_endpoint",
        Kind.URL,
        "",
        "address of the server of s3:// folders, e.g. https://minio.lab.example; empty: Amazon, or AWS_ENDPOINT_URL",
        Category.WHAT,
    ),
    Option(
        "s3_credentials",
        Kind.BOOLEAN,
        "False",
        "True: sign requests for data in a bucket with the credentials of the environment; False: ask as anybody may. "
        "Requests for results in a bucket are always signed",
        Category.WHAT,
    ),
    Option(
        "sessions",
        Kind.TEXT,
        "",
        "names of the sessions to convert, separated by commas (data sets of the Allen Institute: their ids); empty: "
        "all that are in --data_dir",
        Category.WHAT,
    ),
)

_FACTS = (
    Option(
        "subject_id",
        Kind.TEXT,
        "",
        "name of the animal, where the recording has none or a wrong one",
        Category.FACTS,
        changes_output=True,
    ),
    Option(
        "timezone",
        Kind.ZONE,
        "",
        "IANA name of the time zone of the recording, e.g. Europe/Vienna; checked against the recording",
        Category.FACTS,
        changes_output=True,
    ),
    Option(
        "start_time",
        Kind.INSTANT,
        "",
        "start of the recording, where it has none, e.g. 2025-06-12T15:26:31.176",
        Category.FACTS,
        changes_output=True,
    ),
    Option(
        "session_metadata",
        Kind.PATH,
        "",
        "YAML or JSON file with what only the lab knows of animal, session, setup and surgeries",
        Category.FACTS,
    ),
    Option("subjects", Kind.PATH, "", "CSV, JSON or YAML file with one row for each animal", Category.FACTS),
    Option(
        "metadata_service",
        Kind.URL,
        "",
        "address of a metadata service of the Allen Institute, asked for what the lab's files do not say of the animal",
        Category.FACTS,
    ),
    Option(
        "aind_records",
        Kind.PATH,
        "",
        "data sets of the Allen Institute: folder with AIND records (subject/<id>.json, procedures/<id>.json, "
        "rigs.csv)",
        Category.FACTS,
    ),
    Option("user_config", Kind.PATH, "", "user configuration file (JSON) of Miniscope-DAQ-QT-Software", Category.FACTS),
)

_OUTPUT = (
    Option(
        "write_templates",
        Kind.BOOLEAN,
        "False",
        "True: write session_metadata.yml, subjects.csv and analysis_parameters.yml, to be filled in, into "
        "--results_dir, and stop",
        Category.OUTPUT,
    ),
    Option(
        "create_inputs",
        Kind.BOOLEAN,
        "False",
        "True: write shards into --results_dir, one for each session, and stop; a shard is a file that tells one run "
        "of a pipeline what to convert",
        Category.OUTPUT,
    ),
    Option(
        "metadata",
        Kind.BOOLEAN,
        "False",
        "True: write only the AIND metadata files",
        Category.OUTPUT,
        changes_output=True,
    ),
    Option(
        "require_metadata",
        Kind.BOOLEAN,
        "False",
        "True: stop before any work when a fact that only the lab knows is missing",
        Category.OUTPUT,
    ),
    Option(
        "format",
        Kind.CHOICE,
        "zarr",
        "format of the NWB file that is written",
        Category.OUTPUT,
        choices=("zarr", "hdf5"),
        changes_output=True,
    ),
    Option(
        "naming",
        Kind.CHOICE,
        "session",
        "names of recordings' NWB files: session (<animal>_<date>_<time>.nwb.zarr) or dandi "
        "(sub-<animal>/sub-<animal>_ses-<start>_ophys.nwb.zarr), in the output of each session",
        Category.OUTPUT,
        choices=NAMINGS,
        changes_output=True,
    ),
    Option(
        "compression",
        Kind.COMPRESSION,
        "zstd:1",
        "codec and level of the frames, zstd:1 (fastest) to zstd:9 (smallest)",
        Category.OUTPUT,
        changes_output=True,
    ),
    Option(
        "chunk_mb",
        Kind.NUMBER,
        "12",
        "size of a chunk of frames before compression, in megabytes",
        Category.OUTPUT,
        minimum=1,
        maximum=64,
        changes_output=True,
    ),
    Option(
        "leave_out",
        Kind.TEXT,
        "",
        "data sets of the Allen Institute: improvements that are not made, by the names that the change log of an "
        "output has for them, separated by commas",
        Category.OUTPUT,
    ),
    Option(
        "behavior_video",
        Kind.CHOICE,
        "external",
        "behaviour video: copies of the files beside the NWB file (external), or frames inside it (embed)",
        Category.OUTPUT,
        choices=("external", "embed"),
        changes_output=True,
    ),
)

_CHECKS = (
    Option("dry_run", Kind.BOOLEAN, "False", "True: show the plan and write nothing", Category.CHECKS),
    Option(
        "existing",
        Kind.CHOICE,
        "verify",
        "what to do if an output of that name exists: verify it, stop with an error, or replace it (the former one is "
        "kept in .replaced)",
        Category.CHECKS,
        choices=("verify", "error", "replace"),
    ),
    Option("verify_only", Kind.BOOLEAN, "False", "True: check finished outputs by their receipts", Category.CHECKS),
    Option(
        "against_source",
        Kind.BOOLEAN,
        "False",
        "True, with --verify_only True: also decode the source again and compare",
        Category.CHECKS,
    ),
    Option(
        "clean_staging",
        Kind.CHOICE,
        "",
        "what interrupted runs left in results_dir, and analyses in scratch_dir: list it, or delete what this program "
        "made and no run uses",
        Category.CHECKS,
        choices=("list", "delete"),
    ),
)

_MACHINE = (
    Option(
        "workers",
        Kind.INTEGER,
        "",
        "worker processes; empty: as many as there are CPUs (CO_CPUS where it is set)",
        Category.MACHINE,
        minimum=1,
        maximum=4096,
    ),
    Option(
        "limits",
        Kind.LIMITS,
        "",
        "raise limits on what is read from a file, by their names, e.g. table_rows=50000000; a file beyond a limit is "
        "left out, and the message names the limit",
        Category.MACHINE,
        changes_output=True,
    ),
    Option(
        "engine",
        Kind.ENGINE,
        "",
        "where sessions are converted: serial (one after the other), local (several at once on this machine), "
        "tcp://host:port (a Dask scheduler) or slurm (each worker is a job); empty: local if there is more than one "
        "session",
        Category.MACHINE,
    ),
)

_MESSAGES = (
    Option("json", Kind.BOOLEAN, "False", "True: one JSON object per line on standard output", Category.MESSAGES),
    Option("quiet", Kind.BOOLEAN, "False", "True: only warnings and errors", Category.MESSAGES),
    Option(
        "log_level",
        Kind.CHOICE,
        "warning",
        "findings shown from this severity on; all of them are in the summary and in the NWB file",
        Category.MESSAGES,
        choices=("info", "warning", "error"),
    ),
    Option("version", Kind.BOOLEAN, "False", "True: print the version and stop", Category.MESSAGES, is_on_panel=False),
)

OPTIONS: tuple[Option, ...] = _WHAT + _FACTS + _OUTPUT + ANALYSIS_OPTIONS + _CHECKS + _MACHINE + _MESSAGES
BY_NAME = {option.name: option for option in OPTIONS}
