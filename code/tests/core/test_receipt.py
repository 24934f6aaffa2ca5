import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.findings import Code, Finding, Severity
from miniscope_to_nwb_zarr.core.receipt import FileEntry, Receipt, SeriesEntry, digest_of, is_volatile, plan_digest

RECEIPT = Receipt(
    session="M1_2026-03-14_09-26-53",
    plan_digest="p" * 64,
    program_version="0.1.0",
    created="2026-03-14T09:26:53+00:00",
    options={"metadata": False, "chunk_mb": 12.0},
    sources=(FileEntry("HPC/0.avi", 12, "a" * 64),),
    files=(FileEntry("x.nwb.zarr/.zattrs", 2, "b" * 64), FileEntry("behavior-videos/Kamera-ü/0.avi", 3, "c" * 64)),
    series=(SeriesEntry("OnePhotonSeries_HPC", 25, "d" * 32),),
    findings=(Finding(Code.GAP, Severity.WARNING, "HPC", "no frame for 1.2 s", {"row": 40, "gap_s": 1.2}),),
    versions={"zarr": "2.18.7"},
    parent="e" * 64,
)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
entries = st.builds(FileEntry, names, st.integers(0, 2**53), st.text("0123456789abcdef", min_size=64, max_size=64))


def test_a_receipt_is_read_as_it_was_written():
    assert Receipt.from_text(RECEIPT.as_text()) == RECEIPT


@given(st.lists(entries, max_size=4), st.dictionaries(names, st.none() | st.booleans() | names | st.floats(-1e9, 1e9)))
def test_any_receipt_is_read_as_it_was_written(files, options):
    receipt = replace(RECEIPT, files=tuple(files), options=options)
    assert Receipt.from_text(receipt.as_text()) == receipt


def test_every_change_of_a_receipt_is_noticed():
    text = RECEIPT.as_text()
    for at in range(0, len(text), 7):
        if text[at].isspace():
            continue
        changed = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
        with pytest.raises(ValueError):  # noqa: PT011 - any refusal will do
            Receipt.from_text(changed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "7",
        "{}",
        '{"schema_version": 2}',
        '"x"',
        RECEIPT.as_text()[:-9],
        pytest.param("[" * 100_000, id="deep"),
        pytest.param("9" * 5000, id="digits"),
    ],
)
def test_what_is_no_receipt_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - any refusal will do
        Receipt.from_text(text)


def test_a_receipt_of_a_later_schema_is_refused():
    value = json.loads(RECEIPT.as_text()) | {"schema_version": 2}
    with pytest.raises(ValueError, match="schema version 2, expected 1"):
        Receipt.from_text(json.dumps(value))


@pytest.mark.parametrize(
    ("path", "volatile"),
    [
        ("data_description.json", True),
        ("receipt.json", True),
        ("x.nwb.zarr/file_create_date/0", True),
        ("qc/x.nwb.inspector_report.txt", True),
        ("subject.json", False),
        ("x.nwb.zarr/.zmetadata", False),
        ("x.nwb.zarr/acquisition/OnePhotonSeries_HPC/data/0.0.0", False),
    ],
)
def test_only_times_of_packaging_are_volatile(path, volatile):
    assert is_volatile(path) is volatile


def test_the_content_digest_sees_every_lasting_file_and_no_order():
    volatile = FileEntry("data_description.json", 5, "1" * 64)
    same = replace(RECEIPT, files=(volatile, *reversed(RECEIPT.files)), created="later", findings=())
    assert same.content_digest == RECEIPT.content_digest
    assert replace(RECEIPT, files=RECEIPT.files[:1]).content_digest != RECEIPT.content_digest
    changed = replace(RECEIPT.files[0], sha256="0" * 64)
    assert replace(RECEIPT, files=(changed, RECEIPT.files[1])).content_digest != RECEIPT.content_digest


def test_the_plan_digest_changes_with_all_that_changes_the_output_and_with_nothing_else():
    sources = [FileEntry("0.avi", 1, "a" * 64), FileEntry("1.avi", 1, "b" * 64)]
    plan = plan_digest(sources, {"chunk_mb": 12}, "0.1.0")
    assert plan_digest(sources[::-1], {"chunk_mb": 12}, "0.1.0") == plan
    others = {
        plan_digest(sources[:1], {"chunk_mb": 12}, "0.1.0"),
        plan_digest([replace(sources[0], path="2.avi"), sources[1]], {"chunk_mb": 12}, "0.1.0"),
        plan_digest([replace(sources[0], sha256="c" * 64), sources[1]], {"chunk_mb": 12}, "0.1.0"),
        plan_digest(sources, {"chunk_mb": 13}, "0.1.0"),
        plan_digest(sources, {"chunk_mb": 12, "session_metadata": "f" * 64}, "0.1.0"),
        plan_digest(sources, {"chunk_mb": 12}, "0.2.0"),
    }
    assert len(others | {plan}) == 7


def test_a_digest_does_not_depend_on_the_order_of_keys():
    assert digest_of({"a": 1, "b": [1, 2]}) == digest_of({"b": [1, 2], "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": "1"})
