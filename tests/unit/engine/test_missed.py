"""Which of the ticks that are due is run: pure decisions, by table."""

import pytest

from ostinato import Every, Missed, Once, Run, Scheduler, SkipReason
from ostinato._engine._missed import (
    Decision,
    decide,
    horizon_of,
    is_behind,
    run_queued,
    skip_until,
)
from ostinato._engine._prepare import prepare
from ostinato._engine._standing import Standing
from ostinato._engine._ticks import DelayTicks, FreshTicks, GridTicks, Passed, ScheduleTicks
from ostinato._instants import instant_of
from ostinato._lease import Skipped

GRID = GridTicks(0, 10_000)
# The same instants, found one behind the other: of more than 2,000 the number is not told.
WALKED = FreshTicks(GRID, lambda _: False)
COALESCED, TOO_LATE = SkipReason.COALESCED, SkipReason.TOO_LATE


class Ending:
    """The first 300 ticks of the grid."""

    def after(self, instant: float) -> int | None:
        found = GRID.after(instant)
        return None if found is None or found > 3_000_000 else found

    def passed(self, first: int, now: float) -> Passed:
        return FreshTicks(self, lambda _: False).passed(first, now)


def seconds(due, following, passed=None, *, is_truncated=False) -> Decision:
    """Return the decision that these seconds stand for."""
    if passed is not None:
        first, last, number, reason = passed
        passed = Skipped(first * 1_000, last * 1_000, number, reason)
    due = None if due is None else due * 1_000
    return Decision(due, following * 1_000, passed, is_truncated)


@pytest.mark.parametrize(
    ("missed", "catch_up", "now", "expected"),
    [
        (Missed.RUN_LATEST, None, 10, seconds(10, 20)),
        (Missed.RUN_LATEST, None, 19.9, seconds(10, 20)),
        (Missed.RUN_LATEST, None, 20, seconds(20, 30, (10, 10, 1, COALESCED))),
        (Missed.RUN_LATEST, None, 45, seconds(40, 50, (10, 30, 3, COALESCED))),
        (Missed.RUN_LATEST, 5, 45, seconds(40, 50, (10, 30, 3, COALESCED))),
        (Missed.RUN_LATEST, 4.999, 45, seconds(None, 50, (10, 40, 4, TOO_LATE))),
        (Missed.RUN_LATEST, 0, 41, seconds(40, 50, (10, 30, 3, COALESCED))),
        (Missed.RUN_LATEST, 0, 41.001, seconds(None, 50, (10, 40, 4, TOO_LATE))),
        (Missed.SKIP, None, 10, seconds(10, 20)),
        (Missed.SKIP, None, 45, seconds(40, 50, (10, 30, 3, TOO_LATE))),
        (Missed.SKIP, None, 50, seconds(50, 60, (10, 40, 4, TOO_LATE))),
        (Missed.SKIP, 4, 45, seconds(None, 50, (10, 40, 4, TOO_LATE))),
        (Missed.RUN_ALL, None, 10, seconds(10, 20)),
        (Missed.RUN_ALL, None, 45, seconds(10, 20)),
        (Missed.RUN_ALL, 20, 45, seconds(30, 40, (10, 20, 2, TOO_LATE))),
        (Missed.RUN_ALL, 25, 45, seconds(20, 30, (10, 10, 1, TOO_LATE))),
        (Missed.RUN_ALL, 25, 45.000_5, seconds(30, 40, (10, 20, 2, TOO_LATE))),
        (Missed.RUN_ALL, 35, 45, seconds(10, 20)),
        (Missed.RUN_ALL, 34.999, 45, seconds(20, 30, (10, 10, 1, TOO_LATE))),
        (Missed.RUN_ALL, 4, 45, seconds(None, 50, (10, 40, 4, TOO_LATE))),
        (Missed.RUN_ALL, None, 1_009, seconds(10, 20)),
        (
            Missed.RUN_ALL,
            None,
            1_010,
            seconds(20, 30, (10, 10, 1, COALESCED), is_truncated=True),
        ),
        (
            Missed.RUN_ALL,
            2_000,
            9_005,
            seconds(8_010, 8_020, (10, 8_000, 800, COALESCED), is_truncated=True),
        ),
        (Missed.RUN_ALL, 500, 9_005, seconds(8_510, 8_520, (10, 8_500, 850, TOO_LATE))),
    ],
)
def test_s24_s25_the_decision(
    missed: Missed, catch_up: float | None, now: float, expected: Decision
) -> None:
    """S24, S25: for each policy, limit and delay, what is run and what is skipped."""
    limit = None if catch_up is None else round(catch_up * 1_000)

    assert decide(missed, limit, GRID, 10_000, now * 1_000) == expected


def test_s24_ticks_may_end_before_now() -> None:
    """S24: a tick behind the horizon is none, however late it is by then."""
    decision = decide(Missed.RUN_LATEST, 30_000, GRID, 10_000, 55_000, horizon=35_000)

    assert decision == seconds(30, 40, (10, 20, 2, COALESCED))
    late = decide(Missed.RUN_LATEST, 20_000, GRID, 10_000, 55_000, horizon=35_000)
    assert late == seconds(None, 40, (10, 30, 3, TOO_LATE))


@pytest.mark.parametrize("missed", list(Missed))
def test_s24_a_delay_has_one_tick_however_late(missed: Missed) -> None:
    """S24: and nobody knows the next before its run has ended."""
    ticks = DelayTicks(10_000)

    assert decide(missed, None, ticks, 10_000, 15_000) == Decision(10_000, None, None)


