"""The notebooks do what they show: their cells run in order, with plain Python, and their outputs name no machine."""

import contextlib
import io
import json
import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from tests.s3_server import Bucket, address

ROOT = Path(__file__).resolve().parents[3]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MAKES_A_STORE = ROOT / "notebooks" / "python_api.ipynb"
MAX_BYTES = 300_000
# a place on some machine, in Linux, macOS or Windows
ABSOLUTE = re.compile(r"(?<![\w.~:/])/(?:home|tmp|Users|root|opt|usr|work|capsule)/|\b[A-Z]:\\\\")


def cells(path):
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def test_these_are_the_notebooks():
    assert {path.stem for path in NOTEBOOKS} == {"analysis", "lazy", "look", "python_api", "timing"}


def run_cells(path):
    names, said = {"__name__": "__notebook__"}, io.StringIO()
    with mpl.rc_context(), contextlib.redirect_stdout(said):
        mpl.use("Agg")
        for number, cell in enumerate(cells(path)):
            exec(compile("".join(cell["source"]), f"{path.name}, code cell {number}", "exec"), names)
    plt.close("all")
    return {**names, "said": said.getvalue()}


def committed(name):
    """What the cells of a notebook print, as it was committed."""
    outputs = [output for cell in cells(ROOT / "notebooks" / f"{name}.ipynb") for output in cell["outputs"]]
    return "".join("".join(output["text"]) for output in outputs if output.get("name") == "stdout")


def test_the_cells_run_in_order(tmp_path, monkeypatch):
    """The one that makes a store first; the others look at what it has made, in the folder and in a bucket."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.chdir(folder)
    run_cells(MAKES_A_STORE)
    (store,) = (tmp_path / "scratch" / "notebook" / "results").glob("*/*.nwb.zarr")
    bucket = Bucket()
    bucket.put_folder(store, store.name)
    here = {}
    for path in NOTEBOOKS:
        if path != MAKES_A_STORE:
            monkeypatch.setenv("STORE", str(store))
            here[path.stem] = run_cells(path)
    assert len(here["look"]["trace"]) == len(here["timing"]["times"]["HPC_miniscope1"]) == 600
    assert here["timing"]["seen"][0] == -1
    assert here["timing"]["partner"][-1] == 598
    assert here["lazy"]["part"].sizes["time"] == 150
    for name in ("look", "timing"):
        assert here[name]["said"] == committed(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", address())
    monkeypatch.setenv("STORE", f"s3://{bucket.name}/{store.name}")
    there = {name: run_cells(MAKES_A_STORE.with_name(f"{name}.ipynb")) for name in ("look", "lazy", "timing")}
    np.testing.assert_array_equal(there["look"]["trace"], here["look"]["trace"])
    assert there["lazy"]["part"].sizes["time"] == 150
    assert there["timing"]["said"] == here["timing"]["said"]
    assert [entry.name for entry in tmp_path.iterdir() if entry.name not in {"notebooks", "scratch"}] == []
    assert not list(folder.iterdir())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_committed_outputs_are_those_of_one_run_without_error(path):
    assert [cell["execution_count"] for cell in cells(path)] == list(range(1, len(cells(path)) + 1))
    outputs = [output for cell in cells(path) for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"]
    assert path.stat().st_size < MAX_BYTES
    assert not ABSOLUTE.findall(json.dumps(outputs))
