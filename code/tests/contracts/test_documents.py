"""What the documents list is what the program has."""

import re
from pathlib import Path

import pytest

from make_readme_tables import README, with_tables
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.layouts import LAYOUTS
from miniscope_to_nwb_zarr.run.option_table import DATASETS
from reliability_report import BEGIN, END
from tests.faults.scorecard import ROWS

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "code" / "miniscope_to_nwb_zarr"
FIRST_CELL = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
ROW_CELLS = re.compile(r"^\| (R[^|]*) \| ([^|]*) \|", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
TREE_LINE = re.compile(r"^ +([a-z_]+)/ ", re.MULTILINE)


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_readme_lists_the_options_and_exit_codes_of_the_program():
    assert README.read_text(encoding="utf-8") == with_tables(text_of("README.md")), "run scripts/make_readme_tables.py"


def test_tables_are_written_between_markers_only():
    with pytest.raises(ValueError, match="expected once"):
        with_tables("# a text without markers\n")


def test_the_readme_names_every_dataset_and_layout():
    listed = set(FIRST_CELL.findall(text_of("README.md")))
    assert {*DATASETS, *LAYOUTS} <= listed


def test_every_code_of_a_finding_is_explained_once():
    assert sorted(FIRST_CELL.findall(text_of("docs/findings.md"))) == sorted(Code)


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/findings.md", "docs/code-ocean.md"]
)
def test_documents_link_to_files_that_are_there(name):
    folder = (ROOT / name).parent
    assert not [link for link in LINK.findall(text_of(name)) if not (folder / link).exists()]


def test_the_house_is_described_as_it_stands():
    rooms = {path.parent.relative_to(PACKAGE).parts[0] for path in PACKAGE.glob("*/__init__.py")}
    tree = text_of("CONTRIBUTING.md").partition("## The house")[2].partition("## ")[0]
    described = {room for room in TREE_LINE.findall(tree) if room not in {"tests", "miniscope_to_nwb_zarr"}}
    assert described == rooms


def test_the_commands_of_the_readme_begin_on_a_bare_machine():
    commands = [line for line in text_of("README.md").splitlines() if "--dataset demo" in line or "run pytest" in line]
    assert len(commands) >= 2
    assert all(line.startswith("python3 -m pip install uv && ") for line in commands[:2])


def test_the_scorecard_in_the_documents_has_every_row():
    rows = [(row.name, row.title) for row in ROWS.values()]
    for name in ("README.md", "docs/reliability.md"):
        table = text_of(name).partition(BEGIN)[2].partition(END)[0]
        assert ROW_CELLS.findall(table) == rows, f"{name}: run scripts/reliability_report.py with --readme True"
