"""The options of one run, read from the command line and the environment or given from Python."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self
from zoneinfo import ZoneInfo

from miniscope_to_nwb_zarr.buckets.object_store import StorePlace
from miniscope_to_nwb_zarr.core.addresses import BucketAddress
from miniscope_to_nwb_zarr.core.errors import ExitCode, UsageError
from miniscope_to_nwb_zarr.core.secrets import without_secrets
from miniscope_to_nwb_zarr.layouts import LAYOUTS
from miniscope_to_nwb_zarr.run.option_table import BY_NAME, NWB_DATASETS, OPTIONS, Category, Kind, Option
from miniscope_to_nwb_zarr.run.option_values import (
    Compression,
    Limits,
    available_cpus,
    nearest,
    text_of,
    value_from_python,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PROGRAM = "run_capsule.py"

EXIT_CODES = {
    ExitCode.DONE: "done, or already done",
    ExitCode.INTERNAL: "a fault of this program: please report it",
    ExitCode.USAGE: "the command line is wrong",
    ExitCode.INVALID_INPUT: "the input cannot be converted; no output was made",
    ExitCode.SOME_FAILED: "some sessions failed, the others are written",
    ExitCode.CONFLICT: "an output of that name exists and differs",
    ExitCode.VERIFICATION: "an output is not what was read, or has changed since it was written",
    ExitCode.TEMPORARY: "disk full, a worker lost, the network: run the same command again",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C); no output is half-written",
    ExitCode.TERMINATED: "terminated (SIGTERM); no output is half-written",
}

_EXAMPLES = f"""\
examples:
  python {_PROGRAM} --dataset demo
      make a recording and convert it
  python {_PROGRAM} --data_dir ../data --dry_run True
      show what would be converted, write nothing
  python {_PROGRAM} --dataset Miniscope --data_dir ../data --results_dir ../results
      convert every recording below ../data
  python {_PROGRAM} --results_dir ../results --verify_only True
      check finished outputs
  python {_PROGRAM} --dataset analysis --data_dir ../data --results_dir ../results
      convert what is not converted, correct motion, find cells and events
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one run, each of its own type; None where an option without default is not given.

    Examples
    --------
    >>> Options.from_python(dataset="miniscope", dry_run=True).dataset
    'Miniscope'
    """

    dataset: str
    data_dir: Path
    """Of data in a bucket, where they lie once they are fetched."""
    results_dir: Path
    """Of results in a bucket, where they are made before they are published there."""
    scratch_dir: Path
    combine: Literal["none", "day", "all"]
    video_files: tuple[Path, ...]
    """As given: names with ``*`` and ``?`` are not resolved yet."""
    timestamps_file: Path | None
    device_metadata_file: Path | None
    s3_endpoint: str | None
    """The address of a server, without a slash at its end."""
    s3_credentials: bool
    sessions: str | None
    """Ids, separated by commas."""
    subject_id: str | None
    timezone: str | None
    start_time: datetime | None
    """Without offset from UTC if none was given: it is then local time in the zone of the recording."""
    session_metadata: Path | None
    subjects: Path | None
    metadata_service: str | None
    """The address of a service, without a slash at its end."""
    aind_records: Path | None
    user_config: Path | None
    write_templates: bool
    create_inputs: bool
    metadata: bool
    require_metadata: bool
    format: Literal["zarr", "hdf5"]
    naming: Literal["session", "dandi"]
    compression: Compression
    chunk_mb: float
    leave_out: str | None
    """Names of changes, separated by commas."""
    behavior_video: Literal["external", "embed"]
    process: bool
    analysis_parameters: Path | None
    project_path: Path | None
    line_num: str | None
    """A text, as it stands in a table."""
    analysis_engine: Literal["native", "minian", "caiman"]
    corrected_movie: Literal["store", "none"]
    apply_curation: Path | None
    dry_run: bool
    existing: Literal["verify", "error", "replace"]
    verify_only: bool
    against_source: bool
    clean_staging: Literal["list", "delete"] | None
    workers: int
    limits: Limits | None
    """Limits on untrusted input that are not the usual ones."""
    engine: str | None
    """``serial``, ``local``, ``slurm`` or ``tcp://host:port``; None: decided by the number of sessions."""
    json: bool
    quiet: bool
    log_level: Literal["info", "warning", "error"]
    version: bool
    data_store: StorePlace | None = None
    """The folder of a bucket that ``--data_dir`` names."""
    results_store: StorePlace | None = None
    """The folder of a bucket that ``--results_dir`` names."""

    @property
    def is_analysis(self) -> bool:
        """Whether recordings are analysed when they are converted."""
        return self.process or self.dataset == "analysis"

    @property
    def data_shown(self) -> str:
        """Where the data lie, as it was given."""
        return str(self.data_store or self.data_dir)

    @property
    def results_shown(self) -> str:
        """Where the outputs go, as it was given."""
        return str(self.results_store or self.results_dir)

    @classmethod
    def from_python(cls, **values: object) -> Self:
        """Options given as Python values, checked as on the command line; text is accepted for every option.

        Raises
        ------
        UsageError
            If a name or a value is not known.
        """
        read: dict[str, object] = {}
        for name, value in values.items():
            if name not in BY_NAME:
                raise UsageError(f"there is no option {name!r}{nearest(name, BY_NAME)}")
            read[name] = value_from_python(BY_NAME[name], value)
        return cls(**_complete(read, os.environ))


