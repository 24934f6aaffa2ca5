"""Runs pipeline/main.nf without Nextflow: what each of its tasks executes, and nothing else.

    cd code && uv run python ../scripts/emulate_pipeline.py --data ../data --results ../results

The script of a process is taken from main.nf, filled in as Nextflow fills it in, and run by bash in a folder of its
own, in which the inputs are links. What its output patterns match is published by bare name; hidden files are not, and
a task that leaves nothing has failed. Tasks run one after the other, in random order; one that exits 75 runs again.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PIPELINE = Path(__file__).resolve().parents[1] / "pipeline"
_TEMPORARY = 75
_BARE_NAME = "saveAs: { filename -> new File(filename).getName() }"
_MEMORY = 8 << 30


@dataclass(frozen=True, slots=True)
class Process:
    """A process of main.nf."""

    name: str
    inputs: tuple[str, ...]
    """Where each input is put, in their order."""
    outputs: tuple[str, ...]
    published: str
    """Which of the outputs are published."""
    script: str
    """As it stands in the file."""


def read_processes(text: str) -> dict[str, Process]:
    """The processes of a file, by name.

    Raises
    ------
    ValueError
        It holds what this program does not know.
    """
    found = {}
    for name, body in re.findall(r'^process (\w+) \{\n(.*?\n    """\n)\}', text, re.DOTALL | re.MULTILINE):
        header, script = body.split('    """\n')[:2]
        publish = next(line for line in header.splitlines() if "publishDir" in line)
        if _BARE_NAME not in publish or "mode: 'copy'" not in publish:
            raise ValueError(f"process {name}: is not published by bare name: {publish.strip()}")
        inputs, outputs = (header.partition(f"    {word}:\n")[2].partition("\n\n")[0] for word in ("input", "output"))
        paths = re.compile(r"^ +path '([^']+)'", re.MULTILINE)
        pattern = re.search(r"pattern: '([^']+)'", publish)
        globs = tuple(paths.findall(outputs))
        found[name] = Process(
            name, tuple(paths.findall(inputs)), globs, pattern[1] if pattern else "**", dedent(script)
        )
    return found


def read_params(text: str) -> dict[str, str]:
    """The parameters of a file with their values where none is given; empty for null."""
    lines = re.findall(r"^params\.(\w+) = (.+)$", text, re.MULTILINE)
    return {name: "" if value == "null" else value.strip("'\"") for name, value in lines}


def fill_in(script: str, values: Mapping[str, str]) -> str:
    """A script as Nextflow writes it into ``.command.sh``: expressions replaced, and what is escaped as it is.

    Raises
    ------
    ValueError
        An expression is not known.
    """

    def replaced(match: re.Match[str]) -> str:
        escaped, expression = match.groups()
        if escaped:
            return escaped
        if expression not in values:
            raise ValueError(f"${{{expression}}}: is not known here")
        return values[expression]

    return re.sub(r"\\([$\\])|\$\{([^}]+)\}", replaced, script)


def run_task(
    process: Process,
    inputs: Sequence[Path | None],
    values: Mapping[str, str],
    work: Path,
    timeout_s: float | None = None,
) -> int:
    """Run one task; gives its exit code, 1 where an output is missing, and minus the signal where it was killed."""
    work.mkdir(parents=True)
    for place, source in zip(process.inputs, inputs, strict=True):
        if source is not None:
            (work / place).parent.mkdir(parents=True, exist_ok=True)
            (work / place).symlink_to(source.resolve())
    script = work / ".command.sh"
    script.write_text(fill_in(process.script, values), encoding="utf-8")
    task = subprocess.Popen(["/usr/bin/env", "bash", script.name], cwd=work, start_new_session=True)
    try:
        code = task.wait(timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(task.pid, 9)
        return task.wait()
    if code == 0 and not all(_matched(work, pattern) for pattern in process.outputs):
        return 1
    return code


def publish(process: Process, work: Path, results: Path) -> list[str]:
    """Copy what a task has made to where the results go; gives the names, which take the place of equal ones."""
    results.mkdir(parents=True, exist_ok=True)
    allowed = set(_matched(work, process.published))
    names = []
    for path in dict.fromkeys(path for pattern in process.outputs for path in _matched(work, pattern)):
        if path in allowed:
            names.append(path.name)
            if path.is_dir():
                shutil.copytree(path, results / path.name, dirs_exist_ok=True)
            else:
                shutil.copy2(path, results / path.name)
    return names


def _matched(work: Path, pattern: str) -> list[Path]:
    """What a pattern of Nextflow matches: hidden files are none."""
    found = sorted(work.glob(pattern))
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(work).parts)]


def main() -> int:
    """Run all of the pipeline."""
    text = (PIPELINE / "main.nf").read_text(encoding="utf-8")
    processes, params = read_processes(text), read_params(text)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in params.items():
        parser.add_argument(f"--{name}", default=value)
    given = vars(parser.parse_args())
    values = values_of(given)
    data = None if given["data"].startswith("s3://") else Path(given["data"])
    results, failed = Path(given["results"]), 0
    with tempfile.TemporaryDirectory(prefix="pipeline-") as place:
        work = Path(place)
        shards = Path(given["shards"]) if given["shards"] else work / "0" / "capsule" / "results" / "shards"
        if not given["shards"]:
            code = run_task(processes["create_inputs"], [data], values, work / "0")
            if code:
                print(f"create_inputs: exit code {code}", file=sys.stderr)
                return code
            publish(processes["create_inputs"], work / "0", results)
        order = sorted(shards.glob("*.json"))
        random.shuffle(order)
        for number, shard in enumerate(order, start=1):
            code, attempt = _TEMPORARY, 0
            while code == _TEMPORARY and attempt < 9:
                attempt += 1
                folder = work / f"{number}-{attempt}"
                code = run_task(processes["convert"], [shard, data], values, folder)
            names = publish(processes["convert"], folder, results) if code == 0 else []
            failed += code != 0
            print(f"{shard.name}: exit code {code}, published {', '.join(names) or 'nothing'}")
            shutil.rmtree(folder)
    return int(failed > 0)


def values_of(params: Mapping[str, str]) -> dict[str, str]:
    """What the expressions of the scripts stand for."""
    values = {f"params.{name}": value.replace("${projectDir}", str(PIPELINE)) for name, value in params.items()}
    return values | {"task.cpus": "2", "task.memory.toBytes()": str(_MEMORY)}


if __name__ == "__main__":
    sys.exit(main())
