"""What a claim finds of workers that died, and of ticks that were run before."""

from typing import cast

from ostinato._lease import Lease, Reply, Skipped, Takeover
from ostinato._outcomes import SkipReason
from ostinato.stores.sql._claiming import (
    ABANDON,
    ABANDONED,
    FENCES,
    NOTE_ABANDONED,
    TAKE_OVER,
    TAKE_OVER_RUN,
    UNDO_LEASE,
    UNDO_START,
)
from ostinato.stores.sql._history import SqlHistory
from ostinato.stores.sql._session import Cursor

__all__ = ["SqlTakingOver"]


class SqlTakingOver(SqlHistory):
    """Records as abandoned, gives back, and takes over."""

    def _undo(self, cursor: Cursor, given: dict[str, object]) -> None:
        """Give back what was won of a tick that the history holds already."""
        undo = UNDO_LEASE if given["is_alone"] else UNDO_START
        cursor.execute(self._spell(undo), given)
        due = cast("int", given["due"])
        again = Skipped(due, due, 1, SkipReason.ALREADY_RUN)
        self._skip(cursor, cast("str", given["name"]), again)

    def _abandon(self, cursor: Cursor, given: dict[str, object]) -> None:
        """Record the runs whose leases have expired."""
        cursor.execute(self._spell(ABANDON), given)
        if not cursor.rowcount:
            return
        cursor.execute(self._spell(ABANDONED), given)
        ran, kind, token, started = cursor.fetchone()
        told = {**given, "ran": ran, "ran_kind": kind, "ran_token": token, "ran_started": started}
        cursor.execute(self._spell(NOTE_ABANDONED), told)

    def _take_over(
        self, cursor: Cursor, claim: Takeover, reply: Reply, lease: int
    ) -> tuple[Lease, ...]:
        """Let the database decide who goes on with the run of a worker that died."""
        name, spec, taken = claim
        given = self._given(name=name, spec=spec, taken=taken, until=reply.now + lease)
        given["now"] = reply.now
        cursor.execute(self._spell(TAKE_OVER), given)
        is_taken = bool(cursor.rowcount)
        reply.rows.update(self._select(cursor, [name]))
        held = reply.rows[name].held
        if not is_taken or held is None:
            return ()
        given["token"] = held.token
        cursor.execute(self._spell(TAKE_OVER_RUN), given)
        if self._dialect.is_guarded:
            for statement, fenced in self._each_chunk(FENCES, [name], "name"):
                cursor.execute(statement, fenced)
        return (held,)
