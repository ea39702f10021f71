"""What those who look are told: how tasks stand, what is under way, and what has ended."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from operator import itemgetter

from ostinato._lease import TaskRow, WorkerRow
from ostinato._place import Place
from ostinato._queries import Overview, Recent, Wanted, named_in
from ostinato._run import Run
from ostinato.stores.sql._base import SqlBase
from ostinato.stores.sql._rows import (
    RUN_COLUMNS,
    TASK_COLUMNS,
    TIE,
    WORKER_COLUMNS,
    Row,
    key_of,
    run_of,
    task_row_of,
    under_way_of,
    worker_row_of,
)

__all__ = ["SqlQueries"]

_UNDER_WAY = (
    "due, kind, token, run_id, owner, started, takeover, progress, message, lease_until,"
    " cancel_requested"
)


def _of(table: str, columns: str) -> str:
    return ", ".join(f"{table}.{column.strip()}" for column in columns.split(","))


_OVERVIEW = (
    f"SELECT {{now}}, {_of('t', TASK_COLUMNS)}, {_of('r', _UNDER_WAY)} FROM {{task}} t"
    " LEFT JOIN {run} r {by_open} ON r.ns = t.ns AND r.name = t.name AND r.recorded IS NULL"
    " WHERE t.ns = :ns"
)
_NOW = "SELECT {now}"
_WORKERS = f"SELECT {WORKER_COLUMNS} FROM {{worker}} WHERE ns = :ns ORDER BY started, id"
_DECLARED = (
    "SELECT id, declared FROM {worker} WHERE ns = :ns AND declared IS NOT NULL"
    " AND seen >= {now} - :within"
)
# Where a database has LATERAL; elsewhere it is found by an index alone since when the latest are,
# and of one millisecond there may be a few more.
_LATERAL = (
    f"SELECT {_of('r', RUN_COLUMNS.replace(TIE, 'tie'))}, 1 FROM {{task}} t CROSS JOIN LATERAL"
    f" (SELECT {RUN_COLUMNS} AS tie FROM {{run}} WHERE ns = t.ns AND name = t.name"
    f" AND recorded IS NOT NULL ORDER BY recorded DESC, {TIE} DESC, due DESC, number DESC"
    " LIMIT :limit) r WHERE t.ns = :ns"
)
_LATEST = (
    f"SELECT {RUN_COLUMNS}, 1 FROM (SELECT t.ns AS l_ns, t.name AS l_name, COALESCE((SELECT"
    " x.recorded FROM {run} x WHERE x.ns = t.ns AND x.name = t.name AND x.recorded IS NOT NULL"
    " ORDER BY x.recorded DESC LIMIT 1 OFFSET :offset), 0) AS least FROM {task} t WHERE t.ns = :ns"
)
# In this order: SQLite takes it so.
_OF_LATEST = (
    ") l CROSS JOIN {run} {by_recorded} WHERE ns = l_ns AND name = l_name AND recorded >= least"
)
# In the columns of the records, so that one statement tells of both.
_COUNTED = (
    "SELECT name, 0, '', 0, {reason}, NULL, {count}, NULL, outcome, NULL, 0, NULL, NULL, NULL,"
    " NULL, NULL, NULL, NULL, NULL, 0, 0 FROM {table} WHERE ns = :ns"
)
_REMEMBERED = " AND recorded IS NOT NULL AND kind <> 'manual'"
_GROUPED = " GROUP BY name, outcome, reason"
_PLACE = f"recorded, {TIE}, due, number, name, reason"
_DOWN = ", ".join(f"{column} DESC" for column in ("recorded", TIE, "due", "number", "name"))
_FIND = f"SELECT {RUN_COLUMNS} FROM {{run}} WHERE ns = :ns AND recorded IS NOT NULL"
_NEWEST_FIRST = f" ORDER BY {_DOWN}, reason DESC LIMIT :limit"
_BEHIND = (
    " AND recorded <= :recorded"
    f" AND ({_PLACE}) < (:recorded, :tie, :place_due, :number, :place_name, :place_reason)"
)
# Of all tasks, where none of the newest is passed over: as many tasks as records are wanted have
# one that is not older than this, so that none of what is wanted is.
_OLDEST_WANTED = (
    "COALESCE((SELECT newest FROM (SELECT (SELECT x.recorded FROM {run} x WHERE x.ns = t.ns"
    " AND x.name = t.name AND x.recorded IS NOT NULL{behind} ORDER BY x.recorded DESC LIMIT 1)"
    " AS newest FROM {task} t WHERE t.ns = :ns) each_newest WHERE newest IS NOT NULL"
    " ORDER BY newest DESC LIMIT 1 OFFSET :offset), 0)"
)
_FIND_NEWEST = (
    f"SELECT {RUN_COLUMNS} FROM (SELECT t.ns AS l_ns, t.name AS l_name FROM {{task}} t"
    " WHERE t.ns = :ns) l CROSS JOIN {run} {by_recorded} WHERE ns = l_ns AND name = l_name"
    f" AND recorded >= {_OLDEST_WANTED}"
)
_FIND_LATERAL = (
    f"SELECT {_of('r', RUN_COLUMNS.replace(TIE, 'tie'))} FROM {{task}} t CROSS JOIN LATERAL"
    f" (SELECT {RUN_COLUMNS} AS tie, number FROM {{run}} WHERE ns = t.ns AND name = t.name"
    f" AND recorded >= {_OLDEST_WANTED}"
)
_OF_EACH = (
    f" ORDER BY {_DOWN}, reason DESC LIMIT :limit) r WHERE t.ns = :ns ORDER BY r.recorded DESC,"
    " r.tie DESC, r.due DESC, r.number DESC, r.name DESC, r.reason DESC LIMIT :limit"
)
_ONE = (
    f"SELECT {RUN_COLUMNS}, takeover, cancel_requested FROM {{run}} WHERE ns = :ns AND name = :name"
    " AND {which} ORDER BY reason LIMIT 1"
)
# Where in the rows of `_OVERVIEW` the run begins.
_RUN = 1 + len(TASK_COLUMNS.split(","))


class SqlQueries(SqlBase):
    """Tells of one namespace."""

    def overview(self, names: Sequence[str] | None = None, /) -> Overview:
        """Return how the tasks named, or all of them, stand, and what is under way.

        Raises:
            StoreError: The database did not tell.
        """
        now, rows, running = None, dict[str, TaskRow](), list[Run]()
        known = self._made if names is None else {}
        made: dict[str, tuple[Row, TaskRow]] = {}
        for row in self._look(_OVERVIEW, names, "t.name"):
            now, name = row[0], row[1]
            task = rows.get(name)
            if task is None:
                raw = row[1:_RUN]
                same = known.get(name)
                # Most stand as they did, and whoever looks again knows them by that.
                if same is None or same[0] != raw:
                    same = raw, task_row_of(raw, self._namespace)
                made[name] = same
                task = rows[name] = same[1]
            if row[_RUN] is None:
                continue
            run = under_way_of(name, row[_RUN:], task, now, self._namespace)
            if run is not None:
                running.append(run)
        if now is None:
            ((now,),) = self._sessions.read(self._spell(_NOW), self._given())
        if names is None:
            self._made = made
        return Overview(now, rows, running)

    def recent(self, names: Sequence[str] | None, limit: int, /) -> Mapping[str, Recent]:
        """Return the latest *limit* records of the tasks named, or of all, and their counts.

        Raises:
            StoreError: The database did not tell.
        """
        rows = defaultdict[str, list[Row]](list)
        counts = defaultdict[str, dict[str, int]](dict)
        for row in self._each_recent(names, limit):
            if row[-1]:
                rows[row[0]].append(row)
                continue
            key, ended = key_of(row[8], row[4]), counts[row[0]]
            ended[key] = ended.get(key, 0) + int(row[6])
        known = rows.keys() | counts.keys()
        return {name: Recent(self._latest(rows[name], limit), counts[name]) for name in known}

    def workers(self) -> Sequence[WorkerRow]:
        """Return the workers that were seen in the last day.

        Raises:
            StoreError: The database did not tell.
        """
        found = self._sessions.read(self._spell(_WORKERS), self._given())
        return list(map(worker_row_of, found))

    def declared(self, within: int, /) -> Mapping[str, frozenset[str]]:
        """Return the names of the tasks that each worker declares that was seen lately.

        Raises:
            StoreError: The database did not tell.
        """
        found = self._sessions.read(self._spell(_DECLARED), self._given(within=within))
        return {worker: frozenset(json.loads(declared)) for worker, declared in found}

    def find(self, wanted: Wanted, /) -> list[Run]:
        """Return the records that are *wanted*, the newest first.

        Raises:
            StoreError: The database did not tell.
        """
        if (wanted.name, wanted.since, wanted.until) == (None,) * 3 and not wanted.outcomes:
            return self._find_newest(wanted)
        asked, given = _FIND, self._given(limit=wanted.limit)
        if wanted.name is not None:
            asked, given["name"] = asked + " AND name = :name", wanted.name
        if wanted.outcomes:
            given |= {f"outcome{at}": each.value for at, each in enumerate(wanted.outcomes)}
            listed = ", ".join(f":outcome{at}" for at in range(len(wanted.outcomes)))
            asked += f" AND outcome IN ({listed})"
        if wanted.since is not None:
            asked, given["since"] = asked + " AND COALESCE(last_due, due) >= :since", wanted.since
        if wanted.until is not None:
            asked, given["until"] = asked + " AND due < :until", wanted.until
        if wanted.before is not None:
            asked += _BEHIND
            given |= _given_of(wanted.before)
        found = self._sessions.read(self._spell(asked + _NEWEST_FIRST), given)
        return [run_of(row, self._namespace) for row in found]

    def _find_newest(self, wanted: Wanted) -> list[Run]:
        """Return the newest records of all tasks, behind a place where that is *wanted*."""
        if not wanted.limit:
            return []
        given = self._given(limit=wanted.limit, offset=wanted.limit - 1)
        is_lateral, behind, older = self._dialect.has_lateral, "", ""
        if wanted.before is not None:
            # In the same millisecond there may be some that come before the place.
            behind, older = _BEHIND, " AND x.recorded < :recorded"
            given |= _given_of(wanted.before)
        asked = (_FIND_LATERAL if is_lateral else _FIND_NEWEST).replace("{behind}", older) + behind
        asked += _OF_EACH if is_lateral else _NEWEST_FIRST
        found = self._sessions.read(self._spell(asked), given)
        return [run_of(row, self._namespace) for row in found]

    def run(self, run_id: str, /) -> Run | None:
        """Return the run *run_id*; None: nobody remembers it.

        Raises:
            StoreError: The database did not tell.
        """
        named = named_in(run_id, self._namespace)
        if named is None:
            return None
        name, due = named
        which = "run_id = :run_id" if due is None else "due = :due AND number = 0"
        given = self._given(name=name, run_id=run_id, due=due)
        asked = _ONE.replace("{which}", which)
        for *row, takeovers, is_cancelled in self._sessions.read(self._spell(asked), given):
            run = run_of(row, self._namespace)
            if run.outcome is None:
                run.attempt = takeovers + 1
                if is_cancelled:
                    run._cancel()
            return run
        return None

    def _each_recent(self, names: Sequence[str] | None, limit: int) -> Sequence[Row]:
        tally = _COUNTED.replace("{reason}", "''").replace("{count}", "count")
        runs = _COUNTED.replace("{reason}", "reason").replace("{count}", "SUM(count)")
        runs = runs.replace("{table}", "{run}") + _REMEMBERED
        found: list[Row] = []
        for _, chosen in self._each_chunk(_NOW + " WHERE 1 = 1", names, "name"):
            keys = [key for key in chosen if key.startswith("name")]
            listed = f"({', '.join(f':{key}' for key in keys)})"
            t_name, name = (
                (f" AND t.name IN {listed}", f" AND name IN {listed}") if keys else ("", "")
            )
            parts = [runs + name + _GROUPED, tally.replace("{table}", "{tally}") + name]
            if limit and self._dialect.has_lateral:
                parts.insert(0, _LATERAL + t_name)
            elif limit:
                parts.insert(0, _LATEST + t_name + _OF_LATEST)
            asked = self._spell(" UNION ALL ".join(parts))
            found += self._sessions.read(asked, {**chosen, "limit": limit, "offset": limit - 1})
        return found

    def _latest(self, rows: list[Row], limit: int) -> list[Run]:
        """Return the latest *limit* of the records that the *rows* of one task are of."""
        # By `recorded`, what comes first of one millisecond, and the instant.
        rows.sort(key=itemgetter(18, 19, 1), reverse=True)
        return [run_of(row, self._namespace) for row in rows[:limit]]


def _given_of(place: Place) -> dict[str, object]:
    recorded, tie, due, number, name, reason = place
    given: dict[str, object] = {"recorded": recorded, "tie": tie, "place_due": due}
    return given | {"number": number, "place_name": name, "place_reason": reason}
