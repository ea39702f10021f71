"""A clock that stands still until it is told to go on."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ostinato import ArgumentTypeError, InvalidArgumentError
from ostinato.testing import ManualClock


def test_both_clocks_stand_still() -> None:
    """The wall's at its start, the monotonic one at nothing."""
    clock = ManualClock(datetime(2030, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))))

    assert clock.instant == datetime(2030, 1, 1, 10, tzinfo=UTC)
    assert clock.now() == clock.instant.timestamp()
    assert clock.monotonic() == 0


async def test_time_passes_when_it_is_told_to() -> None:
    """By the sum of what it is told, exactly."""
    clock = ManualClock()

    await clock.advance(weeks=1, days=1, hours=1, minutes=1, seconds=timedelta(milliseconds=1))
    for _ in range(1_000):
        await clock.advance(seconds=0.001)

    assert clock.monotonic() == 8 * 86_400 + 3_600 + 60 + 1.001


async def test_timers_are_called_in_their_order() -> None:
    """Each at its time, those of callbacks too; and not those that were cancelled."""
    clock, called = ManualClock(), []

    def note(name: str):
        return lambda: called.append((name, clock.monotonic()))

    def again() -> None:
        called.append(("again", clock.monotonic()))
        clock.call_later(1, note("from again"))

    clock.call_later(3, note("three"))
    clock.call_later(1, again)
    clock.call_later(3, note("three, too"))
    clock.call_later(-1, note("past"))
    clock.call_later(2, note("cancelled")).cancel()
    await clock.advance(seconds=10)

    assert called == [("past", 0), ("again", 1), ("from again", 2), ("three", 3), ("three, too", 3)]


async def test_the_wall_clock_can_be_set_and_no_time_passes() -> None:
    """Forward and back, by seconds or a timedelta."""
    clock = ManualClock()
    before = clock.instant

    clock.set_wall(timedelta(hours=1))
    clock.set_wall(-60.5)

    assert clock.instant - before == timedelta(minutes=59, seconds=-0.5)
    assert clock.monotonic() == 0


async def test_what_lets_time_pass_by_itself_does_not_set_it_back() -> None:
    """A callback that blocks ends later than it began."""
    clock = ManualClock()

    def block() -> None:
        clock._elapsed += 30_000_000

    clock.call_later(1, block)
    await clock.advance(seconds=5)

    assert clock.monotonic() == 31


@pytest.mark.parametrize(
    ("start", "error"),
    [(3, ArgumentTypeError), (datetime(2030, 1, 1), InvalidArgumentError)],  # noqa: DTZ001 - it is refused
)
def test_a_start_is_an_instant(start: object, error: type[Exception]) -> None:
    """One that has a time zone."""
    with pytest.raises(error):
        ManualClock(start)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [({"seconds": -1}, InvalidArgumentError), ({"hours": "1"}, ArgumentTypeError)],
)
async def test_time_does_not_go_back(arguments: dict, error: type[Exception]) -> None:
    """And it is told in numbers."""
    with pytest.raises(error):
        await ManualClock().advance(**arguments)
