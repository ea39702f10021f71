"""What is likely to be a mistake is said when a scheduler starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostinato._containers import container_of
from ostinato._start_up import warn_of_container, warn_of_not_included, warn_of_workers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ostinato._memory import Memory
    from ostinato._task import Task

__all__ = ["warn_of_start"]


def warn_of_start(name: str, memory: Memory, tasks: Iterable[Task], *, is_live: bool) -> None:
    """Log what is likely to be a mistake, as the scheduler *name* starts over its *memory*."""
    if memory.is_alone:
        warn_of_workers(name, tasks, is_live=is_live)
    elif (file := memory.file) is not None and (container := container_of(file)) is not None:
        warn_of_container(name, file, container)
    warn_of_not_included(name, is_live=is_live)
