"""Real servers as processes: started, watched through what they write, ended within a deadline."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.servers import free_port

__all__ = [
    "APPS",
    "COMMANDS",
    "DEADLINE",
    "Answer",
    "Journal",
    "Server",
    "eventually",
    "free_port",
    "serve",
]

APPS = Path(__file__).parent / "apps"
# Ample, for a loaded machine: nothing below waits that long unless something is broken.
DEADLINE = 30.0

# Each is started as a user would start it, with its module and address put in.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "uvicorn": ("uvicorn", "{app}", "--host", "127.0.0.1", "--port", "{port}"),
    "uvicorn-2-workers": (
        *("uvicorn", "{app}", "--host", "127.0.0.1", "--port", "{port}"),
        *("--workers", "2"),
    ),
    "hypercorn": ("hypercorn", "{app}", "--bind", "127.0.0.1:{port}"),
    "granian": (
        *("granian", "{app}", "--interface", "asgi", "--host", "127.0.0.1", "--port", "{port}"),
        "--no-access-log",
    ),
    "gunicorn-uvicorn-worker": (
        *("gunicorn", "{app}", "--bind", "127.0.0.1:{port}"),
        *("--worker-class", "uvicorn_worker.UvicornWorker", "--no-control-socket"),
    ),
    "gunicorn-asgi-worker": (
        *("gunicorn", "{app}", "--bind", "127.0.0.1:{port}"),
        *("--worker-class", "asgi", "--no-control-socket"),
    ),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered to one request."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Return the body, read as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Journal:
    """The lines that the processes of an application append to one file."""

    path: Path

    def lines(self) -> list[tuple[int, str]]:
        """Return what was written so far: the process and the word of each line."""
        text = self.path.read_text() if self.path.exists() else ""
        return [
            (int(pid), word) for pid, _, word in (line.partition(" ") for line in text.splitlines())
        ]

    def words(self) -> list[str]:
        """Return the words written so far, by whatever process."""
        return [word for _, word in self.lines()]

    def processes(self, word: str) -> set[int]:
        """Return which processes have written *word*."""
        return {pid for pid, written in self.lines() if written == word}


@dataclass(slots=True)
class Server:
    """A server process that listens on 127.0.0.1."""

    process: "subprocess.Popen[bytes]"
    port: int
    folder: Path
    journal: Journal
    log: Path

    def request(
        self, method: str, path: str, body: object = None, timeout: float = DEADLINE
    ) -> Answer:
        """Send one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"content-type": "application/json"})
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        """Send a GET request."""
        return self.request("GET", path)

    def answers(self) -> bool:
        """Tell whether somebody listens; a process that has ended is an error with its log."""
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended by itself:\n{self.log.read_text()}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def end(self, number: int = signal.SIGTERM, within: float = DEADLINE) -> float:
        """Send the signal, wait for the end of the process and return how long it took.

        SIGINT goes to the whole group, as Ctrl-C in a terminal does, and others to the process
        alone, as service managers send them.
        """
        started = time.monotonic()
        if number == signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        try:
            self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"still running after {within} s:\n{self.log.read_text()}"
            ) from None
        return time.monotonic() - started


def eventually(question: Callable[[], object], within: float = DEADLINE) -> None:
    """Return once *question* is answered truly; ask in short turns until the deadline."""
    deadline = time.monotonic() + within
    while not question():
        assert time.monotonic() < deadline, f"did not become true within {within} s"
        time.sleep(0.01)


@contextmanager
def serve(
    command: tuple[str, ...],
    app: str,
    folder: Path,
    *,
    apps: Path = APPS,
    **environment: str,
) -> Generator[Server]:
    """Run *app* by the server's *command* in *folder* until the block ends, whatever happens."""
    port, journal, log = free_port(), Journal(folder / "journal"), folder / "server.log"
    arguments = [part.format(app=app, port=port) for part in command]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": str(apps),
                "PYTHONUNBUFFERED": "1",
                "JOURNAL": str(journal.path),
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(process, port, folder, journal, log)
    try:
        eventually(server.answers)
        yield server
    finally:
        # The whole group, so that no worker outlives a supervisor that died.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
