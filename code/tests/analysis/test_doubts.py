from dataclasses import replace

import numpy as np
import pytest

from miniscope_to_nwb_zarr.analysis.doubts import doubts_of, unused_values
from miniscope_to_nwb_zarr.analysis.parameter_file import KeptValue, Use
from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.qc.analysis_measures import analysis_measures
from miniscope_to_nwb_zarr.qc.measure import Verdict
from tests.analysis.analyses import RATE, analysis, cells, recorded

N = 200


def cell(column, use):
    return KeptValue("analysis_parameters.csv", column, "1", "why", use)


def moved(one, n_far, far_px=19.0, reach_px=20.0):
    """The analysis with so many frames that lie so far away, in pixels of the analysed movie."""
    shift = np.zeros((one.movie.n_frames, 2), np.float32)
    shift[:n_far, 1] = -far_px
    return replace(one, motion=replace(one.motion, shift_px=shift, reach_px=reach_px))


def motion_doubts(one):
    return [finding for finding in doubts_of(one) if finding.code is Code.MOTION_AT_LIMIT]


def test_nothing_is_doubtful_about_a_good_movie(tmp_path):
    assert doubts_of(analysis(tmp_path)) == ()


def test_frames_moved_as_far_as_they_may_be_are_told_in_pixels_of_the_recording(tmp_path):
    (finding,) = doubts_of(moved(analysis(tmp_path, bin_px=2), 3))
    assert (finding.code, finding.severity, finding.where) == (
        Code.MOTION_AT_LIMIT,
        Severity.WARNING,
        "OnePhotonSeries_HPC",
    )
    assert finding.sentence == (
        "3 frames were moved by the largest shift that is allowed (40 pixels of the recording): the true motion may be "
        "larger. Look at the corrected movie, and raise motion.max_shift_px"
    )
    assert finding.numbers == {"frames": 3}


@pytest.mark.parametrize(("n_far", "far_px"), [(2, 19.0), (N, 18.9)], ids=["one in a hundred", "not quite so far"])
def test_motion_within_the_limit_is_not_doubtful(tmp_path, n_far, far_px):
    assert motion_doubts(moved(analysis(tmp_path), n_far, far_px)) == []


def test_a_correction_that_blurs_the_picture_is_doubtful(tmp_path):
    one = analysis(tmp_path)
    verdicts = []
    for after in (10.0, 9.8, 7.1):
        corrected = replace(one, motion=replace(one.motion, sharpness=(10.0, after)))
        verdicts.append(next(iter(analysis_measures(corrected, "analysis"))).verdict)
    assert verdicts == [Verdict.GOOD, Verdict.GOOD, Verdict.LOOK]
    (finding,) = doubts_of(corrected)
    assert finding.code is Code.MOTION_NOT_BETTER
    assert "(71 % of it)" in finding.sentence


def test_an_engine_without_a_limit_reaches_none(tmp_path):
    assert motion_doubts(moved(analysis(tmp_path), N, reach_px=None)) == []


def test_a_person_has_to_look_at_motion_that_reaches_the_limit(tmp_path):
    one = analysis(tmp_path)
    verdicts = [next(iter(analysis_measures(moved(one, n), "analysis"))).verdict for n in (0, N)]
    assert verdicts == [Verdict.GOOD, Verdict.LOOK]


@pytest.mark.parametrize(
    ("n_damaged", "said"),
    [
        (1, "1 frame damaged in the video (0): replaced"),
        (11, "11 frames damaged in the video (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...): replaced"),
    ],
)
def test_replaced_frames_are_counted_and_the_first_named(tmp_path, n_damaged, said):
    one = analysis(tmp_path, movie=recorded(N, damaged=tuple(range(n_damaged))))
    (finding,) = doubts_of(one)
    assert (finding.code, finding.severity) == (Code.FRAMES_REPLACED, Severity.INFO)
    assert finding.sentence.startswith(said)
    assert finding.numbers == {"count": n_damaged}


@pytest.mark.parametrize(("n_missing", "n_gaps"), [(5, 0), (6, 1)])
def test_only_a_gap_too_long_to_be_bridged_cuts_the_signal(tmp_path, n_missing, n_gaps):
    time_s = np.arange(N) / RATE
    time_s[100:] += n_missing / RATE
    found = doubts_of(analysis(tmp_path, movie=recorded(N, time_s=time_s)))
    assert [(one.code, one.numbers) for one in found] == [(Code.SIGNAL_CUT, {"gaps": 1})] * n_gaps
    assert all("the recording has 1 gap of more than 5 frames" in one.sentence for one in found)


def test_units_of_which_none_is_accepted_are_no_cells(tmp_path):
    one = replace(analysis(tmp_path), cells=cells(accepted=(False, False, False)))
    (finding,) = doubts_of(one)
    assert (finding.code, finding.severity) == (Code.NO_CELLS, Severity.WARNING)
    assert finding.sentence.startswith("no cell was found (3 units, none of them accepted).")


def test_cells_that_nobody_looked_for_are_not_missed(tmp_path):
    assert doubts_of(replace(analysis(tmp_path), cells=None)) == ()


def test_columns_of_the_lab_that_change_nothing_are_named_once():
    kept = [cell(column, Use.UNUSED) for column in ("ring_size_factor", "n_processes")]
    (finding,) = unused_values([*kept, cell("cage", Use.FACT), cell("K", Use.EMPTY), cell("gSig", Use.PARAMETER)])
    assert (finding.code, finding.severity, finding.numbers) == (Code.PARAMETER_UNUSED, Severity.INFO, {"count": 2})
    assert "2 columns of this table without a counterpart here: ring_size_factor, n_processes." in finding.sentence
    assert unused_values([]) == ()
    (many,) = unused_values([cell(f"column {k}", Use.UNUSED) for k in range(12)])
    assert "column 9 and 2 more." in many.sentence


def test_columns_that_nobody_knows_are_a_warning_with_the_name_that_may_be_meant():
    kept = [cell("min_snr", Use.UNKNOWN), cell("colour of the cage", Use.UNKNOWN), cell("rf", Use.UNUSED)]
    unknown, unused = unused_values(kept)
    assert (unknown.code, unknown.severity, unknown.numbers) == (
        Code.PARAMETER_UNKNOWN,
        Severity.WARNING,
        {"count": 2},
    )
    assert "`min_snr` (perhaps `min_SNR` is meant), `colour of the cage`." in unknown.sentence
    assert unused.severity is Severity.INFO
