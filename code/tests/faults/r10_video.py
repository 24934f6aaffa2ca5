"""R10: a damaged video costs its own frames only; what is stored is right or said to be damaged."""

import json
import random
import shutil
import struct
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import zarr

from miniscope_to_nwb_zarr.core.errors import MiniscopeError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.layouts.discovery import Request, discover
from tests.conversions import convert
from tests.faults import samples
from tests.faults.harness import Case, Row, Tier, in_child, shared_folder
from tests.recordings import scope_recording

_CASES = {Tier.FAST: 60, Tier.FULL: 1000}
_MAX_S = 30
_ENCODINGS = (Encoding.FFV1, Encoding.GREY)
_truths: dict[str, object] = {}


def _truth(encoding: Encoding):
    if encoding.name not in _truths:
        folder = shared_folder() / f"r10-{encoding.name}"
        _truths[encoding.name] = folder, scope_recording(folder, encoding=encoding, has_orientation=False)
    return _truths[encoding.name]


def _flip_payload(raw: bytearray, rng: random.Random) -> None:
    at = rng.randrange(raw.index(b"movi") + 12, len(raw))
    raw[at] ^= 1 << rng.randrange(8)


def _flip_header(raw: bytearray, rng: random.Random) -> None:
    raw[rng.randrange(raw.index(b"movi"))] ^= 1 << rng.randrange(8)


def _overwrite(raw: bytearray, rng: random.Random) -> None:
    at, n_bytes = rng.randrange(len(raw)), rng.randrange(1, 2000)
    raw[at : at + n_bytes] = rng.randbytes(min(n_bytes, len(raw) - at))


def _truncate(raw: bytearray, rng: random.Random) -> None:
    del raw[rng.randrange(len(raw)) :]


def _cut_out(raw: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(raw))
    del raw[at : at + rng.randrange(1, 500)]


def _dimensions(raw: bytearray, rng: random.Random) -> None:
    at = raw.index(b"strf") + 12
    raw[at : at + 8] = struct.pack("<ii", *(rng.choice((0, -1, 1, 65, 20_000, 2**31 - 1)) for _ in range(2)))


def _sizes(raw: bytearray, rng: random.Random) -> None:
    at = rng.choice([4, raw.index(b"LIST") + 4, raw.index(b"movi") - 4, raw.index(b"strh") + 4])
    raw[at : at + 4] = struct.pack("<I", rng.choice((0, 1, 0xFFFFFFFF, rng.randrange(2**32))))


def _index(raw: bytearray, rng: random.Random) -> None:
    at = raw.rindex(b"idx1")
    raw[rng.randrange(at, len(raw))] = rng.randrange(256)


def _codec(raw: bytearray, rng: random.Random) -> None:
    code = rng.choice((b"XXXX", b"H264", b"MJPG", b"XVID", b"\0\0\0\0"))
    for name, offset in ((b"strh", 12), (b"strf", 24)):
        at = raw.index(name) + offset
        raw[at : at + 4] = code


def _empty(raw: bytearray, _rng: random.Random) -> None:
    raw.clear()


_CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip_payload, _flip_header, _overwrite, _truncate, _cut_out, _dimensions, _sizes, _index, _codec, _empty,
)  # fmt: skip


def _damaged(seed: int, encoding: Encoding, folder: Path) -> None:
    rng = random.Random(seed)
    source, truth = _truth(encoding)
    shutil.copytree(source, folder / "data")
    scope = folder / "data" / truth.folder.relative_to(source) / samples.SCOPE_NAME
    video = scope / f"{rng.randrange(3)}.avi"
    raw = bytearray(video.read_bytes())
    _CHANGES[seed % len(_CHANGES)](raw, rng)
    video.write_bytes(raw)
    # what a conversion imports is there already when the child is forked
    samples.finished()
    began = time.monotonic()
    status = in_child(lambda: _convert(folder))
    assert time.monotonic() - began < _MAX_S, "took too long"
    assert status == 0, f"ended with {status}"
    outcome = json.loads((folder / "outcome.json").read_text())
    if outcome["store"] is not None:
        _hold_against(truth.devices[samples.SCOPE_NAME], outcome, encoding)


def _convert(folder: Path) -> None:
    """Discover and convert, and note what came of it."""
    found = discover(folder / "data", Request())
    outcome: dict[str, object] = {"store": None}
    for session in found.sessions:
        try:
            done = convert(session, folder / "results")
        except MiniscopeError:
            continue
        stream = session.recordings[0].streams[0]
        damaged = [f.numbers["frames"] for f in done.receipt.findings if f.code is Code.FRAMES_DAMAGED]
        outcome = {
            "store": str(done.output / f"{session.name}.nwb.zarr"),
            "numbers": stream.table.frame_number[stream.rows].tolist(),
            "lost": sum(loss.n_rows for loss in stream.losses),
            "damaged": damaged[0] if damaged else [],
            "codes": sorted({str(f.code) for f in done.receipt.findings}),
        }
    (folder / "outcome.json").write_text(json.dumps(outcome))


def _hold_against(truth, outcome, encoding) -> None:
    """Every frame is the one of its row, or is said to be damaged; what is missing is said to be missing."""
    data = zarr.open_group(outcome["store"], mode="r")[f"acquisition/OnePhotonSeries_{samples.SCOPE_NAME}/data"][:]
    assert len(data) == len(outcome["numbers"])
    assert len(data) + outcome["lost"] == truth.spec.n_frames
    if outcome["lost"]:
        assert {"frames_missing", "file_missing", "picture_unexpected"} & set(outcome["codes"])
    wrong = [
        k
        for k, number in enumerate(outcome["numbers"])
        if k not in outcome["damaged"] and (truth.frame(number) != data[k].T).any()
    ]
    if encoding is Encoding.GREY:
        # raw video has no checksum: a changed pixel cannot be known; another frame in its place can
        wrong = [k for k in wrong if (truth.frame(outcome["numbers"][k]) != data[k].T).mean() > 0.7]
    assert not wrong, f"frames {wrong[:5]} are not those of their rows, and nothing says so"


def _cases(tier: Tier) -> Iterable[Case]:
    for seed in range(_CASES[tier]):
        encoding = _ENCODINGS[seed // len(_CHANGES) % 2]
        name = f"{encoding.name}-{_CHANGES[seed % len(_CHANGES)].__name__[1:]}-{seed}"
        yield Case(name, partial(_damaged, seed, encoding))


ROW = Row(
    name="R10",
    title="a damaged video",
    promise="no crash, no hang; every stored frame is the one of its row or is marked damaged",
    cases=_cases,
)
