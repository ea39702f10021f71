"""What a claim finds of workers that died, and of ticks that were run before."""

from collections.abc import Mapping, Sequence
from typing import cast

from ostinato._lease import LEASE_EXPIRED, Claim, Lease, Reply, Skipped, Takeover
from ostinato._outcomes import SkipReason
from ostinato.stores.sql._claiming import (
    ABANDON,
    ABANDONED,
    BEGIN_FENCE,
    DROP_FENCE,
    FENCES,
    FREE,
    GIVE_UP,
    GIVEN_UP,
    NOTE_ABANDONED,
    TAKE_OVER,
    TAKE_OVER_RUN,
    UNDO_LEASE,
    UNDO_START,
)
from ostinato.stores.sql._history import SqlHistory
from ostinato.stores.sql._rows import LEASE_UNTIL, Row, task_row_of
from ostinato.stores.sql._session import Cursor

__all__ = ["SqlTakingOver"]


class SqlTakingOver(SqlHistory):
    """Records as abandoned, gives back, takes over, and fences off."""

    def _past_guards(
        self,
        cursor: Cursor,
        claims: Sequence[Claim | Takeover],
        seen: Mapping[str, Row],
        reply: Reply,
    ) -> list[Claim | Takeover]:
        """Leave out what a guarded transaction is about to commit: the others wait for nobody."""
        # Of a lease that is live the fence is not asked for: who settles, and claims the next tick,
        # comes to the row first, and to the fence behind.
        ends = ((each.name, seen[each.name][LEASE_UNTIL]) for each in claims)
        expired = [name for name, until in ends if until is not None and until <= reply.now]
        if not expired or not self._dialect.leave_out:
            return list(claims)
        end, free = self._dialect.leave_out, set[str]()
        for statement, given in self._each_chunk(FREE, expired, "name", end):
            cursor.execute(statement, given)
            free |= {row[0] for row in cursor.fetchall()}
        guarded = set(expired) - free
        reply.rows.update((name, task_row_of(seen[name], self._namespace)) for name in guarded)
        return [each for each in claims if each.name not in guarded]

    def _undo(self, cursor: Cursor, given: dict[str, object]) -> None:
        """Give back what was won of a tick that the history holds already."""
        undo = UNDO_LEASE if given["is_alone"] else UNDO_START
        cursor.execute(self._spell(undo), given)
        due = cast("int", given["due"])
        again = Skipped(due, due, 1, SkipReason.ALREADY_RUN)
        self._skip(cursor, cast("str", given["name"]), again)

    def _abandon(self, cursor: Cursor, given: dict[str, object]) -> None:
        """Record the runs whose leases have expired."""
        if self._dialect.is_guarded:
            cursor.execute(self._spell(GIVEN_UP), given)
            if fences := [{**given, "token": token} for (token,) in cursor.fetchall()]:
                cursor.executemany(self._spell(DROP_FENCE), fences)
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
        name, spec, taken, reruns = claim
        given = self._given(name=name, spec=spec, taken=taken, until=reply.now + lease)
        given["now"] = reply.now
        if not reruns:
            return self._give_up(cursor, name, given, reply)
        cursor.execute(self._spell(TAKE_OVER), given)
        is_taken = bool(cursor.rowcount)
        reply.rows.update(self._select(cursor, [name]))
        known = reply.rows.get(name)
        if not is_taken or known is None or known.held is None:
            return ()
        held = known.held
        given["token"] = held.token
        cursor.execute(self._spell(TAKE_OVER_RUN), given)
        self._fence(cursor, [name])
        return (held,)

    def _give_up(
        self, cursor: Cursor, name: str, given: dict[str, object], reply: Reply
    ) -> tuple[Lease, ...]:
        """Let the database decide whether a run is abandoned with which nobody goes on."""
        known = self._select(cursor, [name]).get(name)
        cursor.execute(self._spell(GIVE_UP), given)
        is_given_up = bool(cursor.rowcount)
        if is_given_up:
            self._abandon(cursor, {**given, "expired": LEASE_EXPIRED, "least": 0})
            self._fence(cursor, [name])
        reply.rows.update(self._select(cursor, [name]))
        if not is_given_up or known is None or known.held is None:
            return ()
        return (known.held,)

    def _fence(self, cursor: Cursor, names: Sequence[str]) -> None:
        """Let nothing be committed any more that was guarded with an older token."""
        if not self._dialect.is_guarded:
            return
        for statement, given in self._each_chunk(FENCES, names, "name"):
            cursor.execute(statement, given)

    def _fence_beside(self, cursor: Cursor, runs: Sequence[tuple[str, int]]) -> None:
        """Let what each of *runs* guards be committed, by its name and token."""
        if runs and self._dialect.is_guarded:
            begun = [self._given(name=name, token=token) for name, token in runs]
            cursor.executemany(self._spell(BEGIN_FENCE), begun)
