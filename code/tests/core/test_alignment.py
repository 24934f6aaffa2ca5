"""Every kept row has its own frame, whatever is lost."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from miniscope_to_nwb_zarr.core.alignment import align
from miniscope_to_nwb_zarr.core.file_numbers import FileFrames
from miniscope_to_nwb_zarr.core.findings import Code, Severity
from miniscope_to_nwb_zarr.core.model import TimeTable


def table_of(numbers):
    number = np.array(numbers, np.int64)
    return TimeTable(Path("timeStamps.csv"), np.where(number >= 0, number * 0.033, np.nan), number)


def files_of(counts, cut=()):
    return {
        number: FileFrames(Path(f"{number}.avi"), count, is_whole=number not in cut)
        for number, count in counts.items()
        if count is not None
    }


def located(aligned, per_file):
    """The number that each kept frame has by its place in the files."""
    return [
        int(segment.path.stem) * per_file + segment.first_in_file + k
        for segment in aligned.segments
        for k in range(segment.n_frames)
    ]


def codes(aligned):
    return [finding.code for finding in aligned.findings]


@st.composite
def damaged_recordings(draw):
    """Frames per file, the numbers in the table (-1 where unreadable), the frames of each file, what is cut."""
    per_file = draw(st.integers(1, 6))
    total = draw(st.integers(1, 25))
    lengths = {k: min(per_file, total - k * per_file) for k in range(-(-total // per_file))}
    counts = {k: draw(st.one_of(st.just(n), st.integers(0, n), st.none())) for k, n in lengths.items()}
    cut = {k for k, n in counts.items() if n is not None and n < lengths[k]}
    kept = draw(st.lists(st.booleans(), min_size=total, max_size=total))
    numbers = [k if draw(st.integers(0, 9)) else -1 for k in range(total) if kept[k]]
    return per_file, numbers, counts, cut


@given(damaged_recordings())
def test_each_kept_row_is_the_frame_with_its_number(recording):
    per_file, numbers, counts, cut = recording
    aligned = align(table_of(numbers), files_of(counts, cut), per_file, "scope")
    # the first files are lost, and so many rows at the end that the files seem to have been renamed
    assume(Code.FILES_RENUMBERED not in codes(aligned))
    kept = [numbers[row] for row in aligned.rows]
    assert kept == located(aligned, per_file)
    there = [n for n in numbers if n >= 0 and n % per_file < (counts[n // per_file] or 0)]
    assert kept == there
    lost = [numbers[loss.first_row + k] for loss in aligned.losses for k in range(loss.n_rows)]
    assert sorted(kept + lost) == [n for n in numbers if n >= 0]


@given(damaged_recordings())
def test_without_settings_a_whole_file_tells_the_length_of_all(recording):
    per_file, _, counts, cut = recording
    present = [k for k, count in counts.items() if count is not None]
    numbers = list(range(sum(min(per_file, 25) for _ in counts)))
    if not any(counts[k] == per_file and k not in cut for k in present[:-1]):
        return
    aligned = align(table_of(numbers), files_of(counts, cut), None, "scope")
    assert [numbers[row] for row in aligned.rows] == located(aligned, per_file)


@given(damaged_recordings(), st.integers(1, 30))
def test_extra_lines_in_the_table_shift_nothing(recording, at):
    per_file, _, counts, cut = recording
    whole = list(range(max(counts) * per_file + 1))
    numbers = [*whole[:at], -1, *whole[at:]]
    aligned = align(table_of(numbers), files_of(counts, cut), per_file, "scope")
    assert [numbers[row] for row in aligned.rows] == located(aligned, per_file)


def test_nothing_is_reported_of_a_sound_recording():
    aligned = align(table_of(range(25)), files_of({0: 10, 1: 10, 2: 5}), 10, "scope")
    assert aligned.findings == ()
    assert len(aligned.rows) == 25
    assert [s.n_frames for s in aligned.segments] == [10, 10, 5]


def test_files_that_somebody_renamed_keep_their_frames():
    aligned = align(table_of(range(25)), files_of({1: 10, 2: 10, 3: 5}), 10, "scope")
    (finding,) = aligned.findings
    assert (finding.code, finding.severity) == (Code.FILES_RENUMBERED, Severity.WARNING)
    assert len(aligned.rows) == 25
    assert [(s.path.name, s.n_frames) for s in aligned.segments] == [("1.avi", 10), ("2.avi", 10), ("3.avi", 5)]


@pytest.mark.parametrize("counts", [{1: 10, 2: 10}, {1: 10, 2: 5, 3: 10}, {2: 5}, {1: 25, 2: 1}])
def test_files_whose_first_is_missing_are_not_taken_for_renamed_ones(counts):
    aligned = align(table_of(range(25)), files_of(counts), 10, "scope")
    assert Code.FILES_RENUMBERED not in {finding.code for finding in aligned.findings}


def test_a_missing_file_is_one_finding_with_its_frames():
    aligned = align(table_of(range(45)), files_of({0: 10, 4: 5}), 10, "scope")
    (finding,) = aligned.findings
    assert (finding.code, finding.severity, finding.where) == (Code.FILE_MISSING, Severity.ERROR, "scope/1.avi")
    assert finding.numbers == {"expected": 30, "found": 0, "files": 3}
    assert [(loss.first_row, loss.n_rows) for loss in aligned.losses] == [(10, 10), (20, 10), (30, 10)]
    assert aligned.losses[0].reason == "1.avi is missing"


def test_the_reason_of_a_loss_is_that_of_the_file():
    files = files_of({0: 10, 2: 5}) | {1: FileFrames(Path("1.avi"), 0, "is empty", is_whole=False)}
    aligned = align(table_of(range(25)), files, 10, "scope")
    assert [loss.reason for loss in aligned.losses] == ["1.avi is empty"]
    assert "is empty; 0 of the 10 frames" in aligned.findings[0].sentence


def test_frames_without_a_row_are_left_out():
    aligned = align(table_of(range(22)), files_of({0: 10, 1: 10, 2: 5}), 10, "scope")
    assert codes(aligned) == [Code.FRAMES_WITHOUT_STAMP]
    assert aligned.findings[0].numbers == {"frames": 3}
    assert len(aligned.rows) == 22


def test_an_unreadable_row_costs_its_own_frame():
    aligned = align(table_of([0, 1, -1, 3]), files_of({0: 4}), 10, "scope")
    assert located(aligned, 10) == [0, 1, 3]
    assert codes(aligned) == [Code.FRAMES_WITHOUT_STAMP]
    assert aligned.findings[0].numbers == {"frames": 1}


def test_an_unreadable_last_row_without_frame_costs_nothing():
    aligned = align(table_of([0, 1, 2, -1]), files_of({0: 3}), 10, "scope")
    assert len(aligned.rows) == 3
    assert Code.FRAMES_WITHOUT_STAMP not in codes(aligned)


@pytest.mark.parametrize("cut", [(), (1,)])
def test_of_a_closed_file_it_is_not_known_which_frames_are_lost(cut):
    aligned = align(table_of(range(25)), files_of({0: 10, 1: 8, 2: 5}, cut=cut), 10, "scope")
    (found,) = aligned.findings
    assert found.code is Code.FRAMES_MISSING
    assert ("may have been lost before" in found.sentence) is not bool(cut)
    assert ("all other frames keep their own stamps" in found.sentence) is bool(cut)


def test_rows_taken_out_are_counted():
    aligned = align(table_of([0, 1, 4, 5]), files_of({0: 6}), 10, "scope")
    assert located(aligned, 10) == [0, 1, 4, 5]
    assert aligned.findings[0].numbers == {"rows_missing": 2}


def test_numbers_that_do_not_count_upwards_are_replaced_by_the_order():
    aligned = align(table_of([5, 5, 5, 5]), files_of({0: 4}), 10, "scope")
    assert located(aligned, 10) == [0, 1, 2, 3]
    assert codes(aligned) == [Code.ROWS_RENUMBERED]


@pytest.mark.parametrize("numbers", [[0, 10, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 2, 1, 0]])
def test_a_table_that_was_sorted_is_an_error_that_says_whose_stamps_are_wrong(numbers):
    aligned = align(table_of(numbers), files_of({0: len(numbers)}), 20, "scope")
    (found,) = aligned.findings
    assert (found.code, found.severity) == (Code.ROWS_RENUMBERED, Severity.ERROR)
    assert found.numbers == {"rows_moved": sum(number != k for k, number in enumerate(numbers))}


def test_an_absurd_frame_number_is_not_believed():
    aligned = align(table_of([0, 1, 2, 2**53]), files_of({0: 4}), 10, "scope")
    assert located(aligned, 10) == [0, 1, 2, 3]


def test_files_beyond_the_table_are_of_an_earlier_recording():
    aligned = align(table_of(range(15)), files_of({0: 10, 1: 5, 2: 10, 3: 5}), 10, "scope")
    assert aligned.stale == (2, 3)
    assert codes(aligned) == [Code.FILE_STALE]
    assert aligned.findings[0].numbers == {"files": 2, "frames": 15}


def test_files_of_another_length_than_the_settings_say():
    aligned = align(table_of(range(25)), files_of({0: 10, 1: 10, 2: 5}), 1000, "scope")
    assert located(aligned, 10) == list(range(25))
    assert codes(aligned) == [Code.FRAMES_PER_FILE]


def test_closed_files_of_one_length_are_believed_before_the_settings():
    aligned = align(table_of(range(25)), files_of({0: 10, 1: 10, 2: 3}, cut={2}), 1000, "scope")
    assert located(aligned, 10) == list(range(23))
    assert codes(aligned) == [Code.FRAMES_PER_FILE, Code.FRAMES_MISSING]


def test_settings_are_believed_where_a_file_is_cut():
    # 3 + 3 frames would explain a table of 6 rows, were the files not cut
    aligned = align(table_of(range(6)), files_of({0: 3, 1: 2}, cut={0, 1}), 4, "scope")
    assert located(aligned, 4) == [0, 1, 2, 4, 5]


def test_files_of_any_length_follow_each_other_where_nothing_is_stated():
    aligned = align(table_of(range(12)), files_of({0: 5, 1: 3, 2: 4}), None, "scope")
    assert [(s.path.name, s.first_in_file, s.n_frames) for s in aligned.segments] == [
        ("0.avi", 0, 5),
        ("1.avi", 0, 3),
        ("2.avi", 0, 4),
    ]
    assert aligned.findings == ()


def test_an_unknown_length_is_said_where_stamps_depend_on_it():
    aligned = align(table_of(range(20)), files_of({0: 6, 1: 5}, cut={0}), None, "scope")
    assert (aligned.findings[0].code, aligned.findings[0].severity) == (Code.FRAMES_PER_FILE, Severity.WARNING)
    assert len(aligned.rows) == 6


def test_no_row_and_no_file():
    aligned = align(table_of([]), {}, None, "scope")
    assert (len(aligned.rows), aligned.segments, aligned.findings) == (0, (), ())
