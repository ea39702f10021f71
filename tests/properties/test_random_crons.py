"""Random expressions, in random zones, from random instants: judged minute by minute."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random

import pytest
from cronsim import CronSim

from ostinato.schedules import Cron
from tests.support.cron_scan import DrawnCron, drawn_cron, scanned
from tests.support.zdump import Change, changes_of

ZONES = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Asuncion",
    "America/Havana",
    "America/Nuuk",
    "America/New_York",
    "America/Santiago",
    "America/Scoresbysund",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Amman",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Atlantic/Azores",
    "Australia/Eucla",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Europe/Istanbul",
    "Europe/Lisbon",
    "Europe/Moscow",
    "Europe/Zurich",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Fiji",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
    "Pacific/Norfolk",
]
FIRST_YEAR, LAST_YEAR = 1975, 2036
DAY = 1_440
STRETCH = 45 * DAY
COMPARED = 30
# Where cronsim is not: it reads 5-5/10, which is 5, as 5/10.
STEP_IN_ONE_VALUE = re.compile(r"\b(\d+)-\1/")


@pytest.fixture(scope="module")
def changes() -> dict[str, list[Change]]:
    return {zone: changes_of(zone, first=FIRST_YEAR - 5, last=LAST_YEAR + 1) for zone in ZONES}


@pytest.mark.timeout(1_200)
def test_s36_to_s43_random_crons_are_due_as_a_scan_says(
    request: pytest.FixtureRequest, changes: dict[str, list[Change]]
):
    """S36, S38 to S43: random expressions, zones and starts, half of them near a change."""
    number = request.config.getoption("--random-crons")
    random = Random(number)
    wrong: list[str] = []
    judged_instants = 0

    for _ in range(number):
        cron, zone = drawn_cron(random), random.choice(ZONES)
        start = a_start(random, changes[zone])
        offsets = offsets_of(changes[zone], start - 2 * DAY, start + STRETCH)
        expected = list(islice((m for m in scanned(cron, offsets) if m > start), COMPARED))
        found = due(cron, zone, start, len(expected))
        judged_instants += len(expected)
        if found != expected:
            wrong.append(f"{cron.text!r} in {zone} after minute {start}")

    assert wrong == []
    assert judged_instants > 10 * number


def test_s36_in_utc_crons_are_due_as_cronsim_says(request: pytest.FixtureRequest):
    """S36: where no clock is changed, cronsim is right, and so are we."""
    random = Random(1)
    wrong: list[str] = []

    for _ in range(request.config.getoption("--random-crons")):
        cron = drawn_cron(random)
        if STEP_IN_ONE_VALUE.search(cron.text):
            continue
        start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=random.randrange(60 * 525_960))
        theirs = CronSim(cron.text, start)
        ours = Cron(cron.text).upcoming(3, after=start)
        if ours != [next(theirs) for _ in ours]:
            wrong.append(f"{cron.text!r} after {start}")

    assert wrong == []


def a_start(random: Random, changes: list[Change]) -> int:
    first, last = (
        int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) // 60 for year in (FIRST_YEAR, LAST_YEAR)
    )
    near = [change.minute for change in changes if first < change.minute < last]
    if near and random.random() < 0.5:
        return random.choice(near) + random.randint(-36 * 60, 12 * 60)
    return random.randint(first, last)


def offsets_of(changes: list[Change], first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the minutes from *first* to *last*, each with zdump's offset."""
    begins = [change.minute for change in changes]
    offset = changes[max(bisect_right(begins, first) - 1, 0)]
    current = offset.after if offset.minute <= first else offset.before
    coming = {change.minute: change.after for change in changes}
    for minute in range(first, last):
        current = coming.get(minute, current)
        yield minute, current


def due(drawn: DrawnCron, zone: str, start: int, count: int) -> list[int]:
    cron = Cron(drawn.text, tz=zone)
    after = datetime.fromtimestamp(start * 60, UTC)
    found = cron.upcoming(count, after=after)
    assert all(one < other for one, other in zip([after, *found], found, strict=False))
    return [int(instant.timestamp()) // 60 for instant in found]
