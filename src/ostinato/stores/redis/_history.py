"""What is remembered of the runs that have ended: kept, listed, counted, forgotten."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from ostinato._lease import Retention
from ostinato._run import Run
from ostinato.errors import TaskInUseError, TaskNotFoundError
from ostinato.stores._bell import Bell
from ostinato.stores._declaring import ALIVE, GRACE, UNSEEN
from ostinato.stores.redis._keys import Keys
from ostinato.stores.redis._link import Link
from ostinato.stores.redis._lua import Scripts
from ostinato.stores.redis._records import (
    declarations_of,
    key_of,
    range_in,
    range_of,
    record_of,
    run_of,
)

__all__ = ["RedisHistory"]

# How many records of a task are forgotten at once.
_SLICE = 1_000


class RedisHistory:
    """One worker's door to the server, and the history of one namespace."""

    def __init__(
        self, address: str, *, head: str = "ostinato", without: Collection[str] = ()
    ) -> None:
        """Prepare to connect to *address*.

        Args:
            address: As redis-py reads it.
            head: What every key begins with.
            without: The conditions that are left out of the scripts, to see that each is needed.

        Raises:
            ValueError: The address is none.
            TypeError: It asks for what no connection has.
        """
        self._link = Link(address)
        self._bell = Bell()
        self._scripts = Scripts(without)
        self._head = head
        self._keys = Keys(head, "")
        self._namespace = self._owner = ""
        self._grace, self._is_registered = GRACE, False
        self._now: Callable[[], float] = float
        # The names of the tasks that this worker has declared.
        self._mine: set[str] = set()

    def record(self, runs: Sequence[Run], /) -> None:
        """Remember *runs*, each once.

        Raises:
            StoreError: The server did not do it.
        """
        self._run([self._recorded(run) for run in runs])

    def runs(self, name: str, limit: int, /) -> list[Run]:
        """Return the latest *limit* runs of the task *name*, the newest first.

        Raises:
            StoreError: The server did not tell.
        """
        if limit < 1:
            return []
        keys = self._keys.of(name)
        latest, failed = self._run(
            [("LRANGE", each, 0, limit - 1) for each in (keys.runs, keys.failed)]
        )
        return [run_of(name, each, self._namespace) for each in (*latest, *failed)[:limit]]

    def prune(self, kept: Retention, /, *, every: int | None = None) -> int:
        """Forget the records that are not to be *kept*; return how many were forgotten.

        Raises:
            StoreError: The server did not do it.
        """
        if every is not None:
            each = [self._keys.of(name).task for name in sorted(self._mine)]
            self._run([self._scripts.call("still_here", (task,)) for task in each])
            (is_mine,) = self._run([("SET", self._keys.pruned, self._owner, "NX", "PX", every)])
            if not is_mine:
                return 0
            self._run([self._scripts.call("tidy", (self._keys.workers,), UNSEEN)])
        forgotten, names = 0, self._names()
        told = (kept.runs, _SLICE, kept.failures, kept.age)
        while names:
            keys = (self._keys.of(name) for name in names)
            counts = self._run(
                [
                    self._scripts.call("prune", (each.runs, each.told, each.failed), *told)
                    for each in keys
                ]
            )
            forgotten += sum(count for count, _ in counts)
            # In slices, between which others are served.
            names = [
                name for name, (_, looked) in zip(names, counts, strict=True) if looked == _SLICE
            ]
        return forgotten

    def forget(self, name: str, /) -> None:
        """Forget the task *name* and all its runs.

        Raises:
            StoreError: The server did not do it.
            TaskInUseError: A live worker has declared it.
            TaskNotFoundError: There is no such task.
        """
        fields, now = self._run([("HGETALL", self._keys.workers), self._scripts.call("now", ())])
        workers = declarations_of(fields)
        if any(seen >= now - ALIVE and name in declared for _, seen, declared in workers):
            raise TaskInUseError(name)
        keys = self._keys.of(name)
        # The row last: who finds it finds all of it.
        dropped = [("DEL", key) for key in (*keys[1:], keys.task)]
        *_, is_gone, _ = self._run([*dropped, ("SREM", self._keys.tasks, name)])
        if not is_gone:
            raise TaskNotFoundError(name, None)

    def summary(self) -> Mapping[str, Mapping[str, int]]:
        """Return how many ticks of each task ended in which outcome or skip reason.

        Raises:
            StoreError: The server did not tell.
        """
        names = self._names()
        found = self._run([("HGETALL", self._keys.of(name).counts) for name in names])
        return {
            name: dict(zip(counts[::2], map(int, counts[1::2]), strict=True))
            for name, counts in zip(names, found, strict=True)
            if counts
        }

    def _run(self, commands: Sequence[tuple[object, ...]]) -> list[Any]:
        return self._link.run(self._scripts, commands)

    def _names(self) -> list[str]:
        """Return the names of all tasks that were ever registered here."""
        (names,) = self._run([("SMEMBERS", self._keys.tasks)])
        return sorted(names)

    def _recorded(self, run: Run) -> tuple[object, ...]:
        told = (key_of(run), run.token, run.kind.value, run.outcome, record_of(run, self._owner))
        keys = self._keys.of(run.task_name)
        return self._scripts.call("record", keys, *told, *range_of(range_in(run)))
