from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.aind_data_schema.templates import ANALYSIS, text_of
from miniscope_to_nwb_zarr.analysis.crop import Origin
from miniscope_to_nwb_zarr.analysis.normalise import Normalise
from miniscope_to_nwb_zarr.analysis.old_columns import choose
from miniscope_to_nwb_zarr.analysis.old_tables import EXPERIMENTS, PARAMETERS, read_experiment
from miniscope_to_nwb_zarr.analysis.parameter_file import Chosen, Use, load_parameters, parse_parameters
from miniscope_to_nwb_zarr.analysis.parameters import Choices, ScopeChoices
from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.sources import strict_yaml

FILE = """\
picture:
  crop_px: [10, 20, 200, 220]
  bin_px: 2
cells:
  radius_px: 3.5
phase:
  low_hz:
scopes:
  - name: ACC miniscope2
    picture:
      crop_px: [0, 0, 64, 64]
    cells:
      decay_s: 0.4
"""


def test_a_file_says_what_is_chosen_and_where():
    chosen = parse_parameters(FILE, "lab.yml")
    assert chosen.parameters.cells.radius_px == 3.5
    assert chosen.origins["cells.radius_px"] == "lab.yml, line 5"
    assert chosen.origins["picture.crop_px"] == "lab.yml, line 2"
    assert chosen.origins["scopes.1.cells.decay_s"] == "lab.yml, line 13"
    # nothing stands behind its colon
    assert "phase.low_hz" not in chosen.origins
    assert chosen.parameters.phase.low_hz == 0.1


def test_a_scope_has_its_own_choices_before_those_of_all():
    parameters = parse_parameters(FILE, "lab.yml").parameters
    acc, hpc = parameters.of_scope("ACC_miniscope2"), parameters.of_scope("HPC_miniscope1")
    assert acc.picture.crop_px == (0, 0, 64, 64)
    assert (acc.picture.bin_px, acc.cells.radius_px, acc.cells.decay_s) == (2, 3.5, 0.4)
    assert hpc.picture.crop_px == (10, 20, 200, 220)
    assert hpc.cells.decay_s is None
    origins = parse_parameters(FILE, "lab.yml").origins_for("ACC_miniscope2")
    assert origins["picture.crop_px"] == "lab.yml, line 11"
    assert origins["cells.radius_px"] == "lab.yml, line 5"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cells:\n  radius: 3", "lab.yml, line 2: `cells.radius` is not a known name; did you mean"),
        ("cells:\n  radius_px: big", "lab.yml, line 2: `cells.radius_px` is `big`"),
        ("cells:\n  radius_px: -1", "expected pixels of the recording, above 0"),
        ("picture:\n  crop_px: [1, 2, 3]", "lab.yml, line 2: `picture.crop_px.4` is missing"),
        ("picture:\n  crop_px: [1, 2, 3.5, 7]", "lab.yml, line 2"),
        ("movie:\n  detrend: median", "expected one of none, slow"),
        ("phase:\n  low_hz: 3\n  high_hz: 2", "`low_hz` (3) is not below `high_hz` (2)"),
        ("scopes:\n  - cells:\n      radius_px: 3", "`scopes.1.name` is missing"),
        ("scopes:\n  - {name: a b}\n  - {name: a_b}", "twice"),
        ("phase:\n  high_hz: 1\nscopes:\n  - {name: a, phase: {low_hz: 1.2}}", "lab.yml, line 3"),
        ("motion:\n  correct: perhaps", "expected true or false"),
        ("- 1", "expected some of picture, movie"),
    ],
)
def test_a_mistake_is_answered_with_its_line(text, said):
    with pytest.raises(InputError) as caught:
        parse_parameters(text, "lab.yml")
    assert said in str(caught.value)


def test_an_empty_file_chooses_nothing():
    assert parse_parameters("", "lab.yml").parameters == Chosen().parameters


def test_the_template_has_every_line_and_chooses_nothing():
    text = text_of(ANALYSIS)
    assert parse_parameters(text, "template") == Chosen()
    values = strict_yaml.parse(text, "template").values
    (scope,) = values.pop("scopes")
    assert {section: set(lines) for section, lines in values.items()} == {
        name: set(field.annotation.model_fields) for name, field in Choices.model_fields.items()
    }
    assert set(scope) <= set(ScopeChoices.model_fields)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text):
    with suppress(InputError):
        parse_parameters(text, "lab.yml")


# the tables of the public pipeline

HEADER = (
    "line number,id,calcium imaging directory,decay_time,K,gSig,gSiz,min_corr,min_pnr,min_SNR,pw_rigid,max_shifts,"
    "crop_coords,df_over_f,quantile_min,cut,freq_lims,event_height,my own column,comments"
)
ROW = (
    '37,R221020A,K99/R221020A/2022_11_29/14_23_10,0.4,None,"(9, 9)","(37, 37)",0.8,10,2.5,FALSE,"(5, 5)",'
    '"(48,487, 498,57)",TRUE,8,"[0.2, 1.0]","[0, 12]",5,violet,"a, b"'
)


