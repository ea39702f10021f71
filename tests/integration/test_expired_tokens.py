"""The main job on real input: expired tokens are removed from a database by a real server."""

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.conftest import serve_example
from tests.integration.serving import Server, eventually

pytestmark = pytest.mark.needs_fastapi


def test_an_expired_token_vanishes_from_the_list_and_from_the_database(example: Server) -> None:
    """Its row is gone, and those of the tokens that live stay."""
    short = issue(example, 0.2)
    long = issue(example, 600)

    eventually(lambda: listed(example) == {long})

    assert short != long
    assert in_database(example) == {long}


def test_an_expired_token_is_listed_until_it_is_removed(tmp_path: Path) -> None:
    """Between its end and the next run it has less than no seconds left."""
    with serve_example(tmp_path, period="3600") as server:
        eventually(lambda: cleanings(server))
        number = issue(server, 0.1)

        eventually(lambda: server.get("/tokens").json()[0]["seconds_left"] < 0)

        assert listed(server) == in_database(server) == {number}


def test_the_secret_is_told_once_and_kept_nowhere(example: Server) -> None:
    """The database has its digest alone."""
    secret = example.request("POST", "/tokens", {"lifetime": 60}).json()["token"]

    assert secret.encode() not in (example.folder / "tokens.db").read_bytes()
    assert "token" not in example.get("/tokens").json()[0]


@pytest.mark.parametrize("lifetime", [0, -1, 86_401, "long", None])
def test_a_lifetime_that_cannot_be_is_refused(example: Server, lifetime: object) -> None:
    """The answer names the field, and nothing is written."""
    answer = example.request("POST", "/tokens", {"lifetime": lifetime})

    assert answer.status == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "lifetime"]
    assert in_database(example) == set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_in_the_middle_ends_the_server_in_order(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Nothing is logged as an error, and the database is whole."""
    with serve_example(tmp_path, period="0.05") as server:
        for _ in range(20):
            issue(server, 0.3)
        eventually(lambda: cleanings(server))

        server.end(number)

        assert "Traceback" not in server.log.read_text()
        assert "Finished server process" in server.log.read_text()
        with closing(sqlite3.connect(tmp_path / "tokens.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_every_worker_cleans_for_itself(tmp_path: Path) -> None:
    """Two workers that start together share the tables, and both remove what has expired."""
    with serve_example(tmp_path, command="uvicorn-2-workers", period="0.4") as server:
        tokens = [issue(server, 0.1 * turn) for turn in range(1, 21)]
        eventually(lambda: len(cleanings(server)) >= 10)
        eventually(lambda: not listed(server))

        server.end()

        assert len(set(tokens)) == 20
        assert "Traceback" not in server.log.read_text()
        assert server.log.read_text().count("Finished server process") == 2


def issue(server: Server, lifetime: float) -> int:
    """Have a token issued and return its number."""
    answer = server.request("POST", "/tokens", {"lifetime": lifetime})
    assert answer.status == 201, answer.body
    return int(answer.json()["id"])


def listed(server: Server) -> set[int]:
    """Return the numbers of the tokens that the server lists."""
    return {token["id"] for token in server.get("/tokens").json()}


def cleanings(server: Server) -> list[dict[str, float]]:
    """Return the runs of the cleaning task that the server lists."""
    runs: list[dict[str, float]] = server.get("/cleanings").json()["runs"]
    return runs


def in_database(server: Server) -> set[int]:
    """Return the numbers of the tokens that are in the database."""
    with closing(sqlite3.connect(server.folder / "tokens.db")) as database:
        return {number for (number,) in database.execute("SELECT id FROM tokens")}
