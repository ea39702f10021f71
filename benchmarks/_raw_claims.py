"""The least statements that a claim and a settlement are, by `sqlite3` alone, on few columns."""

import sqlite3
from pathlib import Path

__all__ = ["LEASE", "claim_raw", "raw_tables", "settle_raw"]

LEASE = 30_000
_CLAIM = (
    "UPDATE task SET token = token + 1, owner = 'me', running_due = ?, starts = starts + 1,"
    " lease_until = ?, next_due = ? WHERE ns = 'ns' AND name = ? AND next_due <= ? AND paused = 0"
    " AND (lease_until IS NULL OR lease_until <= ?) RETURNING token"
)
_END = "UPDATE run SET outcome = 'succeeded', recorded = ? WHERE ns = 'ns' AND name = ? AND due = ?"
_KEY = "PRIMARY KEY (ns, name{}) ) WITHOUT ROWID"
_TASK = "ns, name, next_due, paused, token, lease_until, owner, running_due, starts"
_RUN = "ns, name, due, token, owner, started, outcome, recorded"
_TABLES = (
    f"CREATE TABLE task ({_TASK}, {_KEY.format('')}",
    f"CREATE TABLE run ({_RUN}, {_KEY.format(', due')}",
    "CREATE INDEX run_recorded ON run (ns, name, recorded)",
)


def raw_tables(path: Path, names: list[str], due: int) -> sqlite3.Connection:
    """Return a connection to a new file at *path*, which knows tasks by their *names*."""
    raw = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", *_TABLES):
        raw.execute(statement)
    rows = [("ns", name, due, 0, 1, None, None, None, 0) for name in names]
    raw.executemany("INSERT INTO task VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    return raw


def claim_raw(raw: sqlite3.Connection, name: str, due: int, now: int) -> None:
    """Claim a tick, in a transaction."""
    given = (due, now + LEASE, due + 10, name, due, now)
    ((token,),) = raw.execute(_CLAIM, given).fetchall()
    begun = ("ns", name, due, token, "me", now, "running", None)
    raw.execute("INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?)", begun)


def settle_raw(raw: sqlite3.Connection, name: str, due: int, now: int) -> None:
    """Settle it, in a transaction."""
    raw.execute("UPDATE task SET lease_until = NULL WHERE ns = 'ns' AND name = ?", (name,))
    raw.execute(_END, (now, name, due))
