"""What an exception that left a run means for its task. Pure."""

import asyncio
from dataclasses import dataclass

__all__ = ["Verdict", "judge"]


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
    match error:
        case asyncio.CancelledError():
            return Verdict(None, is_cancelled=True, is_interrupted=False)
        case KeyboardInterrupt():
            return Verdict(None, is_cancelled=False, is_interrupted=True)
        case BaseExceptionGroup() if not isinstance(error, ExceptionGroup):
            cancelled, rest = error.split(asyncio.CancelledError)
            interrupted, failure = rest.split(KeyboardInterrupt) if rest else (None, None)
            return Verdict(failure, cancelled is not None, interrupted is not None)
        case _:
            return Verdict(error, is_cancelled=False, is_interrupted=False)
