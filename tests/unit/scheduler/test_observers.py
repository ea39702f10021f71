"""What observers are told."""

import logging

import pytest

from ostinato import Event, Scheduler
from ostinato.observers import logging as observers_logging
from ostinato.observers.logging import LoggingObserver
from ostinato.testing import Recorder, simulate
from tests.support.simulated import sleeping


async def test_an_observer_is_told_what_it_wants() -> None:
    """It is asked beforehand, not at each event."""

    class Picky(Recorder):
        def __init__(self) -> None:
            super().__init__()
            self.asked: list[str] = []

        def wants(self, event_name: str, /) -> bool:
            self.asked.append(event_name)
            return event_name == "ostinato.run_succeeded"

    picky, all_ears = Picky(), Recorder()
    scheduler, task = Scheduler(observers=[picky, all_ears]), sleeping(15)
    scheduler.every(seconds=10)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=35)

        assert picky.names == ["ostinato.run_succeeded"] * 2
        # And once more, for an observer has come behind it: the simulation's.
        assert max(map(picky.asked.count, picky.asked)) == 1
        assert all_ears.names == [
            "ostinato.scheduler_started",
            "ostinato.run_succeeded",
            "ostinato.ticks_skipped",
            "ostinato.run_succeeded",
            "ostinato.ticks_skipped",
        ]
        assert all_ears.runs == sim.runs(task)


async def test_a_success_that_nobody_wants_is_not_told() -> None:
    """It happens too often for that."""
    scheduler, task = Scheduler(), sleeping(1)
    scheduler.every(seconds=10)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=35)

        assert [event.name for event in sim.events] == ["ostinato.scheduler_started"]


def test_each_record_has_a_message_that_its_facts_fit() -> None:
    """Every event that is logged can be: its message takes what it is told."""
    records = observers_logging._RECORDS
    logger, seen = logging.getLogger("ostinato.test_observers"), []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append((record.levelno, record.getMessage()))

    handler = Handler()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    observer = LoggingObserver(logger)
    for name, record in records.items():
        facts: dict[str, object] = dict.fromkeys(record.facts, 1)
        has_task = record.message.count("%") - len(record.facts)

        observer.notify(Event(name, "task" if has_task else None, None, None, facts))

    assert [level for level, _ in seen] == [record.level for record in records.values()]
    assert all("%" not in message for _, message in seen)
    logger.removeHandler(handler)


def test_what_is_not_known_or_not_wanted_is_not_logged() -> None:
    """The level of the logger decides, and the table."""
    logger = logging.getLogger("ostinato.test_observers.quiet")
    logger.setLevel(logging.ERROR)
    observer = LoggingObserver(logger)

    assert observer.wants("ostinato.run_failed")
    assert not observer.wants("ostinato.task_paused")
    assert not observer.wants("ostinato.never_heard_of")


@pytest.mark.parametrize(
    ("events", "tracebacks"),
    [
        # The streak began, or ended, on another worker.
        ([2, 3], [True]),
        ([1, 2, 1, 2], [True, True]),
        ([1, 2, None, 2, 3], [True, True]),
        ([8, 9, 10, 11], [True, False]),
    ],
)
def test_s58_each_worker_sees_a_streak_with_its_traceback_once(
    events: list[int | None], tracebacks: list[bool], caplog: pytest.LogCaptureFixture
) -> None:
    """S58: whoever reads the log of one process finds out there what has failed."""
    observer = LoggingObserver(logging.getLogger("ostinato.streaks"))

    for number in events:
        name, error = "ostinato.run_failed", ValueError()
        if number is None:
            observer.notify(Event("ostinato.task_recovered", "task", facts={"failures_in_row": 1}))
        else:
            observer.notify(Event(name, "task", None, error, {"failures_in_row": number}))

    errors = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert [each.exc_info is not None for each in errors] == tracebacks
