"""The one source of the tables: a released version of it is never edited, only added to."""

import re

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Double,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.mysql import MEDIUMTEXT
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.types import TypeEngine

from ostinato.errors import InvalidArgumentError

__all__ = ["MIN_COMPATIBLE", "SCHEMA_VERSION", "TABLES", "Names", "ddl_of", "tables"]

SCHEMA_VERSION = 1
# The oldest version of the library's schema that can work with these tables.
MIN_COMPATIBLE = 1
TABLES = ("task", "fence", "run", "tally", "worker", "chore", "meta")

# Drawn by the database, not by us: one printed migration makes different ones wherever it is run.
_DRAWN = {
    "sqlite": "lower(hex(randomblob(16)))",
    "postgresql": "md5(random()::text || clock_timestamp()::text)",
    "mysql": "UUID()",
    "mariadb": "UUID()",
}
_NAME = re.compile(r"^[a-z_][a-z0-9_]{0,40}$")


class Names:
    """What the tables are called: all names that are ever put into a statement."""

    def __init__(self, prefix: str = "ostinato_", schema: str | None = None) -> None:
        """Let every table's name begin with *prefix*, in the database's *schema*.

        Raises:
            InvalidArgumentError: One of them is no plain name in small letters.
        """
        for argument, value in (("prefix", prefix), ("schema", schema)):
            if value is not None and _NAME.match(value) is None:
                raise InvalidArgumentError(
                    argument,
                    value,
                    "is no plain name",
                    "begin with a letter or _, and go on with at most 40 of a-z, 0-9 and _",
                )
        self.prefix = prefix
        self.schema = schema

    def placed(self) -> dict[str, str]:
        """Return each table's full name, for the statements."""
        place = "" if self.schema is None else f"{self.schema}."
        return {table: f"{place}{self.prefix}{table}" for table in TABLES}


