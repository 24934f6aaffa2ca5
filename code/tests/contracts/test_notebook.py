"""The notebooks do what they show: their cells run in order, with plain Python, and their outputs name no machine."""

import json
import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).resolve().parents[3]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MAX_BYTES = 300_000
# a place on some machine, in Linux, macOS or Windows
ABSOLUTE = re.compile(r"(?<![\w.~:/])/(?:home|tmp|Users|root|opt|usr|work|capsule)/|\b[A-Z]:\\\\")


def cells(path):
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def test_there_is_a_notebook():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_cells_run_in_order(path, tmp_path, monkeypatch):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.chdir(folder)
    names = {"__name__": "__notebook__"}
    with mpl.rc_context():
        mpl.use("Agg")
        for number, cell in enumerate(cells(path)):
            exec(compile("".join(cell["source"]), f"{path.name}, code cell {number}", "exec"), names)
    plt.close("all")
    assert [entry.name for entry in tmp_path.iterdir() if entry.name not in {"notebooks", "scratch"}] == []
    assert not list(folder.iterdir())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_committed_outputs_are_those_of_one_run_without_error(path):
    assert [cell["execution_count"] for cell in cells(path)] == list(range(1, len(cells(path)) + 1))
    outputs = [output for cell in cells(path) for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"]
    assert path.stat().st_size < MAX_BYTES
    assert not ABSOLUTE.findall(json.dumps(outputs))
