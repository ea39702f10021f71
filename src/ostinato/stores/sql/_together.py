"""Many at once over SQLite, and what comes together: few statements, and one transaction."""

from collections.abc import Sequence
from functools import cached_property, partial
from operator import itemgetter
from typing import Any

from ostinato._lease import Claim, Reply, Settlement, Takeover
from ostinato.stores.sql._batching import Placed, placed
from ostinato.stores.sql._claiming import BEGIN_TICKS, is_plain, lone_of
from ostinato.stores.sql._ending import END_RUN, ENDED, SETTLE_TICK
from ostinato.stores.sql._rows import task_row_of
from ostinato.stores.sql._session import Cursor
from ostinato.stores.sql._settling import ROWS, NotAllHeldError
from ostinato.stores.sql._store import SqlStore

__all__ = ["SqlTogether"]

_PEEK = "SELECT name, next_due FROM {task} WHERE ns = :ns"
# Where each value is found in what is known of a claim, and of an end.
_SHARED = ("ns", "owner", "now", "until")
_OF_CLAIM = {name: place for place, name in enumerate((*Claim._fields, *_SHARED))}
_OF_END = {name: name for name in (*ENDED, "ns", "now")}
_name_of = itemgetter(0)


class SqlTogether(SqlStore):
    """Does what is common all at once, where all of it is as it is expected to be."""

    def claim(
        self,
        claims: Sequence[Claim | Takeover],
        lease: int,
        ended: Sequence[Settlement] = (),
        /,
    ) -> Reply:
        """Take the leases that can be had, in one transaction with what has *ended*.

        Where anything is not as it is in most cases, nothing of that is written, and everything is
        done one after the other.

        Raises:
            StoreError: The database did not do it, or the reply was lost: read before deciding.
        """
        ends = self._ends_of(ended)
        # A tick alone, with nothing that has to be written before it, most workers lose.
        if ends is not None and len(claims) + len(ends) > 1:
            now = int(self._now())
            plain = self._all_plain(claims)
            if plain:
                try:
                    return self._sessions.write(partial(self._win, plain, ends, now, lease))
                except NotAllHeldError:
                    pass
        return super().claim(claims, lease, ended)

    def _all_plain(self, claims: Sequence[Claim | Takeover]) -> list[Claim]:
        """Return *claims*, if all are of ticks that run alone, and their rows as they expect."""
        plain = [claim for claim in claims if isinstance(claim, Claim) and is_plain(claim)]
        names = list(map(_name_of, plain))
        if len(set(names)) < len(claims):
            return []
        seen = {row[0]: row[1] for row in self._look(_PEEK, names, "name")}
        return plain if all(seen.get(each.name) == each.expected for each in plain) else []

    def _win(
        self,
        claims: Sequence[Claim],
        ends: Sequence[dict[str, object]],
        now: int,
        lease: int,
        cursor: Cursor,
    ) -> Reply:
        """Write all *ends*, and all of *claims* as won.

        Raises:
            NotAllHeldError: One is not: nothing may be left of what was written.
        """
        self._record(cursor, ends)
        statement, values_of = self._lone
        shared = self._namespace, self._owner, now, now + lease
        cursor.executemany(statement, [values_of((*claim, *shared)) for claim in claims])
        if cursor.rowcount < len(claims):
            raise NotAllHeldError
        names, begun, reply = list(map(_name_of, claims)), 0, Reply(now, [], {})
        for statement, given in self._each_chunk(BEGIN_TICKS, names, "name", end=" {keep}"):
            cursor.execute(statement, {**given, "now": now})
            begun += cursor.rowcount
        if begun < len(claims):
            # The history holds one of them already.
            raise NotAllHeldError
        for statement, given in self._each_chunk(ROWS, names, "name"):
            cursor.execute(statement, given)
            for row in cursor.fetchall():
                reply.rows[row[0]] = known = task_row_of(row, self._namespace)
                if known.held is not None:
                    reply.leases.append(known.held)
        return reply

    def _write_each(self, cursor: Cursor, statement: str, each: Sequence[dict[str, Any]]) -> int:
        spelled, values_of = self._ends[statement]
        cursor.executemany(spelled, map(values_of, each))
        return cursor.rowcount

    @cached_property
    def _lone(self) -> Placed:
        return placed(self._spell(lone_of(self._without)), _OF_CLAIM)

    @cached_property
    def _ends(self) -> dict[str, Placed]:
        each = (SETTLE_TICK, END_RUN)
        return {statement: placed(self._spell(statement), _OF_END) for statement in each}