def test_s32_a_tick_that_waited_runs_and_none_behind_it() -> None:
    """S32: what came behind it is skipped."""
    overlap = SkipReason.OVERLAP

    assert run_queued(GRID, 10_000, 15_000) == seconds(10, 20)
    assert run_queued(GRID, 10_000, 45_000) == seconds(10, 50, (20, 40, 3, overlap))
    assert run_queued(DelayTicks(1), 10, 5) == Decision(10, 11, None)


def test_s26_a_range_is_skipped_up_to_now() -> None:
    """S26: with what follows on it."""
    skipped = skip_until(GRID, 10_000, 30_000, SkipReason.OVERLAP)

    assert skipped == (Skipped(10_000, 30_000, 3, SkipReason.OVERLAP), 40_000)


def test_s32_a_tick_that_comes_when_the_one_before_is_run_is_skipped() -> None:
    """S32: the instant itself counts; and a schedule may end with the tick that waited."""
    last = ScheduleTicks(Once(instant_of(10_000)))

    assert run_queued(GRID, 10_000, 20_000) == seconds(10, 30, (20, 20, 1, SkipReason.OVERLAP))
    assert run_queued(last, 10_000, 45_000) == Decision(10_000, None, None)


def test_s24_a_tick_is_on_time_for_ten_seconds() -> None:
    """S24: `Missed.SKIP` is about what nobody could run, not about a loop that was busy."""
    hours = GridTicks(0, 3_600_000)

    assert decide(Missed.SKIP, None, hours, 0, 10_000) == Decision(0, 3_600_000, None)
    late = decide(Missed.SKIP, None, hours, 0, 10_000.1)
    assert late == Decision(None, 3_600_000, Skipped(0, 0, 1, TOO_LATE))


def test_s24_s29_a_long_range_is_told_without_its_number() -> None:
    """S24, S29: counting would take too long; what is run and what follows is the same."""
    now = 30_000_000

    assert skip_until(WALKED, 10_000, now, SkipReason.OVERLAP) == (
        Skipped(10_000, now, None, SkipReason.OVERLAP),
        now + 10_000,
    )
    assert decide(Missed.RUN_LATEST, None, WALKED, 10_000, now) == Decision(
        now, now + 10_000, Skipped(10_000, now - 10_000, None, COALESCED)
    )
    assert decide(Missed.SKIP, 1_000, WALKED, 10_000, now + 5_000) == Decision(
        None, now + 10_000, Skipped(10_000, now, None, TOO_LATE)
    )
    first = now - 99 * 10_000
    assert decide(Missed.RUN_ALL, None, WALKED, 10_000, now) == Decision(
        first, first + 10_000, Skipped(10_000, first - 10_000, None, COALESCED), is_truncated=True
    )


def test_s24_ticks_may_lie_a_millisecond_apart() -> None:
    """S24: the one right before those that are caught up with is skipped as well."""
    decision = decide(Missed.RUN_ALL, None, GridTicks(0, 1), 10, 1_000)

    assert decision == Decision(901, 902, Skipped(10, 900, 891, COALESCED), is_truncated=True)


def test_s24_of_ticks_that_have_ended_the_newest_are_caught_up_with() -> None:
    """S24: a hundred, to the last there is."""
    decision = decide(Missed.RUN_ALL, None, Ending(), 10_000, 9_000_000)

    assert decision == seconds(2_010, 2_020, (10, 2_000, 200, COALESCED), is_truncated=True)
    last = decide(Missed.RUN_ALL, None, Ending(), 3_000_000, 9_000_000)
    assert last == Decision(3_000_000, None, None)


@pytest.mark.parametrize(
    ("until", "delay", "expected", "now", "horizon"),
    [
        (None, None, 10_000, 45_000.5, 45_000.5),
        (35_000, None, 10_000, 45_000.5, 35_000),
        (55_000, None, 10_000, 45_000.5, 45_000.5),
        # What is started by now is due, and the first tick is whenever it is looked at.
        (None, 4_000, 10_000, 45_000.5, 45_000.5),
        (None, 5_000, 10_000, 45_000, 45_000),
        (None, 5_001, 10_000, 45_000, 39_999),
        (None, 5_001, 40_000, 45_000, 45_000),
        # By the instant at which ticks end nothing later is due.
        (42_000, 3_000, 10_000, 45_000, 39_999),
    ],
)
def test_s28_s91_up_to_which_instant_ticks_are_due(
    until: int | None, delay: int | None, expected: int, now: float, horizon: float
) -> None:
    """S28, S91: not behind `until`, and not before the jittered start."""
    scheduler = Scheduler()

    async def nothing() -> None: ...

    scheduler.every(seconds=10, until=None if until is None else instant_of(until))(nothing)
    [task] = scheduler.tasks.values()
    standing = Standing(task)
    standing.ticks = GRID
    standing.jitter = None if delay is None else lambda _: delay

    assert horizon_of(standing, expected, now) == horizon


@pytest.mark.parametrize(
    ("due", "jitter", "begun", "expected"),
    [
        (1_000, 0, 3_000, True),
        (3_000, 0, 3_000, True),
        (3_001, 0, 3_000, False),
        (1_000, 2_000, 3_000, True),
        (1_000, 2_001, 3_000, False),
        # It is about to begin.
        (9_000, 0, None, True),
    ],
)
def test_s24_s28_a_tick_was_missed_before_a_run_if_its_start_was(
    due: int, jitter: int, begun: float | None, expected: bool
) -> None:
    """S24, S28: its jittered start, and not its instant, was before the run began."""
    scheduler = Scheduler()
    standing = prepare(scheduler.add(Every(seconds=10), print, name="task"))
    standing.jitter = lambda _: jitter
    run = Run("task", 0)
    run._started = begun
    assert not is_behind(standing, due)

    standing.watch(run, object())

    assert is_behind(standing, due) is expected
