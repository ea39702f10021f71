"""A claim: a look without a lock, and for what is promising one transaction."""

from collections.abc import Mapping, Sequence

from ostinato._lease import LEASE_EXPIRED, Claim, Lease, Reply, Skipped, Takeover, TaskRow
from ostinato._outcomes import RunKind, SkipReason
from ostinato.stores.sql import _claiming as claiming
from ostinato.stores.sql._history import SqlHistory
from ostinato.stores.sql._session import Cursor

__all__ = ["SqlClaims"]


class SqlClaims(SqlHistory):
    """Grants what can be granted."""

    def claim(self, claims: Sequence[Claim | Takeover], lease: int, /) -> Reply:
        """Take the leases that can be had.

        Raises:
            StoreError: The database did not do it, or the reply was lost: read before deciding.
        """
        reply = self._reply([claim.name for claim in claims])
        promising = [claim for claim in claims if _is_promising(claim, reply.rows)]
        if not promising:
            return reply

        def win(cursor: Cursor) -> list[Lease]:
            # In one order, as in `register`.
            leases = [
                self._take_over(cursor, claim, reply.now, lease)
                if isinstance(claim, Takeover)
                else self._grant(cursor, claim, reply.now, lease)
                for claim in sorted(promising, key=lambda claim: claim.name)
            ]
            reply.rows.update(self._select(cursor, [claim.name for claim in promising]))
            return [lease for lease in leases if lease is not None]

        return Reply(reply.now, self._sessions.write(win), reply.rows)

    def _grant(self, cursor: Cursor, claim: Claim, now: int, lease: int) -> Lease | None:
        """Let the database decide about *claim*, and write what a win brings with it."""
        name, spec, expected, due, next_due, passed, max_runs, kind, run_id, concurrency = claim
        is_alone = concurrency == 1
        given = self._given(
            name=name,
            spec=spec,
            expected=expected,
            due=due,
            next_due=next_due,
            max_runs=max_runs,
            kind=kind.value,
            run_id=run_id,
            concurrency=concurrency,
            until=now + lease,
            run_until=0 if is_alone else now + lease,
            expired=LEASE_EXPIRED,
            # Beside others, the lease of the task is left to who comes for it.
            least=0 if is_alone else 1,
        )
        given["now"] = now
        cursor.execute(self._spell(claiming.swap_of(claim, self._without)), given)
        if not cursor.rowcount:
            return None
        if due is not None:
            self._abandon(cursor, given)
        if passed is not None:
            self._skip(cursor, name, passed)
        if due is None:
            return None
        cursor.execute(self._spell(claiming.TOKEN), given)
        (token,) = cursor.fetchone()
        given["token"] = token
        given["number"] = 0 if kind is RunKind.TICK else token
        cursor.execute(self._spell(claiming.BEGIN_RUN), given)
        if not cursor.rowcount:
            undo = claiming.UNDO_LEASE if is_alone else claiming.UNDO_START
            cursor.execute(self._spell(undo), given)
            self._skip(cursor, name, Skipped(due, due, 1, SkipReason.ALREADY_RUN))
            return None
        if is_alone:
            cursor.execute(self._spell(claiming.FENCE), given)
        return Lease(name, due, token, now + lease, self._owner)

    def _abandon(self, cursor: Cursor, given: dict[str, object]) -> None:
        """Record the runs whose leases have expired."""
        cursor.execute(self._spell(claiming.ABANDON), given)
        if not cursor.rowcount:
            return
        cursor.execute(self._spell(claiming.ABANDONED), given)
        ran, kind, token, started = cursor.fetchone()
        told = {**given, "ran": ran, "ran_kind": kind, "ran_token": token, "ran_started": started}
        cursor.execute(self._spell(claiming.NOTE_ABANDONED), told)

    def _take_over(self, cursor: Cursor, claim: Takeover, now: int, lease: int) -> Lease | None:
        """Let the database decide who goes on with the run of a worker that died."""
        name, spec, taken = claim
        given = self._given(name=name, spec=spec, taken=taken, until=now + lease)
        given["now"] = now
        cursor.execute(self._spell(claiming.TAKE_OVER), given)
        if not cursor.rowcount:
            return None
        cursor.execute(self._spell(claiming.TAKEN), given)
        token, due = cursor.fetchone()
        given["token"] = token
        cursor.execute(self._spell(claiming.TAKE_OVER_RUN), given)
        cursor.execute(self._spell(claiming.FENCE), given)
        return Lease(name, due, token, now + lease, self._owner)


def _is_promising(claim: Claim | Takeover, rows: Mapping[str, TaskRow]) -> bool:
    """Return whether to ask for a lock: the row is as the claim expects it."""
    row = rows.get(claim.name)
    if row is None:
        return False
    if isinstance(claim, Takeover):
        return row.held is not None and row.held.token == claim.token
    return claim.kind is not RunKind.TICK or row.next_due == claim.expected
