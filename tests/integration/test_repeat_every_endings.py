"""What ends a repetition under each server: the tests behind docs/explanation."""

import signal
from pathlib import Path

import pytest

from tests.integration.serving import COMMANDS, Server, eventually, serve

SIGNALS = [
    pytest.param(signal.SIGTERM, id="SIGTERM"),
    pytest.param(signal.SIGINT, id="SIGINT"),
]
# Their loops are left, not ended: whatever still runs is dropped without a word.
DROPPED = {
    ("uvicorn", signal.SIGTERM),
    ("uvicorn-2-workers", signal.SIGTERM),
    ("granian", signal.SIGTERM),
    ("granian", signal.SIGINT),
    ("gunicorn-uvicorn-worker", signal.SIGTERM),
    ("gunicorn-uvicorn-worker", signal.SIGINT),
}
# A worker gets Ctrl-C from the terminal and SIGTERM from its supervisor: the last to come decides.
UNDECIDED = {("uvicorn-2-workers", signal.SIGINT)}
# gunicorn's own worker runs no teardown at Ctrl-C: it leaves its loop at once.
WITHOUT_TEARDOWN = {("gunicorn-asgi-worker", signal.SIGINT)}


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_run_under_way_ends_as_the_page_says(
    command: str, number: signal.Signals, tmp_path: Path
) -> None:
    """An async run is cancelled after the teardown by servers that end their loop, else dropped."""
    with serve(COMMANDS[command], "ending:app", tmp_path, KIND="async") as server:
        all_have_begun(server, command)

        server.end(number)

        words = list(dict.fromkeys(server.journal.words()))
        teardown = [] if (command, number) in WITHOUT_TEARDOWN else ["teardown"]
        cleanup = [] if (command, number) in DROPPED else ["finally", "cleaned up"]
        if (command, number) in UNDECIDED:
            words, cleanup = words[:2], []
        assert words == ["began", *teardown, *cleanup]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_repetition_that_is_stopped_cleans_up_before_the_teardown(
    command: str, tmp_path: Path
) -> None:
    """`await handle.stop()` behind the lifespan's yield ends the run under every server."""
    with serve(COMMANDS[command], "ending:app", tmp_path, KIND="async", STOPS="1") as server:
        all_have_begun(server, command)

        server.end(signal.SIGTERM)

        for process in server.journal.processes("began"):
            words = [word for writer, word in server.journal.lines() if writer == process]
            assert words == ["began", "finally", "cleaned up", "teardown"]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_repetition_holds_up_the_end(command: str, tmp_path: Path) -> None:
    """S47: A thread that blocks for ever does not keep the process, nor does a long wait."""
    with serve(COMMANDS[command], "ending:app", tmp_path, KIND="def") as server:
        all_have_begun(server, command)

        took = server.end(signal.SIGTERM)

        assert "teardown" in server.journal.words()
        assert "Task was destroyed" not in server.log.read_text()
        # The servers themselves give up after 30 seconds and kill; that is not an end in order.
        assert took < 15


def all_have_begun(server: Server, command: str) -> None:
    """Wait until every worker of the *command* is in its first run."""
    workers = 2 if command == "uvicorn-2-workers" else 1
    eventually(lambda: len(server.journal.processes("began")) == workers)
    assert server.get("/").status == 200
