"""A run, as those see it who ask."""

import copy
import logging
import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from ostinato import (
    ArgumentTypeError,
    ForeignSessionError,
    InvalidArgumentError,
    LeaseLostError,
    Outcome,
    Run,
    RunKind,
    SkipReason,
    Tick,
)

DUE = 1_893_456_000_250
INSTANT = datetime(2030, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC)


def test_a_run_that_has_not_begun_knows_its_tick() -> None:
    """And nothing of what is to come."""
    run = Run("task", DUE, namespace="shop", token=7, previous_success=DUE - 1_000)

    assert (run.tick, run.due, run.last_due) == (Tick("task", INSTANT), INSTANT, INSTANT)
    assert run.id == "shop/task/2030-01-01T00:00:00.250Z"
    assert run.previous_success == INSTANT - timedelta(seconds=1)
    assert (run.kind, run.token, run.attempt, run.count) == (RunKind.TICK, 7, 1, 1)
    assert (run.started, run.finished, run.duration, run.lateness) == (None, None, None, None)
    assert (run.outcome, run.error, run.reason) == (None, None, None)
    assert (run.progressed, run.message) == (None, None)
    assert Run("task", DUE).previous_success is None
    assert repr(run) == f"<Run {run.id}: under way>"


def test_a_run_that_has_ended_knows_how_long_it_took() -> None:
    """S30: it was late by what lies between its start and its instant, jitter included."""
    run = Run("task", DUE, start_at=DUE + 500)
    run._started, run._finished = DUE + 520.0, DUE + 1_520.0
    run.outcome = Outcome.SUCCEEDED

    assert run.lateness == timedelta(milliseconds=20)
    assert run.duration == timedelta(seconds=1)
    assert run.started == INSTANT + timedelta(milliseconds=520)
    assert run.finished == INSTANT + timedelta(milliseconds=1_520)
    assert repr(run).endswith(": succeeded>")


def test_a_run_under_way_has_no_duration() -> None:
    """And one without jitter is late by what it began after its instant."""
    run = Run("task", DUE)
    run._started = DUE + 3.0

    assert (run.duration, run.lateness) == (None, timedelta(milliseconds=3))


@pytest.mark.parametrize("asked_before", [True, False])
def test_s53_whoever_looks_sees_the_cancellation(asked_before: bool) -> None:
    """S53: whether the event was asked for before or after."""
    run = Run("task", DUE)
    event = run.cancelled if asked_before else None

    run._cancel()

    assert run.cancelled.is_set()
    assert event is None or event is run.cancelled
    assert run._is_cancelled
    assert not run.lease_lost.is_set()
    assert run.lease_lost is run.lease_lost


def test_a_run_tells_how_far_it_is() -> None:
    """As a part of one, and in words."""
    run = Run("task", DUE)

    run.progress(0.25, message="reading")
    assert (run.progressed, run.message) == (0.25, "reading")
    run.progress(1)
    assert (run.progressed, run.message) == (1.0, None)
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(InvalidArgumentError):
            run.progress(wrong)


def test_a_run_has_a_logger(caplog: pytest.LogCaptureFixture) -> None:
    """Its records carry the run, and what the call gives."""
    run = Run("task", DUE)

    run.log.error("no", extra={"why": 3})

    (record,) = caplog.records
    assert (record.name, record.levelno) == ("ostinato.run", logging.ERROR)
    assert (record.task_name, record.run_id, record.run_attempt) == ("task", run.id, 1)
    assert record.why == 3


def test_a_record_of_skipped_ticks_is_one_range() -> None:
    """With its reason, its ends and its number."""
    record = Run.of_skipped(
        "task", "shop", first=DUE, last=DUE + 2_000, count=3, reason=SkipReason.PAUSED
    )

    assert (record.kind, record.outcome) == (RunKind.SKIPPED, Outcome.SKIPPED)
    assert (record.reason, record.count) == (SkipReason.PAUSED, 3)
    assert (record.due, record.last_due) == (INSTANT, INSTANT + timedelta(seconds=2))


@pytest.mark.parametrize(
    ("fraction", "message", "error"),
    [
        ("half", None, ArgumentTypeError),
        (None, None, ArgumentTypeError),
        (True, None, ArgumentTypeError),
        (0.5, 5, ArgumentTypeError),
        (float("nan"), None, InvalidArgumentError),
    ],
)
def test_what_a_run_says_is_checked(fraction: float, message: str, error: type[Exception]) -> None:
    """And nothing is noted of what is refused."""
    run = Run("task", DUE)

    with pytest.raises(error):
        run.progress(fraction, message=message)

    assert (run.progressed, run.message) == (None, None)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda run: pickle.loads(pickle.dumps(run))])
def test_a_run_can_be_copied_and_pickled(again: Callable[[Run], Run]) -> None:
    """With what it said and whether it was to end; its events are its own from then on."""
    run = Run("task", DUE, namespace="shop", token=7)
    run.progress(0.5, message="half")
    run._cancel()
    run.lease_lost.set()
    assert run.cancelled.is_set()

    copied = again(run)

    assert (copied.id, copied.token, copied.progressed, copied.message) == (
        "shop/task/2030-01-01T00:00:00.250Z",
        7,
        0.5,
        "half",
    )
    assert (copied.cancelled.is_set(), copied.lease_lost.is_set()) == (True, True)
    assert copied.cancelled is not run.cancelled
    assert again(Run("task", DUE)).due == INSTANT
    asked = Run("task", DUE)
    assert not asked.cancelled.is_set()
    copied = again(asked)
    asked._cancel()
    assert (copied.cancelled.is_set(), copied.lease_lost.is_set()) == (False, False)


@pytest.mark.parametrize(("token", "store"), [(0, "Scope.PROCESS"), (7, "memory://")])
def test_s86_a_run_without_a_database_guards_nothing(token: int, store: str) -> None:
    """S86: it says which store it has, and where the session goes, without its password."""
    run = Run("task", DUE, token=token)
    engine = create_engine("postgresql+psycopg://me:secret@db/app")

    for session in (Session(engine), AsyncSession(create_async_engine(engine.url))):
        with pytest.raises(ForeignSessionError, match=store) as caught:
            run.guard(session)
        assert caught.value.session == "postgresql+psycopg://me:***@db/app"
    with pytest.raises(ForeignSessionError, match="the session is of object"):
        run.guard(object())


def test_s82_s86_a_run_that_has_ended_guards_nothing() -> None:
    """S82, S86: a thread that goes on behind it, though nobody has asked for its lease since."""
    run, asked = Run("task", DUE, token=7), []
    run._rarely.fence = lambda run, session: asked.append(run)
    run.guard(Session())
    run.outcome = Outcome.TIMED_OUT

    with pytest.raises(LeaseLostError, match="'task'"):
        run.guard(Session())

    assert asked == [run]
    assert run.lease_lost.is_set()
    assert run.cancelled.is_set()
    assert pickle.loads(pickle.dumps(run))._rarely.fence is None


async def test_s86_an_asynchronous_session_is_awaited() -> None:
    """S86: the fence sees the session that it stands on; a lease that is lost is noted."""
    run, seen = Run("task", DUE, token=7), []

    def fence(run: Run, session: object) -> None:
        seen.append(session)
        raise LeaseLostError("store", run.task_name)

    run._rarely.fence = fence
    session = AsyncSession()
    with pytest.raises(LeaseLostError):
        await run.guard(session)

    assert seen == [session.sync_session]
    assert run.lease_lost.is_set()
