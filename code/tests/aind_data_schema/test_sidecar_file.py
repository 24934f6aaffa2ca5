import json
import re
import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.aind_data_schema.missing import missing
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_file import load_sidecar, parse_sidecar
from miniscope_to_nwb_zarr.core.errors import InputError
from tests.aind_data_schema.sidecar_lines import sidecar_lines


def load(tmp_path, text, name="lab.yml"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_sidecar(path)


def test_nothing_said_is_valid(tmp_path):
    assert Sidecar() == load(tmp_path, "") == load(tmp_path, "# only a comment\n") == load(tmp_path, "subject:\n")


def test_every_line_has_words_for_messages():
    for path, field in sidecar_lines():
        assert field.title, path
        assert field.description, path
        sentence = missing("x.json", ".".join(map(str, path))).sentence
        assert field.title in sentence
        assert f"`{path[-1]}: " in sentence
        assert f"`{path[0]}:`" in sentence


def test_every_example_is_accepted():
    document = {}
    for path, field in sidecar_lines():
        if path[-1] == "age":  # not beside a date of birth
            continue
        place = document
        for part, following in pairwise(path):
            empty = {} if isinstance(following, str) else []
            if isinstance(part, int):
                place.extend([{}] if not place else [])
                place = place[part - 1]
            else:
                place = place.setdefault(part, empty)
        place[path[-1]] = field.examples[0]
    text = json.dumps(document)
    assert parse_sidecar(text, "examples").surgeries[0].injections[0].titer_gc_per_ml == 1.2e12
    assert parse_sidecar('{"subject": {"age": "P90D"}}', "age").subject.age == "P90D"


@pytest.mark.parametrize("typed", ["007", "1e3", "0x10", "2026-01-01", "yes", "12_3", "1:30"])
def test_ids_stay_as_typed(tmp_path, typed):
    assert load(tmp_path, f"subject:\n  subject_id: {typed}\n").subject.subject_id == typed


def test_json_is_read_alike_with_tabs_and_wide_characters(tmp_path):
    text = json.dumps(
        {"subject": {"subject_id": "007", "weight_g": 23.1}, "session": {"notes": "\U0001f42d tail"}}, indent="\t"
    )
    sidecar = load(tmp_path, text, "lab.json")
    assert (sidecar.subject.subject_id, str(sidecar.subject.weight_g)) == ("007", "23.1")
    assert sidecar.session.notes == "\U0001f42d tail"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{\n "subject": {\n  "sex": "male"\n }\n}', 3, "`subject.sex` is `male`; expected M (male)"),
        ('{\n "imaging": {\n  "depth_um": -3\n }\n}', 3, "expected micrometers"),
        ('{\n "surgeries": [\n  {},\n  {"injections": [\n   {"ap_mm": "front"}]}]\n}', 5, "mm from bregma"),
        ('{\n "subject": {\n  "sex": "F"\n', 4, "not JSON"),
    ],
)
def test_a_message_on_json_names_the_line_too(tmp_path, text, line, words):
    with pytest.raises(InputError, match=rf"lab.json, line {line}: ") as caught:
        load(tmp_path, text, "lab.json")
    assert words in str(caught.value)


def test_items_of_lists_in_which_nothing_is_filled_in_are_not_there(tmp_path):
    text = "surgeries:\n  - date:\n    injections:\n      - virus:\n  - date: 2026-01-20\n    weight_after_g: heavy\n"
    with pytest.raises(InputError, match=r"line 6: `surgeries.1.weight_after_g` is `heavy`"):
        load(tmp_path, text)
    (surgery,) = load(tmp_path, text.replace("heavy", "22")).surgeries
    assert surgery.injections == ()


