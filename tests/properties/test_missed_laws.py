"""Laws of the decision about missed ticks: whatever the policy, nothing is lost or done twice."""

from hypothesis import given
from hypothesis import strategies as st

from ostinato import Cron, Missed
from ostinato._engine._missed import PROMPT, decide, skip_until
from ostinato._engine._ticks import GridTicks, ScheduleTicks, Ticks
from ostinato._run import SkipReason

MOST = 100
grids = st.builds(GridTicks, st.integers(-(10**12), 10**12), st.integers(1, 10**8))
crons = st.sampled_from(["* * * * *", "*/7 3-5 * * *", "0 0 1 * *", "0,1,2 12 * * mon"]).map(
    lambda expression: ScheduleTicks(Cron(expression))
)
all_ticks = st.one_of(grids, crons)
limits = st.one_of(st.none(), st.integers(0, 10**9))


def walk(ticks: Ticks, first: int, now: float, most: int = 3_000) -> list[int]:
    """Return the ticks from *first* to *now*."""
    found = [first]
    while (following := ticks.after(found[-1])) is not None and following <= now:
        found.append(following)
        assert len(found) < most
    return found


@st.composite
def situations(draw: st.DrawFn) -> tuple[Ticks, list[int], float]:
    """Return ticks, those that are due, and the time."""
    ticks = draw(all_ticks)
    first = ticks.after(draw(st.integers(1_893_456_000_000, 1_900_000_000_000)))
    assert first is not None
    newest = first
    for _ in range(draw(st.integers(0, 300))):
        newest = ticks.after(newest) or newest
    following = ticks.after(newest)
    assert following is not None
    share = draw(st.floats(0, 1, exclude_max=True))
    now = newest + share * (following - newest) * 0.999
    return ticks, walk(ticks, first, now), now


@given(situations(), st.sampled_from(Missed), limits)
def test_s29_each_tick_that_is_due_is_run_or_skipped_or_still_to_come(
    situation: tuple[Ticks, list[int], float], missed: Missed, catch_up: int | None
) -> None:
    """S29: the range that is skipped, the run, and what follows, in this order, without a gap."""
    ticks, due, now = situation

    decision = decide(missed, catch_up, ticks, due[0], now)

    expected = due[0]
    if decision.passed is not None:
        first, last, number, _ = decision.passed
        assert first == expected
        assert number == due.index(last) + 1
        expected = ticks.after(last)
    if decision.due is not None:
        assert decision.due == expected
        assert decision.due in due
        expected = ticks.after(decision.due)
    assert decision.next_due == expected


@given(situations(), st.sampled_from(Missed), limits)
def test_s25_nothing_older_than_catch_up_is_run(
    situation: tuple[Ticks, list[int], float], missed: Missed, catch_up: int | None
) -> None:
    """S25: and what is run is the newest, or the oldest that may be."""
    ticks, due, now = situation

    decision = decide(missed, catch_up, ticks, due[0], now)

    longest = float("inf") if catch_up is None else max(catch_up, PROMPT)
    if missed is Missed.SKIP and catch_up is None:
        longest = 10_000
    in_time = [tick for tick in due if now - tick <= longest]
    if missed is Missed.RUN_ALL:
        in_time = in_time[-MOST:]
        assert decision.due == (in_time[0] if in_time else None)
    else:
        assert decision.due == (due[-1] if due[-1] in in_time else None)


@given(situations(), st.sampled_from(SkipReason))
def test_s26_a_range_that_is_skipped_ends_now(
    situation: tuple[Ticks, list[int], float], reason: SkipReason
) -> None:
    """S26: all ticks that are due are in it, and the next is to come."""
    ticks, due, now = situation

    passed, following = skip_until(ticks, due[0], now, reason)

    assert passed == (due[0], due[-1], len(due), reason)
    assert following is not None
    assert following > now
