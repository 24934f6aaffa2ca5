"""R10: a damaged video costs its own frames only; what is stored is right or said to be damaged."""

import json
import random
import resource
import shutil
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from miniscope_to_nwb_zarr.core.errors import MiniscopeError
from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.core.model import DeviceKind, Session
from miniscope_to_nwb_zarr.demo.avi import Encoding
from miniscope_to_nwb_zarr.demo.mio import MioSpec, write_mio
from miniscope_to_nwb_zarr.demo.onix import OnixSpec, write_onix
from miniscope_to_nwb_zarr.demo.onix_older import OlderOnixSpec, write_older_onix
from miniscope_to_nwb_zarr.demo.open_ephys import OpenEphysSpec, Software, write_open_ephys
from miniscope_to_nwb_zarr.demo.v3 import SCOPE as V3_SCOPE
from miniscope_to_nwb_zarr.layouts.discovery import Request, discover
from tests.conversions import convert
from tests.faults import samples
from tests.faults.harness import Case, Row, Tier, in_child, shared_folder
from tests.recordings import scope_recording
from tests.v3_recordings import ZONE, v3_recording

_CASES = {Tier.FAST: 36, Tier.FULL: 1000}
_MAX_S = 30
# of the GiB that is promised, a process has up to a quarter when it has imported the program
_MAX_BYTES = 3 << 28


@dataclass(frozen=True)
class _Video:
    """A recording of one layout with video of one kind."""

    write: Callable[[Path], object]
    encoding: Encoding
    request: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_checksum(self) -> bool:
        """Whether a changed pixel can be known."""
        return self.encoding.fourcc == "FFV1"


def _daq(encoding: Encoding) -> _Video:
    return _Video(partial(scope_recording, encoding=encoding, has_orientation=False), encoding)


def _v3(encoding: Encoding) -> _Video:
    scope = replace(V3_SCOPE, encoding=encoding)
    return _Video(partial(v3_recording, scope=scope, camera=None), encoding, ZONE)


def _open_ephys(software: Software, encoding: Encoding) -> _Video:
    spec = OpenEphysSpec(software=software, encoding=encoding)
    return _Video(lambda folder: write_open_ephys(spec, folder), encoding)


def _onix(encoding: Encoding) -> _Video:
    return _Video(lambda folder: write_onix(OnixSpec(encoding=encoding), folder), encoding)


_VIDEOS = {
    "FFV1": _daq(Encoding.FFV1),
    "GREY": _daq(Encoding.GREY),
    "MJPG": _daq(Encoding.MJPG),
    "XVID": _daq(Encoding.XVID),
    "V3 DIB": _v3(Encoding.DIB),
    "V3 DIB top-down": _v3(Encoding.DIB_TOP_DOWN),
    "V3 DIB BGR": _v3(Encoding.DIB_BGR),
    "V3 FFV1": _v3(Encoding.FFV1),
    "V3 H264": _v3(Encoding.H264_B_FRAMES),
    "Open Ephys Y800": _open_ephys(Software.GUI, Encoding.Y800),
    "Open Ephys FFV1": _open_ephys(Software.GUI, Encoding.FFV1),
    "Bonsai FMP4": _open_ephys(Software.BONSAI, Encoding.FMP4),
    "ONIX DIB": _onix(Encoding.DIB),
    "ONIX 16 bit": _onix(Encoding.DIB_GRAY16),
    "ONIX Y16": _onix(Encoding.Y16),
    "ONIX FFV1 16 bit": _onix(Encoding.FFV1_GRAY16),
    "mio Y800": _Video(lambda folder: write_mio(MioSpec(), folder), Encoding.Y800, ZONE),
    "older ONIX FMP4": _Video(lambda folder: write_older_onix(OlderOnixSpec(), folder), Encoding.FMP4),
}


@dataclass(frozen=True)
class _Whole:
    """What comes of an undamaged recording."""

    folder: Path
    session: Session
    outcome: Mapping[str, Any]
    frames: NDArray[Any]


@cache
def _whole(name: str) -> _Whole:
    video, folder = _VIDEOS[name], shared_folder() / f"r10 {name}"
    video.write(folder / "data")
    (session,) = discover(folder / "data", Request(**video.request)).sessions
    outcome = _outcome(session, folder / "results")
    return _Whole(folder / "data", session, outcome, _frames(outcome))


def _frames(outcome: Mapping[str, Any]) -> NDArray[Any]:
    series = zarr.open_group(outcome["store"], mode="r")[f"acquisition/OnePhotonSeries_{outcome['device']}/data"]
    return np.asarray(series[:])


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
    at = max(raw.rfind(b"idx1"), raw.index(b"movi"))
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


