import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.sources import limits
from miniscope_to_nwb_zarr.sources.settings_json import brief, read_json


@pytest.fixture
def read(tmp_path):
    def read_text(text, encoding="utf-8"):
        (tmp_path / "metaData.json").write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return read_json(tmp_path / "metaData.json", "metaData.json")

    return read_text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_settings_come_with_their_text(read, encoding):
    text = '{\n    "animalName": "Mäuse [1]",\n    "cameras": [\n    ],\n    "gain": 3.5\n}\n'
    assert read(text, encoding) == ({"animalName": "Mäuse [1]", "cameras": [], "gain": 3.5}, text, ())


def test_a_key_given_twice_is_reported_with_both_values(read):
    settings, _, (finding,) = read('{"a": {"gain": 1, "gain": "High"}}')
    assert settings == {"a": {"gain": "High"}}
    assert finding.code is Code.SETTINGS_VALUE
    assert finding.sentence == 'key "gain" is given twice, with the values 1 and "High"; the last was kept'


def test_many_doubtful_values_are_counted(read):
    findings = read('{"a": [' + "NaN," * 999 + "NaN]}")[2]
    assert len(findings) == limits.VALUES_REPORTED + 1
    assert findings[-1].sentence == f"holds {1000 - limits.VALUES_REPORTED} more doubtful values"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 41, "0." + "1" * 40])
def test_numbers_that_no_field_can_hold_are_none_and_reported(read, number):
    settings, text, (finding,) = read(f'{{"led0": [{number}], "ok": 1}}')
    assert settings == {"led0": [None], "ok": 1}
    assert number in text
    assert finding.code is Code.SETTINGS_VALUE
    assert number[:20] in finding.sentence


def test_what_no_store_can_hold_is_replaced_everywhere(read):
    settings, _, findings = read(r'{"\ud800": "a\udfff", "list": [["\u0000"]], "whole": "\ud83d\ude00"}')
    assert settings == {"\ufffd": "a\ufffd", "list": [["\ufffd"]], "whole": "\U0001f600"}
    assert len(findings) == 3
    assert json.dumps(settings, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1', "line 1, column 8"),
        ("{'a': 1}", "line 1, column 2"),
        ("[1, 2]", "holds a list"),
        ("3", "holds a int"),
        ('{"a":' * 65 + "1" + "}" * 65, "64 levels"),
        ("[" * 100_000, "64 levels"),
    ],
    ids=["cut", "quotes", "list", "number", "deep", "very_deep"],
)
def test_what_is_not_an_object_is_unreadable_and_its_text_kept(read, text, said):
    settings, kept, (finding,) = read(text)
    assert (settings, kept) == (None, text)
    assert finding.code is Code.SETTINGS_UNREADABLE
    assert said in finding.sentence


def test_brackets_in_text_are_no_depth(read):
    settings, _, findings = read('{"a": "' + "[" * 100 + r"\"{{" + '"}')
    assert settings == {"a": "[" * 100 + '"{{'}
    assert findings == ()


@pytest.mark.parametrize("raw", [b'{"a": "\0"}', b" " * (limits.SETTINGS_BYTES.value + 1)])
def test_files_that_are_no_text_or_too_large_are_refused(read, raw):
    settings, text, (finding,) = read(raw)
    assert (settings, text, finding.code) == (None, None, Code.FILE_UNREADABLE)


@pytest.mark.parametrize("raw", [b"", b" \n"])
def test_an_empty_file_is_reported(read, raw):
    assert [finding.code for finding in read(raw)[2]] == [Code.FILE_EMPTY]


@pytest.mark.parametrize("piece", ["[],", '"a",', "{},", '"\\"', '{"a":1,"a":1},'])
def test_hostile_files_of_the_greatest_size_are_read_in_time(read, piece):
    start = time.perf_counter()
    read('{"a":[' + piece * ((limits.SETTINGS_BYTES.value - 100) // len(piece)))
    assert time.perf_counter() - start < 5


def test_long_values_are_cut_in_findings():
    assert brief("x" * 100) == '"' + "x" * 59 + "..."


plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | plain,
    lambda inner: st.lists(inner) | st.dictionaries(plain, inner),
    max_leaves=10,
)


@given(st.dictionaries(plain, json_values), st.booleans())
def test_valid_settings_are_read_back_exactly(tmp_path_factory, settings, is_ascii):
    path = tmp_path_factory.getbasetemp() / "valid.json"
    path.write_text(json.dumps(settings, indent=4, ensure_ascii=is_ascii), "utf-8", newline="")
    found, _, findings = read_json(path, "x")
    assert found == settings
    assert findings == ()


@given(st.binary(max_size=200) | st.text('{}[]":,\\u0d8 1eN', max_size=60).map(str.encode))
def test_no_bytes_raise(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "random.json"
    path.write_bytes(raw)
    settings, _, findings = read_json(path, "x")
    assert settings is not None or findings
