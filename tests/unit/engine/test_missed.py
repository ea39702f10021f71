"""Which of the ticks that are due is run: pure decisions, by table."""

import pytest

from ostinato import Missed, SkipReason
from ostinato._engine._missed import Decision, decide, run_queued, skip_until
from ostinato._engine._ticks import DelayTicks, GridTicks
from ostinato._lease import Skipped

GRID = GridTicks(0, 10_000)
COALESCED, TOO_LATE = SkipReason.COALESCED, SkipReason.TOO_LATE


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
        (Missed.SKIP, 4, 45, seconds(None, 50, (10, 40, 4, TOO_LATE))),
        (Missed.RUN_ALL, None, 10, seconds(10, 20)),
        (Missed.RUN_ALL, None, 45, seconds(10, 20)),
        (Missed.RUN_ALL, 20, 45, seconds(30, 40, (10, 20, 2, TOO_LATE))),
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
