"""Findings as plain JSON, and the worst of them."""

import json

from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity, worst

FINDINGS = st.builds(
    Finding,
    st.sampled_from(Code),
    st.sampled_from(Severity),
    st.text(),
    st.text(),
    st.dictionaries(st.text(), st.integers() | st.text() | st.none()),
)


@given(FINDINGS)
def test_json_and_back(finding):
    assert Finding.from_json(json.loads(json.dumps(finding.as_json()))) == finding


@given(st.lists(FINDINGS))
def test_the_worst(findings):
    severities = {finding.severity for finding in findings}
    expected = next((s for s in reversed(Severity) if s in severities), None)
    assert worst(findings) is expected


def test_codes_have_names_of_their_own():
    assert len({str(code) for code in Code}) == len(Code)
