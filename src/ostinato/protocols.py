"""The seams: what the parts ask of each other, and of what users bring along."""

from datetime import datetime
from typing import Protocol, runtime_checkable

__all__ = ["ErrorLogger", "RunObserver", "Schedule"]


class ErrorLogger(Protocol):
    """What `repeat_every(logger=...)` asks of a logger; `logging.Logger` and others have it."""

    def error(self, message: str, /) -> object:
        """Log *message* at the level ERROR."""
        ...


class RunObserver(Protocol):
    """Is told how the runs of one function end; cannot steer them."""

    def run_failed(self, run: int, error: BaseException, /) -> None:
        """Tell that the run numbered *run* raised *error*."""
        ...

    def run_cancelled(self, run: int, /) -> None:
        """Tell that the run ended with a `CancelledError` of its own making."""
        ...

    def run_abandoned(self, function_name: str, /) -> None:
        """Tell that a function goes on in its thread although its task was cancelled."""
        ...

    def hook_failed(self, hook_name: str, error: BaseException, /) -> None:
        """Tell that a hook raised an *error* of its own, which changes nothing."""
        ...

    def repetition_stopped(self, reason: str, /) -> None:
        """Tell that the repetition ended on purpose, before its last run."""
        ...


@runtime_checkable
class Schedule(Protocol):
    """A pure value that answers one question: which is the first instant after this one?

    The answer depends on nothing else, so that every process gives the same.
    """

    def next_after(self, instant: datetime, /) -> datetime | None:
        """Return the first instant strictly after *instant*, in UTC, or None if there is none."""
        ...

    def anchored(self, at: datetime, /) -> "Schedule":
        """Return the schedule bound to its first due instant *at*, where it needs one."""
        ...

    def describe(self) -> str:
        """Return the schedule in words."""
        ...

    @property
    def text(self) -> str:
        """The canonical text: equal for equal declarations, in every process and version."""
        ...