def parse_options(argv: Sequence[str], env: Mapping[str, str]) -> Options:
    """Read the command line; an option that is not on it is looked up in the environment.

    Parameters
    ----------
    argv : sequence of str
        The arguments, without the program's name.
    env : mapping of str to str
        The environment: `MINISCOPE_<NAME>` for every option, and `CO_CPUS`.

    Raises
    ------
    UsageError
        If an option or a value is not known. Nothing has been touched then.
    SystemExit
        With code 0, after ``--help`` was printed.
    """
    known, unknown = make_parser().parse_known_args(argv)
    if unknown:
        raise UsageError(_unknown(unknown[0]))
    read: dict[str, object] = {}
    for option in OPTIONS:
        given = getattr(known, option.name)
        if given is None:
            given = env.get(option.environment_name)
        if given is not None:
            read[option.name] = value_of(option, given)
    return Options(**_complete(read, env))


def make_parser() -> argparse.ArgumentParser:
    """The parser of the command line. It keeps text as text: values are read by `value_of`."""
    codes = "\n".join(f"  {code.value:<4} {meaning}" for code, meaning in EXIT_CODES.items())
    parser = _Parser(
        prog=_PROGRAM,
        usage=f"{_PROGRAM} [--option VALUE ...]",
        description="Convert Miniscope recordings to NWB on Zarr: whole, verified, and never touching the originals.",
        epilog=(
            f"{_EXAMPLES}\nexit codes:\n{codes}\n\nEvery option takes a value, as --x value or --x=value; an "
            "empty\nvalue is the default. MINISCOPE_<NAME> in the environment can be set instead of an option."
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    groups = {category: parser.add_argument_group(str(category)) for category in Category}
    for option in OPTIONS:
        groups[option.category].add_argument(option.flag, metavar=_placeholder(option), help=_help(option))
    return parser


def output_options(options: Options) -> dict[str, Any]:
    """Those options that change what is written, as plain JSON values: a part of the plan digest."""
    plain: dict[str, Any] = {}
    for option in OPTIONS:
        if option.changes_output:
            value = getattr(options, option.name)
            plain[option.name] = text_of(option, value) if isinstance(value, (datetime, Compression, Limits)) else value
    return plain


class _Parser(argparse.ArgumentParser):
    """A parser that raises instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; every option takes a value, as in --dry_run True")


def _complete(read: Mapping[str, object], env: Mapping[str, str]) -> dict[str, Any]:
    values = {option.name: value_of(option, "") for option in OPTIONS} | dict(read)
    if values["workers"] is None:
        values["workers"] = available_cpus(env)
    _check_together(values)
    _check_analysis(values)
    return values | _places(values)


def _places(values: Mapping[str, Any]) -> dict[str, Any]:
    """Local folders for those that lie in buckets, and the buckets; nothing where both are local."""
    found: dict[str, Any] = {}
    data, results, scratch = values["data_dir"], values["results_dir"], values["scratch_dir"]
    if isinstance(data, BucketAddress):
        found |= data_in(StorePlace(data, values["s3_endpoint"], values["s3_credentials"]), scratch)
    if isinstance(results, BucketAddress):
        if values["dataset"] == "analysis" and data == results:
            # as for a folder: each output there gets its next version
            del found["data_store"]
        elif isinstance(data, BucketAddress) and results.is_inside(data):
            raise UsageError(f"--results_dir {results}: lies inside the data ({data}); choose another")
        found["results_store"] = StorePlace(results, values["s3_endpoint"], with_credentials=True)
        found["results_dir"] = scratch / "outputs" / results.bucket / results.folder
    return found


def data_in(place: StorePlace, scratch: Path) -> dict[str, Any]:
    """The options of a run whose data lie in a bucket."""
    folder = scratch / "s3" / place.address.bucket / place.address.folder
    return {"data_store": place, "data_dir": folder}


def _check_analysis(values: Mapping[str, Any]) -> None:
    if values["process"] and values["dataset"] not in {"auto", "demo", "Miniscope", "analysis", *LAYOUTS}:
        raise UsageError(
            f"--process True: analyses Miniscope recordings, not those of --dataset {values['dataset']}; for NWB files "
            "with a one-photon movie give --dataset analysis"
        )
    if values["project_path"] is not None and isinstance(values["data_dir"], BucketAddress):
        raise UsageError(
            f"--project_path: its tables name folders on a disk, and --data_dir {values['data_dir']} is a bucket; name "
            "the folder of the recording as --data_dir, and its parameters in --analysis_parameters"
        )
    if values["apply_curation"] is not None and values["dataset"] != "analysis":
        raise UsageError("--apply_curation belongs to --dataset analysis: give both")
    if (values["line_num"] is None) != (values["project_path"] is None):
        raise UsageError("--line_num and --project_path belong together: give both")


def _check_together(values: Mapping[str, Any]) -> None:
    for name in ("timestamps_file", "device_metadata_file"):
        if values[name] is not None and not values["video_files"]:
            raise UsageError(f"--{name} belongs to --video_files: name the video files too")
    if values["video_files"] and values["dataset"] == "demo":
        raise UsageError("--dataset demo makes its own recording: leave out --video_files, or name another dataset")
    if values["naming"] != "session" and values["dataset"] in NWB_DATASETS:
        raise UsageError(
            f"--naming {values['naming']} is for recordings: NWB files that are converted keep theirs; leave it out "
            f"with --dataset {values['dataset']}"
        )
    if values["against_source"] and not values["verify_only"]:
        raise UsageError("--against_source True belongs to --verify_only True: give both")
    endpoint = values["s3_endpoint"]
    if endpoint and without_secrets(endpoint) != endpoint:
        raise UsageError(
            f"--s3_endpoint {without_secrets(endpoint)}: has credentials in it; leave them out, and set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    start, zone = values["start_time"], values["timezone"]
    if start is not None and start.tzinfo is not None and zone is not None:
        expected = start.replace(tzinfo=None).replace(tzinfo=ZoneInfo(zone)).utcoffset()
        if start.utcoffset() != expected:
            raise UsageError(
                f"--start_time {start.isoformat()} is not at the offset of --timezone {zone} at that time: correct one"
            )


def _unknown(argument: str) -> str:
    name = argument.partition("=")[0]
    if not name.startswith("-"):
        return f"{argument!r} is not an option: a value comes after its option, as in --data_dir ../data"
    return f"there is no option {name}{nearest(name, [option.flag for option in OPTIONS])}"


def _placeholder(option: Option) -> str:
    if option.kind is Kind.BOOLEAN:
        return "True|False"
    return {Kind.CHOICE: "NAME", Kind.INTEGER: "N", Kind.NUMBER: "N", Kind.INSTANT: "TIME"}.get(
        option.kind, option.kind.upper()
    )


def _help(option: Option) -> str:
    text = option.help.replace("%", "%%")
    if option.choices:
        text += f" ({', '.join(option.choices)})"
    return text + (f" [{option.default}]" if option.default else "")
