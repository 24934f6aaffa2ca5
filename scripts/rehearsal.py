"""Rehearses the worst day of a cluster: a folder of recordings through shards and buckets while both fail.

    cd code && uv run python ../scripts/rehearsal.py --recordings 40

Makes the recordings, converts them on this machine as they are, and puts them into a bucket of a real server of S3 on
this machine (moto). Then shards are made of the bucket (create_inputs), and run (run_shards.py) from bucket to bucket,
while a proxy before the server answers 503 and 500, breaks connections, loses answers and bends bytes, and processes of
the run are killed. A run that gives up is started again. In the end every output in the bucket has to be what the plain
run made: each receipt, each byte of each object, nothing missing, nothing left behind. Exit code 1 if it is not.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "code"))

from benchmark_recordings import make_many, spec_of
from miniscope_to_nwb_zarr.buckets.outputs import TRIED_NAME
from miniscope_to_nwb_zarr.core.amounts import counted
from miniscope_to_nwb_zarr.core.receipt import Receipt
from tests.s3_server import KEYS, Bucket, Proxy, by_chance, faulty
from tests.sharded import digests, workers_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CODE = Path(__file__).resolve().parents[1] / "code"
FAULTS = {"503": 0.10, "500": 0.02, "reset": 0.02, "lost": 0.02, "cut": 0.01, "bent": 0.005}
_MOST_RUNS = 6
_FRAMES, _SIDE_PX = 100, 200


@dataclass(slots=True)
class Course:
    """How it went."""

    runs: int = 0
    kills: int = 0


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=40)
    parser.add_argument("--kills", type=int, default=10, help="processes that are killed, at random moments")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--format", choices=["zarr", "hdf5"], default="zarr")
    parser.add_argument("--work", type=Path, help="folder for it all; left out: a temporary one")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse; gives the exit code."""
    options = parse(arguments)
    os.environ.update(KEYS)
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as place:
        return rehearse(options, (options.work or Path(place)).resolve())


def rehearse(options: argparse.Namespace, work: Path) -> int:
    """Do it all in a folder; gives the exit code."""
    spec = spec_of("FFV1", _FRAMES)
    small = replace(spec, devices=(replace(spec.devices[0], width_px=_SIDE_PX, height_px=_SIDE_PX),))
    data = make_many(work / "data", small, options.recordings)
    how = ["--dataset", "Miniscope", "--format", options.format]
    _timed("plain run", "run_capsule.py", "--data_dir", data, "--results_dir", work / "plain", *how, "--quiet", "True")
    wanted = digests(work / "plain")
    bucket = Bucket()
    bucket.put_folder(data, "raw")
    before = bucket.objects("raw/")
    course = Course()
    with faulty(by_chance(FAULTS, options.seed)) as proxy:
        there = ["--s3_endpoint", proxy.url, "--s3_credentials", "True", "--scratch_dir", work / "scratch"]
        module = "miniscope_to_nwb_zarr.data_conversion.create_inputs"
        _timed("create_inputs", "-m", module, "--data_dir", f"{bucket}/raw", "--output_dir", work, *how, *there)
        began = time.monotonic()
        code = _run_until_done(options, bucket, work, there, course)
        seconds = time.monotonic() - began
        problems = [] if code == 0 else [f"run_shards.py ends with exit code {code}"]
        problems += _problems(bucket, wanted)
        # what nobody disturbs any more
        proxy.fault = lambda *_: ""
        verify = ["run_capsule.py", "--results_dir", f"{bucket}/out", "--verify_only", "True", *there]
        problems += [] if _timed("--verify_only", *verify, may_fail=True) == 0 else ["--verify_only finds a difference"]
    problems += [] if bucket.objects("raw/") == before else ["the recordings in the bucket were changed"]
    left = [path for path in (work / "scratch").rglob("*") if path.is_file() and not _may_stay(path)]
    problems += [f"{counted(len(left), 'file')} left in the scratch folder, {left[0]} first"] if left else []
    _tell(proxy, course, seconds, len(wanted))
    for problem in problems:
        print(f"NOT AS PROMISED: {problem}")
    if not problems:
        print(f"{len(wanted)} outputs in the bucket are what the plain run made, to the byte of every object.")
    return int(bool(problems))


def _run_until_done(
    options: argparse.Namespace, bucket: Bucket, work: Path, there: Sequence[object], course: Course
) -> int:
    """Run all shards, again if need be, and kill what can be killed; gives the last exit code."""
    rng = random.Random(options.seed)  # noqa: S311 - of no secret
    command = [CODE.parent / "scripts" / "run_shards.py", "--inputs", work, "--results_dir", f"{bucket}/out"]
    command += ["--workers", options.workers, "--engine", "local", "--quiet", "True", *there]
    code = 75
    while code in {4, 75} and course.runs < _MOST_RUNS:
        course.runs += 1
        process = subprocess.Popen([sys.executable, *map(str, command)], cwd=CODE, text=True)
        pause = time.monotonic() + rng.uniform(5, 15)
        while process.poll() is None:
            time.sleep(0.1)
            if time.monotonic() > pause and course.kills < options.kills and (victims := workers_of(process)):
                pause = time.monotonic() + rng.uniform(2, 12)
                try:
                    rng.choice(victims).kill()
                    course.kills += 1
                except psutil.Error:
                    continue
        code = process.returncode
        print(f"run_shards.py, run {course.runs}: exit code {code}, processes killed so far: {course.kills}")
    return code


def _problems(bucket: Bucket, wanted: Mapping[str, str]) -> list[str]:
    """What is not as the plain run made it, sentence by sentence."""
    listed = {key for key in bucket.objects("out/") if not key.startswith("out/run-")} - {f"out/{TRIED_NAME}"}
    problems, known = [], set()
    for name, digest in wanted.items():
        key = f"out/{name}/receipt.json"
        if key not in listed:
            problems.append(f"{name}: is not there")
            continue
        receipt = Receipt.from_text(bucket.get(key).decode())
        if receipt.content_digest != digest:
            problems.append(f"{name}: its content digest is another")
        known |= {key} | {f"out/{name}/{entry.path}" for entry in receipt.files}
        for entry in receipt.files:
            there = f"out/{name}/{entry.path}"
            if there not in listed or sha256(bucket.get(there)).hexdigest() != entry.sha256:
                problems.append(f"{there}: is missing, or not what the receipt says")
    return problems + [f"{key}: is in no receipt" for key in sorted(listed - known)]


def _may_stay(path: Path) -> bool:
    """Checksums of files that were fetched, and what a run that was killed had told of itself."""
    return ".checksums" in path.parts or path.parent.name.startswith("run-")


def _timed(what: str, *words: object, may_fail: bool = False) -> int:
    began = time.monotonic()
    code = subprocess.run([sys.executable, *map(str, words)], cwd=CODE, check=not may_fail).returncode
    print(f"{what}: {time.monotonic() - began:.0f} s")
    return code


def _tell(proxy: Proxy, course: Course, seconds: float, n_outputs: int) -> None:
    faults = Counter(fault for _, _, fault in proxy.asked if fault)
    told = ", ".join(f"{count:,} x {fault}" for fault, count in faults.most_common())
    print(
        f"{n_outputs} recordings from bucket to bucket in {seconds:.0f} s, {counted(course.runs, 'run')}, "
        f"{counted(course.kills, 'kill')}"
    )
    print(f"{len(proxy.asked):,} requests, of which {sum(faults.values()):,} met trouble: {told}")


if __name__ == "__main__":
    sys.exit(main())