def tables(names: Names) -> MetaData:
    """Return the tables, under their *names*."""
    metadata = MetaData(schema=names.schema)

    def table(name: str, *columns: Column[object] | Index) -> None:
        Table(
            names.prefix + name,
            metadata,
            *columns,
            mysql_engine="InnoDB",
            mysql_charset="utf8mb4",
            mysql_collate="utf8mb4_bin",
            sqlite_with_rowid=False,
        )

    table(
        "task",
        *_task_key(),
        Column("declared_spec", _text(), nullable=False),
        Column("schedule", _text()),
        Column("revision", BigInteger),
        Column("spec_seen", _text()),
        Column("anchor", BigInteger),
        Column("next_due", BigInteger),
        Column("paused", SmallInteger, nullable=False),
        Column("paused_reason", _text()),
        Column("paused_until", BigInteger),
        Column("config_rev", BigInteger, nullable=False),
        Column("token", BigInteger, nullable=False),
        Column("lease_token", BigInteger),
        Column("lease_until", BigInteger),
        Column("owner", _name(80)),
        Column("running_due", BigInteger),
        Column("takeovers", Integer, nullable=False),
        Column("starts", BigInteger, nullable=False),
        Column("last_due", BigInteger),
        Column("last_ran", BigInteger),
        Column("last_kind", _name(16)),
        Column("last_token", BigInteger),
        Column("last_started", BigInteger),
        Column("last_end", BigInteger),
        Column("last_outcome", _name(16)),
        Column("last_error", _text()),
        Column("last_success", BigInteger),
        Column("failures_in_row", Integer, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
    )
    # Written by claims alone: whoever guards a transaction with it waits for no heartbeat.
    table(
        "fence",
        *_task_key(),
        # 0 for who has the lease of the task; its token for a run that has one of its own.
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("token", BigInteger, nullable=False),
    )
    table(
        "run",
        *_task_key(),
        Column("due", BigInteger, primary_key=True, autoincrement=False),
        # 0 for a tick, which has but one run; the token for what is started by hand.
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        # Empty for a run: why a range of ticks was skipped.
        Column("reason", _name(16), primary_key=True),
        Column("takeover", Integer, nullable=False),
        Column("kind", _name(16), nullable=False),
        Column("run_id", _name(255)),
        Column("token", BigInteger, nullable=False),
        Column("owner", _name(80)),
        Column("started", BigInteger),
        Column("ended", BigInteger),
        Column("lateness", BigInteger),
        Column("outcome", _name(16), nullable=False),
        Column("error", _text()),
        Column("attempts", Integer, nullable=False),
        # 0 where the lease is the task's; None once the run's worker has told its end.
        Column("lease_until", BigInteger),
        Column("cancel_requested", SmallInteger, nullable=False),
        Column("progress", Double),
        Column("message", _text()),
        Column("last_due", BigInteger),
        Column("count", BigInteger, nullable=False),
        # The release of the time zones by which it was claimed.
        Column("tzdb", _name(32)),
        # When the store learnt the end; None while the run is under way.
        Column("recorded", BigInteger),
        # Two where a database can: a claim touches none of the pages of what has ended.
        _index(
            f"{names.prefix}run_recorded", "ns", "name", "recorded", where="recorded IS NOT NULL"
        ),
        _index(f"{names.prefix}run_open", "ns", "name", where="recorded IS NULL"),
    )
    # How the ticks ended whose runs were pruned.
    table(
        "tally",
        *_task_key(),
        Column("outcome", _name(40), primary_key=True),
        Column("count", BigInteger, nullable=False),
    )
    table(
        "worker",
        Column("ns", _name(40), primary_key=True),
        Column("id", _name(80), primary_key=True),
        Column("host", _name(255), nullable=False),
        Column("pid", BigInteger, nullable=False),
        Column("started", BigInteger, nullable=False),
        Column("seen", BigInteger, nullable=False),
        # The begin of the time in which it was always seen in time.
        Column("since", BigInteger, nullable=False),
        Column("version", _name(40), nullable=False),
        Column("tasks", Integer, nullable=False),
        # Digests of the declarations that it knows, by the names of their tasks.
        Column("declared", _text()),
    )
    # What one worker does for all, now and then.
    table(
        "chore",
        Column("ns", _name(40), primary_key=True),
        Column("name", _name(40), primary_key=True),
        Column("done", BigInteger, nullable=False),
    )
    table(
        "meta",
        Column("id", SmallInteger, primary_key=True, autoincrement=False),
        Column("schema_version", Integer, nullable=False),
        Column("min_compatible", Integer, nullable=False),
        # Drawn once: by it a session of the application is known to be of the same database.
        Column("store_id", _name(40), nullable=False),
    )
    return metadata


def ddl_of(names: Names, dialect: Dialect) -> list[str]:
    """Return the statements that create the tables, for who runs them by a migration tool."""
    statements: list[str] = []
    for table in tables(names).sorted_tables:
        created: list[CreateTable | CreateIndex] = [CreateTable(table, if_not_exists=True)]
        created += [
            CreateIndex(index)
            for index in sorted(table.indexes, key=lambda index: str(index.name))
            if _is_partial(dialect) or "open" not in str(index.name)
        ]
        statements += (str(each.compile(dialect=dialect)).strip() for each in created)
    meta = names.placed()["meta"]
    values = f"1, {SCHEMA_VERSION}, {MIN_COMPATIBLE}, {_DRAWN[dialect.name]}"
    statements.append(
        f"INSERT INTO {meta} (id, schema_version, min_compatible, store_id) VALUES ({values})"
    )
    return statements


def _index(name: str, *columns: str, where: str) -> Index:
    """Return an index of the rows that are as *where* says, where a database has such indexes."""
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def _is_partial(dialect: Dialect) -> bool:
    return dialect.name in ("sqlite", "postgresql")


def _name(length: int) -> TypeEngine[str]:
    """Return the type of a name, which is compared byte by byte in every database."""
    compared = String(length, collation="utf8mb4_bin")
    return (
        String(length)
        .with_variant(compared, "mysql", "mariadb")
        .with_variant(String(length, collation="C"), "postgresql")
    )


def _text() -> TypeEngine[str]:
    compared = MEDIUMTEXT(collation="utf8mb4_bin")
    return Text().with_variant(compared, "mysql", "mariadb")


def _task_key() -> tuple[Column[object], Column[object]]:
    return (
        Column("ns", _name(40), primary_key=True),
        Column("name", _name(150), primary_key=True),
    )