@pytest.fixture
def project(tmp_path):
    (tmp_path / EXPERIMENTS).write_text(
        "line number,id,calcium imaging directory,rat weight (kg),systemic drug,comments\n"
        "3,R201209,D:\\Dropbox\\R201209\\2021_01_11\\10_32_24,,NA,\n"
        '37,R221020A,"K99/a/14_23_10/;K99/b",0.33,ketamine,"two\nlines"\n'
    )
    (tmp_path / PARAMETERS).write_text(f"{HEADER}\n3{',' * 19}\n{ROW}\n")
    return tmp_path


def test_a_row_is_found_by_the_text_of_its_line_number(project):
    experiment = read_experiment(project, "37")
    assert experiment.facts.cells["rat weight (kg)"] == "0.33"
    assert experiment.facts.line == 3
    assert experiment.parameters.cells["gSig"] == "(9, 9)"
    assert experiment.directories == ("K99/a/14_23_10", "K99/b")
    assert read_experiment(project, "3").directories == ("D:/Dropbox/R201209/2021_01_11/10_32_24",)


def test_columns_become_parameters(project):
    chosen = choose(read_experiment(project, "37"))
    parameters = chosen.parameters
    assert parameters.picture.crop_px == (48, 487, 498, 57)
    assert parameters.picture.crop_origin is Origin.BOTTOM_LEFT
    assert parameters.cells.radius_px == 9
    assert parameters.cells.decay_s == 0.4
    assert (parameters.cells.min_correlation, parameters.cells.min_peak_to_noise) == (0.8, 10)
    # CaImAn's score of that name is another
    assert parameters.accept.min_snr is None
    assert parameters.motion.piecewise is False
    assert parameters.motion.max_shift_px == 5
    assert parameters.movie.normalise is Normalise.DF_OVER_SQRT_F
    assert parameters.movie.baseline_quantile == pytest.approx(0.08)
    assert (parameters.phase.low_hz, parameters.phase.high_hz) == (0.2, 1.0)
    assert parameters.spectrogram.highest_hz == 12
    assert chosen.origins["cells.radius_px"] == "analysis_parameters.csv, line 3, column `gSig`"


def test_every_cell_is_kept_with_what_became_of_it(project):
    kept = {(value.table, value.column): value for value in choose(read_experiment(project, "37")).kept}
    assert [column for table, column in kept if table == PARAMETERS] == HEADER.split(",")
    assert kept[PARAMETERS, "my own column"].text == "violet"
    assert kept[PARAMETERS, "my own column"].note == "a column that is not known here"
    assert kept[PARAMETERS, "my own column"].use is Use.UNKNOWN
    assert "CaImAn" in kept[PARAMETERS, "gSiz"].note
    assert "arbitrary units" in kept[PARAMETERS, "event_height"].note
    assert "not used, accept.min_snr is" in kept[PARAMETERS, "min_SNR"].note
    assert kept[EXPERIMENTS, "systemic drug"].text == "ketamine"
    assert kept[EXPERIMENTS, "comments"].text == "two\nlines"
    assert (kept[PARAMETERS, "K"].text, kept[PARAMETERS, "K"].use) == ("None", Use.EMPTY)
    assert kept[PARAMETERS, "crop_coords"].text == "(48,487, 498,57)"
    assert kept[PARAMETERS, "gSig"].note == "became cells.radius_px = 9.0, the mean of both where there are two"
    assert "the lower limit is not used" in kept[PARAMETERS, "freq_lims"].note
    assert kept[PARAMETERS, "cut"].parameters == ("phase.low_hz", "phase.high_hz")


def test_cells_that_say_nothing_and_those_without_a_header_are_kept(project):
    (project / PARAMETERS).write_text("line number,crop,,K,,min_snr\n37, TRUE ,,NA,spare,3\n")
    chosen = choose(read_experiment(project, "37"))
    kept = {value.column: value for value in chosen.kept if value.table == PARAMETERS}
    assert {column: value.text for column, value in kept.items()} == {
        "line number": "37",
        "crop": " TRUE ",
        "K": "NA",
        "(column 5, without a name)": "spare",
        "min_snr": "3",
    }
    assert kept["min_snr"].note == "a column that is not known here; perhaps `min_SNR` is meant"
    assert chosen.parameters == Chosen().parameters


def test_plain_df_over_f_is_taken_where_it_is_asked_for(project):
    table = project / PARAMETERS
    table.write_text("line number,df_over_f,method\n37,TRUE,delta_f_over_f\n3,FALSE,delta_f_over_f\n")
    assert choose(read_experiment(project, "37")).parameters.movie.normalise is Normalise.DF_OVER_F
    other = choose(read_experiment(project, "3"))
    assert other.parameters.movie.normalise is Normalise.NONE
    assert other.kept[-1].use is Use.UNUSED


