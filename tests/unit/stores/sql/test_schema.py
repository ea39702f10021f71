"""The tables, and who makes them."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.dialects import mysql, postgresql, sqlite

from ostinato.stores.sql import Names, ddl_of

STARTING = """
import os, sys
from ostinato.stores import open_store

store = open_store(sys.argv[1], prefix=sys.argv[2])
children = []
for _ in range(8):
    if not (child := os.fork()):
        store.open("default", "me", float)
        store.close()
        os._exit(0)
    children.append(child)
sys.exit(sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0 for child in children))
"""


@pytest.mark.parametrize("server", ["sqlite", "postgresql", "mariadb"])
def test_s90_workers_that_start_together_create_the_tables_once(
    server: str, tmp_path: Path, request: pytest.FixtureRequest
):
    """S90: eight of them, each time anew, and none of them fails."""
    address = (
        f"sqlite:///{tmp_path}/state.db"
        if server == "sqlite"
        else request.getfixturevalue(f"{server}_address")
    )
    for number in range(3):
        command = [sys.executable, "-c", STARTING, address, f"start_{number}_"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("database", [mysql, postgresql, sqlite])
def test_the_statements_can_be_had_without_a_database(database):
    """For migration tools: tables, an index, and the version, under the names asked for."""
    statements = ddl_of(Names("my_", "place"), database.dialect())

    tables = [each.split()[5] for each in statements if each.startswith("CREATE TABLE")]
    assert sorted(tables) == [
        f"place.my_{name}" for name in ("chore", "fence", "meta", "run", "tally", "task", "worker")
    ]
    assert statements[-1].startswith("INSERT INTO place.my_meta")
