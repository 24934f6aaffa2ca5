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
from miniscope_to_nwb_zarr.run.engine import run_tasks
from miniscope_to_nwb_zarr.run.main import obeying_signals
from miniscope_to_nwb_zarr.run.options import parse_options
from miniscope_to_nwb_zarr.run.rows import ResultRow
from miniscope_to_nwb_zarr.run.shard_folder import SHARD_FOLDER, read_shards
from miniscope_to_nwb_zarr.run.summary import RunFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from miniscope_to_nwb_zarr.core.shards import Shard
    from miniscope_to_nwb_zarr.run.options import Options
    from miniscope_to_nwb_zarr.run.summary import SessionResult


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
    names = [task.name for task in tasks]
    folder = RunFolder(options.results_dir, {"shards": len(tasks)}, names, datetime.now(UTC))
    results: list[SessionResult] = []
    try:
        results.extend(run_tasks(tasks, options, console, folder))
    except Stopped as stopped:
        folder.finish(results, (), datetime.now(UTC), stopped.exit_code)
        raise
    results.sort(key=lambda result: names.index(result.session))
    code = folder.finish(results, (), datetime.now(UTC))
    console.result_table(
        [ResultRow(r.session, r.word, r.frames, r.seconds, r.store_bytes, 0, r.message) for r in results]
    )
    n_done = sum(result.exit_code is ExitCode.DONE for result in results)
    console.summary(
        code,
        f"{n_done} of {len(results)} shard(s) done; summary in {folder.path}",
        {"run": str(folder.path), "shards": len(results), "done": n_done},
    )
    return code


def _end(console: Console, code: ExitCode, sentence: str) -> int:
    console.error(sentence)
    console.end(code, sentence)
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
