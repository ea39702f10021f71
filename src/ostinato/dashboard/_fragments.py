"""The JSON of tasks, piece by piece: what has not changed is not built again."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from ostinato._outcomes import RunKind
from ostinato.dashboard._answer import encoded
from ostinato.dashboard._shapes import is_late, run_shape, task_shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ostinato._run import Run
    from ostinato._status import TaskStatus
    from ostinato._task import Task
    from ostinato.dashboard._texts import Texts

__all__ = ["Fragment", "Fragments"]


@dataclass(frozen=True, slots=True)
class Fragment:
    """The JSON of one task.

    Attributes:
        text: The JSON.
        digest: Differs where the text does.
        mark: What it was made from; None: it is not to be used again.
        runs: The latest runs, and the JSON of each, by the identity of the run.
    """

    text: bytes
    digest: bytes
    mark: tuple[object, ...] | None
    runs: Mapping[int, tuple[Run, bytes]]


@dataclass(frozen=True, slots=True)
class Fragments:
    """Builds the JSON of tasks, in threads; a thousand with 5 runs each are 2.5 megabytes.

    Attributes:
        texts: Shortens and redacts what is shown.
        kept: The latest fragment of each task, by its name.
    """

    texts: Texts
    kept: dict[str, Fragment] = field(default_factory=dict[str, Fragment])

    def of(
        self, statuses: Sequence[TaskStatus], declared: Mapping[str, Task], now: float
    ) -> list[Fragment]:
        """Return the fragments of tasks, which stand as *statuses* say *now*, in milliseconds."""
        return [self._of(status, declared[status.name], now) for status in statuses]

    def _of(self, status: TaskStatus, task: Task, now: float) -> Fragment:
        mark, kept = _mark(status, now), self.kept.get(status.name)
        if kept is not None and mark is not None and kept.mark == mark:
            return kept
        runs: dict[int, tuple[Run, bytes]] = {}
        for run in status.recent:
            # A range of skipped ticks gets longer.
            is_over = kept is not None and run.kind is not RunKind.SKIPPED
            known = kept.runs.get(id(run)) if kept is not None and is_over else None
            # The run is kept with its text: so long no other one has its identity.
            runs[id(run)] = known or (run, encoded(run_shape(run, self.texts)))
        shape = task_shape(status, task, now, self.texts)
        recent = b",".join(text for _, text in runs.values())
        text = encoded(shape)[:-1] + b',"recent":[' + recent + b"]}"
        made = Fragment(text, blake2b(text, digest_size=16).digest(), mark, runs)
        self.kept[status.name] = made
        return made


def _mark(status: TaskStatus, now: float) -> tuple[object, ...] | None:
    """Return what tells how a task stands; None: it changes by itself, for runs are under way."""
    if status.running:
        return None
    last = status.last_run
    return (
        status.state,
        status.schedule,
        status.schedule_text,
        status.next_run,
        is_late(status, now),
        status.is_stuck,
        None if last is None else (last.finished, last.token, last.outcome, last.kind, last.due),
        status.last_success,
        status.starts,
        status.failures_in_row,
        tuple(status.counts.items()),
        status.reason,
        status.paused_until,
        # Runs are equal where they are the same object: what has ended does not change.
        status.recent,
    )