def test_a_ratio_that_nobody_knows_is_refused_where_one_is_asked_for(project):
    (project / PARAMETERS).write_text("line number,df_over_f,method\n37,TRUE,ratio\n3,FALSE,ratio\n")
    with pytest.raises(InputError, match=r"column `method` is `ratio`; expected one of delta_f_over_f"):
        choose(read_experiment(project, "37"))
    assert choose(read_experiment(project, "3")).parameters.movie.normalise is Normalise.NONE


def test_of_two_rectangles_the_one_with_the_newer_name_counts(project):
    (project / PARAMETERS).write_text('line number,crop_coords,crop\n37,"(1, 2, 30, 40)","(5, 5, 9, 9)"\n3,,TRUE\n')
    assert choose(read_experiment(project, "37")).parameters.picture.crop_px == (1, 2, 30, 40)
    assert choose(read_experiment(project, "3")).parameters.picture.crop_px is None


def test_a_picture_that_is_not_to_be_cut_is_not(project):
    (project / PARAMETERS).write_text('line number,crop_coords,crop\n37,"(1, 2, 30, 40)",FALSE\n')
    chosen = choose(read_experiment(project, "37"))
    assert chosen.parameters.picture.crop_px is None
    assert "is not cut" in {value.column: value.note for value in chosen.kept}["crop_coords"]


def test_an_experiment_without_parameters_has_the_defaults(project):
    (project / PARAMETERS).unlink()
    chosen = choose(read_experiment(project, "3"))
    assert chosen.parameters == Chosen().parameters
    assert [value.column for value in chosen.kept if value.text.strip()] == [
        "line number",
        "id",
        "calcium imaging directory",
        "systemic drug",
    ]


def test_a_file_of_parameters_goes_before_the_tables(project, tmp_path):
    (tmp_path / "lab.yml").write_text("cells: {radius_px: 4}\nphase: {low_hz: 0.5}")
    both = load_parameters(tmp_path / "lab.yml").over(choose(read_experiment(project, "37")))
    assert (both.parameters.cells.radius_px, both.parameters.cells.decay_s) == (4, 0.4)
    assert both.origins["cells.radius_px"] == "lab.yml, line 1"
    assert len(both.kept) == len(choose(read_experiment(project, "37")).kept)
    notes = {value.column: value.note for value in both.kept if value.table == PARAMETERS}
    assert notes["gSig"].endswith("; lab.yml, line 1, goes before it")
    assert notes["decay_time"] == "became cells.decay_s = 0.4"
    with pytest.raises(InputError, match="not below"):
        parse_parameters("phase: {low_hz: 1.2}", "lab.yml").over(choose(read_experiment(project, "37")))


@pytest.mark.parametrize(
    ("table", "text", "said"),
    [
        (EXPERIMENTS, "id,x\n1,2\n", "experiments.csv, line 1: has no column `line number`"),
        (EXPERIMENTS, "line number,id\n4,a\n", "no row has '37'"),
        (EXPERIMENTS, "line number,id\n37,a\n37,b\n", "lines 2 and 3"),
        (EXPERIMENTS, "", "line 1: has no column"),
        (PARAMETERS, "line number,gSig\n37,(7, 7)\n", "line 2: has 3 cells, the header has 2"),
        (PARAMETERS, "line number,gSig,K\n37,(7\n", "line 2: has 2 cells, the header has 3"),
        (PARAMETERS, "line number,gSig,gSig\n37,1,1\n", "two columns `gSig`"),
        (PARAMETERS, 'line number,gSig\n37,"(7; 7)"\n', "column `gSig` is `(7; 7)`; expected two numbers"),
        (PARAMETERS, "line number,pw_rigid\n37,perhaps\n", "expected TRUE or FALSE"),
        (PARAMETERS, "line number,min_corr\n37,1_0\n", "expected a number"),
        (PARAMETERS, "line number,min_corr\n37,8\n", "column `min_corr`: "),
        (PARAMETERS, 'line number,crop_coords\n37,"(1,2,3)"\n', "expected four whole numbers"),
        (PARAMETERS, 'line number,cut\n37,"[3, 1]"\n', "not below"),
    ],
)
def test_a_table_that_is_wrong_is_answered_with_the_place(project, table, text, said):
    (project / table).write_text(text)
    with pytest.raises(InputError) as caught:
        choose(read_experiment(project, "37"))
    assert said in str(caught.value)


def test_a_project_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        read_experiment(tmp_path / "none", "1")
    with pytest.raises(InputError, match="not there"):
        read_experiment(tmp_path, "1")


@given(text=st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_table_is_read_or_refused(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("project")
    (folder / EXPERIMENTS).write_text("line number,id\n37,a\n")
    (folder / PARAMETERS).write_text(f"line number,gSig\n{text}", newline="")
    with suppress(InputError):
        choose(read_experiment(folder, "37"))
