"""What a deployment says of itself: its revision, and who makes the tables."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ostinato import ConfigurationError, InvalidArgumentError, Run, Scheduler, SchemaError
from ostinato.stores import ddl, open_store
from tests.support.waiting import wait_for


@pytest.mark.parametrize("revision", [-1, True, "3", 1.5, 2**53])
def test_s19_a_revision_that_is_none_is_refused(revision: object) -> None:
    """S19: where it is declared."""
    with pytest.raises(ConfigurationError, match=r"^revision="):
        Scheduler(revision=revision)


@pytest.mark.parametrize("revision", ["-1", "v3", "1.5", "\u0663", str(2**53)])
def test_s19_a_revision_of_the_environment_that_is_none_is_refused(
    revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S19: by the name of the variable; an argument goes before it."""
    monkeypatch.setenv("OSTINATO_REVISION", revision)
    with pytest.raises(InvalidArgumentError, match=r"^OSTINATO_REVISION="):
        Scheduler()
    assert Scheduler(revision=0)._equipment.revision == 0
    monkeypatch.setenv("OSTINATO_REVISION", " ")
    assert Scheduler()._equipment.revision is None


async def test_s19_the_worker_with_the_higher_revision_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S19: the other one was started later, and stands down; it runs nothing."""
    address = f"sqlite:///{tmp_path}/state.db"
    runs: list[int] = []

    def declared(seconds: int, **options: int) -> Scheduler:
        scheduler = Scheduler(address, enabled=True, **options)

        @scheduler.every(seconds=seconds, name="task")
        async def task(run: Run) -> None:
            runs.append(seconds)

        return scheduler

    monkeypatch.setenv("OSTINATO_REVISION", "8")
    old = declared(7)
    new = declared(3_600, revision=9)
    with closing(open_store(address)) as store:
        async with asyncio.timeout(30), new.running():
            store.open("default", "onlooker", float)
            await asyncio.to_thread(wait_for, lambda: runs)
            async with old.running():
                workers = store.read
                await asyncio.to_thread(wait_for, lambda: len(workers().workers) == 2)
                row = store.read().rows["task"]
                assert row.spec == new.tasks["task"].spec

    assert runs == [3_600]


async def test_s90_tables_that_somebody_else_makes_are_asked_for(tmp_path: Path) -> None:
    """S90: the start fails, and says how they are made; with them it goes well."""
    path = tmp_path / "state.db"
    address = f"sqlite:///{path}"
    scheduler = Scheduler(address, auto_create=False, enabled=True)

    with pytest.raises(SchemaError, match=r"ostinato\.stores\.ddl"):
        async with scheduler.running():
            pass
    with closing(sqlite3.connect(path)) as database, database:
        for statement in ddl(address):
            database.execute(statement)
    async with scheduler.running():
        pass


def test_s90_statements_are_had_of_an_address_alone() -> None:
    """S90: of each database by its own words, under the names asked for."""
    for kind in ("postgresql+asyncpg", "mysql", "mariadb", "sqlite"):
        statements = ddl(f"{kind}://me:secret@nowhere/app", prefix="my_", schema="place")
        assert any(
            each.startswith("CREATE TABLE IF NOT EXISTS place.my_task") for each in statements
        )
    assert ddl(open_store("sqlite:///state.db")._engine) == ddl("sqlite:///state.db")
    for address in ("redis://host", "memory://", "nonsense"):
        with pytest.raises(InvalidArgumentError, match=r"^store="):
            ddl(address)
    with pytest.raises(ConfigurationError, match=r"^store=3 "):
        ddl(3)
    with pytest.raises(ConfigurationError, match=r"^auto_create=1 "):
        Scheduler(auto_create=1)
