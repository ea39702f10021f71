"""`repeat_every` under real servers: started once, in every way that the documentation shows."""

from pathlib import Path

import pytest

from tests.integration.serving import COMMANDS, eventually, serve

pytestmark = pytest.mark.needs_fastapi

# uvicorn's second worker is one more process that repeats for itself.
WORKERS = {command: 2 if command == "uvicorn-2-workers" else 1 for command in COMMANDS}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_worker_runs_each_repetition_once(command: str, tmp_path: Path) -> None:
    """S11, S27, S91: each worker repeats for itself, and a router's double call starts one."""
    with serve(COMMANDS[command], "starting:app", tmp_path, START="on_event") as server:
        workers = WORKERS[command]
        for who in ("app", "router"):
            eventually(lambda who=who: len(server.journal.processes(f"{who}-completed")) == workers)

        words = server.journal.words()

        assert words.count("app-run") == words.count("router-run") == 3 * workers
        assert words.count("app-completed") == words.count("router-completed") == workers
        records = {word for word in words if "ostinato." in word}
        assert records <= {"DEBUG ostinato.start_repeated"}
        assert server.get("/").status == 200


@pytest.mark.parametrize("command", COMMANDS)
def test_slow_first_runs_do_not_hold_up_the_start(command: str, tmp_path: Path) -> None:
    """S47: The first response arrives while an async and a blocking run are under way."""
    with serve(COMMANDS[command], "starting:app", tmp_path, START="lifespan") as server:
        for kind in ("def", "async"):
            eventually(
                lambda kind=kind: len(server.journal.processes(f"{kind}-began")) == WORKERS[command]
            )

        answer = server.get("/")

        assert answer.status == 200
        assert not {"def-ended", "async-ended"} & set(server.journal.words())
