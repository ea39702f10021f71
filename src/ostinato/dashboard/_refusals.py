"""What is answered where a scheduler raises: never more than whoever asks may know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostinato._shown import shown
from ostinato.dashboard._answer import Refusal
from ostinato.errors import (
    AlreadyRunningError,
    ConfigurationError,
    ForeignLoopError,
    NotRunningError,
    StoreError,
    StoreUnavailableError,
    TaskNotFoundError,
    TooFrequentError,
)

if TYPE_CHECKING:
    from ostinato.errors import OstinatoError

__all__ = ["refusal_for"]


def refusal_for(error: OstinatoError) -> Refusal:  # noqa: PLR0911 - one for each error
    """Return what is answered where *error* was raised.

    Raises:
        OstinatoError: The *error* itself, of which whoever asks is not the cause.
    """
    match error:
        case TaskNotFoundError():
            near = error.did_you_mean
            hint = None if near is None else f"did you mean {shown(near)}?"
            return Refusal(
                404, "task_not_found", f"there is no task {shown(error.task_name)}", hint
            )
        case AlreadyRunningError():
            message = f"{shown(error.task_name)} is running, and its policy allows no overlap"
            return Refusal(409, "already_running", message, "wait for its end, or cancel the run")
        case NotRunningError() | ForeignLoopError():
            message = "the scheduler is not running in this application"
            return Refusal(503, "not_running", message, "attach it: scheduler.attach(app)")
        case StoreUnavailableError():
            # Where the store is, is for the log.
            message = "the store does not answer"
            return Refusal(503, "store_unavailable", message, "the log says why")
        case StoreError():
            return Refusal(503, "store_failed", "the store did not do it", "the log says why")
        case TooFrequentError():
            # As above: its message says where the store is.
            message = f"{shown(error.task_name)} would be due more often than its store is asked"
            return Refusal(422, "invalid", message, "lengthen the period")
        case ConfigurationError():
            return Refusal(422, "invalid", str(error))
        case _:
            raise error
