"""How many findings the page says there are."""

from html import unescape
from types import SimpleNamespace

import pytest

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.qc.report.sections.findings import findings_section


def page_of(*severities):
    found = [Finding(Code.FRAMES_PER_FILE, one, f"{k}.avi", "what was found") for k, one in enumerate(severities)]
    return unescape(str(findings_section(SimpleNamespace(findings=found)).body))


@pytest.mark.parametrize(("number", "words"), [(1, "1 note worth"), (4, "4 notes worth"), (201, "201 notes worth")])
def test_notes_are_no_problems(number, words):
    page = page_of(*[Severity.INFO] * number)
    assert "No problem was found in this recording." in page
    assert f">{words} knowing<" in page
    assert "findings" not in page


def test_notes_beside_a_loss_do_not_say_that_nothing_is_lost():
    page = page_of(Severity.ERROR, Severity.INFO)
    assert ">1 note worth knowing<" in page
    assert "nothing" not in page.lower()


@pytest.mark.parametrize("severity", [Severity.INFO, Severity.WARNING])
@pytest.mark.parametrize(
    ("number", "words"), [(200, None), (201, "1 more is listed in"), (202, "2 more are listed in")]
)
def test_what_there_is_no_room_for_is_counted(severity, number, words):
    page = page_of(*[severity] * number)
    assert page.count("<article") == 200
    assert ("more" in page) == (words is not None)
    assert words is None or f"{words} receipt.json." in page
