"""From a scheduler to its worker, and to how its tasks stand there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ostinato._controls import Controls
from ostinato._engine._steering import Steering
from ostinato.errors import ForeignLoopError, NotRunningError

if TYPE_CHECKING:
    from ostinato._engine._standing import Standing
    from ostinato._engine._worker import Worker
    from ostinato._frequency import Frequency
    from ostinato._preparation import Preparation
    from ostinato._registry import Registry

__all__ = ["Reaching"]


class Reaching(Controls):
    """Finds tasks where they run."""

    name: str
    _registry: Registry
    _worker: Worker | None
    _preparation: Preparation

    def _reached(self) -> Worker:
        if self._worker is None:
            raise NotRunningError(self.name)
        if self._worker.environment.loop is not asyncio.get_running_loop():
            raise ForeignLoopError(f"the scheduler {self.name!r}", call="scheduler.status()")
        return self._worker

    def _reach(self, task: object) -> tuple[Standing, Steering]:
        name = self._registry.find(task).name
        worker = self._reached()
        return worker.standing_of(name), Steering(worker)

    def _reach_all(self) -> list[tuple[Standing, Steering]]:
        worker = self._reached()
        steering = Steering(worker)
        return [(worker.standing_of(task.name), steering) for task in self._registry]

    def _frequency(self) -> Frequency:
        return self._preparation.frequency

    def _check_starting(self) -> None:
        if not self._reached().is_running:
            raise NotRunningError(self.name)
