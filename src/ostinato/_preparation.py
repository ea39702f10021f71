"""A scheduler's tasks before its first start: checked, registered, and prepared to be run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostinato._engine._prepare import prepare
from ostinato._injecting import injection_of, supplied
from ostinato._registry import Registry
from ostinato.errors import DuplicateTaskError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ostinato._engine._standing import Standing
    from ostinato._frequency import Frequency
    from ostinato._task import Task
    from ostinato.protocols import Injection

__all__ = ["Preparation"]


class Preparation:
    """Whatever is the same for all starts is done while tasks are declared: there may be many."""

    def __init__(self, frequency: Frequency) -> None:
        """Begin without tasks, whose store can be asked with that *frequency*."""
        self.frequency = frequency
        self.registry = Registry()
        # How the tasks stand before the first start.
        self._standings: dict[str, Standing] = {}
        # Those whose functions are supplied with more than the run.
        self._dependent: dict[str, Task] = {}

    def add(self, tasks: Sequence[Task]) -> None:
        """Add all of *tasks*, or none where one of them cannot work.

        Raises:
            DuplicateTaskError: There is a task of one of the names.
            InvalidFunctionError: Something that a function depends on cannot be supplied.
            TooFrequentError: A task is due more often than its store is asked.
        """
        # Not by looking at all that there are: they may be many, and come one by one.
        for task in tasks:
            if task.name in self.registry.by_name:
                raise DuplicateTaskError(task.name)
            self.frequency.check(task, task.schedule)
            if task.parameters.unresolved is None:
                # For what it refuses: a program that is wrong fails while it declares its tasks.
                injection_of(task)
        prepared = [prepare(task) for task in tasks]
        for task, standing in zip(tasks, prepared, strict=True):
            self.registry.add(task)
            self._standings[task.name] = standing
            if task.parameters.has_dependencies or task.parameters.unresolved is not None:
                self._dependent[task.name] = task

    def start(self) -> tuple[Iterator[Standing], Mapping[str, Injection]]:
        """Return how the tasks stand, each anew, and what supplies their functions, by name.

        Raises:
            UnresolvedTasksError: Functions cannot be supplied with what they ask for: all of them.
        """
        resolved, injections = supplied(self._dependent.values())
        self._dependent |= resolved
        prepared, self._standings = self._standings, {}
        if not resolved and len(prepared) == len(self.registry):
            return iter(prepared.values()), injections
        standings = (
            prepared[task.name]
            if task.name in prepared and task.name not in resolved
            else prepare(resolved.get(task.name, task))
            for task in self.registry
        )
        return standings, injections
