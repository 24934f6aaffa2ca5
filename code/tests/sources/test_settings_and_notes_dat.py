"""`settings_and_notes.dat` of the V3 software."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.core.model import Note
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.settings_and_notes_dat import (
    SettingsAndNotes,
    is_settings_and_notes,
    read_settings_and_notes,
)

NAMES = "animal\texcitation\tmsCamExposure\trecordLength"
# literal, reference formats 2.2
EXAMPLE = f"{NAMES}\r\nmouse1\t36\t255\t600\r\n\r\nelapsedTime\tNote\r\n12\tentered arm A\r\n"
VALUES = {"animal": "mouse1", "excitation": 36, "msCamExposure": 255, "recordLength": 600}


@pytest.fixture
def read(tmp_path):
    def read_it(text):
        path = tmp_path / "settings_and_notes.dat"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_settings_and_notes(path, "s.dat")

    return read_it


def codes(findings):
    return [finding.code for finding in findings]


def test_settings_and_notes_in_seconds(read):
    found, findings = read(EXAMPLE)
    assert findings == ()
    assert found == SettingsAndNotes(VALUES, (Note(12.0, "entered arm A"),))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\r\n", "\n"),
        lambda text: "\ufeff" + text,
        lambda text: "\r\n" + text.replace("\r\n", "\r\n\r\n"),
        lambda text: text.replace("elapsedTime", "ELAPSEDTIME "),
    ],
)
def test_ways_to_write_the_same(read, change):
    assert read(change(EXAMPLE)) == read(EXAMPLE)


@pytest.mark.parametrize("keep", [len(EXAMPLE), EXAMPLE.index("Note")])
def test_zeros_of_a_crash_in_place_of_remarks_are_said(read, keep):
    found, findings = read(EXAMPLE[:keep].encode() + bytes(100))
    assert found.settings == VALUES
    assert codes(findings)[0] is Code.FILE_TRUNCATED


def test_lines_between_settings_and_remarks_are_named(read):
    found, (finding,) = read(EXAMPLE.replace("elapsedTime\tNote", "elapXedTime\tNote"))
    assert (found.settings, found.notes) == (VALUES, ())
    assert (finding.code, finding.numbers) == (Code.ROW_UNREADABLE, {"count": 2, "first_line": 4})


def test_text_of_a_windows_program(read):
    found, findings = read(EXAMPLE.replace("mouse1", "Mäuschen").encode("cp1252"))
    assert found.settings["animal"] == "Mäuschen"
    assert codes(findings) == [Code.TABLE_FORMAT]


@pytest.mark.parametrize(("animal", "expected"), [("0042", "0042"), ("17", "17"), ("", ""), (" m 7 ", "m 7")])
def test_the_animal_is_always_text(read, animal, expected):
    assert read(EXAMPLE.replace("mouse1", animal))[0].settings["animal"] == expected


def test_values_that_are_no_numbers_stay_text(read):
    found, findings = read(EXAMPLE.replace("36", "3,6"))
    assert (found.settings["excitation"], findings) == ("3,6", ())


def test_remarks_may_hold_anything(read):
    found, findings = read(EXAMPLE + '20\tleft,\t"right"\r\n\r\n20\t\r\n')
    assert [(note.time_s, note.text) for note in found.notes[1:]] == [(20, 'left,\t"right"'), (20, "")]
    assert findings == ()


@pytest.mark.parametrize("line", ["soon\tarm B", "no tab", "5\t" + "x" * (limits.NOTE_CHARS + 1), "nan\tarm B"])
def test_lines_that_are_no_remark_are_named(read, line):
    found, findings = read(EXAMPLE + line + "\r\n30\tarm C\r\n")
    assert [note.time_s for note in found.notes] == [12, 30]
    assert codes(findings) == [Code.ROW_UNREADABLE]
    assert "line 6" in findings[0].sentence


def test_a_last_remark_without_line_end_may_be_cut(read):
    found, findings = read(EXAMPLE + "30\tarm")
    assert found.notes[-1] == Note(30, "arm")
    assert codes(findings) == [Code.ROW_TORN]


def test_settings_without_remarks(read):
    assert read(f"{NAMES}\r\nmouse1\t36\t255\t600\r\n") == (SettingsAndNotes(VALUES), ())
    assert read(f"{NAMES}\r\nmouse1\t36\t255\t600") == (SettingsAndNotes(VALUES), ())


@pytest.mark.parametrize("values", ["mouse1\t36\t255", "mouse1\t36\t255\t600\t7"])
def test_another_number_of_values_is_said(read, values):
    found, findings = read(f"{NAMES}\r\n{values}\r\n\r\nelapsedTime\tNote\r\n")
    assert found.settings["msCamExposure"] == 255
    assert codes(findings) == [Code.SETTINGS_VALUE]


@pytest.mark.parametrize("text", ["", NAMES, "elapsedTime\tNote\r\n12\tarm A\r\n", "x\ty\r\n1\t2\r\n"])
def test_no_settings_at_all(read, text):
    found, findings = read(text)
    assert found.settings == {}
    assert codes(findings)[0] == Code.SETTINGS_UNREADABLE
    assert len(found.notes) == text.count("12")


def test_a_file_that_is_not_there(tmp_path):
    found, findings = read_settings_and_notes(tmp_path / "none", "s.dat")
    assert found == SettingsAndNotes()
    assert codes(findings) == [Code.FILE_MISSING]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [(EXAMPLE.encode(), True), (b"\r\n" + EXAMPLE.upper().encode(), True), (b"animal\tage\n", False), (b"", False)],
)
def test_the_file_is_known_by_its_names(tmp_path, raw, expected):
    path = tmp_path / "x"
    path.write_bytes(raw)
    assert is_settings_and_notes(path) is expected


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=300))
def test_anything_at_all_is_survived(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("any") / "s.dat"
    for content in (raw, EXAMPLE.encode() + raw):
        path.write_bytes(content)
        found, _ = read_settings_and_notes(path, "s.dat")
        assert all(isinstance(note.text, str) for note in found.notes)


PLAIN = st.text(st.characters(exclude_characters="\t\n", exclude_categories=["Cc", "Cs"]), max_size=20)


@settings(max_examples=100, deadline=None)
@given(remarks=st.lists(st.tuples(st.integers(0, 10**6), PLAIN)))
def test_whatever_is_written_is_read(tmp_path_factory, remarks):
    path = tmp_path_factory.mktemp("written") / "s.dat"
    lines = [NAMES, "m\t1\t2\t3", "", "elapsedTime\tNote", *(f"{seconds}\t{text}" for seconds, text in remarks), ""]
    path.write_bytes("\r\n".join(lines).encode())
    found, findings = read_settings_and_notes(path, "s.dat")
    assert [(note.time_s, note.text) for note in found.notes] == remarks
    assert findings == ()
