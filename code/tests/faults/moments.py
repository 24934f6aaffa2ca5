"""Awkward moments at which a recording may begin, each in the time zone of the computer."""

import random
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

_HALF_HOUR = timedelta(minutes=30)
# offsets of whole hours, halves and quarters; summer in the north and in the south, by an hour and by half of one
ZONES = (
    "America/Los_Angeles", "Europe/Vienna", "Europe/London", "America/St_Johns", "Australia/Lord_Howe",
    "Pacific/Chatham", "America/Santiago", "Asia/Kathmandu", "Asia/Tokyo", "UTC",
)  # fmt: skip
_WITH_SUMMER = ZONES[:7]
# those that had whole hours in 1904, too
_OLD_ZONES = ("America/Los_Angeles", "Europe/Vienna", "Europe/London", "UTC")


def spring(rng: random.Random) -> datetime:
    return _near_change(rng, is_forward=True)


def autumn(rng: random.Random) -> datetime:
    return _near_change(rng, is_forward=False)


def _near_change(rng: random.Random, *, is_forward: bool) -> datetime:
    """Just before the clock is changed, or in the hours around it."""
    zone = ZoneInfo(rng.choice(_WITH_SUMMER))
    change = rng.choice([at for year in range(2012, 2026) for at, is_on in _changes(zone, year) if is_on is is_forward])
    seconds = rng.choice((-0.1, 0, rng.uniform(-3600, 3600), rng.uniform(0, 1800)))
    return (change + timedelta(milliseconds=round(seconds * 1000))).astimezone(zone)


@cache
def _changes(zone: tzinfo, year: int) -> list[tuple[datetime, bool]]:
    """When the clock is changed in a year, and whether it is set on."""
    hours = [datetime(year, 1, 1, tzinfo=UTC) + k * _HALF_HOUR for k in range(2 * 24 * 366)]
    offsets = [at.astimezone(zone).utcoffset() for at in hours]
    return [(at, after > before) for at, (before, after) in zip(hours[1:], pairwise(offsets)) if before != after]  # noqa: B905


def midnight(rng: random.Random) -> datetime:
    zone = ZoneInfo(rng.choice(ZONES))
    day = datetime(2015, 1, 1, tzinfo=zone) + timedelta(days=rng.randrange(4000))
    return day - timedelta(milliseconds=rng.randrange(1, 400))


def turn_of_a_year(rng: random.Random) -> datetime:
    zone = ZoneInfo(rng.choice(ZONES))
    return datetime(rng.choice((2000, 2001, 2024, 2028)), 1, 1, tzinfo=zone) - timedelta(
        milliseconds=rng.randrange(400)
    )


def in_1904(rng: random.Random) -> datetime:
    """The time zero of old Macintosh clocks."""
    zone = ZoneInfo(rng.choice(_OLD_ZONES))
    return datetime(1904, 1, 1, tzinfo=zone) + timedelta(milliseconds=rng.randrange(10**9))


def in_1970(rng: random.Random) -> datetime:
    """About the time zero of Unix clocks."""
    zone = ZoneInfo(rng.choice(("America/Los_Angeles", "Europe/Vienna", "Asia/Tokyo", "UTC")))
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=rng.randrange(-(10**7), 10**7))).astimezone(zone)


def in_2038(rng: random.Random) -> datetime:
    """About the last second that 32 bits can count."""
    zone = ZoneInfo(rng.choice(ZONES))
    last = datetime.fromtimestamp(2**31, UTC)
    return (last + timedelta(milliseconds=rng.randrange(-1000, 1000))).astimezone(zone)


MOMENTS = (spring, autumn, midnight, turn_of_a_year, in_1904, in_1970, in_2038)
