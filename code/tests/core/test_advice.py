import re

import pytest

from miniscope_to_nwb_zarr.core.advice import ADVICE, GROUPS
from miniscope_to_nwb_zarr.core.findings import Code, Severity


def test_every_kind_of_finding_is_explained_once():
    assert sorted(code for group in GROUPS.values() for code in group) == sorted(Code)


@pytest.mark.parametrize("code", Code)
def test_advice_is_of_whole_sentences_and_fits_every_severity(code):
    advice = ADVICE[code]
    severities = [Severity(word) for word in advice.severities.split(", ")]
    assert severities == sorted(severities, key=list(Severity).index)
    for text in (advice.meaning, advice.analysis, advice.remedy):
        assert re.fullmatch(r"[A-Z`].*\.", text, re.DOTALL)
    for severity in severities:
        for said in (advice.for_analysis(severity), advice.to_do(severity)):
            assert "As error" not in said
            assert "As warning" not in said
            assert not said or said.endswith(".")


def test_what_holds_for_one_severity_is_said_with_it_alone():
    advice = ADVICE[Code.RATE_DIFFERS]
    assert advice.for_analysis(Severity.INFO) == "Use the stamps, never the rate in the settings."
    assert advice.for_analysis(Severity.ERROR).endswith(" Do not use the times.")
    assert advice.to_do(Severity.INFO) == ""
    assert advice.to_do(Severity.ERROR) == "Put the original table back."
