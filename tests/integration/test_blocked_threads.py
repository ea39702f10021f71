"""S47: functions that block never take the threads that serve endpoints."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.serving import COMMANDS, eventually, serve

pytestmark = pytest.mark.needs_fastapi


def test_forty_blocked_functions_leave_the_endpoints_their_threads(tmp_path: Path) -> None:
    """S47: With every task thread held, forty requests to a `def` endpoint at once are answered."""
    with serve(COMMANDS["uvicorn"], "blocking:app", tmp_path, TASKS="40") as server:
        eventually(lambda: len(server.journal.words()) == 8)

        with ThreadPoolExecutor(40) as clients:
            answers = list(clients.map(server.get, ["/"] * 40))

        assert [answer.status for answer in answers] == [200] * 40
        assert not any("ostinato" in answer.json() for answer in answers)
        assert all(word.startswith("began") for word in server.journal.words())
        assert len(server.journal.words()) == 8


def test_functions_that_wait_for_a_thread_run_once_one_is_free(tmp_path: Path) -> None:
    """S47: Eight run at once; the other thirty-two have their turn, each of them once."""
    with serve(COMMANDS["uvicorn"], "blocking:app", tmp_path, TASKS="40") as server:
        eventually(lambda: len(server.journal.words()) == 8)

        server.request("POST", "/release")

        eventually(lambda: len(server.journal.words()) == 80)
        expected = {f"{word}-{number}" for word in ("began", "ended") for number in range(40)}
        assert set(server.journal.words()) == expected
