"""Findings as plain JSON."""

import json

from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity

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


def test_codes_have_names_of_their_own():
    assert len({str(code) for code in Code}) == len(Code)
