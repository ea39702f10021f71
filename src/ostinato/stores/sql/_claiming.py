"""The statements of a claim: the compare and swap, and what it leaves in the history.

Every condition has a name, so that the tests can leave out one at a time and see the contract fail.
"""

from collections.abc import Collection

from ostinato._lease import Claim
from ostinato._outcomes import RunKind
from ostinato.stores.sql._batching import joined, unnested
from ostinato.stores.sql._rows import TASK_COLUMNS

__all__ = [
    "ABANDON",
    "ABANDONED",
    "BEGIN_FENCE",
    "BEGIN_RUN",
    "BEGIN_TICKS",
    "COMMON",
    "CONDITIONS",
    "DROP_FENCE",
    "FENCES",
    "FREE",
    "GIVEN_UP",
    "GIVE_UP",
    "HAS_BEGUN",
    "HOLD",
    "LIMITED",
    "NOTE_ABANDONED",
    "PLAIN",
    "RERUN",
    "STANDING",
    "TAKE_OVER",
    "TAKE_OVER_RUN",
    "UNDO_LEASE",
    "UNDO_START",
    "UPDATES",
    "WANTED",
    "Shape",
    "at_once_of",
    "is_common",
    "is_plain",
    "lone_of",
    "many_of",
    "shape_of",
    "swap_of",
]

# Judged by the store's time as it was before the transaction: too early rather than too late.
CONDITIONS = {
    "namespace": "ns = :ns",
    "name": "name = :name",
    "spec": "declared_spec = :spec",
    "expected": "next_due = :expected",
    "expected is past": "next_due <= :now",
    "due is past": ":due <= :now",
    "not paused": "paused = 0",
    "starts are left": "(:max_runs IS NULL OR starts < :max_runs)",
    "lease is free": "(lease_until IS NULL OR lease_until <= :now)",
    "lease was given back": "lease_until IS NULL",
    "nobody beside": (
        "NOT EXISTS (SELECT 1 FROM {run} r WHERE r.ns = :ns AND r.name = :name"
        " AND r.recorded IS NULL AND r.lease_until > :now)"
    ),
    "room beside": (
        "(:concurrency IS NULL OR CASE WHEN lease_until > :now THEN 1 ELSE 0 END"
        " + (SELECT COUNT(*) FROM {run} r WHERE r.ns = :ns AND r.name = :name"
        " AND r.recorded IS NULL AND r.lease_until > :now) < :concurrency)"
    ),
}
# In this order: MySQL assigns from left to right, and reads what it has assigned.
UPDATES = {
    "lease": (
        "lease_token = token + 1, lease_until = :until, owner = :owner, running_due = :due,"
        " takeovers = 0"
    ),
    "start": (
        "starts = starts + 1, last_due = CASE WHEN last_due >= :due THEN last_due ELSE :due END"
    ),
    "next": "next_due = :next_due",
    "token": "token = token + 1",
}
# Whether a claim is for a tick, and not for a run by hand; whether it runs something, and does not
# only skip; whether nothing else of the task may run meanwhile; whether it waits for a rerun.
Shape = tuple[bool, bool, bool, bool]
COMMON: Shape = (True, True, True, False)
# The same where the lease of a worker that died is left to its heir.
RERUN: Shape = (True, True, True, True)
_BEGUN = (
    "{insert} {run} (ns, name, due, number, reason, takeover, kind, run_id, token, owner, started,"
    " outcome, attempts, lease_until, cancel_requested, count, tzdb)"
)
_OF_TICKS = (
    "SELECT ns, name, running_due, 0, '', 0, 'tick', NULL, token, owner, :now,"
    " 'running', 1, 0, 0, 1, :tzdb"
)
# What lets this very statement, and no other of the connection, wait for a lock for 2 s.
LIMITED = "set_config('lock_timeout', '2000', true)"
# What differs from claim to claim.
WANTED = ("name", "spec", "expected", "due", "next_due", "max_runs")
# Of many at once, too: there is nothing to clear away before, nor does the history hold it already.
PLAIN = {
    "lease was given back": CONDITIONS["lease was given back"],
    "nobody is left": (
        "NOT EXISTS"
        " (SELECT 1 FROM {run} r WHERE r.ns = w_ns AND r.name = w_name AND r.recorded IS NULL)"
    ),
    "not run before": (
        "NOT EXISTS (SELECT 1 FROM {run} r WHERE r.ns = w_ns AND r.name = w_name"
        " AND r.due = w_due AND r.number = 0 AND r.reason = '')"
    ),
}


def shape_of(claim: Claim) -> Shape:
    """Return which statement a *claim* takes."""
    return claim.kind is RunKind.TICK, claim.due is not None, claim.concurrency == 1, claim.reruns


