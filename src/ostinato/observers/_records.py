"""The log records of a repetition: their event names and fields, and what if a logger raises."""

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping, Sequence
from types import TracebackType
from typing import Any

from ostinato.protocols import ErrorLogger

__all__ = [
    "RepetitionRecords",
    "default_logger",
    "tell_late_failure",
    "tell_threads_exhausted",
    "write_record",
]

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]

default_logger = logging.getLogger("ostinato")


class RepetitionRecords:
    """Writes what happens to one repeated function, each record with its facts in `extra`.

    Every record has `ostinato_event` (its name) and `task_name`; the names are a promise.
    """

    def __init__(self, task_name: str, logger: ErrorLogger | None) -> None:
        """Write about *task_name* to *logger*, or to the logger `ostinato`."""
        self._task_name = task_name
        self._logger: logging.Logger | logging.LoggerAdapter[Any] = default_logger
        self._error_logger: ErrorLogger | None = None
        match logger:
            case logging.Logger() | logging.LoggerAdapter():
                self._logger = logger
            case _:
                # Loggers of other makes take what upstream gives them: one text with all in it.
                self._error_logger = logger

    def run_failed(self, run: int, error: BaseException) -> None:
        """Tell that a run raised *error*."""
        message = "Run %d of %s failed"
        self._write(
            logging.ERROR, "run_failed", message, run, self._task_name, error=error, run_number=run
        )

    def run_cancelled(self, run: int) -> None:
        """Tell that a run ended with a CancelledError of its own making."""
        message = "Run %d of %s cancelled itself; the repetition goes on"
        self._write(logging.WARNING, "run_cancelled", message, run, self._task_name, run_number=run)

    def run_abandoned(self, function_name: str) -> None:
        """Tell that a function goes on, and that nobody waits for it any more."""
        message = "%s goes on although it was asked to end; %s waits for it no longer"
        self._write(
            logging.WARNING,
            "run_abandoned",
            message,
            function_name,
            self._task_name,
            function_name=function_name,
        )

    def hook_failed(self, hook_name: str, error: BaseException) -> None:
        """Tell that a hook raised an *error* of its own, which changes nothing."""
        message = "The hook %s of %s failed; the repetition is not affected"
        self._write(
            logging.ERROR,
            "hook_failed",
            message,
            hook_name,
            self._task_name,
            error=error,
            hook_name=hook_name,
        )

    def repetition_stopped(self, reason: str) -> None:
        """Tell that the repetition ended on purpose before its last run."""
        message = "The repetition of %s stopped: %s"
        self._write(
            logging.WARNING, "repetition_stopped", message, self._task_name, reason, reason=reason
        )

    def repetition_cancelled(self) -> None:
        """Tell that the repetition was cancelled from outside, as the end of a loop does it."""
        message = "The repetition of %s was cancelled and has ended"
        self._write(logging.INFO, "repetition_cancelled", message, self._task_name)

    def repetition_broken(self, error: BaseException) -> None:
        """Tell that the loop around the runs raised: a defect of ours, or a patched asyncio."""
        message = "The repetition of %s broke down and has ended"
        self._write(logging.ERROR, "repetition_broken", message, self._task_name, error=error)

    def start_repeated(self, *, level: int) -> None:
        """Tell that a repetition was started while it was running."""
        message = "%s is already running on this event loop; its start was ignored"
        self._write(level, "start_repeated", message, self._task_name)

    def _write(
        self,
        level: int,
        event: str,
        message: str,
        *arguments: object,
        error: BaseException | None = None,
        **facts: object,
    ) -> None:
        extra = {"ostinato_event": f"ostinato.{event}", "task_name": self._task_name, **facts}
        try:
            if level == logging.ERROR and self._error_logger is not None:
                self._error_logger.error(_text(message % arguments, error))
            else:
                _log(self._logger, level, message, *arguments, error=error, extra=extra)
        except KeyboardInterrupt:
            raise
        except BaseException as logging_error:  # noqa: BLE001 - a logger is the user's code too: whatever it raises must not end the repetition
            _last_resort(message % arguments, error, logging_error)


def tell_threads_exhausted(names: Sequence[str]) -> None:
    """Tell that functions hold every thread while others have waited for long."""
    message = "All threads for plain functions are busy, and others wait; they run: %s"
    extra = {"ostinato_event": "ostinato.threads_exhausted", "task_names": list(names)}
    write_record(logging.WARNING, message, ", ".join(names), extra=extra)


def tell_late_failure(function_name: str, error: BaseException) -> None:
    """Tell that a function whose end nobody waited for any more has raised *error*."""
    message = "%s, which went on after it was abandoned, failed"
    extra = {"ostinato_event": "ostinato.abandoned_run_failed", "function_name": function_name}
    write_record(logging.ERROR, message, function_name, error=error, extra=extra)


def write_record(
    level: int,
    message: str,
    *arguments: object,
    error: BaseException | None = None,
    extra: Mapping[str, object],
) -> None:
    """Write a record to the logger `ostinato`; what a handler of it raises goes to stderr."""
    try:
        _log(default_logger, level, message, *arguments, error=error, extra=extra)
    except KeyboardInterrupt:
        raise
    except BaseException as logging_error:  # noqa: BLE001 - a handler is the user's code: it must cost neither a thread nor a start
        _last_resort(message % arguments, error, logging_error)


def _log(
    logger: logging.Logger | logging.LoggerAdapter[Any],
    level: int,
    message: str,
    *arguments: object,
    error: BaseException | None,
    extra: Mapping[str, object],
) -> None:
    # Before Python 3.13 an adapter replaces the record's fields by its own: ours are a promise.
    gathered = dict(extra)
    options: MutableMapping[str, Any] = {"exc_info": _exc_info(error), "extra": extra}
    while isinstance(logger, logging.LoggerAdapter):
        message, options = logger.process(message, options)
        added: Mapping[str, object] | None = options.get("extra")
        gathered.update(added or {})
        options["extra"] = gathered = {**gathered, **extra}
        logger = logger.logger
    if level == logging.ERROR:
        # By its name, which is what programs replace and watch in a logger.
        logger.error(message, *arguments, **options)
    else:
        logger.log(level, message, *arguments, **options)


def _exc_info(error: BaseException | None) -> _ExcInfo | None:
    # Taken apart: logging passes over an exception that is false, such as one with a length of 0.
    return None if error is None else (type(error), error, error.__traceback__)


def _text(message: str, error: BaseException | None) -> str:
    if error is None:
        return message
    return f"{message}\n{''.join(traceback.format_exception(error))}".rstrip()


def _last_resort(message: str, error: BaseException | None, logging_error: BaseException) -> None:
    """Write to stderr what a raising logger did not take, so that it is not lost."""
    for told in (f"{message}\n", error, "The logger raised:\n", logging_error):
        try:
            _write_to_stderr(told)
        except Exception:  # noqa: BLE001, S112 - stderr is gone or the error cannot be shown: there is nowhere left to say it
            continue


def _write_to_stderr(told: str | BaseException | None) -> None:
    if told is None:
        return
    text = told if isinstance(told, str) else "".join(traceback.format_exception(told))
    sys.stderr.write(text)
