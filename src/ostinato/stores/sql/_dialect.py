"""What the databases say differently."""

import re
from dataclasses import dataclass

__all__ = ["MYSQL", "POSTGRESQL", "SQLITE", "SqlDialect"]

_PARAMETER = re.compile(r"(?<!:):(\w+)")


@dataclass(frozen=True, slots=True)
class SqlDialect:
    """How one database says it.

    Attributes:
        name: As SQLAlchemy calls it.
        title: As its makers do.
        now: Its time in whole milliseconds; where it is the parameter, the host's is handed in.
        begin: What begins a transaction that writes.
        insert: What begins an insertion that lets a row alone which is there already.
        keep: What ends it.
        hold: What ends a selection whose rows nobody else is to change meanwhile.
        leave_out: What ends one that leaves out the rows which somebody else holds.
        has_table: What tells whether there is a table.
        lock: What lets one worker at a time create the tables.
        unlock: What lets the next one.
        is_named: Whether parameters are written `:name`, and not `%(name)s`.
        has_lateral: Whether a part of a selection may refer to those before it.
        is_guarded: Whether transactions of the user's may be guarded by the fence of a claim.
    """

    name: str
    title: str
    now: str
    begin: str
    insert: str
    keep: str
    hold: str
    leave_out: str
    has_table: str
    lock: str | None
    unlock: str | None
    is_named: bool
    has_lateral: bool
    is_guarded: bool

    def spell(self, statement: str, names: dict[str, str]) -> str:
        """Return *statement* with the tables' *names*, as this database reads it."""
        spelled = statement.format(
            now=self.now,
            insert=self.insert,
            keep=self.keep,
            hold=self.hold,
            by_open=self._by_index(names, "open"),
            by_recorded=self._by_index(names, "recorded"),
            **names,
        )
        return spelled if self.is_named else _PARAMETER.sub(r"%(\1)s", spelled)

    def _by_index(self, names: dict[str, str], which: str) -> str:
        """Return what has a database read the runs by an index, where it would not by itself."""
        # SQLite knows nothing of how many rows there are, unless somebody has it count them.
        run = names["run"].rpartition(".")[2]
        return f"INDEXED BY {run}_{which}" if self.name == "sqlite" else ""


SQLITE = SqlDialect(
    name="sqlite",
    title="SQLite",
    now=":now",
    # A deferred transaction that comes to write fails at once, without waiting, where another has
    # written in between.
    begin="BEGIN IMMEDIATE",
    insert="INSERT INTO",
    keep="ON CONFLICT DO NOTHING",
    # Its transactions that write are one at a time.
    hold="",
    leave_out="",
    has_table="SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :table",
    lock=None,
    unlock=None,
    is_named=True,
    has_lateral=False,
    is_guarded=False,
)
POSTGRESQL = SqlDialect(
    name="postgresql",
    title="PostgreSQL",
    # Not `now()`: that stands still while a transaction waits for a lock.
    now="(extract(epoch from clock_timestamp()) * 1000)::bigint",
    # A worker that is stopped in a transaction must not hold its rows for ever.
    begin=(
        "BEGIN; SET LOCAL statement_timeout = 2000;"
        " SET LOCAL idle_in_transaction_session_timeout = 2000"
    ),
    insert="INSERT INTO",
    keep="ON CONFLICT DO NOTHING",
    hold="FOR UPDATE",
    leave_out=" FOR UPDATE SKIP LOCKED",
    # Not `to_regclass`: after the wait for the lock that still remembers that there was none.
    has_table=(
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relname = :table AND n.nspname = COALESCE(:schema, current_schema())"
    ),
    lock="SET LOCAL statement_timeout = 20000; SELECT pg_advisory_xact_lock(7310872046131)",
    unlock=None,
    is_named=False,
    has_lateral=True,
    is_guarded=True,
)
MYSQL = SqlDialect(
    name="mysql",
    title="MySQL",
    # Not UNIX_TIMESTAMP: that is ambiguous when clocks are set back.
    now="(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', SYSDATE(3)) DIV 1000)",
    begin="START TRANSACTION",
    insert="INSERT IGNORE INTO",
    keep="",
    hold="FOR UPDATE",
    leave_out=" FOR UPDATE SKIP LOCKED",
    has_table=(
        "SELECT 1 FROM information_schema.tables WHERE table_name = :table"
        " AND table_schema = COALESCE(:schema, DATABASE())"
    ),
    # Each of its CREATEs is a transaction of its own.
    lock="SELECT GET_LOCK('ostinato schema', 20)",
    unlock="SELECT RELEASE_LOCK('ostinato schema')",
    is_named=False,
    # MariaDB has it not.
    has_lateral=False,
    is_guarded=True,
)
