import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.aind_data_schema.lab_facts import Stated, facts_digest, merge, row_of
from miniscope_to_nwb_zarr.aind_data_schema.sidecar import Sidecar
from miniscope_to_nwb_zarr.aind_data_schema.sidecar_file import parse_sidecar
from miniscope_to_nwb_zarr.aind_data_schema.subjects_file import Subjects, load_subjects, parse_subjects
from miniscope_to_nwb_zarr.aind_data_schema.templates import SIDECAR, text_of
from miniscope_to_nwb_zarr.core.errors import InputError

CSV = """\
subject_id,species,sex,date_of_birth,genotype,weight_g
007,Mus musculus,F,2025-12-01,"wt/wt, by PCR",23.1
m_8,Rattus norvegicus,M,,,
"""


def load(tmp_path, text, name="animals.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_subjects(path)


def facts(subjects):
    return {key: row.model_dump(mode="json", exclude_unset=True) for key, (row, _) in subjects.rows.items()}


@pytest.mark.parametrize(
    "text",
    [
        CSV,
        CSV.replace("\n", "\r\n"),
        "\ufeff" + CSV,
        "# remark, with a comma\n\n" + CSV + "\n",
        '"# remark; as Excel writes it; back",,,\n' + CSV,
        CSV.replace('"wt/wt, by PCR"', "wt/wt\\ by PCR").replace(",", ";").replace("\\", ","),
        CSV.replace('"wt/wt, by PCR"', "wt/wt\\ by PCR").replace(",", "\t").replace("\\", ","),
        # Excel: a column and rows that were once filled
        "".join(line + ",\n" for line in CSV.splitlines()) + ",,,,,,\n",
    ],
    ids=["plain", "windows", "byte order mark", "remarks", "remarks of Excel", "semicolons", "tabs", "empty cells"],
)
def test_a_table_is_read_as_it_is_typed(tmp_path, text):
    assert facts(load(tmp_path, text)) == {
        "007": {
            "subject_id": "007",
            "species": "Mus musculus",
            "sex": "F",
            "date_of_birth": "2025-12-01",
            "genotype": "wt/wt, by PCR",
            "weight_g": "23.1",
        },
        "m-8": {"subject_id": "m_8", "species": "Rattus norvegicus", "sex": "M"},
    }


def test_yaml_and_json_hold_the_same_and_surgeries(tmp_path):
    surgery = {"date": "2026-01-20", "injections": [{"virus": "AAV1", "volume_nl": 500}]}
    rows = [{"subject_id": "007", "sex": "F", "imaging": {"indicator": "GCaMP6f"}, "surgeries": [surgery]}]
    from_json = load(tmp_path, json.dumps(rows, indent=1), "animals.json")
    text = """\
- subject_id: 007
  sex: F
  imaging: {indicator: GCaMP6f}
  surgeries:
    - date: 2026-01-20
      injections: {virus: AAV1, volume_nl: 500}
- subject_id:
"""
    from_yaml = load(tmp_path, text, "animals.yml")
    assert facts(from_json) == facts(from_yaml)
    assert from_json.rows["007"][0].surgeries[0].injections[0].volume_nl == 500


def test_an_id_that_begins_with_a_hash_is_an_animal_and_not_a_remark(tmp_path):
    assert facts(load(tmp_path, "# remark\nsubject_id,sex\n#12,F\n")) == {"12": {"subject_id": "#12", "sex": "F"}}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "found no line with them"),
        ("# only remarks\n", 1, "the names of the columns, `subject_id` among them"),
        ("id,sex\nm1,F\n", 1, "found id, sex"),
        ("# a\nsubject_id,sexe\nm1,F\n", 2, "`sexe` is not a column of this table; expected some of subject_id"),
        ("subject_id,surgeries\nm1,F\n", 1, "a JSON or YAML file of animals may hold it"),
        ("subject_id,sex,sex\nm1,F,M\n", 1, "two columns called `sex`"),
        ("subject_id,sex\nm1,F\nm2,female\n", 3, "`sex` is `female`; expected M (male)"),
        ("subject_id,sex\nm1,F,M\n", 2, "found 3 cells, expected 2 as in line 1"),
        ("subject_id,sex\nm1\n", 2, "found 1 cells, expected 2"),
        ("subject_id,sex,\nm1,F,x\n", 2, "in a column without a name"),
        ("subject_id,sex\n,F\n", 2, "`subject_id` is missing"),
        ("subject_id;weight_g\nm1;23,1\n", 2, "`weight_g` is `23,1`; expected grams, as in 23.1"),
        ("subject_id,date_of_birth\nm1,01.12.2025\n", 2, "expected a date as YYYY-MM-DD"),
        ("subject_id,sex\nm1,F\n\nm1,M\n", 4, "the animal `m1` has a row in line 2 already; keep"),
        ("subject_id,sex\nm_1,F\nm-1,M\n", 3, "already (as `m_1`: outputs call both `m-1`)"),
        ('subject_id,sex\nm1,F\nm2,"F\n', 3, "this is not CSV"),
        ('subject_id,description\nm1,"two\nlines"\nm2,TBD\n', 4, "leave it empty"),
        (b"subject_id,genotype\nm1,\xe4\n", 2, "save the file as UTF-8"),
        ("subject_id,sex\nm1,F\n".encode("utf-16"), 1, "save the file as UTF-8"),
        ("subject_id\n" + "x" * 200_000, 2, "this is not CSV"),
    ],
)  # fmt: skip
def test_messages_on_a_table_name_file_line_and_what_was_expected(tmp_path, text, line, words):
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    assert f"animals.csv, line {line}: " in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("subject_id: m1\n", 1, "expected a list of animals"),
        ("- subject_id: m1\n  sexe: F\n", 2, "did you mean `sex`"),
        ("- subject_id: m1\n- subject_id: m2\n  weight_g: -1\n", 3, "`weight_g` is `-1`; expected grams"),
        ("- sex: F\n", 1, "`subject_id` is missing"),
        ("- m1\n", 1, "found no names with values"),
        ("- subject_id: m1\n- subject_id: m1\n", 2, "has a row in line 1 already"),
        ("- subject_id: m1\n  surgeries:\n    - date: soon\n", 3, "`surgeries.1.date` is `soon`"),
    ],
)
def test_messages_on_yaml_name_file_line_and_what_was_expected(tmp_path, text, line, words):
    with pytest.raises(InputError) as caught:
        load(tmp_path, text, "animals.yml")
    assert f"animals.yml, line {line}: " in str(caught.value)
    assert words in str(caught.value)


