"""What every scheduler that is compared can do: be told, be started, be stopped."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

__all__ = ["Function", "Subject", "cancelled"]

Function = Callable[[], Any]


class Subject(ABC):
    """One way to run periodic tasks.

    Attributes:
        declared: The functions, each with its period and its first wait, in seconds.
        begun: The time that the first waits count from, in seconds since 1970.
    """

    def __init__(self) -> None:
        """Begin without functions."""
        self.declared: list[tuple[Function, float, float]] = []
        self.begun = 0.0

    def declare(self, function: Function, period: float, first_wait: float) -> None:
        """Run *function* from the start on: after *first_wait* seconds, and then every *period*."""
        self.declared.append((function, period, first_wait))

    def first_due(self, first_wait: float) -> datetime:
        """Return the instant *first_wait* seconds after the start."""
        return datetime.fromtimestamp(self.begun + first_wait, UTC)

    @abstractmethod
    async def start(self) -> None:
        """Start what was declared."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop it; nothing of it is left behind."""


async def cancelled(tasks: list[asyncio.Task[Any]]) -> None:
    """Cancel *tasks* and await their ends."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
