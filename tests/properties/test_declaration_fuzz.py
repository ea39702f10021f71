"""Whatever is passed to a declaration, it works when its time comes, or is refused at once."""

import asyncio
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostinato import (
    ConfigurationError,
    Every,
    Missed,
    Once,
    OnCrash,
    Overlap,
    Retry,
    RunIn,
    Scheduler,
    Scope,
    Tasks,
)
from ostinato.testing import ManualClock, simulate

HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-2, 20),
    st.sampled_from([10**5000, -(10**5000), 2**63, 0, 1, -1]),
    st.floats(),
    st.sampled_from([math.nan, math.inf, -math.inf, 1e-300, 5e-4, 0.0015, 1e300]),
    st.decimals(),
    st.sampled_from([Decimal("sNaN"), Decimal("1e-999999999"), Decimal("1e999999")]),
    st.timedeltas(),
    st.sampled_from([timedelta.min, timedelta.max, timedelta(microseconds=1)]),
    st.text(),
    st.sampled_from(["", "\0", "a" * 151, "memory://", "redis://", "'; DROP TABLE task; --"]),
    st.binary(),
    st.complex_numbers(),
    st.lists(st.integers(), max_size=3),
    st.tuples(st.text(max_size=3)),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.datetimes(),
    st.sampled_from([datetime.max.replace(tzinfo=UTC)]),
    st.sampled_from([*Missed, *Overlap, *Scope, *OnCrash, *RunIn, Retry(2), Every(seconds=1)]),
    st.sampled_from([Exception, ValueError, (ValueError, KeyError), BaseException]),
    st.sampled_from([print, len, lambda: None, lambda error: None, int, Scheduler, iter, object()]),
    st.builds(object),
)  # fmt: skip


async def body() -> None:
    """Do what a task does, and nothing."""


def _with(**policy: object) -> Scheduler:
    scheduler = Scheduler()
    scheduler.every(seconds=1, **policy)(body)
    return scheduler


def _including(tasks: Tasks) -> Scheduler:
    tasks.every(seconds=1)(body)
    scheduler = Scheduler()
    scheduler.include(tasks)
    return scheduler


def _adding(schedule: object, function: object) -> Scheduler:
    scheduler = Scheduler()
    scheduler.add(schedule, function)
    return scheduler


POLICIES = (
    *("missed", "catch_up", "overlap", "max_concurrency", "scope", "jitter", "timeout", "retry"),
    *("on_crash", "max_runs", "start", "until", "run_in", "pause_after_failures"),
    *("on_exception", "on_complete", "name", "formerly", "no_such_policy"),
)
SCHEDULER = (
    *("name", "observers", "threads", "shutdown_grace", "cancel_grace", "enabled"),
)  # fmt: skip
RETRY = ("attempts", "delay", "factor", "longest", "retry_on")
DECLARATIONS: dict[str, Callable[[object], Scheduler]] = {
    **{f"every({name}=)": lambda value, name=name: _with(**{name: value}) for name in POLICIES},
    **{f"Tasks({name}=)": lambda value, name=name: _including(Tasks(**{name: value}))
       for name in (*POLICIES[:-3], "prefix")},
    **{f"Scheduler({name}=)": lambda value, name=name: Scheduler(**{name: value})
       for name in SCHEDULER},
    **{f"Retry({name}=)": lambda value, name=name: _with(retry=Retry(**{name: value}))
       for name in RETRY},
    "Scheduler(store)": Scheduler,
    "include(prefix=)": lambda value: Scheduler().include(Tasks(), prefix=value) or Scheduler(),
    "include(tasks)": lambda value: Scheduler().include(value) or Scheduler(),
    "add(schedule)": lambda value: _adding(value, body),
    "add(function)": lambda value: _adding(Once(datetime(2031, 1, 1, tzinfo=UTC)), value),
    "overlap with a limit": lambda value: _with(overlap=Overlap.ALLOW, max_concurrency=value),
    "ManualClock(start)": lambda value: ManualClock(value) and Scheduler(),
}  # fmt: skip


@pytest.mark.parametrize("parameter", DECLARATIONS)
@settings(max_examples=100)
@given(value=HOSTILE)
def test_s10_hostile_values_are_refused_at_the_declaration_or_work(parameter: str, value: object):
    """S10: a documented error while declaring, and none when the time has come."""
    try:
        scheduler = DECLARATIONS[parameter](value)
    except ConfigurationError as error:
        refused = error
    else:
        asyncio.run(_run(scheduler))
        return

    assert isinstance(refused, (TypeError, ValueError, RuntimeError))


async def _run(scheduler: Scheduler) -> None:
    """Let the scheduler's tasks fall due."""
    async with simulate(scheduler) as simulation:
        await simulation.advance(seconds=3)

    broken = [event for event in simulation.events if event.error is not None]
    assert [event for event in broken if event.name != "ostinato.hook_failed"] == []
