"""Another tool under faults, run inside the environment that `reliability_others.py` makes for it.

    python reliability_contestant.py ORDERS ANSWERS

ORDERS is a JSON file with a list of orders, ANSWERS the file that gets an answer for each. What a conversion imports is
imported once; each order is carried out in a forked child, which may be killed.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
import traceback
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

# these are there in the other environment only
import zarr
from hdmf_zarr import NWBZarrIO
from neuroconv.converters import MiniscopeConverter
from pynwb import NWBHDF5IO

if TYPE_CHECKING:
    from collections.abc import Callable

_TIMEZONE = "America/Los_Angeles"
_CHUNK_BYTES = 1 << 20


def main() -> None:
    """Carry out the orders."""
    orders = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    answers = [carry_out(order) for order in orders]
    Path(sys.argv[2]).write_text(json.dumps(answers), encoding="utf-8")


def carry_out(order: dict[str, Any]) -> dict[str, Any]:
    """Convert as ordered in a child, and look at what is there afterwards in another.

    An order has ``tool``, ``source``, ``store``, ``note`` (a file to write to), for NeuroConv ``config``. It may have
    ``kill_at`` (a rename, counted from 0), ``signal_after_s``, ``overwrite``, ``writers`` (how many convert at once),
    ``look_only``, ``everything`` (read all values, not only frames and stamps).
    """
    answer: dict[str, Any] = {"codes": [], "error": "", "warnings": [], "renames": 0, "fsyncs": 0}
    note = Path(order["note"])
    if not order.get("look_only"):
        begin = os.pipe()
        children = [_fork(lambda: _convert(order, note, begin)) for _ in range(order.get("writers", 1))]
        # all of them read from a pipe that nobody has written to, until it is closed
        os.close(begin[1])
        if "signal_after_s" in order:
            time.sleep(order["signal_after_s"])
            for child in children:
                os.kill(child, signal.SIGTERM)
        answer["codes"] = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        os.close(begin[0])
        answer |= _taken(note)
    answer["exists"] = os.path.lexists(order["store"])
    os.waitpid(_fork(lambda: note.write_text(json.dumps(look_at(order)), encoding="utf-8")), 0)
    answer["found"] = _taken(note)
    return answer


def _taken(note: Path) -> dict[str, Any]:
    """What a child has noted, if it came to that."""
    if not note.exists():
        return {}
    value: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
    note.unlink()
    return value


def _fork(work: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):  # noqa: PTH123
                work()
            code = 0
        except BaseException:  # noqa: BLE001 - a child must never return into its parent's work
            code = 1
        finally:
            os._exit(code)
    return child


def _convert(order: dict[str, Any], note: Path, begin: tuple[int, int]) -> None:
    """Convert, and note how it went."""
    renames, fsyncs = 0, 0
    fsync = os.fsync

    def hook(event: str, _arguments: tuple[object, ...]) -> None:
        nonlocal renames
        if event == "os.rename":
            if renames == order.get("kill_at"):
                os.kill(os.getpid(), signal.SIGKILL)
            renames += 1

    def counted_fsync(fd: int) -> None:
        nonlocal fsyncs
        fsyncs += 1
        fsync(fd)

    sys.addaudithook(hook)
    os.fsync = counted_fsync
    if order.get("writers", 1) > 1:
        os.close(begin[1])
        os.read(begin[0], 1)
    error = ""
    began = time.monotonic()
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            _TOOLS[order["tool"]](order)
        except BaseException as raised:  # noqa: BLE001 - whatever comes of it is what is reported
            error = traceback.format_exception_only(raised)[-1].strip()[:300] or repr(raised)
    seconds = time.monotonic() - began
    told = sorted({f"{one.category.__name__}: {one.message}"[:300] for one in said})
    value = {"error": error, "warnings": told, "renames": renames, "fsyncs": fsyncs, "seconds": seconds}
    note.write_text(json.dumps(value), encoding="utf-8")
    if error:
        os._exit(1)


def _neuroconv(order: dict[str, Any]) -> None:
    converter = MiniscopeConverter(folder_path=order["source"], user_configuration_file_path=order["config"])
    metadata = converter.get_metadata()
    start = metadata["NWBFile"]["session_start_time"]
    metadata["NWBFile"]["session_start_time"] = start.replace(tzinfo=ZoneInfo(_TIMEZONE))
    options = {"overwrite": order["overwrite"]} if "overwrite" in order else {}
    converter.run_conversion(nwbfile_path=order["store"], metadata=metadata, backend="zarr", **options)


def _hdmf_zarr(order: dict[str, Any]) -> None:
    with NWBHDF5IO(order["source"], "r") as source, NWBZarrIO(order["store"], mode="w") as target:
        target.export(src_io=source, write_args={"link_data": False})


_TOOLS: dict[str, Callable[[dict[str, Any]], None]] = {"NeuroConv": _neuroconv, "hdmf-zarr": _hdmf_zarr}


def look_at(order: dict[str, Any]) -> dict[str, Any]:
    """What a reader gets from a store: an error, or the frames (a digest of each) and their stamps."""
    store = order["store"]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with NWBZarrIO(store, "r") as io:
                every = io.read().acquisition.values()
                movies = [one for one in every if getattr(one.data, "ndim", len(getattr(one.data, "shape", ()))) == 3]
                series = movies[0]
                frames = series.data[:]
                if series.timestamps is None:
                    stamps = [series.starting_time + k / series.rate for k in range(len(frames))]
                else:
                    stamps = [float(stamp) for stamp in series.timestamps[:]]
                digests = [hashlib.blake2b(frame.tobytes(), digest_size=8).hexdigest() for frame in frames]
            rest = digest_everything(store) if order.get("everything") else ""
    except BaseException as error:  # noqa: BLE001 - any error of a reader is an answer
        return {"error": repr(error)[:300]}
    return {"frames": digests, "stamps": stamps, "rest": rest}


def digest_everything(store: str) -> str:
    """A digest of all arrays and attributes of a store."""
    lines: list[str] = []

    def visit(name: str, node: Any) -> None:  # noqa: ANN401 - a group or an array
        values = repr(node[...].tolist()) if hasattr(node, "dtype") else ""
        lines.append(f"{name} {sorted(dict(node.attrs).items())!r} {values}")

    root = zarr.open_group(store, mode="r")
    visit("", root)
    root.visititems(visit)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


if __name__ == "__main__":
    main()