def is_common(claim: Claim) -> bool:
    """Return whether a *claim* is for a tick that is to run alone: one of many, then."""
    return shape_of(claim) in (COMMON, RERUN)


def is_plain(claim: Claim) -> bool:
    """Return whether a *claim* is such, and nothing is skipped with it."""
    return claim.passed is None and is_common(claim)


def swap_of(shape: Shape, without: Collection[str] = ()) -> str:
    """Return the statement that grants a claim if all conditions hold but those in *without*."""
    changed, held = _parts_of(shape, without)
    return f"UPDATE {{task}} SET {changed} WHERE {held}"


def lone_of(without: Collection[str] = ()) -> str:
    """Return it for a tick that is to run alone, behind which there is nothing to clear away."""
    plain = ("lease was given back", "nobody is left")
    held = [PLAIN[each].replace("w_", ":") for each in plain if each not in without]
    return " AND ".join((swap_of(COMMON, {"lease is free", "nobody beside", *without}), *held))


def many_of(shape: Shape, without: Collection[str] = ()) -> str:
    """Return the same for many claims of ticks that are to run alone, whose rows are locked."""
    changed, held = (joined(each) for each in _parts_of(shape, without))
    # The order of assignments to joined tables is anybody's: what is read is not what is written.
    changed = changed.replace("token + 1", "w_before + 1")
    return f"UPDATE {{task}} STRAIGHT_JOIN ({{want}}) want SET {changed} WHERE {held}"


def at_once_of(without: Collection[str] = ()) -> str:
    """Return the statement that is all of many claims of ticks that are to run alone.

    It waits for nobody: a row that another worker holds is left to that one. Where anything else is
    to be written with the claim, or may be, the row is left alone, too. Each row that is told of is
    won (1), or could be had as it was when the statement began (2), or neither (0).
    """
    # No lease is there that a rerun might wait for, nor anybody beside, where there is nothing to
    # clear away.
    changed, held = _parts_of(COMMON, {"lease is free", "nobody beside", *without})
    plain = " AND ".join(PLAIN[each] for each in PLAIN if each not in without)
    # By columns alone: of what is asked for as a constant, the planner thinks that there is little.
    held = joined(held).replace(":now", "now_").replace(":ns", "w_ns")
    changed = joined(changed).replace(":until", "now_ + :lease")
    return (
        f"WITH time AS MATERIALIZED (SELECT {{now}} AS now_, :ns::text AS w_ns, {LIMITED}), "
        f"want AS MATERIALIZED (SELECT * FROM time, ({unnested(WANTED)}) each), "
        # Nobody has claimed the task since it was seen if the token is the same.
        "seen AS MATERIALIZED (SELECT want.*, token AS w_before,"
        f" {held} AND {plain} AS is_plain"
        " FROM want JOIN {task} ON ns = w_ns AND name = w_name), "
        "pick AS MATERIALIZED (SELECT row_.ns AS p_ns, row_.name AS p_name, seen.* FROM seen"
        " JOIN {task} AS row_ ON name = w_name AND token = w_before"
        f" WHERE is_plain AND {held} ORDER BY name LIMIT :most FOR UPDATE OF row_ SKIP LOCKED), "
        f"won AS (UPDATE {{task}} SET {changed} FROM pick WHERE ns = p_ns AND name = p_name"
        f" RETURNING {TASK_COLUMNS}, ns, now_), "
        f"begun AS ({_BEGUN} {_OF_TICKS.replace(':now', 'now_')} FROM won), "
        "fenced AS (UPDATE {fence} f SET token = won.token FROM won"
        " WHERE f.ns = won.ns AND f.name = won.name AND f.number = 0) "
        f"SELECT now_, 1, {TASK_COLUMNS} FROM won UNION ALL "
        f"SELECT now_, CASE WHEN is_plain THEN 2 ELSE 0 END, {TASK_COLUMNS}"
        " FROM seen JOIN {task} ON ns = w_ns AND name = w_name"
        " WHERE w_name NOT IN (SELECT name FROM won)"
    )


def _parts_of(shape: Shape, without: Collection[str]) -> tuple[str, str]:
    """Return what a claim changes, and which conditions it has."""
    is_tick, runs, is_alone, reruns = shape
    conditions, updates = ["namespace", "name", "spec"], list[str]()
    if is_tick:
        conditions += ["expected", "expected is past"]
        updates.append("next")
    if runs:
        free = "lease was given back" if reruns else "lease is free"
        conditions += [free, "nobody beside"] if is_alone else ["room beside"]
        if is_alone:
            updates.append("lease")
        updates.append("token")
    if runs and is_tick:
        conditions += ["due is past", "not paused", "starts are left"]
        updates.append("start")
    changed = ", ".join(UPDATES[each] for each in UPDATES if each in updates)
    held = " AND ".join(CONDITIONS[each] for each in conditions if each not in without)
    return changed, held


