"""What a row is to hold when the clock of a shared store was set back."""

from datetime import UTC, datetime

import pytest

from ostinato import Cron, Delay, Every
from ostinato._engine._mending import mended
from ostinato._engine._prepare import bind, prepare
from ostinato._instants import milliseconds_of
from ostinato._lease import TaskRow
from ostinato._tasks import make_task
from ostinato.schedules import Composable

NOW = milliseconds_of(datetime(2030, 6, 1, 12, tzinfo=UTC))
MINUTE, HOUR = 60_000, 3_600_000


def looked_at(schedule: Composable | Delay, due: int | None, last: int | None) -> object:
    """Return what becomes of a row with these instants, now; its grid begins at *due*."""
    standing = prepare(make_task(lambda: None, schedule, "task", (), {}))
    bind(standing, schedule, due)
    return mended(standing, TaskRow("task", "", due, due, last_due=last), NOW)


@pytest.mark.parametrize("due", [NOW - HOUR, NOW, NOW + MINUTE, NOW + MINUTE + 2_000])
@pytest.mark.parametrize("schedule", [Every(minutes=1), Delay(minutes=1)])
def test_s20_what_is_due_within_its_period_is_right(schedule: Composable | Delay, due: int):
    """S20: a clock that is a little fast is no clock that was set."""
    assert looked_at(schedule, due, due - MINUTE) is None


def test_s20_what_was_never_run_may_be_due_as_late_as_it_likes():
    """S20: a task may start next year; a task that is over is left alone."""
    assert looked_at(Every(minutes=1), NOW + 1_000 * HOUR, None) is None
    assert looked_at(Every(minutes=1), None, NOW) is None


def test_s20_an_interval_goes_on_within_its_period_on_a_grid_of_its_own():
    """S20: so that no tick of the time that comes again has the instant of one that was run."""
    due = NOW + HOUR + 17
    expected = {"next_due": NOW + MINUTE, "anchor": NOW + MINUTE, "expected": due}

    assert looked_at(Every(minutes=1), due, due - MINUTE) == expected

    due = NOW + HOUR
    moved = {"next_due": NOW + MINUTE + 1, "anchor": NOW + MINUTE + 1, "expected": due}
    assert looked_at(Every(minutes=1), due, due - MINUTE) == moved


def test_s20_a_delay_goes_on_within_its_period():
    """S20: it has no grid."""
    due = NOW + HOUR
    expected = {"next_due": NOW + MINUTE, "anchor": NOW + MINUTE, "expected": due}

    assert looked_at(Delay(minutes=1), due, due - MINUTE) == expected


@pytest.mark.parametrize("schedule", [Cron("*/10 * * * *"), Every(minutes=10, align=True)])
def test_s20_a_calendar_waits_for_up_to_three_hours(schedule: Composable):
    """S20: Debian's rule: the instants that come again were run."""
    last = NOW + 3 * HOUR

    assert looked_at(schedule, last + 10 * MINUTE, last) is None


@pytest.mark.parametrize("schedule", [Cron("*/10 * * * *"), Every(minutes=10, align=True)])
def test_s20_a_calendar_goes_on_at_its_first_match_beyond_that(schedule: Composable):
    """S20: once; the row has moved on then."""
    last = NOW + 4 * HOUR
    due = last + 10 * MINUTE

    assert looked_at(schedule, due, last) == {"next_due": NOW + 10 * MINUTE, "expected": due}
    assert looked_at(schedule, NOW + 10 * MINUTE, last) is None
