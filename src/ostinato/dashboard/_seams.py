"""What the HTTP API asks of a scheduler."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from ostinato._health import Health
from ostinato._run import Run
from ostinato._status import TaskStatus
from ostinato._task import Task
from ostinato.protocols import Schedule

__all__ = ["Steered", "Watched"]


class Watched(Protocol):
    """A scheduler that can be looked at."""

    @property
    def name(self) -> str:
        """Its namespace."""
        ...

    @property
    def tasks(self) -> Mapping[str, Task]:
        """Its tasks, by their names."""
        ...

    async def status(self) -> Sequence[TaskStatus]:
        """Return how each task stands."""
        ...

    async def health(self) -> Health:
        """Return whether the tasks run as they ought to, and do not raise."""
        ...

    async def history(self, task: object, *, limit: int = 100) -> list[Run]:
        """Return the latest *limit* runs of *task*, the newest first."""
        ...


class Steered(Protocol):
    """A scheduler that can be steered."""

    async def trigger(self, task: object) -> Run:
        """Start a run of *task*."""
        ...

    async def pause(
        self, task: object, *, reason: str | None = None, until: datetime | None = None
    ) -> None:
        """Let no tick of *task* run."""
        ...

    async def resume(self, task: object, *, catch_up: bool = False) -> None:
        """Let the ticks of *task* run again."""
        ...

    async def reschedule(self, task: object, schedule: Schedule) -> None:
        """Let *task* follow *schedule*."""
        ...

    async def cancel(self, run_id: str) -> bool:
        """Ask the run *run_id* to end; return whether it was under way."""
        ...