# Before a claim beside others, where rows are locked.
HOLD = "SELECT 1 FROM {task} WHERE ns = :ns AND name = :name {hold}"
# The rest of a claim, once the row is won: all in the same transaction.
# How each stands, and how many of its runs are under way.
STANDING = (
    f"SELECT {TASK_COLUMNS}, (SELECT COUNT(*) FROM {{run}} r WHERE r.ns = {{task}}.ns"
    " AND r.name = {task}.name AND r.recorded IS NULL) FROM {task} WHERE ns = :ns"
)
# A moment before what its successor skips and does, for that is the order in which they are listed.
ABANDON = (
    "UPDATE {run} SET outcome = 'abandoned', error = :expired, recorded = :now - 1"
    " WHERE ns = :ns AND name = :name AND recorded IS NULL"
    " AND lease_until >= :least AND lease_until <= :now"
)
ABANDONED = (
    "SELECT due, kind, token, started FROM {run} WHERE ns = :ns AND name = :name"
    " AND outcome = 'abandoned' AND recorded = :now - 1 ORDER BY token DESC LIMIT 1"
)
NOTE_ABANDONED = (
    "UPDATE {task} SET last_outcome = 'abandoned', last_error = :expired, last_ran = :ran,"
    " last_kind = :ran_kind, last_token = :ran_token, last_started = :ran_started, last_end = NULL"
    " WHERE ns = :ns AND name = :name"
)
# Of ticks that run alone, from their rows; what holds a conflict off ends it.
BEGIN_TICKS = f"{_BEGUN} {_OF_TICKS} FROM {{task}} WHERE ns = :ns"
BEGIN_RUN = (
    _BEGUN + " VALUES (:ns, :name, :due, :number, '', 0, :kind, :run_id, :token, :owner, :now,"
    " 'running', 1, :run_until, 0, 1, :tzdb) {keep}"
)
HAS_BEGUN = (
    "SELECT 1 FROM {run} WHERE ns = :ns AND name = :name AND due = :due AND number = :number"
    " AND reason = '' AND token = :token"
)
FENCES = (
    "UPDATE {fence} SET token = (SELECT t.token FROM {task} t WHERE t.ns = {fence}.ns"
    " AND t.name = {fence}.name) WHERE ns = :ns AND number = 0"
)
FREE = "SELECT name FROM {fence} WHERE ns = :ns AND number = 0"
# Of a run that has a lease of its own, for as long as nobody has given it up.
BEGIN_FENCE = (
    "{insert} {fence} (ns, name, number, token) VALUES (:ns, :name, :token, :token) {keep}"
)
DROP_FENCE = "DELETE FROM {fence} WHERE ns = :ns AND name = :name AND number = :token"
GIVEN_UP = (
    "SELECT token FROM {run} WHERE ns = :ns AND name = :name AND recorded IS NULL"
    " AND lease_until > 0 AND lease_until <= :now"
)
# A tick that the history holds already: the row has moved on, and nothing else has happened.
UNDO_LEASE = (
    "UPDATE {task} SET lease_until = NULL, owner = NULL, running_due = NULL, starts = starts - 1"
    " WHERE ns = :ns AND name = :name AND lease_token = :token"
)
UNDO_START = "UPDATE {task} SET starts = starts - 1 WHERE ns = :ns AND name = :name"

TAKE_OVER = (
    "UPDATE {task} SET owner = :owner, lease_until = :until, takeovers = takeovers + 1,"
    " lease_token = token + 1, token = token + 1"
    " WHERE ns = :ns AND name = :name AND lease_token = :taken AND lease_until <= :now"
    " AND declared_spec = :spec AND paused = 0"
    # What was started by hand is no tick, and not started again.
    " AND EXISTS (SELECT 1 FROM {run} r WHERE r.ns = :ns AND r.name = :name AND r.due = running_due"
    " AND r.number = 0 AND r.reason = '' AND r.token = :taken AND r.recorded IS NULL)"
)
# Nobody goes on with it: the lease is given back, and what its run still guards is fenced off.
GIVE_UP = (
    "UPDATE {task} SET lease_until = NULL, owner = NULL, running_due = NULL, token = token + 1"
    " WHERE ns = :ns AND name = :name AND lease_token = :taken AND lease_until <= :now"
)
TAKE_OVER_RUN = (
    "UPDATE {run} SET token = :token, owner = :owner, takeover = takeover + 1,"
    " cancel_requested = 0"
    " WHERE ns = :ns AND name = :name AND token = :taken AND recorded IS NULL"
)
