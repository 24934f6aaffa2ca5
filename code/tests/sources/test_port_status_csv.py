from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.sources.port_status_csv import is_port_status, read_port_status

STAMP = "2026-07-30T14:59:23.1234567Z"


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        (tmp_path / "port-status_0.csv").write_text(text, newline="\r\n")
        return read_port_status(tmp_path / "port-status_0.csv", "port-status_0.csv")

    return read_text


@pytest.mark.parametrize("status", ["3", "SerdesLock", "SerdesLock, SerdesParityPass", "0x0100"])
def test_a_status_is_kept_as_written(read, status):
    text = f"{STAMP},5000000,{status}\n"
    assert is_port_status(text.encode())
    (report,), findings = read(text)
    assert findings == ()
    assert report.received.instant == datetime(2026, 7, 30, 14, 59, 23, 123_456, UTC)
    assert (report.clock, report.status) == (5_000_000, status)


def test_a_port_without_report_is_no_defect(read):
    assert read("") == ((), ())


@pytest.mark.parametrize(
    "line", ["x", f"{STAMP},5", f"{STAMP},-5,3", "now,5,3", f"{STAMP},5,", f"{STAMP},{'9' * 30},3"]
)
def test_unreadable_lines_are_named(read, line):
    reports, (finding,) = read(f"{STAMP},1,3\n{line}\n\n{STAMP},2,3\n")
    assert [report.clock for report in reports] == [1, 2]
    assert (finding.code, finding.numbers) == (Code.ROW_UNREADABLE, {"count": 1, "first_line": 2})


@given(st.binary(max_size=200))
def test_no_bytes_raise(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "random_port.csv"
    path.write_bytes(raw)
    read_port_status(path, "x")
    is_port_status(raw)
