"""A tick, and what is known of one execution of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ostinato._instants import instant_of
from ostinato._place import Place

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ostinato._outcomes import RunKind, SkipReason
    from ostinato._rarities import Rarities

__all__ = ["Facts", "Tick"]


@dataclass(frozen=True, slots=True)
class Tick:
    """One instant at which one task is due: its identity in every process."""

    task: str
    due: datetime


class Facts:
    """What is known of a run: read from the plain numbers that it holds."""

    __slots__ = ()

    task_name: str
    kind: RunKind
    token: int
    _namespace: str
    _due: int
    _start_at: int | None
    _started: float | None
    _finished: float | None
    _previous_success: int | None
    _rarities: Rarities | None
    # Known of what a store tells, and not set before: runs are made for every tick.
    _worker: str | None
    _tzdb: str | None
    _place: tuple[int, int]

    @property
    def id(self) -> str:
        """The same over attempts, takeovers and workers: an idempotency key for other systems."""
        if self._rarities is not None and self._rarities.id is not None:
            return self._rarities.id
        due = self.due.replace(tzinfo=None).isoformat(timespec="milliseconds")
        return f"{self._namespace}/{self.task_name}/{due}Z"

    @property
    def reason(self) -> SkipReason | None:
        """Why ticks were skipped; None for a run."""
        return None if self._rarities is None else self._rarities.reason

    @property
    def count(self) -> int:
        """How many ticks this is about: one, but for a range of skipped ones."""
        return 1 if self._rarities is None else self._rarities.count

    @property
    def progressed(self) -> float | None:
        """How far the run said it is, from 0 to 1."""
        return None if self._rarities is None else self._rarities.progressed

    @property
    def message(self) -> str | None:
        """What the run said it is doing."""
        return None if self._rarities is None else self._rarities.message

    @property
    def tick(self) -> Tick:
        """The tick that is run."""
        return Tick(self.task_name, self.due)

    @property
    def due(self) -> datetime:
        """The instant of the tick, in UTC: from the schedule, without jitter."""
        return instant_of(self._due)

    @property
    def last_due(self) -> datetime:
        """The last instant of a range of skipped ticks; of a single tick its only one."""
        last = None if self._rarities is None else self._rarities.last_due
        return instant_of(self._due if last is None else last)

    @property
    def started(self) -> datetime | None:
        """When the first attempt began, in UTC."""
        return None if self._started is None else instant_of(self._started)

    @property
    def finished(self) -> datetime | None:
        """When the run ended, in UTC; None while it is under way."""
        return None if self._finished is None else instant_of(self._finished)

    @property
    def duration(self) -> timedelta | None:
        """How long the run took, all attempts included; None while it is under way."""
        if self.finished is None or self.started is None:
            return None
        return self.finished - self.started

    @property
    def lateness(self) -> timedelta | None:
        """How long after its instant, jitter included, the first attempt began."""
        if self.started is None:
            return None
        return self.started - instant_of(self._due if self._start_at is None else self._start_at)

    @property
    def previous_success(self) -> datetime | None:
        """The instant of the latest tick whose run succeeded; None if none is remembered."""
        return None if self._previous_success is None else instant_of(self._previous_success)

    @property
    def worker(self) -> str | None:
        """The id of the worker that has run it, of a run that the scheduler was asked for."""
        return getattr(self, "_worker", None)

    @property
    def tzdb(self) -> str | None:
        """The release of the time zone database by which its worker has claimed it, as "2025b".

        Of a run that a shared store tells of; None where the worker's system does not say.
        """
        return getattr(self, "_tzdb", None)

    @property
    def cursor(self) -> str | None:
        """Where it stands in the history, for `history(before=...)`; None while it is under way."""
        place = getattr(self, "_place", None)
        return None if place is None else self._standing_at(place).text

    def _standing_at(self, place: tuple[int, int]) -> Place:
        is_tick = self.kind.value in ("tick", "skipped")
        number = 0 if is_tick else self.token or -1
        reason = "" if self.reason is None else self.reason.value
        return Place(*place, self._due, number, self.task_name, reason)
