"""A real SLURM of three nodes on this machine, from Debian packages that are unpacked and not installed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from miniscope_to_nwb_zarr.run.turn import one_at_a_time

CAPSULE = Path(__file__).parents[2]
TOOL = CAPSULE.parent / "shared" / "tools" / "userland_slurm.sh"
TOOL_PORTS = ("36917", "[36921-36923]")
N_NODES = 3
SMALL_JOBS = {"DASK_JOBQUEUE__SLURM__CORES": "1", "DASK_JOBQUEUE__SLURM__MEMORY": "1500MB"}
_PREEMPTING = """\
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
"""


@cache
def why_not() -> str | None:
    """Why it cannot be started here; None where it can."""
    if not TOOL.exists():
        return "the tool that starts a SLURM is not beside the repository"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return "a SLURM of Debian packages needs root"
    known = subprocess.run(["apt-cache", "show", "slurmctld"], check=False, capture_output=True, timeout=60)
    return "the packages of SLURM are not known here: apt-get update" if known.returncode else None


class NotStartedError(Exception):
    """It did not come up: no network, for one."""


@dataclass(frozen=True)
class Slurm:
    """A SLURM that is up."""

    folder: Path
    environment: dict[str, str]

    def is_up(self) -> bool:
        """Whether all nodes wait for work."""
        return self.call("sinfo", "--noheader", "--Node", "--format=%T").split().count("idle") >= N_NODES

    def call(self, *words: object) -> str:
        """What one of its commands says."""
        done = self._try(*words)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    def _try(self, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(map(str, words)),
            env=self.environment,
            cwd=CAPSULE,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def submit(self, inputs: Path, results: Path, array: str) -> str:
        """Submit an array of shards; gives its number."""
        script = CAPSULE / "scripts" / "sbatch_shards.sh"
        more = ["--cpus-per-task=1", "--mem=1G", f"--output={results}-%a.log", f"--array={array}"]
        said = self.call("sbatch", *more, script, inputs, inputs / "data", results, "--engine", "serial")
        return said.split()[-1]

    def begin_now(self) -> None:
        """Let jobs that were put back into the queue begin: SLURM has them wait for two minutes."""
        waiting = self.call("squeue", "--noheader", "--array", "--states=PENDING", "--format=%i").split()
        for job in waiting:
            # one that has begun in the meantime is no longer waiting, which is as good
            self._try("scontrol", "update", f"jobid={job}", "StartTime=now")

    def wait(self, until_s: float = 240) -> None:
        """Wait until no job is left."""
        ends = time.monotonic() + until_s
        while self.call("squeue", "--noheader").strip():
            assert time.monotonic() < ends, self.call("squeue")
            self.begin_now()
            time.sleep(0.5)

    def nodes_of(self, job: str) -> list[str]:
        """The nodes on which a job runs."""
        return self.call("squeue", "--noheader", f"--jobs={job}", "--states=RUNNING", "--format=%N").split()

    def kill_node(self, node: str) -> None:
        """End the daemon of a node; what runs on it goes on, and is no longer known to be there."""
        os.kill(int((self.folder / "run" / f"d.{node}.pid").read_text()), signal.SIGKILL)
        self.call("scontrol", "update", f"nodename={node}", "state=down", "reason=lost")

    def preempt(self) -> None:
        """Submit a job that takes all nodes away from others, for a moment."""
        self.call("sbatch", "--partition=urgent", "--nodes=3", "--output=/dev/null", "--wrap", "sleep 1")


@contextmanager
def running(*, is_preempting: bool = False) -> Iterator[Slurm]:
    """A SLURM, one at a time on a machine.

    Raises
    ------
    NotStartedError
        It does not come up.
    """
    with (
        one_at_a_time(Path(tempfile.gettempdir()) / "miniscope-slurm.lock"),
        tempfile.TemporaryDirectory(prefix="slurm-", ignore_cleanup_errors=True) as place,
    ):
        # code/run takes the Python that it finds first
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, **SMALL_JOBS, "ROOT": place, "PATH": path}
        tool = _with_free_ports(Path(place))
        try:
            yield _start(Path(place), tool, environment, is_preempting=is_preempting)
        finally:
            subprocess.run(["bash", tool, "down"], check=False, env=environment, capture_output=True, timeout=60)


def _with_free_ports(folder: Path) -> Path:
    """The tool with ports that no connection can have.

    Its own ports are among those that Linux gives to outgoing connections, which keep them for a minute after their
    end; a node that finds its port taken ends without a word, and stays unknown to the others.
    """
    first = _first_free_port(1 + N_NODES)
    ports = (str(first), f"[{first + 1}-{first + N_NODES}]")
    text = TOOL.read_text()
    for old, new in zip(TOOL_PORTS, ports, strict=True):
        assert old in text, old
        text = text.replace(old, new)
    tool = folder / "slurm.sh"
    tool.write_text(text)
    return tool


def _first_free_port(n_ports: int) -> int:
    given = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text()
    for first in range(int(given.split()[0]) - n_ports, 10_000, -n_ports):
        if all(map(_is_free, range(first, first + n_ports))):
            return first
    raise NotStartedError("there are no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("", port))
        except OSError:
            return False
    return True


def _start(folder: Path, tool: Path, environment: dict[str, str], *, is_preempting: bool) -> Slurm:
    started = subprocess.run(
        ["bash", tool, "up"], check=False, env=environment, capture_output=True, text=True, timeout=300
    )
    if started.returncode:
        raise NotStartedError(started.stderr[-300:])
    said = subprocess.run(["bash", tool, "env"], env=environment, capture_output=True, text=True, check=True)
    found = said.stdout.removeprefix("export ").replace("$PATH", environment["PATH"])
    slurm = Slurm(folder, {**environment, **dict(part.split("=", 1) for part in found.split())})
    if is_preempting:
        _restart_with(slurm, _PREEMPTING)
    _until(slurm.is_up, folder)
    return slurm


def _restart_with(slurm: Slurm, lines: str) -> None:
    settings = slurm.folder / "etc" / "slurm.conf"
    kept = [line for line in settings.read_text().splitlines() if not line.startswith("PartitionName=")]
    settings.write_text("\n".join(kept) + "\n" + lines)
    os.kill(int((slurm.folder / "run" / "ctld.pid").read_text()), signal.SIGTERM)
    time.sleep(1)
    daemon = slurm.folder / "root" / "usr" / "sbin" / "slurmctld-wlm"
    subprocess.run([daemon, "-f", settings], env=slurm.environment, check=True, timeout=60)


def _until(is_so: Callable[[], bool], folder: Path) -> None:
    ends = time.monotonic() + 240
    while not is_so():
        if time.monotonic() > ends:
            logs = {path.name: path.read_text()[-300:] for path in (folder / "log").glob("d.n*.log")}
            raise NotStartedError(f"its nodes do not come up: {logs}")
        time.sleep(0.2)
