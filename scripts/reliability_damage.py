"""Damaged copies of a recording, for tools that know nothing of it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_DEEP = 100_000
_DIGITS = 5_000_000
DEVICE = "Miniscope"


def damaged_copy(data: Path, copy: Path, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Copy a recording and change one file of its scope; gives what the file holds now."""
    shutil.copytree(data, copy)
    (path,) = copy.rglob(f"{DEVICE}/{name}")
    raw = change(path.read_bytes())
    path.write_bytes(raw)
    return raw


def flip_anywhere(store: Path, rng: np.random.Generator) -> None:
    """Change one bit of a store, each byte of all its files being as likely."""
    paths = sorted(path for path in store.rglob("*") if path.is_file())
    sizes = np.array([path.stat().st_size for path in paths])
    path = paths[rng.choice(len(paths), p=sizes / sizes.sum())]
    path.write_bytes(_flipped(path.read_bytes(), 0, rng))


def flip_payload(raw: bytes, rng: np.random.Generator) -> bytes:
    """Change one bit of the frames of an AVI file."""
    end = raw.rindex(b"idx1")
    return _flipped(raw[:end], raw.index(b"movi") + 12, rng) + raw[end:]


def cut_payload(raw: bytes, rng: np.random.Generator) -> bytes:
    """Cut an AVI file off within its frames, as when it was not copied to the end."""
    return raw[: rng.integers(raw.index(b"movi") + 12, raw.rindex(b"idx1"))]


def _flipped(raw: bytes, first: int, rng: np.random.Generator) -> bytes:
    changed = bytearray(raw)
    changed[rng.integers(first, len(raw))] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _with(key: str, value: str) -> Callable[[bytes], bytes]:
    """The settings with one more value, written as it is."""
    return lambda raw: raw.rstrip().removesuffix(b"}").rstrip() + f',\n"{key}": {value}\n}}\n'.encode()


HOSTILE_JSON: dict[str, Callable[[bytes], bytes]] = {
    f"nested {_DEEP:,} deep": _with("notes", "[" * _DEEP + "]" * _DEEP),
    f"a number of {_DIGITS:,} digits": _with("gain", "9" * _DIGITS),
    "a key twice": _with("gain", '"High"'),
    "NaN": _with("led0", "NaN"),
    "1e999": _with("ewl", "1e999"),
    "a list": lambda _raw: b"[1, 2]",
    "text for a number": _with("framesPerFile", '"many"'),
    "a number for a name": _with("deviceName", "7"),
    "no text": lambda _raw: np.random.default_rng(1).bytes(400),
    "cut in half": lambda raw: raw[: len(raw) // 2],
    "half a surrogate": _with("deviceType", '"\\ud800"'),
    "empty": lambda _raw: b"",
}


def outward(raw: bytes) -> bytes:
    """Settings whose device lies outside."""
    return json.dumps(json.loads(raw) | {"deviceName": "../x"}).encode()
