"""Errors about the event loop that something belongs to."""

from ostinato._error_root import OstinatoError
from ostinato._shown import shown

__all__ = ["ForeignLoopError", "NoRunningLoopError", "SchedulerRunningError"]


class ForeignLoopError(OstinatoError, RuntimeError):
    """A handle was used on another event loop than the one its task runs on."""

    def __init__(self, task_name: str, *, call: str = "handle.stop()") -> None:
        """Build the message from the *task_name*, and a *call* that somebody may have in mind."""
        self.task_name = task_name
        super().__init__(
            f"{task_name} runs on another event loop; use it there, for example by "
            f"asyncio.run_coroutine_threadsafe({call}, loop)"
        )


class NoRunningLoopError(OstinatoError, RuntimeError):
    """Something that belongs to the running event loop was asked for where none runs."""

    def __init__(self, feature: str, remedy: str) -> None:
        """Build the message from the *feature* and the *remedy*."""
        self.feature = feature
        super().__init__(f"{feature} belongs to the running event loop, and none runs; {remedy}")


class SchedulerRunningError(OstinatoError, RuntimeError):
    """A simulation was asked of a scheduler that is running."""

    def __init__(self, scheduler_name: str) -> None:
        """Build the message from the *scheduler_name*."""
        self.scheduler_name = scheduler_name
        super().__init__(
            f"the scheduler {shown(scheduler_name)} is running; simulate it before it starts, or "
            "when it has stopped, and not inside the application's lifespan"
        )
