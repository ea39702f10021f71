"""A claim: a look without a lock, and for what is promising one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

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
            leases: list[Lease] = []
            for batch in _each_task_once(promising):
                to_have = self._past_guards(cursor, batch, reply)
                wanted = [claim for claim in to_have if isinstance(claim, Claim)]
                leases += self._grant(cursor, wanted, reply, lease)
                for claim in to_have:
                    if isinstance(claim, Takeover):
                        leases += self._take_over(cursor, claim, reply, lease)
            return leases

        return Reply(reply.now, self._sessions.write(win), reply.rows)

    def _past_guards(
        self, cursor: Cursor, claims: Sequence[Claim | Takeover], reply: Reply
    ) -> list[Claim | Takeover]:
        """Leave out what a guarded transaction is about to commit: the others wait for nobody."""
        expired = [each.name for each in claims if reply.rows[each.name].held is not None]
        if not expired or not self._dialect.leave_out:
            return list(claims)
        end, free = self._dialect.leave_out, set[str]()
        for statement, given in self._each_chunk(claiming.FREE, expired, "name", end):
            cursor.execute(statement, given)
            free |= {row[0] for row in cursor.fetchall()}
        return [each for each in claims if each.name in free or each.name not in expired]

    def _grant(
        self, cursor: Cursor, claims: Sequence[Claim], reply: Reply, lease: int
    ) -> list[Lease]:
        """Let the database decide about *claims*, and write what each win brings with it."""
        if not claims:
            return []
        until, shared = reply.now + lease, self._given()
        shared["now"], shared["until"] = reply.now, until
        won = self._swap(cursor, claims, shared)
        reply.rows.update(self._select(cursor, [claim.name for claim in claims]))
        begun: list[Claim] = []
        changed = self._clear_the_way(cursor, won, shared)
        for claim in won:
            if claim.passed is not None:
                self._skip(cursor, claim.name, claim.passed)
            if claim.due is not None:
                begun.append(claim)
        told = [self._begun(claim, reply.rows[claim.name].token, shared) for claim in begun]
        refused = self._begin(cursor, told)
        for given in refused:
            self._undo(cursor, given)
        lost = [cast("str", given["name"]) for given in refused]
        changed += lost
        if changed:
            reply.rows.update(self._select(cursor, changed))
        alone = [claim.name for claim in begun if claim.concurrency == 1]
        self._fence(cursor, alone)
        beside = [given for given in told if not given["is_alone"] and given not in refused]
        if beside:
            cursor.executemany(self._spell(claiming.BEGIN_FENCE), beside)
        return [
            Lease(claim.name, claim.due, reply.rows[claim.name].token, until, self._owner)
            for claim in begun
            if claim.due is not None and claim.name not in lost
        ]

    def _swap(
        self, cursor: Cursor, claims: Sequence[Claim], shared: dict[str, object]
    ) -> list[Claim]:
        """Write those of *claims* whose rows are as they expect; return them."""
        won: list[Claim] = []
        for claim in claims:
            _, spec, expected, due, next_due, _, max_runs, _, _, concurrency, _ = claim
            shape = claiming.shape_of(claim)
            swap = self._swaps.get(shape)
            if swap is None:
                swap = self._swaps[shape] = self._spell(claiming.swap_of(shape, self._without))
            given = {
                **shared,
                "name": claim.name,
                "spec": spec,
                "expected": expected,
                "due": due,
                "next_due": next_due,
                "max_runs": max_runs,
                "concurrency": concurrency,
            }
            cursor.execute(swap, given)
            if cursor.rowcount:
                won.append(claim)
        return won

    def _clear_the_way(
        self, cursor: Cursor, won: Sequence[Claim], shared: dict[str, object]
    ) -> list[str]:
        """Record the runs whose leases have expired; return the names of their tasks."""
        names = [claim.name for claim in won if claim.due is not None]
        left: set[str] = set()
        for statement, given in self._each_chunk(claiming.OPEN, names, "name"):
            cursor.execute(statement, given)
            left |= {row[0] for row in cursor.fetchall()}
        for claim in won:
            if claim.name in left:
                # Beside others, the lease of the task is left to who comes for it.
                least = 0 if claim.concurrency == 1 else 1
                given = {**shared, "name": claim.name, "expired": LEASE_EXPIRED, "least": least}
                self._abandon(cursor, given)
        return sorted(left)

    def _begun(self, claim: Claim, token: int, shared: dict[str, object]) -> dict[str, object]:
        is_alone = claim.concurrency == 1
        return {
            **shared,
            "name": claim.name,
            "due": claim.due,
            "number": 0 if claim.kind is RunKind.TICK else token,
            "kind": claim.kind.value,
            "run_id": claim.run_id,
            "token": token,
            "run_until": 0 if is_alone else shared["until"],
            "is_alone": is_alone,
        }

    def _begin(self, cursor: Cursor, begun: list[dict[str, object]]) -> list[dict[str, object]]:
        """Write that the runs have *begun*; return those that the history holds already."""
        if not begun:
            return []
        statement = self._spell(claiming.BEGIN_RUN)
        cursor.executemany(statement, begun)
        if cursor.rowcount == len(begun):
            return []
        refused: list[dict[str, object]] = []
        for given in begun:
            cursor.execute(self._spell(claiming.HAS_BEGUN), given)
            if cursor.fetchone() is None:
                refused.append(given)
        return refused

    def _undo(self, cursor: Cursor, given: dict[str, object]) -> None:
        """Give back what was won of a tick that the history holds already."""
        undo = claiming.UNDO_LEASE if given["is_alone"] else claiming.UNDO_START
        cursor.execute(self._spell(undo), given)
        due = cast("int", given["due"])
        again = Skipped(due, due, 1, SkipReason.ALREADY_RUN)
        self._skip(cursor, cast("str", given["name"]), again)

    def _abandon(self, cursor: Cursor, given: dict[str, object]) -> None:
        """Record the runs whose leases have expired."""
        cursor.execute(self._spell(claiming.GIVEN_UP), given)
        if fences := [{**given, "token": token} for (token,) in cursor.fetchall()]:
            cursor.executemany(self._spell(claiming.DROP_FENCE), fences)
        cursor.execute(self._spell(claiming.ABANDON), given)
        if not cursor.rowcount:
            return
        cursor.execute(self._spell(claiming.ABANDONED), given)
        ran, kind, token, started = cursor.fetchone()
        told = {**given, "ran": ran, "ran_kind": kind, "ran_token": token, "ran_started": started}
        cursor.execute(self._spell(claiming.NOTE_ABANDONED), told)

    def _take_over(
        self, cursor: Cursor, claim: Takeover, reply: Reply, lease: int
    ) -> tuple[Lease, ...]:
        """Let the database decide who goes on with the run of a worker that died."""
        name, spec, taken, reruns = claim
        given = self._given(name=name, spec=spec, taken=taken, until=reply.now + lease)
        given["now"] = reply.now
        if not reruns:
            return self._give_up(cursor, name, given, reply)
        cursor.execute(self._spell(claiming.TAKE_OVER), given)
        is_taken = bool(cursor.rowcount)
        reply.rows.update(self._select(cursor, [name]))
        held = reply.rows[name].held
        if not is_taken or held is None:
            return ()
        given["token"] = held.token
        cursor.execute(self._spell(claiming.TAKE_OVER_RUN), given)
        self._fence(cursor, [name])
        return (held,)

    def _give_up(
        self, cursor: Cursor, name: str, given: dict[str, object], reply: Reply
    ) -> tuple[Lease, ...]:
        """Let the database decide whether a run is abandoned with which nobody goes on."""
        expired = reply.rows[name].held
        cursor.execute(self._spell(claiming.GIVE_UP), given)
        if expired is None or not cursor.rowcount:
            return ()
        self._abandon(cursor, {**given, "expired": LEASE_EXPIRED, "least": 0})
        self._fence(cursor, [name])
        reply.rows.update(self._select(cursor, [name]))
        return (expired,)

    def _fence(self, cursor: Cursor, names: Sequence[str]) -> None:
        """Let nothing be committed any more that was guarded with an older token."""
        for statement, given in self._each_chunk(claiming.FENCES, names, "name"):
            cursor.execute(statement, given)


def _each_task_once(claims: Sequence[Claim | Takeover]) -> Iterator[list[Claim | Takeover]]:
    """Yield *claims* in batches that ask for no task twice, in one order, as in `register`."""
    left = sorted(claims, key=lambda claim: claim.name)
    while left:
        first: dict[str, Claim | Takeover] = {}
        again = [claim for claim in left if first.setdefault(claim.name, claim) is not claim]
        yield list(first.values())
        left = again


def _is_promising(claim: Claim | Takeover, rows: Mapping[str, TaskRow]) -> bool:
    """Return whether to ask for a lock: the row is as the claim expects it."""
    row = rows.get(claim.name)
    if row is None:
        return False
    if isinstance(claim, Takeover):
        return row.held is not None and row.held.token == claim.token
    return claim.kind is not RunKind.TICK or row.next_due == claim.expected
