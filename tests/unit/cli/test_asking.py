import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.support.calling import Invoke


class Worker(BaseHTTPRequestHandler):
    """Answers as the API of a worker does."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        given = json.loads(self.rfile.read(length))
        asked.append((self.path, given, self.headers["X-Ostinato"], self.headers["Authorization"]))
        told: object = {"id": "default/tidy/1"}
        if given["name"] == "tidi":
            told = {"error": {"message": "there is no task 'tidi'", "hint": "try 'tidy'"}}
        if self.path.endswith("backfill"):
            told = {"count": 1, "instants": ["2026-01-01T00:00:00.000Z"]}
        self.send_response(404 if given["name"] != "tidy" else 200)
        self.end_headers()
        self.wfile.write(b"<html>" if given["name"] == "page" else json.dumps(told).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called there
        """Say nothing."""


asked: list[tuple[Any, ...]] = []


@pytest.fixture
def url() -> Iterator[str]:
    """Run a server that answers as a worker does, and return where."""
    asked.clear()
    with HTTPServer(("127.0.0.1", 0), Worker) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/ostinato"
        server.shutdown()
        thread.join()


def test_a_worker_is_asked_by_the_api_that_it_serves(url: str, ostinato: Invoke):
    """With the header that no page of another site can send, and with the user's own."""
    said = ostinato("trigger", "tidy", "--url", url, "--header", "Authorization: Bearer x")
    told = ostinato("trigger", "tidy", "--url", url, "--json")

    assert said.stdout == "tidy has begun: default/tidy/1\n"
    assert json.loads(told.stdout) == {"id": "default/tidy/1"}
    assert asked[0] == ("/ostinato/api/trigger", {"name": "tidy"}, "1", "Bearer x")


def test_s94_a_worker_is_asked_to_run_ticks_of_the_past(url: str, ostinato: Invoke):
    """S94: which there would be, and then, when that is agreed, to run them."""
    span = ("--from", "2026-01-01T00:00Z", "--to", "2026-01-02T00:00Z", "--mode", "all")
    dry = ostinato("backfill", "tidy", *span, "--url", url, "--json")
    said = ostinato("backfill", "tidy", *span, "--url", url, asked="y\n")
    told = ostinato("backfill", "tidy", *span, "--url", url, "--yes", "--json")

    given = {"start": "2026-01-01T00:00:00.000Z", "end": "2026-01-02T00:00:00.000Z"}
    (path, first, *_), *others = asked
    assert (path, first) == (
        "/ostinato/api/backfill",
        {"name": "tidy", **given, "mode": "all", "force": False, "dry_run": True},
    )
    assert [each[1]["dry_run"] for each in others] == [True, False, True, False]
    assert (json.loads(dry.stdout)["dry_run"], json.loads(dry.stdout)["count"]) == (True, 1)
    assert "this tick would be run" in said.stdout
    assert said.stdout.endswith("tidy is run again there, ticks: 1\n")
    assert json.loads(told.stdout)["count"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["tidi", "--url", "{}"], 1, "has answered 404: there is no task 'tidi'; try 'tidy'"),
        (["page", "--url", "{}"], 1, "has answered 404: Not Found"),
        (["tidy", "--url", "http://127.0.0.1:1"], 1, "does not answer"),
        (["tidy", "--url", "file:///etc/passwd"], 2, "is no address; pass where the dashboard is"),
        (["tidy", "--url", "{}", "--header", "x"], 2, "is no header; write it like"),
    ],
)
def test_what_a_worker_refuses_is_said(
    arguments: list[str], code: int, said: str, url: str, ostinato: Invoke
):
    """The exit code tells, and the words are the worker's own."""
    result = ostinato("trigger", *(each.format(url) for each in arguments))

    assert result.exit_code == code
    assert said in result.stderr
