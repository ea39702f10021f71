"""The contract bites: without any one condition of a claim, it is not kept."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from ostinato.stores.sql import SqliteStore, SqlStore
from ostinato.stores.sql._claiming import CONDITIONS, PLAIN
from ostinato.stores.sql._mysql import MysqlStore
from ostinato.stores.sql._postgresql import PostgresqlStore
from ostinato.testing import StoreContract
from ostinato.testing._store_contract._cluster import Cluster
from tests.support.clauses import fails, is_broken

# What a look without a lock has seen already: only who comes in between shows that it is needed.
SEEN_BEFORE = "expected"
# Those of ticks that run alone, but for the name, by which they are joined.
BATCHED = sorted(CONDITIONS.keys() - {SEEN_BEFORE, "name", "room beside"})
# Those of a batch over SQLite; of what is left behind the other way takes care, which it leads to.
PLAINLY = sorted({*BATCHED, "name", "nobody is left"} - {"lease was given back"})
Factory = Callable[..., SqlStore]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Return the engine of a file of the test's own."""
    return create_engine(f"sqlite:///{tmp_path}/state.db")


@pytest.fixture
def factory(engine: Engine) -> Iterator[Factory]:
    """Return a function that makes stores over one file."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(closing(SqliteStore(engine, **options)))


@pytest.mark.parametrize("condition", sorted(CONDITIONS.keys() - {SEEN_BEFORE}))
def test_s76_each_condition_of_a_claim_is_needed(condition: str, factory: Factory):
    """S76: whichever is left out, a test of the contract fails."""
    assert is_broken(lambda: factory(without=(condition,)))


@pytest.mark.parametrize("condition", [None, *PLAINLY])
def test_s76_each_condition_of_a_plain_batch_is_needed(condition: str | None, factory: Factory):
    """S76: where SQLite grants all of a batch, or nothing of it, too."""
    without = () if condition is None else (condition,)
    clause = StoreContract().test_s76_what_refuses_one_claim_refuses_no_other

    assert fails(clause, lambda: factory(without=without)) == (condition is not None)


@pytest.mark.parametrize("condition", [None, *sorted({*BATCHED, *PLAIN})])
def test_s76_each_condition_of_a_batch_is_needed(condition: str | None, postgresql_address: str):
    """S76: in the statement of its own that PostgreSQL has for many claims, too."""
    engine = create_engine(postgresql_address.replace("postgresql:", "postgresql+psycopg:"))

    assert is_batch_broken(partial(PostgresqlStore, engine), condition) == (condition is not None)


@pytest.mark.parametrize("condition", [None, *BATCHED])
def test_s76_each_condition_of_a_joined_batch_is_needed(
    condition: str | None, mariadb_address: str
):
    """S76: and in the one of MySQL and MariaDB."""
    engine = create_engine(mariadb_address.replace("mysql:", "mysql+pymysql:"))

    assert is_batch_broken(partial(MysqlStore, engine), condition) == (condition is not None)


@pytest.mark.parametrize("without", [(), (SEEN_BEFORE,)])
def test_s76_the_swap_compares_what_the_look_has_seen(without: tuple[str], factory: Factory):
    """S76: a rival that comes between the look and the lock has won, and the row stays as it is."""
    cluster = Cluster(lambda: factory(without=without))
    slow, rival = cluster.worker(), cluster.worker()
    slow.register("task")
    # Its lease is over at once, or it would be the lease that keeps the other out.
    coming = [lambda: rival.take(rival.tick(0), lease=0)]

    def trace(statement: str) -> None:
        if statement.startswith("BEGIN") and coming:
            coming.pop()()

    _connection_of(slow.store).set_trace_callback(trace)
    lease = slow.take(slow.tick(0))

    assert coming == []
    assert lease is None
    # Without the compare, nothing but the history is left that knows of the rival's run.
    again = [(0, "abandoned"), (0, "1 skipped(already_run)")]
    assert sorted(rival.history()) == sorted(again if without else [])


def is_batch_broken(factory: Factory, condition: str | None) -> bool:
    """Return whether the clause of batches fails for stores that leave out *condition*."""
    without = () if condition is None else (condition,)
    with ExitStack() as stack:
        return fails(
            StoreContract().test_each_of_a_batch_is_asked_the_same,
            lambda: stack.enter_context(closing(factory(without=without))),
        )


def _connection_of(store: SqliteStore) -> sqlite3.Connection:
    return store._sessions._cursor().connection
