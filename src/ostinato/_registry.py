"""The tasks of one scheduler, by name."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING
from weakref import WeakSet

from ostinato._shown import shown
from ostinato._task import Task
from ostinato.errors import DuplicateTaskError, InvalidArgumentError, TaskNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Registry", "await_inclusion", "note_inclusion", "take_not_included"]


class Registry:
    """The tasks of one scheduler, by name; no two have the same one."""

    def __init__(self) -> None:
        """Begin without tasks."""
        self.by_name: dict[str, Task] = {}

    def add(self, task: Task) -> None:
        """Add *task*.

        Raises:
            DuplicateTaskError: There is one of that name.
        """
        if task.name in self.by_name:
            raise DuplicateTaskError(task.name)
        self.by_name[task.name] = task

    def find(self, wanted: object) -> Task:
        """Return the task that is, or has the function or the name, *wanted*.

        Raises:
            InvalidArgumentError: It is the function of several tasks.
            TaskNotFoundError: There is none.
        """
        if isinstance(wanted, Task):
            wanted = wanted.name
        if isinstance(wanted, str):
            if (task := self.by_name.get(wanted)) is not None:
                return task
            close = get_close_matches(wanted, self.by_name, n=1)
            raise TaskNotFoundError(wanted, close[0] if close else None)
        found = [task for task in self.by_name.values() if task.function.function == wanted]
        if not found:
            raise TaskNotFoundError(shown(wanted), None)
        if len(found) > 1:
            names = ", ".join(shown(task.name) for task in found)
            problem, remedy = "is the function of several tasks", f"pass one of the names: {names}"
            raise InvalidArgumentError("task", wanted, problem, remedy)
        return found[0]

    def __iter__(self) -> Iterator[Task]:
        return iter(self.by_name.values())

    def __len__(self) -> int:
        return len(self.by_name)


# The references are weak: what is gone has no user left who waits for it to run.
_not_included: WeakSet[Registry] = WeakSet()


def await_inclusion(registry: Registry) -> None:
    """Expect a scheduler to take over the tasks of *registry*."""
    _not_included.add(registry)


def note_inclusion(registry: Registry) -> None:
    """Note that a scheduler has taken over the tasks of *registry*."""
    _not_included.discard(registry)


def take_not_included() -> list[str]:
    """Return, once, the names of the tasks that were declared and that no scheduler includes."""
    waiting = [registry for registry in _not_included if len(registry)]
    _not_included.difference_update(waiting)
    return sorted(name for registry in waiting for name in registry.by_name)
