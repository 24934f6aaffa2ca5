"""What is missing is known without the library of the schema, and is what the library then lacks."""

import datetime as dt
import re
import subprocess
import sys

import pytest

from miniscope_to_nwb_zarr.aind_data_schema import templates
from miniscope_to_nwb_zarr.aind_data_schema.bundle import make_bundle
from miniscope_to_nwb_zarr.aind_data_schema.needed import missing_facts
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.model import DeviceKind
from miniscope_to_nwb_zarr.sources import strict_yaml
from tests.aind_data_schema.conftest import START

CAMERA = "Behavior camera"
PACKAGED = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


@pytest.fixture
def with_camera(session, recording, stream):
    def make(start=START, **facts):
        return session(recording(start, streams=[stream(), stream(CAMERA, DeviceKind.CAMERA)]), **facts)

    return make


def facts_of(findings):
    return [finding.numbers["fact"] for finding in findings]


def test_everything_that_is_needed_is_asked_for_at_once(with_camera):
    found = missing_facts(with_camera(subject=None), Sidecar())
    assert {finding.code for finding in found} == {Code.FACT_MISSING}
    files = ["subject.json", "acquisition.json", "data_description.json", "instrument.json", "procedures.json"]
    assert list(dict.fromkeys(finding.where for finding in found)) == files


@pytest.mark.parametrize(
    ("taken", "lacks"),
    [
        ({}, []),
        ({"subject": {"sex": None, "genotype": None}}, ["subject.sex", "subject.genotype"]),
        ({"subject": {"date_of_birth": None}}, ["subject.date_of_birth"]),
        ({"session": {"mouse_platform": None, "institution": None}}, ["session.mouse_platform", "session.institution"]),
        ({"dataset": {"license": None, "investigators": ()}}, ["dataset.investigators", "dataset.license"]),
        ({"rig": {"instrument_id": None, "cameras": ()}}, ["rig.instrument_id", "rig.cameras"]),
        ({"rig": {"cameras": [{"name": CAMERA, "target": "other"}], "notes": None}}, ["rig.cameras.1.notes"]),
        ({"surgeries": [{"date": "2026-01-20"}, {"notes": "Recovered well."}]}, ["surgeries.2.date"]),
    ],
)
def test_the_quick_list_is_what_the_bundle_lacks(with_camera, filled, taken, lacks):
    session, sidecar = with_camera(), filled(**taken)
    quick = missing_facts(session, sidecar)
    assert facts_of(quick) == lacks
    assert list(quick) == [f for f in make_bundle(session, sidecar, PACKAGED).findings if f.code is Code.FACT_MISSING]


def test_half_hour_zones_need_their_name(with_camera, filled):
    start = dt.datetime(2026, 3, 14, 9, 26, 53, tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30)))
    kolkata = with_camera(start)
    assert facts_of(missing_facts(kolkata, filled(session={"timezone": None}))) == ["session.timezone"]
    assert missing_facts(kolkata, filled(session={"timezone": "Asia/Kolkata"})) == ()


def test_the_template_marks_the_lines_that_are_needed(with_camera):
    text = templates.text_of(templates.SIDECAR)
    lines = strict_yaml.parse(text, "template").lines
    marked = {number for number, line in enumerate(text.splitlines(), start=1) if re.search(r": +# \[AIND\]", line)}
    is_marked = {".".join(p for p in place if isinstance(p, str)) for place, line in lines.items() if line in marked}
    needed = set(facts_of(missing_facts(with_camera(subject=None), Sidecar.model_validate({"surgeries": [{}]}))))
    named = {re.sub(r"\.\d+", "", fact) for fact in needed}
    lists = {"dataset.funding_sources": "funder", "dataset.investigators": "name", "rig.cameras": "name"}
    assert is_marked >= {f"{fact}.{lists[fact]}" if fact in lists else fact for fact in named}
    assert {fact.rpartition(".")[0] if fact.rpartition(".")[0] in lists else fact for fact in is_marked} <= (
        named | {"surgeries"}
    )


def test_nothing_heavy_is_loaded():
    program = (
        "import sys, miniscope_to_nwb_zarr.aind_data_schema.needed, miniscope_to_nwb_zarr.run.missing_facts;"
        "sys.exit('aind_data_schema' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
