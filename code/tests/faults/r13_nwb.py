"""R13 for NWB files: whatever paths a file, a store or a name holds, nothing outside is read or written.

What lies outside the data folder holds a word that would be found in the results.
"""

import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from tests.conversions import listing
from tests.faults import nwb_samples
from tests.faults.harness import Case, Row, Tier
from tests.faults.nwb_samples import NAME
from tests.faults.outputs import receipt_of
from tests.nwb_files import bare_file

_SECRET = b"the-word-that-nobody-may-read"


def _paths(outside: Path) -> list[str]:
    """Of a file outside, in many spellings, the plain ones first."""
    name = outside.name
    return [
        f"../outside/{name}", str(outside), f"./../outside/{name}", f"a/../../outside/{name}",
        f"..//outside/./{name}", f"../outside/x/../{name}", f"/proc/self/cwd/{outside}", f"link/{name}",
        f"file://{outside}", f"../outside/{name}/", f"%2e%2e/outside/{name}", f"..\\outside\\{name}",
    ]  # fmt: skip


def _external_link(path: Path, name: str) -> None:
    with h5py.File(path, "r+") as file:
        file["analysis/odd"] = h5py.ExternalLink(name, "/analysis")


def _chained_link(path: Path, name: str) -> None:
    """The file links to another one beside it, and only that one leads outside."""
    other = bare_file(path.parent / "beside.h5")
    _external_link(other, name)
    with h5py.File(path, "r+") as file:
        file["analysis/beside"] = h5py.ExternalLink(other.name, "/analysis/odd")


def _external_storage(path: Path, name: str) -> None:
    with h5py.File(path, "r+") as file:
        file.create_dataset("analysis/odd", shape=(8,), dtype="u1", external=[(name, 0, 8)])


def _virtual(path: Path, name: str) -> None:
    layout = h5py.VirtualLayout((8,), "u1")
    layout[:] = h5py.VirtualSource(name.replace("%", "%%"), "analysis/secret", (8,))
    with h5py.File(path, "r+") as file:
        file.create_virtual_dataset("analysis/odd", layout)


def _external_file(path: Path, name: str) -> None:
    with h5py.File(path, "r+") as file:
        file["analysis/external_file"] = [name]


def _odd_specifications(path: Path, name: str) -> None:
    text = {"name": "ndx-odd", "version": "0.1", "doc": "x", "author": "x", "contact": "x"}
    with h5py.File(path, "r+") as file:
        group = file["specifications"].create_group("ndx-odd/0.1")
        group["namespace"] = json.dumps({"namespaces": [{**text, "schema": [{"source": name}]}]})


_OF_FILES: tuple[Callable[[Path, str], None], ...] = (
    *(_external_link, _chained_link, _external_storage, _virtual, _external_file, _odd_specifications),
)


def _store_link(path: Path, name: str) -> None:
    _set(path, "analysis/.zattrs", zarr_link=[{"name": "odd", "path": "/analysis", "source": name}])


def _store_reference(path: Path, name: str) -> None:
    reference = {"zarr_dtype": "object", "value": {"source": name, "path": "/analysis", "object_id": None}}
    _set(path, "general/.zattrs", odd=reference)


def _store_path(path: Path, name: str) -> None:
    _set(path, "analysis/.zattrs", zarr_link=[{"name": "odd", "path": name, "source": "."}])


def _store_name(path: Path, name: str) -> None:
    _set(path, "analysis/.zattrs", zarr_link=[{"name": name, "path": "/general", "source": "."}])


_OF_STORES: tuple[Callable[[Path, str], None], ...] = (_store_link, _store_reference, _store_path, _store_name)


def _set(store: Path, key: str, **said: object) -> None:
    file = store / key
    found = json.loads(file.read_text()) if file.is_file() else {}
    file.write_text(json.dumps(found | said))
    consolidated = json.loads((store / ".zmetadata").read_text())
    consolidated["metadata"].setdefault(key, {}).update(said)
    (store / ".zmetadata").write_text(json.dumps(consolidated))


def _held(form: str, change: Callable[[Path, str], None], k: int, folder: Path) -> None:
    outside = folder / "outside"
    outside.mkdir(parents=True)
    secret = _secret_file(outside / "secret.h5")
    if form == "hdf5":
        secret = _secret_store(outside / "secret.zarr")
    path = nwb_samples.copy_of_source(form, folder / "data")
    (folder / "data" / "deep").mkdir()
    (folder / "data" / "deep" / "link").symlink_to(outside)
    name = _paths(secret)[k].replace("link/", "deep/link/")
    change(path, name)
    before = listing(outside) | listing(folder / "data")
    said = nwb_samples.run(nwb_samples.words(folder / "data", folder / "results", format=form), folder / "said")
    assert said.code in {0, 3, 4}, said
    assert listing(outside) | listing(folder / "data") == before
    assert {entry.name for entry in folder.iterdir()} == {"outside", "data", "results", "said"}
    results = folder / "results"
    assert {entry.name for entry in results.iterdir() if not entry.name.startswith("run-")} <= {NAME}
    for file in results.rglob("*"):
        assert not (file.is_file() and _SECRET in file.read_bytes()), f"{file} holds what lies outside"


def _secret_file(path: Path) -> Path:
    """A file that any library would read, whatever way leads to it; not compressed."""
    bare_file(path)
    with h5py.File(path, "r+") as file:
        file["analysis/secret"] = np.frombuffer(_SECRET, "u1")
        file["analysis/odd"] = _SECRET.decode()
    return path


def _secret_store(path: Path) -> Path:
    made = nwb_samples.copy_of_source("hdf5", path.parent / "made")
    _set(made, "analysis/.zattrs", secret=_SECRET.decode())
    return made.rename(path)


def _named(name: str, folder: Path) -> None:
    """A file whose own name is hostile gives an output below the results, and nothing elsewhere."""
    path = nwb_samples.copy_of_source("zarr", folder / "data")
    try:
        path.rename(path.parent / f"{name}.nwb")
    except OSError:
        # the disk has no such names
        return
    said = nwb_samples.run(nwb_samples.words(folder / "data", folder / "results"), folder / "said")
    assert {entry.name for entry in folder.iterdir()} <= {"data", "results", "said"}
    if name.startswith("."):
        # hidden files are no recordings
        assert said.code == 3, said
        return
    assert said.code == 0, said
    (output,) = (receipt.parent for receipt in (folder / "results").glob("*/receipt.json"))
    assert receipt_of(output).session == output.name
    assert output.name.isprintable()


_NAMES = (
    "..", "-rf", "a\nb", "CON", " ", "a\\..\\..\\b", "%2e%2e%2f", "\u202egnp", "n" * 200, "a:b", "=cmd()", "~",
    "$(touch x)", ".hidden", "run-1", ".staging-session",
)  # fmt: skip


def _cases(tier: Tier) -> Iterable[Case]:
    ways = [("zarr", change) for change in _OF_FILES] + [("hdf5", change) for change in _OF_STORES]
    n_paths = len(_paths(Path("x")))
    for number, (form, change) in enumerate(ways):
        for k in range(n_paths) if tier is Tier.FULL else (number % 2,):
            yield Case(f"{change.__name__[1:]}-{k}", partial(_held, form, change, k))
    for k, name in enumerate(_NAMES if tier is Tier.FULL else _NAMES[:4]):
        yield Case(f"name-{k}", partial(_named, name))


ROW = Row(
    name="R13 NWB",
    title="paths that lead outside, in NWB files, stores and names",
    promise="nothing outside the data folder is read, nothing outside the results is written",
    cases=_cases,
)
