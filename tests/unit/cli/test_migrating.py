import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.calling import Invoke


def test_the_tables_of_a_store_are_made_once(program: str, tmp_path: Path, ostinato: Invoke):
    """A deployment may call it each time; the store is the application's."""
    first = ostinato("--app", program, "migrate", "--json")
    second = ostinato("--app", program, "migrate")

    assert json.loads(first.stdout)["is_new"] is True
    assert "had its tables" in second.stdout
    with closing(sqlite3.connect(tmp_path / "state.db")) as database:
        assert database.execute("SELECT schema_version FROM ostinato_meta").fetchall()


def test_the_statements_are_printed_and_make_the_tables(tmp_path: Path, ostinato: Invoke):
    """What --sql prints can be run as it is; nothing is connected to."""
    printed = ostinato("migrate", "--store", f"sqlite:///{tmp_path / 'state.db'}", "--sql")
    assert not (tmp_path / "state.db").exists()

    with closing(sqlite3.connect(tmp_path / "state.db")) as database:
        database.executescript(printed.stdout)

    result = ostinato("migrate", "--store", f"sqlite:///{tmp_path / 'state.db'}", "--json")
    assert json.loads(result.stdout)["is_new"] is False


def test_a_store_without_tables_is_refused(ostinato: Invoke):
    """Memory is each process's own, and Redis has no statements."""
    memory = ostinato("migrate", "--store", "memory://")
    redis = ostinato("migrate", "--store", "redis://localhost", "--sql", "--json")

    assert (memory.exit_code, redis.exit_code) == (2, 2)
    assert "has nothing to make" in memory.stderr
    assert json.loads(redis.stdout)["error"]["code"] == "invalid_argument"
