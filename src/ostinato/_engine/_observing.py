"""What a worker does that only looks at a shared store and steers: it claims no tick, ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostinato._engine._joining import follow, registrations_of
from ostinato._engine._sharing import Sharing
from ostinato.errors import ForeignDeclarationError, InvalidScheduleError

if TYPE_CHECKING:
    from ostinato._engine._standing import Standing
    from ostinato._lease import Reply, TaskRow

__all__ = ["Observing"]


class Observing(Sharing):
    """A worker that the others do not know of: it claims, watches, mends and prunes nothing."""

    async def open(self) -> None:
        """Open the store, and read how all tasks stand.

        Raises:
            StoreError: It cannot be what workers share, or does not answer.
        """
        await self.door.open(self._environment.namespace, self._host_now)
        self._reply = await self.door.rows()

    def register(self, standings: list[Standing]) -> None:
        """Let tasks stand as their rows say; those that no worker has declared yet, as declared."""
        del standings
        self._follow_rows(self._reply)

    async def look_again(self) -> None:
        """Read how all tasks stand by now.

        Raises:
            StoreError: The store does not answer.
        """
        self._reply = await self.door.rows()
        self._follow_rows(self._reply)

    async def make_known(self, standing: Standing) -> None:
        """Make a task known to the store that no worker has declared yet: one of it is to run.

        Raises:
            ForeignDeclarationError: The workers declare it with another schedule.
            StoreError: The store does not answer.
        """
        row = self._reply.rows.get(standing.name)
        if row is None:
            self._reply = await self.door.declared(registrations_of([standing], attends=False))
        elif row.spec != standing.spec:
            raise ForeignDeclarationError(standing.name, standing.spec, row.spec)

    def _follow_rows(self, reply: Reply | None) -> None:
        if reply is None or self.claims.is_stopped:
            return
        for name, row in reply.rows.items():
            standing = self._standings.get(name)
            if standing is None or not standing.is_shared:
                continue
            try:
                self._stand_as(standing, row)
            except InvalidScheduleError as error:
                # Another version wrote it, or a class of the user's own: what it says counts.
                standing.next_due = row.next_due
                self._environment.telling.tell("ostinato.schedule_not_read", name, error=error)

    def _stand_as(self, standing: Standing, row: TaskRow) -> None:
        standing.is_joined = True
        if standing.is_paused and not row.paused:
            self.claims.settling.note_free(standing)
        standing.is_paused, standing.paused_reason = row.paused, row.paused_reason
        standing.paused_until = row.paused_until
        standing.starts, standing.failures_in_row = row.starts, row.failures_in_row
        standing.last_success, standing.last_tick = row.last_success, row.last_due
        standing.latest = row.last_run
        # The anchor first: the ticks of a pause are skipped on the grid that the workers follow.
        follow(standing, row, self._timeline)
        standing.next_due = row.next_due
        standing.is_over = standing.is_used_up(row)
        standing.over_reason = "finished" if standing.is_over else None
