"""What an exception that left a run means for its task. Pure."""

import asyncio
from dataclasses import dataclass
from typing import cast

from ostinato._outcomes import Outcome
from ostinato._shown import shown
from ostinato.errors import RunTimeoutError

__all__ = ["Verdict", "judge", "outcome_of", "text_of"]

_LONGEST_ERROR = 2_000
_LONGEST_WORD = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """The parts of an exception that left a run.

    Attributes:
        failure: What failed, or None where the run was only cancelled or interrupted.
        is_cancelled: A `CancelledError` was in it.
        is_interrupted: A `KeyboardInterrupt` was in it: the process is asked to stop.
    """

    failure: BaseException | None
    is_cancelled: bool
    is_interrupted: bool


def judge(error: BaseException) -> Verdict:
    """Return what *error* means: a failure, a cancellation, an interruption, or several at once.

    A `SystemExit` is a failure: a task does not decide that the server ends.
    """
    # Asked of the types: an exception's own `__class__` is the user's code, and may lie or raise.
    kind = type(error)
    if issubclass(kind, asyncio.CancelledError):
        return Verdict(None, is_cancelled=True, is_interrupted=False)
    if issubclass(kind, KeyboardInterrupt):
        return Verdict(None, is_cancelled=False, is_interrupted=True)
    if issubclass(kind, BaseExceptionGroup) and not issubclass(kind, ExceptionGroup):
        return _judge_group(cast("BaseExceptionGroup[BaseException]", error))
    return Verdict(error, is_cancelled=False, is_interrupted=False)


def _judge_group(group: BaseExceptionGroup[BaseException]) -> Verdict:
    try:
        cancelled, rest = group.split(asyncio.CancelledError)
        interrupted, failure = rest.split(KeyboardInterrupt) if rest else (None, None)
    except Exception:  # noqa: BLE001 - a group that cannot be taken apart is one failure
        return Verdict(group, is_cancelled=False, is_interrupted=False)
    return Verdict(failure, cancelled is not None, interrupted is not None)


def outcome_of(task_name: str, verdict: Verdict, *, is_abandoned: bool) -> Outcome:
    """Return how a run ended that raised what *verdict* is about."""
    failure = verdict.failure
    if isinstance(failure, RunTimeoutError) and failure.task_name == task_name:
        return Outcome.TIMED_OUT
    if failure is None and verdict.is_cancelled:
        return Outcome.ABANDONED if is_abandoned else Outcome.CANCELLED
    return Outcome.FAILED


def text_of(error: BaseException) -> str:
    """Return type and message of *error*, whatever its `str` does, and not too much of it."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - the message of a user's exception is the user's code
        message = shown(error)
    text = f"{type(error).__name__}: {message}"
    if len(text) <= _LONGEST_ERROR:
        return text
    # At a blank, if there is one: of half a password nobody could tell that it is one.
    head = text[:_LONGEST_ERROR]
    blank = max(head.rfind(" "), head.rfind("\n"))
    return head[:blank] if blank > _LONGEST_ERROR - _LONGEST_WORD else head
