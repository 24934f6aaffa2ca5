"""When a recording began, by its settings, its folders, the user."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from miniscope_to_nwb_zarr.core.errors import InputError
from miniscope_to_nwb_zarr.core.findings import Code
from miniscope_to_nwb_zarr.demo.settings import clock
from miniscope_to_nwb_zarr.layouts.contract import Request
from miniscope_to_nwb_zarr.layouts.recording_start import recording_start

LOCAL = datetime(2026, 3, 14, 9, 26, 53, 589_000)  # noqa: DTZ001 - a wall clock
START = LOCAL.replace(tzinfo=timezone(timedelta(hours=-7)))
RECORDED = {"recordingStartTime": clock(START)}
WITHOUT_ZONE = {"recordingStartTime": {k: v for k, v in clock(START).items() if k != "msecSinceEpoch"}}
NAMED = Path("/data/M1/2026_03_14/09_26_53")


def start(settings=RECORDED, folder=Path("/data"), *, is_doubtful=False, **request):
    return recording_start(settings, folder, Request(**request), "metaData.json", is_doubtful=is_doubtful)


def test_the_recording_tells():
    assert start() == (START, ())
    assert start()[0].utcoffset() == timedelta(hours=-7)


def test_a_zone_that_agrees_is_taken():
    moment, _ = start(timezone="America/Los_Angeles")
    assert (moment, moment.utcoffset()) == (START, timedelta(hours=-7))


def test_a_zone_that_disagrees_is_refused():
    with pytest.raises(InputError, match="Europe/Vienna was at UTC"):
        start(timezone="Europe/Vienna")


@pytest.mark.parametrize(
    "given", [START, START.astimezone(UTC), LOCAL, START + timedelta(seconds=1), LOCAL - timedelta(milliseconds=500)]
)
def test_a_start_that_agrees_changes_nothing(given):
    assert start(start_time=given)[0] == START


@pytest.mark.parametrize("given", [START + timedelta(seconds=1.5), LOCAL - timedelta(hours=1)])
def test_a_start_that_disagrees_is_refused_with_both(given):
    with pytest.raises(InputError, match=r"--start_time is .* the recording says 2026-03-14 09:26:53"):
        start(start_time=given)


def test_a_doubtful_start_gives_way_to_the_users():
    given = START + timedelta(hours=1)
    assert start(is_doubtful=True, start_time=given)[0] == given
    assert start(is_doubtful=True)[0] == START


def test_a_start_that_contradicts_itself_gives_way_to_the_users():
    wrong = {"recordingStartTime": clock(START) | {"year": 2019}}
    assert start(wrong, start_time=START)[0] == START


def test_a_start_without_zone_needs_one():
    with pytest.raises(InputError, match="--timezone"):
        start(WITHOUT_ZONE)
    assert start(WITHOUT_ZONE, timezone="America/Los_Angeles")[0] == START
    assert start(WITHOUT_ZONE, start_time=START)[0] == START


def test_folders_tell_where_no_settings_do():
    moment, findings = start({}, NAMED, timezone="America/Los_Angeles")
    assert moment == START.replace(microsecond=0)
    assert [finding.code for finding in findings] == [Code.START_UNCERTAIN]


@pytest.mark.parametrize("folder", [Path("/data/2026_13_45/09_26_53"), Path("/data/2026_03_14"), Path("/data")])
def test_no_start_names_the_option(folder):
    with pytest.raises(InputError, match="--start_time"):
        start({}, folder)


def test_the_user_tells_where_nothing_else_does():
    assert start({}, start_time=START) == (START, ())
    assert start({}, start_time=LOCAL, timezone="America/Los_Angeles")[0] == START
    with pytest.raises(InputError, match="--timezone"):
        start({}, start_time=LOCAL)


def test_an_hour_that_was_twice_is_said():
    twice = Path("/data/2026_11_01/01_30_00")
    _, findings = start({}, twice, timezone="America/Los_Angeles")
    assert "is two moments in America/Los_Angeles" in findings[-1].sentence


def test_an_hour_that_was_left_out_is_that_of_a_clock_that_was_not_changed():
    moment, findings = start({}, Path("/data/2026_03_08/02_30_00"), timezone="America/Los_Angeles")
    assert moment.isoformat() == "2026-03-08T03:30:00-07:00"
    assert "is no moment in America/Los_Angeles" in findings[-1].sentence
