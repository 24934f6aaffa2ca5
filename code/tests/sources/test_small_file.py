import os
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.sources.limits import Limit
from miniscope_to_nwb_zarr.sources.small_file import decode, first_bytes, read_bytes, read_text

FIVE, HUNDRED = Limit("five", 5, "bytes"), Limit("hundred", 100, "bytes")


def test_a_file_within_the_limit_is_read_whole(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_bytes(tmp_path / "a", "a", FIVE) == (b"12345", ())


def test_a_file_beyond_the_limit_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"123456")
    raw, (finding,) = read_bytes(tmp_path / "a", "a", FIVE)
    assert raw is None
    assert finding.code is Code.FILE_UNREADABLE
    assert "5 bytes" in finding.sentence
    assert "--limits five=N" in finding.sentence


def test_the_beginning_of_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"123456")
    assert first_bytes(tmp_path / "a", 4) == b"1234"
    assert first_bytes(tmp_path / "a", 40) == b"123456"
    assert first_bytes(tmp_path / "none", 4) == first_bytes(tmp_path, 4) == b""


def test_a_missing_file_is_a_finding(tmp_path):
    raw, (finding,) = read_bytes(tmp_path / "a", "a", FIVE)
    assert (raw, finding.code) == (None, Code.FILE_MISSING)


def test_a_folder_is_a_finding(tmp_path):
    raw, (finding,) = read_bytes(tmp_path, "a", FIVE)
    assert (raw, finding.code) == (None, Code.FILE_UNREADABLE)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
def test_special_files_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        (tmp_path / "zero").symlink_to("/dev/zero")
        for name in ("fifo", "socket", "zero"):
            raw, (finding,) = read_bytes(tmp_path / name, name, HUNDRED)
            assert (raw, finding.code) == (None, Code.FILE_UNREADABLE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_decoded_without_finding(encoding):
    assert decode("Mäuse\n".encode(encoding), "a") == ("Mäuse\n", ())


def test_other_bytes_are_read_as_windows_text_and_reported():
    text, (finding,) = decode("Mäuse • 5 €".encode("cp1252"), "a")
    assert text == "Mäuse • 5 €"
    assert "Windows-1252" in finding.sentence


def test_text_with_nul_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"ab\0c")
    text, (finding,) = read_text(tmp_path / "a", "a", HUNDRED)
    assert (text, finding.code) == (None, Code.FILE_UNREADABLE)


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded(raw):
    text, findings = decode(raw, "a")
    assert isinstance(text, str)
    assert len(findings) <= 1