def _damaged(seed: int, name: str, change: Callable[[bytearray, random.Random], None], folder: Path) -> None:
    rng = random.Random(seed)
    whole = _whole(name)
    shutil.copytree(whole.folder, folder / "data")
    scope = next(stream for _, stream in whole.session.streams if stream.device.kind is DeviceKind.SCOPE)
    video = folder / "data" / rng.choice(scope.video_files).path.relative_to(whole.folder)
    raw = bytearray(video.read_bytes())
    header = raw[: raw.index(b"movi")]
    change(raw, rng)
    video.write_bytes(raw)
    # what a conversion imports is there already when the child is forked
    samples.finished()
    began = time.monotonic()
    status = in_child(lambda: _convert(_VIDEOS[name].request, folder))
    assert time.monotonic() - began < _MAX_S, "took too long"
    assert status == 0, f"ended with {status}"
    outcome = json.loads((folder / "outcome.json").read_text())
    assert outcome["took_bytes"] < _MAX_BYTES
    if outcome["store"] is not None:
        _hold_against(whole, outcome, _VIDEOS[name], has_header=raw.startswith(header))
    else:
        assert outcome["said"], "the recording is gone, and nothing says so"


def _convert(request: Mapping[str, str], folder: Path) -> None:
    """Discover and convert, and note what came of it."""
    had_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = discover(folder / "data", Request(**request))
    said = [failure.message for failure in found.failures]
    outcome: dict[str, Any] = {"store": None}
    for session in found.sessions:
        try:
            outcome = _outcome(session, folder / "results")
        except MiniscopeError as error:
            said.append(str(error))
    took_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - had_kib
    (folder / "outcome.json").write_text(json.dumps({**outcome, "said": said, "took_bytes": took_kib * 1024}))


def _outcome(session: Session, results: Path) -> dict[str, Any]:
    done = convert(session, results)
    stream = next(stream for _, stream in session.streams if stream.device.kind is DeviceKind.SCOPE)
    damaged = [f.numbers["frames"] for f in done.receipt.findings if f.code is Code.FRAMES_DAMAGED]
    return {
        "store": str(done.output / f"{session.name}.nwb.zarr"),
        "device": stream.device.name,
        "numbers": stream.table.frame_number[stream.rows].tolist(),
        "lost": sum(loss.n_rows for loss in stream.losses),
        "damaged": damaged[0] if damaged else [],
        "codes": sorted({str(f.code) for f in done.receipt.findings if f.severity is not Severity.INFO}),
    }


def _hold_against(whole: _Whole, outcome: Mapping[str, Any], video: _Video, *, has_header: bool) -> None:
    """Every frame is the one of its row, or is said to be damaged; what is missing is said to be missing."""
    frames = _frames(outcome)
    assert len(frames) == len(outcome["numbers"])
    assert len(frames) + outcome["lost"] == len(whole.frames) + whole.outcome["lost"]
    new = set(outcome["codes"]) - set(whole.outcome["codes"])
    if outcome["lost"] > whole.outcome["lost"] or outcome["damaged"]:
        assert new, "frames are lost or damaged, and nothing says so"
    if frames.shape[1:] != whole.frames.shape[1:]:
        assert "picture_unexpected" in outcome["codes"], "pictures of another size, and nothing says so"
        return
    own = dict(zip(whole.outcome["numbers"], whole.frames, strict=True))
    unmarked = [k for k in range(len(frames)) if k not in outcome["damaged"]]
    wrong = [k for k in unmarked if not np.array_equal(own[outcome["numbers"][k]], frames[k])]
    if not video.has_checksum:
        # a changed pixel cannot be known; another frame in its place can
        wrong = [k for k in wrong if _is_another(frames[k], own, outcome["numbers"][k], video, has_header=has_header)]
    assert not wrong, f"frames {wrong[:5]} are not those of their rows, and nothing says so"


def _is_another(
    frame: NDArray[Any], own: Mapping[int, NDArray[Any]], number: int, video: _Video, *, has_header: bool
) -> bool:
    if any(np.array_equal(frame, other) for key, other in own.items() if key != number):
        return True
    # the header of a bitmap says what its bytes mean: nobody can know when that has changed
    if not video.encoding.is_exact or not has_header or frame.shape != own[number].shape:
        return False
    return bool((frame != own[number]).mean() > 0.7)


def _cases(tier: Tier) -> Iterable[Case]:
    names = list(_VIDEOS)
    for seed in range(_CASES[tier]):
        name = names[seed % len(names)]
        change = _CHANGES[(seed + seed // len(names)) % len(_CHANGES)]
        yield Case(f"{name}-{change.__name__[1:]}-{seed}", partial(_damaged, seed, name, change))


ROW = Row(
    name="R10",
    title="a damaged video",
    promise="no crash, no hang; every stored frame is the one of its row or is marked damaged",
    cases=_cases,
)
