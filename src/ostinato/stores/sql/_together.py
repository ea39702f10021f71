"""Many at once over SQLite, and what comes together: few statements, and one transaction."""

from collections.abc import Sequence
from functools import cached_property, partial
from operator import itemgetter
from typing import Any

from ostinato._lease import Claim, Reply, Settlement, Takeover
from ostinato._tzdb import tzdb_version
from ostinato.stores.sql._base import chunks
from ostinato.stores.sql._batching import Placed, in_places, placed
from ostinato.stores.sql._claiming import BEGIN_TICKS, is_plain, lone_of
from ostinato.stores.sql._ending import END_RUN, ENDED, SETTLE_TICK
from ostinato.stores.sql._rows import task_row_of
from ostinato.stores.sql._session import Cursor
from ostinato.stores.sql._settling import ROWS
from ostinato.stores.sql._store import SqlStore

__all__ = ["SqlTogether"]

_PEEK = "SELECT name, next_due FROM {task} WHERE ns = :ns"
# Where each value is found in what is known of a claim, and of an end.
_SHARED = ("ns", "owner", "now", "until")
_OF_CLAIM = {name: place for place, name in enumerate((*Claim._fields, *_SHARED))}
_OF_END = {name: name for name in (*ENDED, "ns", "now")}
_OF_TICKS = {name: name for name in ("now", "tzdb", "ns")}
_name_of = itemgetter(0)


class SqlTogether(SqlStore):
    """Does what is common all at once, where all of it is as it is expected to be."""

    def claim(
        self, claims: Sequence[Claim | Takeover], lease: int, ended: Sequence[Settlement] = (), /
    ) -> Reply:
        """Take the leases that can be had, in one transaction with what has *ended*.

        Where anything is not as it is in most cases, nothing of that is written, and everything is
        done one after the other.

        Raises:
            StoreError: The database did not do it, or the reply was lost: read before deciding.
        """
        now = int(self._now())
        ends = self._ends_of(ended) if ended else []
        plain = [claim for claim in claims if isinstance(claim, Claim) and is_plain(claim)]
        is_plainly_asked = ends is not None and len(claims) == len(set(map(_name_of, plain)))
        # Who has ended something takes the lock anyway; else it is looked whether to ask for it.
        if ends is None or not is_plainly_asked or not (ends or self._are_expected(plain)):
            return super().claim(claims, lease, ended)
        shared = self._namespace, self._owner, now, now + lease
        reply = self._write_all(partial(self._win, plain, ends, shared))
        if reply is None:
            return super().claim(claims, lease, ended)
        return reply if reply.leases else super().claim(claims, lease)

    def _are_expected(self, claims: Sequence[Claim]) -> bool:
        """Return whether the rows of all *claims* are at the instants that they expect.

        Of a tick alone most workers lose, and learn that by their look: it is for another.
        """
        if len(claims) == 1:
            return False
        names = list(map(_name_of, claims))
        seen = {row[0]: row[1] for row in self._look(_PEEK, names, "name")}
        return all(seen.get(claim.name) == claim.expected for claim in claims)

    def _win(
        self,
        claims: Sequence[Claim],
        ends: Sequence[dict[str, object]],
        shared: tuple[str, str, int, int],
        cursor: Cursor,
    ) -> Reply:
        """Write all *ends*, and all of *claims* as won; or none of these, and grant no lease.

        Where only some are won, nothing is left of any of it.
        """
        self._record(cursor, ends)
        statement, values_of = self._lone
        cursor.executemany(statement, [values_of((*claim, *shared)) for claim in claims])
        won = cursor.rowcount
        namespace, _, now, _ = shared
        names, begun, reply = list(map(_name_of, claims)), 0, Reply(now, [], {})
        given = {"now": now, "tzdb": tzdb_version(), "ns": namespace}
        if ends and not won:
            return reply
        for some in chunks(names) if won == len(claims) else ():
            (begin, values_of), show = self._among(len(some))
            cursor.execute(begin, (*values_of(given), *some))
            begun += cursor.rowcount
            cursor.execute(show, (namespace, *some))
            for row in cursor.fetchall():
                reply.rows[row[0]] = known = task_row_of(row, namespace)
                if known.held is not None:
                    reply.leases.append(known.held)
        # Not all were won, else; or the history holds one of them already.
        self._expect(begun, len(claims))
        return reply

    def _among(self, number: int) -> tuple[Placed, str]:
        """Return what begins ticks of so many tasks, and what shows their rows."""
        if number not in self._of_names:
            among = f" AND name IN ({', '.join('?' * number)})"
            begin = placed(self._spell(BEGIN_TICKS + among + " {keep}"), _OF_TICKS)
            self._of_names[number] = begin, in_places(self._spell(ROWS + among))
        return self._of_names[number]

    def _write_each(self, cursor: Cursor, statement: str, each: Sequence[dict[str, Any]]) -> int:
        spelled, values_of = self._ends[statement]
        cursor.executemany(spelled, map(values_of, each))
        return cursor.rowcount

    @cached_property
    def _of_names(self) -> dict[int, tuple[Placed, str]]:
        return {}

    @cached_property
    def _lone(self) -> Placed:
        return placed(self._spell(lone_of(self._without)), _OF_CLAIM)

    @cached_property
    def _ends(self) -> dict[str, Placed]:
        each = (SETTLE_TICK, END_RUN)
        return {statement: placed(self._spell(statement), _OF_END) for statement in each}
