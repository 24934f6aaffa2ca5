import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.model import Note, PropertyChange
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.notes_csv import read_notes

HEADER = "Time Stamp (ms), Note\n"
UNIX_HEADER = "Time Stamp (ms),Unix Time Stamp (ms),Note\n"
LABELS = {"My V4 Miniscope"}


@pytest.fixture
def read(tmp_path):
    def read_text(text, encoding="utf-8"):
        (tmp_path / "notes.csv").write_bytes(text.encode(encoding))
        return read_notes(tmp_path / "notes.csv", "notes.csv", LABELS)

    return read_text


@pytest.mark.parametrize(
    "text",
    [
        "15023\tenters arm A, left\n-5\t\n",
        "15023,enters arm A, left\n-5,\n",
        HEADER + "15023,enters arm A, left\n-5,\n",
        UNIX_HEADER + "15023,1663597121007,enters arm A, left\n-5,1663597121000,\n",
        HEADER.replace("\n", "\r\n") + "15023,enters arm A, left\r\n\r\n-5,\r\n",
        "\ufeff" + HEADER + "15023,enters arm A, left\n-5,\n",
    ],
    ids=["tab", "comma", "header", "unix", "crlf", "bom"],
)
def test_every_form_of_the_file_gives_the_same_notes(read, text):
    assert read(text) == ((Note(15.023, "enters arm A, left"), Note(-0.005, "")), (), ())


@pytest.mark.parametrize("text", ["", HEADER, HEADER.strip(), UNIX_HEADER])
def test_no_notes_are_no_finding(read, text):
    assert read(text) == ((), (), ())


@pytest.mark.parametrize("header", [HEADER, UNIX_HEADER])
def test_changes_of_settings_are_told_from_notes(read, header):
    unix = "1663597121007," if header is UNIX_HEADER else ""
    remarks = ["My V4 Miniscope,led0,25", "Other,led0,25", "My V4 Miniscope,led0", "My V4 Miniscope,led0,25,26"]
    notes, changes, findings = read(header + "".join(f"20480,{unix}{remark}\n" for remark in remarks))
    assert changes == (PropertyChange(20.48, "My V4 Miniscope", "led0", "25"),)
    assert [note.text for note in notes] == remarks[1:]
    assert findings == ()


def test_text_is_kept_as_written(read):
    text = '"quoted", Ünïcode \u2028 and\ttabs \x1b[31m=cmd|x'
    notes, _, findings = read(f"{HEADER}7,{text}\n")
    assert notes == (Note(0.007, text),)
    assert findings == ()


def test_other_encodings_are_read_and_reported(read):
    notes, _, (finding,) = read(f"{HEADER}7,Mäuse\n", "cp1252")
    assert notes == (Note(0.007, "Mäuse"),)
    assert "Windows-1252" in finding.sentence


@pytest.mark.parametrize("damage", [lambda raw: raw[:30] + bytes(40), lambda raw: raw.replace(b"\n", b"\r")])
def test_remarks_that_a_crash_or_another_program_took_are_missed(tmp_path, damage):
    (tmp_path / "notes.csv").write_bytes(damage(b"Time Stamp (ms), Note\n100,in arm A\n200,in arm B\n"))
    _, _, findings = read_notes(tmp_path / "notes.csv", "notes.csv", ())
    assert findings


@pytest.mark.parametrize(
    "line", ["no time", "x,note", "1e999,note", "33", "7,a\0b", "7," + "n" * (limits.NOTE_CHARS + 1)]
)
def test_unreadable_lines_are_left_out(read, line):
    notes, changes, (finding,) = read(f"{HEADER}{line}\n8,kept\n")
    assert (notes, changes) == ((Note(0.008, "kept"),), ())
    assert (finding.code, finding.numbers["first_line"]) == (Code.ROW_UNREADABLE, 2)


def test_a_last_line_without_end_is_kept_and_reported(read):
    notes, _, (finding,) = read(f"{HEADER}7,mouse ent")
    assert notes == (Note(0.007, "mouse ent"),)
    assert finding.code is Code.ROW_TORN


def test_a_missing_file_is_reported(tmp_path):
    *_, (finding,) = read_notes(tmp_path / "notes.csv", "notes.csv", ())
    assert finding.code is Code.FILE_MISSING


remarks = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=30)


@given(st.lists(st.tuples(st.integers(-(10**6), 10**9), remarks), max_size=10), st.sampled_from([HEADER, ""]))
def test_valid_notes_are_read_back_exactly(tmp_path_factory, written, header):
    path = tmp_path_factory.getbasetemp() / "valid_notes.csv"
    path.write_bytes((header + "".join(f"{ms},{text}\n" for ms, text in written)).encode())
    notes, changes, findings = read_notes(path, "x", ())
    assert notes == tuple(Note(ms / 1000, text) for ms, text in written)
    assert (changes, findings) == ((), ())


@given(st.binary(max_size=200), st.sampled_from([b"", HEADER.encode(), UNIX_HEADER.encode()]))
def test_no_bytes_raise(tmp_path_factory, raw, start):
    path = tmp_path_factory.getbasetemp() / "random_notes.csv"
    path.write_bytes(start + raw)
    read_notes(path, "x", LABELS)
