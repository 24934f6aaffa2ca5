"""Which files beside the frames are kept, and of which the text."""

import pytest

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.layouts.source_files import kept_files, source_file


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"plain\n", "plain\n"),
        ("\ufeffmüde".encode(), "müde"),
        ("müde".encode("cp1252"), "müde"),
        (b"\x89PNG\r\n\x1a\n\0\0", None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", None),
        (b"a\0b", None),
        (b"", ""),
    ],
)
def test_text_is_text(tmp_path, content, text):
    path = tmp_path / "file"
    path.write_bytes(content)
    assert source_file(path, "file").text == text


def test_large_tables_are_kept_without_their_text(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("1,2,3\n" * 50_000, "utf-8")
    assert source_file(path, "table.csv").text is None
    assert source_file(path, "table.csv", is_always_text=True).text.startswith("1,2,3")


def test_what_no_acquisition_software_writes_is_named(tmp_path):
    for name, content in (("shot.png", b"\0"), ("notes.csv", b"x"), ("movie.npy", b"\x93NUMPY\0"), ("b.bin", b"\0")):
        (tmp_path / name).write_bytes(content)
    kept, (finding,) = kept_files(sorted(tmp_path.iterdir()), {"notes.csv"}, "scope")
    assert [file.path.name for file in kept] == ["notes.csv", "shot.png"]
    assert (finding.code, finding.where, finding.numbers) == (Code.FILE_IGNORED, "scope", {"count": 2})
    assert "b.bin, movie.npy" in finding.sentence
