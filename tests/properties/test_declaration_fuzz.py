"""Whatever is passed to a declaration, it works when its time comes, or is refused at once."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
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
    Run,
    RunIn,
    Scheduler,
    Scope,
    TaskNotFoundError,
    Tasks,
)
from ostinato.testing import ManualClock, simulate

ENDS = [
    ((1, 1, 1), timezone(timedelta(hours=1))),
    ((9999, 12, 31, 23, 59), timezone(timedelta(hours=-1))),
]
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
    st.sampled_from([datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)]),
    st.sampled_from([datetime(*day, tzinfo=zone) for day, zone in ENDS]),
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
    *("name", "observers", "clock", "threads", "shutdown_grace", "cancel_grace", "enabled"),
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


STEERING: dict[str, Callable[[Scheduler, object], Awaitable[object]]] = {
    "trigger(task)": lambda scheduler, value: scheduler.trigger(value),
    "trigger(wait=)": lambda scheduler, value: scheduler.trigger(body, wait=value),
    "pause(task)": lambda scheduler, value: scheduler.pause(value),
    "pause(reason=)": lambda scheduler, value: scheduler.pause(body, reason=value),
    "pause(until=)": lambda scheduler, value: scheduler.pause(body, until=value),
    "resume(task)": lambda scheduler, value: scheduler.resume(value),
    "resume(catch_up=)": lambda scheduler, value: scheduler.resume(body, catch_up=value),
    "reschedule(task)": lambda scheduler, value: scheduler.reschedule(value, Every(seconds=2)),
    "reschedule(schedule)": lambda scheduler, value: scheduler.reschedule(body, value),
    "cancel(run_id)": lambda scheduler, value: scheduler.cancel(value),
    "status(task)": lambda scheduler, value: scheduler.status(value),
    "next_run(task)": lambda scheduler, value: scheduler.next_run(value),
    "history(task)": lambda scheduler, value: scheduler.history(value),
    "history(limit=)": lambda scheduler, value: scheduler.history(body, limit=value),
}


@pytest.mark.parametrize("parameter", STEERING)
@settings(max_examples=50)
@given(value=HOSTILE)
def test_s93_hostile_values_steer_nothing_or_what_they_say(parameter: str, value: object):
    """S93: a documented error at the call, and none when the time has come."""

    async def steer() -> None:
        scheduler = _with()
        async with simulate(scheduler) as simulation:
            await simulation.advance(seconds=1)
            with suppress(ConfigurationError, TaskNotFoundError):
                await STEERING[parameter](scheduler, value)
            await simulation.advance(seconds=3)
            assert (await scheduler.status(body)).name in scheduler.tasks
        assert [event for event in simulation.events if event.error is not None] == []

    asyncio.run(steer())


@settings(max_examples=200)
@given(value=HOSTILE)
def test_s10_a_simulation_begins_at_an_instant_or_not_at_all(value: object):
    """S10: at the ends of the calendar, too."""

    async def begin() -> None:
        with suppress(ConfigurationError):
            async with simulate(_with(), start=value) as simulation:
                await simulation.advance(seconds=3)

    asyncio.run(begin())


@settings(max_examples=200)
@given(fraction=HOSTILE, message=HOSTILE)
def test_a_run_notes_what_it_can_show(fraction: object, message: object):
    """A part between none and all, and a text; or nothing."""
    run = Run("task", 0)

    with suppress(ConfigurationError):
        run.progress(fraction, message=message)

    assert run.progressed is None or 0 <= run.progressed <= 1
    assert run.message is None or isinstance(run.message, str)


async def _run(scheduler: Scheduler) -> None:
    """Let the scheduler's tasks fall due."""
    async with simulate(scheduler) as simulation:
        await simulation.advance(seconds=3)

    broken = [event for event in simulation.events if event.error is not None]
    assert [event for event in broken if event.name != "ostinato.hook_failed"] == []
