"""What the HTTP API asks of a scheduler."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol, overload

from ostinato._health import Health
from ostinato._outcomes import Backfill, Outcome
from ostinato._run import Run, Tick
from ostinato._status import TaskStatus, WorkerStatus
from ostinato._task import Task
from ostinato.protocols import Schedule

__all__ = ["Remembered", "Steered", "Watched"]


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

    # How each task stands, or one of them, with the latest so many records.
    @overload
    async def status(self, *, recent: int = 0) -> Sequence[TaskStatus]: ...
    @overload
    async def status(self, task: object, *, recent: int = 0) -> TaskStatus: ...

    async def workers(self) -> Sequence[WorkerStatus]:
        """Return the workers that share the store."""
        ...

    async def health(self) -> Health:
        """Return whether the tasks run as they ought to, and do not raise."""
        ...

    # The next instants of each task, or of one of them, none behind *until*.
    @overload
    async def upcoming(
        self, *, n: int = 10, until: datetime | None = None
    ) -> Mapping[str, Sequence[datetime]]: ...
    @overload
    async def upcoming(
        self, task: object, n: int = 10, until: datetime | None = None
    ) -> Sequence[datetime]: ...


class Remembered(Protocol):
    """A scheduler that knows what has been."""

    async def history(
        self,
        task: object = None,
        *,
        limit: int = 100,
        outcomes: Collection[Outcome] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        before: str | None = None,
    ) -> Sequence[Run]:
        """Return the latest *limit* runs of *task*, or of all, the newest first."""
        ...

    async def run(self, run_id: str) -> Run | None:
        """Return the run *run_id*, if anybody remembers it."""
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

    async def reschedule(self, task: object, schedule: Schedule | str) -> None:
        """Let *task* follow *schedule*, or the one of that text."""
        ...

    async def backfill(
        self,
        task: object,
        start: datetime,
        end: datetime,
        *,
        mode: Backfill = Backfill.MISSING,
        dry_run: bool = True,
        force: bool = False,
    ) -> Sequence[Tick]:
        """Run the ticks of *task* from *start* up to *end* again; return which."""
        ...

    async def cancel(self, run_id: str) -> bool:
        """Ask the run *run_id* to end; return whether it was under way."""
        ...