def test_everything_wrong_in_a_table_is_said_at_once(tmp_path):
    with pytest.raises(InputError) as caught:
        load(tmp_path, "subject_id,sex,weight_g\nm1,x,heavy\nm2,F,1\nm2,F,1\n")
    assert [part.partition(":")[0].rsplit(" ", 1)[1] for part in str(caught.value).splitlines()] == ["2", "2", "4"]


def test_other_kinds_of_file_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"ends in \.csv, \.json"):
        load(tmp_path, b"PK", "animals.xlsx")
    with pytest.raises(InputError, match="cannot be read"):
        load_subjects(tmp_path / "none.csv")


TEXTS = st.text(max_size=80) | st.text(",;\t\"'#\n\r sexF01-_", max_size=80)


@given(TEXTS, st.booleans(), st.booleans())
def test_any_text_gives_a_table_or_a_message(text, is_table, with_header):
    try:
        found = parse_subjects(("subject_id,sex\n" if with_header else "") + text, "x", is_table=is_table)
    except InputError as error:
        found = error
    assert isinstance(found, Subjects) or str(found).startswith("x, line ")


def stated(**sections):
    return Stated(Sidecar.model_validate(sections), "lab.yml")


def test_the_row_of_an_animal_completes_what_holds_for_all():
    table = parse_subjects(CSV, "animals.csv", is_table=True)
    merged = merge(stated(session={"lab": "Doe Lab"}, subject={"species": "Mus musculus"}), row_of(table, "007"))
    assert merged.facts.session.lab == "Doe Lab"
    assert (merged.facts.subject.sex, merged.facts.subject.species) == ("F", "Mus musculus")
    assert merged.facts.subject.subject_id is None
    assert row_of(table, "m1") is None


def test_a_fact_given_twice_and_differently_is_an_error_that_names_both_values_and_files():
    table = parse_subjects(CSV, "animals.csv", is_table=True)
    lab = stated(subject={"sex": "M", "weight_g": "23.10", "species": "Rattus rattus"})
    with pytest.raises(InputError) as caught:
        merge(lab, row_of(table, "007"))
    there = "in animals.csv, line 2; correct one of them"
    assert str(caught.value).splitlines() == [
        f"`subject.species` is `Rattus rattus` in lab.yml, but `Mus musculus` {there}",
        f"`subject.sex` is `M` in lab.yml, but `F` {there}",
    ]


def test_the_digest_is_that_of_the_facts_and_not_of_the_file():
    assert facts_digest(parse_sidecar(text_of(SIDECAR), "x")) is None
    one = parse_sidecar("session: {lab: Doe Lab}\nsubject: {sex: F}\n", "x")
    assert facts_digest(one) == facts_digest(
        parse_sidecar("# me\nsubject:\n  sex: F\n  age:\nsession:\n  lab: Doe Lab", "y")
    )
    assert facts_digest(one) != facts_digest(parse_sidecar("session: {lab: Doe Lab}\nsubject: {sex: M}\n", "x"))


@pytest.mark.parametrize(
    ("lab", "row", "words"),
    [
        ({"subject": {"age": "P90D"}}, {"date_of_birth": "2025-12-01"}, "keep the date"),
        ({"imaging": {"excitation_nm": 525}}, {"imaging": {"emission_nm": 470}}, "exchanged"),
        ({"surgeries": [{"date": "2026-01-20"}]}, {"surgeries": [{"date": "2026-01-21"}]}, "a list of 1 in lab.yml"),
    ],
)
def test_what_cannot_go_together_is_an_error(lab, row, words):
    table = parse_subjects(json.dumps([{"subject_id": "m1", **row}]), "animals.json", is_table=False)
    with pytest.raises(InputError, match=r"lab.yml.*animals.json, line 1") as caught:
        merge(stated(**lab), row_of(table, "m1"))
    assert words in str(caught.value)