def test_one_text_counts_as_a_list_of_one(tmp_path):
    assert load(tmp_path, "session:\n  experimenters: Doe, Jane\n").session.experimenters == ("Doe, Jane",)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("subject:\n  subject_id: a\n  sexe: F\n", 3, "did you mean `sex`"),
        ("subject:\n  sex: male\n", 2, "`male`; expected M (male), F"),
        ("subject:\n  species: mouse\n", 2, "expected the Latin name"),
        ("subject:\n  age: 90\n", 2, "expected P90D"),
        ("subject:\n  age: P1.5M\n", 2, "expected P90D"),
        ("subject:\n  date_of_birth: 0\n", 2, "YYYY-MM-DD"),
        ("subject:\n  date_of_birth: 2025-02-30\n", 2, "YYYY-MM-DD"),
        ("subject:\n  date_of_birth: 2025-12-01\n  age: P90D\n", 1, "keep the date"),
        ("subject:\n  weight_g: -3\n", 2, "grams"),
        ("subject:\n  weight_g: .nan\n", 2, "grams"),
        ("subject:\n  genotype: TBD\n", 2, "leave it empty"),
        ("subject:\n  strain: Unknown\n", 2, "leave it empty"),
        ("subject:\n  subject_id: 鼠\n", 2, "letters a-z"),
        ('subject:\n  genotype: "a\\0b"\n', 2, "control character"),
        ("session:\n  lab: |\n    a\n    b\n", 2, "more than one line"),
        ("session:\n  timezone: localtime\n", 2, "IANA"),
        ("session:\n  timezone: Mars/Olympus\n", 2, "IANA"),
        ("session:\n  timezone: /etc/passwd\n", 2, "IANA"),
        ("session:\n  experimenters: {a: b}\n", 2, "expected names as Last, First"),
        ("imaging:\n  excitation_nm: 525\n  emission_nm: 470\n", 1, "exchanged"),
        ("imaging:\n  excitation_nm: 470 nm\n", 2, "nanometers"),
        ("imaging:\n  scopes:\n    - location: ACA\n", 3, "scopes.1.name` is missing; expected the scope's name"),
        ("imaging:\n  scopes: [{name: A 1}, {name: A_1}]\n", 1, "has the scope `A_1` twice"),
        ("imaging:\n  emission_nm: 525\n  scopes: {name: A, excitation_nm: 590}\n", 1, "of the scope `A` (525)"),
        ("imaging:\n  scopes: [{name: A, depth: 3}]\n", 2, "did you mean `depth_um`"),
        ("dataset:\n  project_name: open_field\n", 2, "without underscores"),
        ("dataset:\n  license: GPL\n", 2, "CC-BY-4.0 or MIT"),
        ("dataset:\n  investigators:\n    - name: A\n    - orcid: 0000-0002-1825-0097\n", 4, "2.name` is missing"),
        ("dataset:\n  investigators:\n    - name: A\n      orcid: 0000-0002-1825-0098\n", 4, "mistyped"),
        ("animal: 3\n", 1, "expected one of subject, session"),
        ("subject: 3\n", 1, "lines about the animal"),
        ("- subject\n", 1, "expected some of subject, session"),
        ("a: 1\na: 2\n", 2, "already in line 1"),
        ("subject:\n  sex: F\n  sex: M\n", 3, "already in line 2"),
        ("subject: &a\n  sex: F\n", 1, "anchor"),
        ("a: x\nb: *a\n", 2, "anchor"),
        ("subject: !!python/object/apply:os.system [ls]\n", 1, "tag"),
        ("subject:\n  sex: [F\n", 3, "not YAML"),
        ("a: 1\n---\nb: 1\n", 2, "another document"),
        ("? [a]\n: b\n", 1, "a list or a group of lines as a name"),
        ("a: " + "[" * 5000, 1, "12 levels"),
        ("a: [" + "1," * 30_000 + "1]", 1, "20,000 values"),
        ('a: "\\ud800"', 1, "surrogate"),
        ("\na: \x01", 2, "control character"),
        (b"\na: \xff", 2, "UTF-8"),
    ],
)  # fmt: skip
def test_message_names_file_line_and_what_was_expected(tmp_path, text, line, words):
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    assert f"lab.yml, line {line}: " in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "line", "advice"),
    [
        ("subject:\n  sex:F\n  age: P9D\n", 3, "the line above has no space after its colon"),
        ("subject:\n  sex:F\n  age:\n", 3, "the line above has no space after its colon"),
        ("subject:\n  sex: F\n  female\n  age: P9D\n", 4, "a colon"),
        ("subject:\n\tsex: F\n", 2, "begins with a tab; use spaces"),
        ("subject:\n  sex: F\n age: P9D\n", 3, "as many spaces as its neighbours"),
        ("subject:\n  genotype: Thy1: line 3\n", 2, "put a text with a colon in quotes"),
        ("subject:\n  genotype: %wt\n", 2, "begins with this sign in quotes"),
        ("subject:\n  genotype: 'wt\n", 3, "a quote is not closed"),
    ],
)
def test_slips_in_writing_yaml_are_named_in_plain_words(tmp_path, typed, line, advice):
    with pytest.raises(InputError, match=rf"lab.yml, line {line}: this is not YAML") as caught:
        load(tmp_path, typed)
    assert advice in str(caught.value)


def test_everything_wrong_is_said_at_once(tmp_path):
    with pytest.raises(InputError) as caught:
        load(tmp_path, "subject:\n  sex: x\n  weight_g: heavy\nfoo: 1\n")
    assert [part.split(":")[0].rsplit(" ", 1)[1] for part in str(caught.value).splitlines()] == ["2", "3", "4"]


def test_large_and_absent_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="--limits settings_bytes=N"):
        load(tmp_path, "# " + "x" * (1 << 20))
    with pytest.raises(InputError, match="cannot be read"):
        load_sidecar(tmp_path / "none.yml")


def test_escape_beyond_unicode_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"line 2: .*stands for no character"):
        load(tmp_path, 'b:\na: "\\UFFFFFFFF"')


@given(st.text(max_size=60) | st.text("{}[]:,-&*!|>'\"\\%@`#?ab \n\t", max_size=60))
def test_any_text_gives_a_sidecar_or_a_message(text):
    try:
        found = parse_sidecar(text, "x")
    except InputError as error:
        found = error
    assert isinstance(found, Sidecar) or str(found).startswith("x")


NAMES = st.sampled_from(sorted({part for path, _ in sidecar_lines() for part in path if isinstance(part, str)}))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["2026-01-20", "F"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(Sidecar.model_fields)) | NAMES, VALUES, max_size=3))
def test_any_document_gives_a_sidecar_or_a_message_with_lines(values):
    try:
        found = parse_sidecar(json.dumps(values, indent=1), "x.json")
    except InputError as error:
        found = str(error).splitlines()
    if not isinstance(found, Sidecar):
        assert all(re.match(r"x\.json, line [0-9]+: .", line) for line in found)


def test_reading_a_sidecar_does_not_import_the_library():
    program = (
        "import sys; from miniscope_to_nwb_zarr.aind_data_schema import facts, missing, sidecar_file;"
        "sys.exit('aind_data_schema' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
