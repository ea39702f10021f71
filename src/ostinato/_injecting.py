"""Find what supplies tasks' functions with their parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from ostinato._parameters import Parameters
from ostinato._task import Task
from ostinato.errors import InvalidFunctionError, UnresolvedTasksError

if TYPE_CHECKING:
    # Loaded only where a task asks for what it supplies.
    from ostinato.fastapi import Dependencies

__all__ = ["injection_of", "supplied"]


def injection_of(task: Task) -> Dependencies | None:
    """Return what supplies the function of *task*; None where the run alone does.

    Raises:
        InvalidFunctionError: Something that the function depends on cannot be supplied.
    """
    if not task.parameters.has_dependencies:
        return None
    from ostinato.fastapi import Dependencies  # noqa: PLC0415 - as above

    return Dependencies.of(task.function.function, name=task.name)


def supplied(declared: Iterable[Task]) -> tuple[dict[str, Task], dict[str, Dependencies]]:
    """Return the tasks and what supplies them, by name, now that the program has been imported.

    Raises:
        UnresolvedTasksError: Functions cannot be supplied with what they ask for: all of them.
    """
    tasks: dict[str, Task] = {}
    injections: dict[str, Dependencies] = {}
    problems: list[str] = []
    for task in declared:
        try:
            resolved = _resolved(task)
            injection = injection_of(resolved)
        except InvalidFunctionError as error:
            problems.append(str(error))
            continue
        tasks[task.name] = resolved
        unresolved = resolved.parameters.unresolved
        if injection is not None:
            injections[task.name] = injection
            unresolved = unresolved or injection.unresolved
        if unresolved is not None:
            problems.append(f"{task.name}: {unresolved}")
    if problems:
        raise UnresolvedTasksError(problems)
    return tasks, injections


def _resolved(task: Task) -> Task:
    if task.parameters.unresolved is None:
        return task
    return replace(task, parameters=Parameters.of(task.function.function, role="the task"))
