"""Write what happens to the log: constant messages, the facts in `extra`."""

import logging
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ostinato.protocols import Event

__all__ = ["LoggingObserver"]


class _Record(NamedTuple):
    level: int
    message: str
    facts: tuple[str, ...] = ()
    # Where it has happened to no task, and may have to one.
    without_task: str | None = None


# The names, and the fields of each, are a promise: see docs/reference/log-records.md.
_RECORDS: Mapping[str, _Record] = {
    "ostinato.abandoned_run_failed": _Record(
        logging.ERROR, "%s, which went on after it was abandoned, failed", ("function_name",)
    ),
    "ostinato.anchor_reset": _Record(logging.WARNING, "%s: a clock was set, its grid was moved"),
    "ostinato.attempt_failed": _Record(
        logging.WARNING, "%s: attempt %d failed, the next is in %.1f s", ("attempt", "wait")
    ),
    "ostinato.cancel_refused": _Record(
        logging.WARNING, "%s: its run is in a thread and cannot be cancelled, the tick is skipped"
    ),
    "ostinato.clock_jumped": _Record(
        logging.WARNING, "The machine's clock was set by %.1f seconds", ("seconds",)
    ),
    "ostinato.hook_abandoned": _Record(
        logging.WARNING, "The hook %s does not heed its cancellation", ("function_name",)
    ),
    "ostinato.hook_failed": _Record(
        logging.ERROR, "%s: its hook %s failed; nothing else is affected", ("hook_name",)
    ),
    "ostinato.lease_lost": _Record(
        logging.WARNING, "The lease of %s is lost: it is cancelled, for another worker may run it"
    ),
    "ostinato.loop_blocked": _Record(
        logging.WARNING,
        "%s has blocked the event loop for %.2f seconds, in %s; it was here:\n%s",
        ("seconds", "line", "stack"),
        "The event loop was blocked for %.2f seconds, in %s; it was here:\n%s",
    ),
    "ostinato.missed_truncated": _Record(
        logging.WARNING, "%s: only the newest 100 of the missed ticks are run", ()
    ),
    "ostinato.namespace_shared": _Record(
        logging.WARNING,
        "Another application has its tasks in the namespace %r, too: %s; where that is not meant, "
        "name one of the two, as Scheduler(name='billing'), or give it a store of its own",
        ("scheduler_name", "task_names"),
    ),
    "ostinato.run_abandoned": _Record(
        logging.WARNING,
        "%s goes on although it was asked to end, and is waited for no longer; it is here:\n%s",
        ("stack",),
    ),
    "ostinato.run_cancelled": _Record(logging.WARNING, "%s was cancelled"),
    "ostinato.run_failed": _Record(logging.ERROR, "%s failed"),
    "ostinato.run_lost": _Record(
        logging.ERROR, "A run of %s is lost: its worker died, or was cut off from the store"
    ),
    "ostinato.run_stuck": _Record(logging.ERROR, "%s does not end: %s", ("reason",)),
    "ostinato.run_succeeded": _Record(logging.DEBUG, "%s succeeded"),
    "ostinato.run_taken_over": _Record(
        logging.WARNING, "%s is run again: the worker that ran it died, or was cut off"
    ),
    "ostinato.run_timed_out": _Record(logging.ERROR, "%s took longer than its timeout"),
    "ostinato.schedule_not_read": _Record(
        logging.ERROR,
        "%s follows a schedule that this version cannot read, and is left to other workers",
    ),
    "ostinato.scheduler_forked": _Record(
        logging.WARNING, "This process was forked off: its scheduler does nothing"
    ),
    "ostinato.scheduler_started": _Record(
        logging.DEBUG, "A scheduler has started with %d tasks", ("tasks",)
    ),
    "ostinato.scheduler_stopped": _Record(logging.DEBUG, "A scheduler has stopped"),
    "ostinato.store_failed": _Record(
        logging.ERROR, "The store failed; until it answers, none of its tasks is started"
    ),
    "ostinato.store_recovered": _Record(logging.INFO, "The store answers again"),
    "ostinato.task_finished": _Record(logging.INFO, "%s has had its last run"),
    "ostinato.task_never_due": _Record(
        logging.WARNING,
        "%s will never be due: its schedule has no instant from now on, or none before its until",
    ),
    "ostinato.task_paused": _Record(logging.WARNING, "%s is paused: %s", ("reason",)),
    "ostinato.task_quarantined": _Record(
        logging.ERROR, "%s: all threads are taken by its runs that do not end"
    ),
    "ostinato.task_recovered": _Record(
        logging.INFO, "%s succeeds again; failures in a row before that: %d", ("failures_in_row",)
    ),
    "ostinato.task_rescheduled": _Record(logging.INFO, "%s is due %s", ("schedule",)),
    "ostinato.task_resumed": _Record(logging.INFO, "%s is resumed"),
    "ostinato.task_stopped": _Record(logging.ERROR, "%s is stopped: %s", ("reason",)),
    "ostinato.threads_exhausted": _Record(
        logging.WARNING, "All threads are busy, and others wait; they run: %s", ("task_names",)
    ),
    "ostinato.ticks_skipped": _Record(
        logging.DEBUG, "%s: %s ticks were skipped: %s", ("number", "reason")
    ),
}

# What is told of the tenth failure of a streak, the hundredth, and so on.
_STREAK = _Record(logging.ERROR, "%s has failed %d times in a row", ("failures_in_row",))


class LoggingObserver:
    """Writes to the logger `ostinato`.

    The first failure of a streak has its traceback, and so has one of another type. Of those that
    follow, the tenth is told of in one line, the hundredth, and so on; the others at DEBUG.
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        """Write to *logger*, or to the logger `ostinato`."""
        self._logger = logging.getLogger("ostinato") if logger is None else logger
        # Of each task that fails, as what.
        self._told: dict[str, type[object]] = {}

    def wants(self, event_name: str, /) -> bool:
        """Return whether such events are logged, as the level is now."""
        record = _RECORDS.get(event_name)
        return record is not None and self._logger.isEnabledFor(record.level)

    def notify(self, event: Event, /) -> None:
        """Log *event*."""
        record = self._record_of(event)
        arguments = [event.facts.get(fact) for fact in record.facts]
        message = record.message
        if event.task_name is not None:
            arguments.insert(0, event.task_name)
        elif record.without_task is not None:
            message = record.without_task
        extra: dict[str, object] = {"ostinato_event": event.name, **event.facts}
        if event.task_name is not None:
            extra["task_name"] = event.task_name
        if (run := event.run) is not None:
            extra["run_id"], extra["run_attempt"] = run.id, run.attempt
        error = None if record is _STREAK else event.error
        # Taken apart: logging passes over an exception that is false.
        exc_info = None if error is None else (type(error), error, error.__traceback__)
        write: Callable[..., None] = self._logger.log
        write(record.level, message, *arguments, exc_info=exc_info, extra=extra)

    def _record_of(self, event: Event) -> _Record:
        """Return what is written of *event*: of a streak of failures, not each time the same."""
        record, number = _RECORDS[event.name], event.facts.get("failures_in_row")
        if event.name == "ostinato.task_recovered":
            self._told.pop(event.task_name or "", None)
        elif isinstance(number, int) and event.task_name is not None:
            before, kind = self._told.get(event.task_name), type(event.error)
            self._told[event.task_name] = kind
            if number > 1 and before is kind:
                is_round = number == 10 ** (len(str(number)) - 1)
                return _STREAK if is_round else record._replace(level=logging.DEBUG)
        return record
