"""A claim: a look without a lock, and for what is promising one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from ostinato._lease import LEASE_EXPIRED, Claim, Lease, Reply, Takeover, TaskRow
from ostinato._outcomes import RunKind
from ostinato.stores.sql._claiming import (
    BEGIN_RUN,
    BEGIN_TICKS,
    COMMON,
    HAS_BEGUN,
    HOLD,
    RERUN,
    STANDING,
    Shape,
    is_common,
    shape_of,
    swap_of,
)
from ostinato.stores.sql._rows import (
    LEASE_TOKEN,
    LEASE_UNTIL,
    NEXT_DUE,
    TOKEN,
    Row,
    task_row_of,
)
from ostinato.stores.sql._session import Cursor
from ostinato.stores.sql._taking_over import SqlTakingOver

__all__ = ["SqlClaims", "is_promising"]


class SqlClaims(SqlTakingOver):
    """Grants what can be granted."""

    def claim(self, claims: Sequence[Claim | Takeover], lease: int, /) -> Reply:
        """Take the leases that can be had.

        Raises:
            StoreError: The database did not do it, or the reply was lost: read before deciding.
        """
        now, seen = self._rows([claim.name for claim in claims])
        promising = [claim for claim in claims if is_promising(claim, seen.get(claim.name))]
        asked = {claim.name for claim in promising}
        rows = {
            name: task_row_of(row, self._namespace)
            for name, row in seen.items()
            if name not in asked
        }
        reply = Reply(now, [], rows)
        if not promising:
            return reply

        left_out: set[str] = set()

        def win(cursor: Cursor) -> list[Lease]:
            leases: list[Lease] = []
            left_out.clear()
            tokens = {name: cast("int", row[TOKEN]) for name, row in seen.items()}
            for batch in _each_task_once(promising):
                to_have = self._past_guards(cursor, batch, seen, reply)
                heirs = {each.name for each in batch if isinstance(each, Takeover)}
                left_out.update(heirs.difference(each.name for each in to_have))
                wanted = [claim for claim in to_have if isinstance(claim, Claim)]
                leases += self._grant(cursor, wanted, reply, lease, tokens)
                for claim in to_have:
                    if isinstance(claim, Takeover):
                        leases += self._take_over(cursor, claim, reply, lease)
                had = [each.name for each in batch if each.name in reply.rows]
                tokens |= {name: reply.rows[name].token for name in had}
            return leases

        reply.leases.extend(self._sessions.write(win))
        return replace(reply, undecided=frozenset(left_out)) if left_out else reply

    def _grant(
        self,
        cursor: Cursor,
        claims: Sequence[Claim],
        reply: Reply,
        lease: int,
        before: Mapping[str, int],
    ) -> list[Lease]:
        """Let the database decide about *claims*, and write what each win brings with it.

        *before* are the tokens that their rows held when they were seen.
        """
        if not claims:
            return []
        until, shared = reply.now + lease, self._given()
        shared["now"], shared["until"] = reply.now, until
        common = [claim for claim in claims if is_common(claim)]
        is_all_won = True
        for shape in (COMMON, RERUN):
            alike = [claim for claim in common if shape_of(claim) == shape]
            is_all_won &= self._swap_all(cursor, shape, alike, shared, before)
        won = [claim for claim in claims if not is_common(claim)]
        won = [claim for claim in won if self._swap(cursor, claim, shared)]
        crowded = self._stand(cursor, [claim.name for claim in claims], reply.rows)
        if not is_all_won:
            common = [
                claim
                for claim in common
                if self._is_won(reply.rows[claim.name], before[claim.name])
            ]
        won += common
        changed = self._clear_the_way(cursor, won, crowded, shared)
        for claim in won:
            if claim.passed is not None:
                self._skip(cursor, claim.name, claim.passed)
        refused = self._begin(cursor, won, reply, shared)
        for given in refused:
            self._undo(cursor, given)
        lost = {cast("str", given["name"]) for given in refused}
        if changed or lost:
            reply.rows.update(self._select(cursor, [*changed, *lost]))
        runs = [claim for claim in won if claim.due is not None]
        self._fence(cursor, [claim.name for claim in runs if claim.concurrency == 1])
        beside = [claim for claim in runs if claim.concurrency != 1 and claim.name not in lost]
        self._fence_beside(cursor, [(claim.name, reply.rows[claim.name].token) for claim in beside])
        return [
            Lease(claim.name, claim.due, reply.rows[claim.name].token, until, self._owner)
            for claim in won
            if claim.due is not None and claim.name not in lost
        ]

    def _swap_all(
        self,
        cursor: Cursor,
        shape: Shape,
        claims: Sequence[Claim],
        shared: dict[str, object],
        before: Mapping[str, int],
    ) -> bool:
        """Write those of *claims*, of ticks that run alone, whose rows are as they expect.

        Args:
            cursor: In a transaction.
            shape: Of all of them.
            claims: What is asked for.
            shared: What all of them are given.
            before: The token that each of their rows held.

        Returns:
            Whether that was all of them.
        """
        del before
        if not claims:
            return True
        given = [_given_of(claim, shared) for claim in claims]
        cursor.executemany(self._spell_swap(shape), given)
        return cursor.rowcount == len(claims)

    def _is_won(self, row: TaskRow, before: int) -> bool:
        """Return whether this worker has claimed what *row* tells of, whose token was *before*.

        Another worker's claim would have left its name; of this one's there is none in between.
        """
        return row.held is not None and row.held.owner == self._owner and row.token > before

    def _swap(self, cursor: Cursor, claim: Claim, shared: dict[str, object]) -> bool:
        """Write *claim* if its row is as it expects; return whether it was."""
        given = _given_of(claim, shared)
        if claim.due is not None and claim.concurrency != 1 and self._dialect.hold:
            # Who waits for the row would count the runs beside as they were before.
            cursor.execute(self._spell(HOLD), given)
            cursor.fetchall()
        cursor.execute(self._spell_swap(shape_of(claim)), given)
        return bool(cursor.rowcount)

    def _spell_swap(self, shape: Shape) -> str:
        swap = self._swaps.get(shape)
        if swap is None:
            swap = self._swaps[shape] = self._spell(swap_of(shape, self._without))
        return swap

    def _stand(
        self, cursor: Cursor, names: Sequence[str], rows: dict[str, TaskRow]
    ) -> dict[str, int]:
        """Note in *rows* how tasks stand; return how many runs of each are under way, if any."""
        crowded: dict[str, int] = {}
        for statement, given in self._each_chunk(STANDING, names, "name"):
            cursor.execute(statement, given)
            for row in cursor.fetchall():
                rows[row[0]] = task_row_of(row, self._namespace)
                if row[-1]:
                    crowded[row[0]] = row[-1]
        return crowded

    def _clear_the_way(
        self,
        cursor: Cursor,
        won: Sequence[Claim],
        crowded: Mapping[str, int],
        shared: dict[str, object],
    ) -> list[str]:
        """Record the runs whose leases have expired; return the names of their tasks."""
        changed: list[str] = []
        for claim in won:
            if claim.due is None or claim.name not in crowded:
                continue
            # Beside others, the lease of the task is left to who comes for it.
            least = 0 if claim.concurrency == 1 else 1
            given = {**shared, "name": claim.name, "expired": LEASE_EXPIRED, "least": least}
            self._abandon(cursor, given)
            changed.append(claim.name)
        return changed

    def _begin(
        self, cursor: Cursor, won: Sequence[Claim], reply: Reply, shared: dict[str, object]
    ) -> list[dict[str, object]]:
        """Write that what was *won* has begun; return what the history holds already."""
        runs = [claim for claim in won if claim.due is not None]
        ticks = [claim.name for claim in runs if is_common(claim)]
        begun = 0
        for statement, given in self._each_chunk(BEGIN_TICKS, ticks, "name", end=" {keep}"):
            cursor.execute(statement, {**given, "now": shared["now"]})
            begun += cursor.rowcount
        others = [
            self._begun(claim, reply.rows[claim.name].token, shared)
            for claim in runs
            if not is_common(claim)
        ]
        if others:
            cursor.executemany(self._spell(BEGIN_RUN), others)
            begun += cursor.rowcount
        if begun == len(runs):
            return []
        told = [self._begun(claim, reply.rows[claim.name].token, shared) for claim in runs]
        refused: list[dict[str, object]] = []
        for given in told:
            cursor.execute(self._spell(HAS_BEGUN), given)
            if cursor.fetchone() is None:
                refused.append(given)
        return refused

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


def _each_task_once(claims: Sequence[Claim | Takeover]) -> Iterator[list[Claim | Takeover]]:
    """Yield *claims* in batches that ask for no task twice, in one order, as in `register`."""
    left = sorted(claims, key=lambda claim: claim.name)
    while left:
        first: dict[str, Claim | Takeover] = {}
        again = [claim for claim in left if first.setdefault(claim.name, claim) is not claim]
        yield list(first.values())
        left = again


def is_promising(claim: Claim | Takeover, row: Row | None) -> bool:
    """Return whether to ask for a lock: the row is as the claim expects it."""
    if row is None:
        return False
    if isinstance(claim, Takeover):
        return row[LEASE_UNTIL] is not None and row[LEASE_TOKEN] == claim.token
    return claim.kind is not RunKind.TICK or row[NEXT_DUE] == claim.expected


def _given_of(claim: Claim, shared: dict[str, object]) -> dict[str, object]:
    name, spec, expected, due, next_due, _, max_runs, _, _, concurrency, _ = claim
    return {
        **shared,
        "name": name,
        "spec": spec,
        "expected": expected,
        "due": due,
        "next_due": next_due,
        "max_runs": max_runs,
        "concurrency": concurrency,
    }
