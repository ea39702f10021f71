"""Cron over every change of every clock, judged by `zdump` and a scan minute by minute."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from ostinato.schedules import Cron
from tests.support.zdump import Change, due_minutes, every_distinct_change

# Each with the minutes of the local day at which it is due.
HOURLY = frozenset(range(0, 1_440, 60))
CRONS = {
    "30 2 * * *": frozenset({150}),
    "30 1 * * *": frozenset({90}),
    "0 0 * * *": frozenset({0}),
    "15,45 0-3 * * *": frozenset(60 * hour + minute for hour in range(4) for minute in (15, 45)),
    "0 * * * *": HOURLY,
    "*/15 * * * *": frozenset(range(0, 1_440, 15)),
    "*/20 1 * * *": frozenset({60, 80, 100}),
}
REACH = 4 * 60


@pytest.fixture(scope="module")
def changes() -> list[Change]:
    """Return every distinct change; another within reach would need a judge of its own."""
    return every_distinct_change()


def runs(cron: Cron, first: int, last: int) -> list[int]:
    """Return the minutes since 1970 in [*first*, *last*) at which *cron* is due."""
    instant, end = at(first) - timedelta(seconds=1), at(last)
    found: list[int] = []
    while (following := cron.next_after(instant)) is not None and following < end:
        assert following > instant, f"not monotone at {instant}"
        found.append(int(following.timestamp()) // 60)
        instant = following
    return found


def at(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("expression", CRONS)
def test_s39_to_s43_every_change_of_every_zone_is_judged_alike(
    expression: str, changes: list[Change]
) -> None:
    """S38, S39, S41 to S43: over every distinct change, not one due instant differs."""
    minute, hour, *_ = expression.split()
    is_fixed = not (minute.startswith("*") or hour.startswith("*"))
    wrong: Counter[str] = Counter()
    crons: dict[str, Cron] = {}

    for change in changes:
        cron = crons.setdefault(change.zone, Cron(expression, tz=change.zone))
        reach = REACH + abs(change.after - change.before)
        judged = due_minutes(CRONS[expression], is_fixed_time=is_fixed, change=change, reach=reach)
        if runs(cron, change.minute - reach, change.minute + reach) != judged:
            wrong[f"{change}"] += 1

    assert list(wrong)[:5] == []
    judged_changes = len(changes)
    assert judged_changes > 6_000
