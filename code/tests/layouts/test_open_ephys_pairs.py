"""Which video belongs to which table, by names alone."""

import time
from datetime import datetime
from pathlib import Path

import pytest

from miniscope_to_nwb_zarr.layouts.open_ephys.pairs import pair, suffix_of

T24, T25, T26 = (f"2026-07-30T14_59_{second}" for second in (24, 25, 26))


def pairs(tables, videos):
    found, ambiguous = pair([Path(f"{name}.csv") for name in tables], [Path(f"{name}.avi") for name in videos])
    return {table.stem: video.stem for table, video in found.items()}, [
        {path.name for path in group} for group in ambiguous
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("run_0", ("run_", 0)),
        ("run", ("run", None)),
        ("12", ("", 12)),
        (f"v4-image_{T24}", ("v4-image_", datetime(2026, 7, 30, 14, 59, 24))),  # noqa: DTZ001 - a wall clock
        ("v4_2026-13-30T14_59_24", ("v4_2026-13-30T14_59_24", None)),
    ],
)
def test_suffixes(name, expected):
    assert suffix_of(Path(f"{name}.avi")) == expected


def test_one_name_is_enough():
    assert pairs(["a", "run_0"], ["run_0", "a"]) == ({"a": "a", "run_0": "run_0"}, [])


@pytest.mark.parametrize(
    ("table", "video"),
    [
        (f"v4-quat_{T24}", f"v4-image_{T24}"),
        (f"v4-quat_{T24}", f"v4-image_{T25}"),
        (f"v4-quat_{T25}", f"v4-image_{T24}"),
        ("v4-quat_7", "v4-image_7"),
        ("v4-quat", "v4-image"),
        (f"minicam-aux_{T24}", f"minicam_{T24}"),
        ("left.data_0", "left.video_0"),
    ],
)
def test_names_that_begin_alike(table, video):
    assert pairs([table], [video]) == ({table: video}, [])


@pytest.mark.parametrize(
    ("table", "video"),
    [
        (f"v4-quat_{T24}", f"v4-image_{T26}"),
        ("v4-quat_7", "v4-image_8"),
        ("v4-quat_7", "v4-image"),
        (f"v4-quat_{T24}", "v4-image_24"),
        ("run_0", "behavior_0"),
        ("mouse1-quat_0", "mouse10-image_0"),
        ("data", "video"),
    ],
)
def test_names_that_do_not_belong_together(table, video):
    assert pairs([table], [video]) == ({}, [])


def test_the_longest_beginning_decides():
    tables = [f"v4-left-quat_{T24}", f"v4-right-quat_{T24}"]
    videos = [f"v4-left-image_{T24}", f"v4-right-image_{T25}"]
    assert pairs(tables, videos) == (dict(zip(tables, videos, strict=True)), [])


def test_a_table_whose_video_is_lost_takes_no_others():
    assert pairs(["v4-left-quat_0", "v4-right-quat_0"], ["v4-right-image_0"]) == (
        {"v4-right-quat_0": "v4-right-image_0"},
        [],
    )


def test_seconds_in_a_row_are_clear_only_if_they_are_equal():
    tables = [f"v4-quat_{second}" for second in (T24, T25)]
    assert pairs(tables, [f"v4-image_{second}" for second in (T24, T25)])[0] == {
        f"v4-quat_{second}": f"v4-image_{second}" for second in (T24, T25)
    }
    # 24 with 25 and 25 with 26, or 25 with 25 and two without: nothing tells
    late = [f"v4-image_{second}" for second in (T25, T26)]
    assert pairs(tables, late) == ({}, [{f"{name}.csv" for name in tables} | {f"{name}.avi" for name in late}])


def test_two_tables_of_one_name():
    found, ambiguous = pair([Path("run_0.csv"), Path("run_0.txt")], [Path("run_0.avi")])
    assert (found, len(ambiguous[0])) == ({}, 3)


def test_a_thousand_pulses_are_paired_at_once():
    tables, videos = ([f"v4-{kind}_{k}" for k in range(1000)] for kind in ("quat", "image"))
    began = time.monotonic()
    assert pairs(tables, videos) == (dict(zip(tables, videos, strict=True)), [])
    assert time.monotonic() - began < 5
