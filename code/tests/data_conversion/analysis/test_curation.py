"""Decisions by hand: read strictly, applied to the analysis they belong to, and nothing else changed."""

import json
from contextlib import suppress

import pytest
from hdmf_zarr import NWBZarrIO
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.analysis.curation import FORMAT, load_curation
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.data_conversion import commit
from miniscope_to_nwb_zarr.data_conversion.analysis.curate import apply_curation
from miniscope_to_nwb_zarr.data_conversion.verify import check_files
from miniscope_to_nwb_zarr.qc.cell_counts import CellCount, in_words
from miniscope_to_nwb_zarr.qc.glance import Glance
from miniscope_to_nwb_zarr.run.phases import Phases
from tests.conversions import listing
from tests.data_conversion.analysis.conftest import base_of, linked_copy, now

SERIES = "OnePhotonSeries_HPC_miniscope1"


def saved(done, tmp_path, **changes):
    """A file as the page saves it."""
    (entry,) = done.outcome.receipt.analyses
    content = {
        "format": FORMAT,
        "session": done.outcome.output.name,
        "module": "ophys",
        "analysis": entry.digest,
        "curator": "Doe,  Jane",
        "saved": "2026-03-15T10:00:00Z",
        "decisions": {SERIES: {"0": False, "1": True}},
        **changes,
    }
    path = tmp_path / "curation.json"
    path.write_text(json.dumps(content))
    return path


def applied(base, path, tmp_path):
    return apply_curation(base, load_curation(path), tmp_path / "results", 1, now, Phases())


@pytest.fixture
def base(done, tmp_path):
    return base_of(linked_copy(done.results, tmp_path / "results") / done.outcome.output.name)


def table_of(output):
    with NWBZarrIO(str(next(output.glob("*.zarr"))), "r") as io:
        tables = io.read().processing["ophys"]["ImageSegmentation"].plane_segmentations
        return tables["PlaneSegmentation_HPC_miniscope1"].to_dataframe().drop(columns="pixel_mask")


def test_decisions_change_the_verdicts_and_nothing_else(done, base, tmp_path):
    before = table_of(base.folder)
    path = saved(done, tmp_path)
    outcome = applied(base, path, tmp_path)
    after = table_of(outcome.output)
    assert outcome.word == "written"
    assert after["accepted"].tolist() == [False, True, *before["accepted"].tolist()[2:]]
    assert after["curated"].tolist() == [True, True, *[False] * (len(before) - 2)]
    assert after.drop(columns=["accepted", "curated"]).equals(before.drop(columns=["accepted", "curated"]))
    was, now_is = (
        {entry.path: entry for entry in commit.read_receipt(folder).files}
        for folder in (done.outcome.output, outcome.output)
    )
    name = outcome.output.name
    table = f"{name}.nwb.zarr/processing/ophys/ImageSegmentation/PlaneSegmentation_HPC_miniscope1"
    # what validator and inspector say is written anew, and may be the same
    new = {f"qc/{name}.nwb.inspector_report.txt"}
    changed = {path for path in now_is if was.get(path) != now_is[path]} - new
    assert changed - {f"{table}/accepted/0"} == {
        f"{table}/curated/0",
        "processing.json",
        "quality_control.json",
        "qc/report.html",
        "qc/glance.json",
        "qc/curation.html",
        "qc/curation.json",
    }
    for path in now_is.keys() - changed - new:
        assert (done.outcome.output / path).samefile(outcome.output / path), path
    for folder in (*(tmp_path / "results" / ".replaced").iterdir(), outcome.output):
        assert check_files(folder, commit.read_receipt(folder), 1) == []


def test_who_decided_and_what_is_told_and_kept(done, base, tmp_path):
    outcome = applied(base, saved(done, tmp_path), tmp_path)
    process = json.loads((outcome.output / "processing.json").read_text())["data_processes"][-1]
    assert (process["process_type"], process["experimenters"]) == ("Manual curation", ["Doe, Jane"])
    metrics = json.loads((outcome.output / "quality_control.json").read_text())["metrics"]
    assert metrics[-1]["value"]["decided_by_hand"] == 2
    kept = json.loads((outcome.output / "qc" / "curation.json").read_text())
    assert kept["decisions"] == {SERIES: {"0": False, "1": True}}
    page = (outcome.output / "qc" / "curation.html").read_text()
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert data["applied"] == {"decisions": {SERIES: {"0": False, "1": True}}, "curator": "Doe, Jane"}
    (entry,) = outcome.receipt.analyses
    assert entry.curation
    assert entry.accepted == (int(table_of(outcome.output)["accepted"].sum()),)
    count = CellCount(entry.accepted[0], entry.units[0])
    assert (outcome.output / "qc" / "report.html").read_text().count(in_words(count)) == 2
    glance = Glance.from_text((outcome.output / "qc" / "glance.json").read_text())
    assert glance.analyses == {"ophys": {SERIES: count}}
    # the same again is done, other decisions take the place of these
    state = listing(outcome.output)
    assert applied(base_of(outcome.output), saved(done, tmp_path), tmp_path).word == "already done"
    assert listing(outcome.output) == state
    none = applied(base_of(outcome.output), saved(done, tmp_path, decisions={}), tmp_path)
    assert table_of(none.output).equals(table_of(done.outcome.output))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"session": "M1"}, "the decisions are of M1"),
        ({"analysis": "ab" * 32}, "has no analysis to which the decisions belong"),
        ({"decisions": {"OnePhotonSeries_X": {"0": True}}}, "of OnePhotonSeries_X"),
        ({"decisions": {SERIES: {"400": True}}}, "of unit 400"),
    ],
)
def test_decisions_of_something_else_are_refused(done, base, tmp_path, changes, said):
    before = listing(tmp_path / "results")
    with pytest.raises(InputError, match=said):
        applied(base, saved(done, tmp_path, **changes), tmp_path)
    assert listing(tmp_path / "results") == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": "other"}, "is not a file that the page qc/curation.html saved"),
        ({"session": 3}, "`session` is `3`"),
        ({"curator": "x" * 201}, "at most 200 letters"),
        ({"decisions": [1]}, "expected units by their series"),
        ({"decisions": {SERIES: {"one": True}}}, "expected the number of a unit"),
        ({"decisions": {SERIES: {"1": 1}}}, "true or false"),
        ({"decisions": {SERIES: {"²": True}}}, "expected the number of a unit"),
        ({"decisions": {SERIES: {"9" * 5000: True}}}, "expected the number of a unit"),
    ],
)
def test_a_file_that_the_page_did_not_save_is_refused(done, tmp_path, changes, said):
    with pytest.raises(InputError, match=said):
        load_curation(saved(done, tmp_path, **changes))


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_is_read_or_refused(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "decisions.json"
    path.write_text(text)
    with suppress(InputError):
        load_curation(path)


@pytest.mark.parametrize(
    "content",
    ["[" * 100_000, '{"format": NaN}', "[]", "null", '"x"', '{"a": 1, "a": 2}', '{"a": {"1": true, "1": true}}'],
)
def test_odd_json_is_refused(tmp_path, content):
    path = tmp_path / "curation.json"
    path.write_text(content)
    with pytest.raises(InputError):
        load_curation(path)
