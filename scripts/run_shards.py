"""Runs all shards of a data set (made by create_inputs): here, on a Dask cluster, or on SLURM.

    cd code && uv run python ../scripts/run_shards.py --inputs ../inputs --data_dir ../data --results_dir ../results
    cd code && uv run python ../scripts/run_shards.py --inputs ../inputs ... --engine tcp://host:8786

Each shard is run as a pipeline runs it. One that fails does not stop the others; run again, only what is missing is
converted. Options of run_capsule.py that speak of the machine and the messages are taken too. Exit codes are those of
run_capsule.py.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "code"))

from miniscope_to_nwb_zarr.core.errors import ExitCode, InputError, MiniscopeError, Stopped
from miniscope_to_nwb_zarr.core.findings import Severity
from miniscope_to_nwb_zarr.data_conversion import disk
from miniscope_to_nwb_zarr.data_conversion.shard_task import ShardTask
from miniscope_to_nwb_zarr.run.console import Console
from miniscope_to_nwb_zarr.run.main import obeying_signals
from miniscope_to_nwb_zarr.run.options import parse_options
from miniscope_to_nwb_zarr.run.shard_folder import SHARD_FOLDER, read_shards
from miniscope_to_nwb_zarr.run.whole_run import RunFacts, make_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniscope_to_nwb_zarr.core.shards import Shard
    from miniscope_to_nwb_zarr.run.options import Options


def main(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Run them; gives the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--inputs", type=Path, required=True, help="the --output_dir of create_inputs")
    own, rest = parser.parse_known_args(argv)
    console = Console()
    try:
        options = parse_options(rest, env)
        console = Console(json=options.json, quiet=options.quiet, show_from=Severity(options.log_level))
        if not (own.inputs / SHARD_FOLDER).is_dir():
            raise InputError(f"--inputs {own.inputs}: holds no folder {SHARD_FOLDER}; make it with create_inputs")
        with obeying_signals():
            return int(run(read_shards(own.inputs / SHARD_FOLDER), options, console))
    except (MiniscopeError, Stopped) as error:
        return _end(console, error.exit_code, str(error))
    except OSError as error:
        reason = disk.explain(error)
        return _end(console, reason.exit_code, str(reason))


def run(shards: Sequence[Shard], options: Options, console: Console) -> ExitCode:
    """Run every shard and sum up."""
    tasks = [ShardTask(shard, options) for shard in shards]
    facts = RunFacts(datetime.now(UTC), {"shards": len(tasks)}, "shard")
    return make_all(tasks, options, console, facts)


def _end(console: Console, code: ExitCode, sentence: str) -> int:
    console.error(sentence)
    console.end(code, sentence)
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
