"""What the README's first command starts: seen from outside, as its user sees it."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.conftest import EXAMPLE
from tests.integration.serving import DEADLINE, eventually, free_port

pytestmark = pytest.mark.needs_fastapi

EVENT = re.compile(r"  \d\d:\d\d:\d\d  (issued|expired|removed)  +\S")


class Demo:
    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log

    def shown(self) -> str:
        """Return what it has written so far."""
        return self.log.read_text()

    def wait(self) -> int:
        """Wait for its end and return the exit code."""
        return self.process.wait(DEADLINE)


@contextmanager
def demo(folder: Path, *arguments: str) -> Generator[Demo]:
    """Run the demo with *arguments*, and *folder* as the place for temporary files."""
    temporary, log = folder / "tmp", folder / "log"
    temporary.mkdir()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(EXAMPLE / "demo.py"), *arguments],
            cwd=folder,
            env={**os.environ, "TMPDIR": str(temporary)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Demo(process, log)
    finally:
        process.kill()
        process.wait()


def test_it_shows_tokens_being_issued_expiring_and_being_removed(tmp_path: Path) -> None:
    """A title with the address, a line for each event, and no other line."""
    port = free_port()

    with demo(tmp_path, "--port", str(port), "--period", "0.5", "--for", "9") as running:
        code = running.wait()

        lines = [line for line in running.shown().splitlines() if line]
        assert code == 0
        assert f"http://127.0.0.1:{port}/" in lines[0]
        assert all(EVENT.match(line) for line in lines[1:-1]), lines
        assert {line.split()[1] for line in lines[1:-1]} == {"issued", "expired", "removed"}
        assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_a_signal_ends_it_with_success_and_nothing_left_behind(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl-C is how the demo is meant to end."""
    with demo(tmp_path, "--port", str(free_port())) as running:
        eventually(lambda: "issued" in running.shown())
        started = time.monotonic()
        running.process.send_signal(number)

        code = running.wait()

        assert code == 0
        assert time.monotonic() - started < 5
        assert "Traceback" not in running.shown()
        assert list((tmp_path / "tmp").iterdir()) == []


def test_a_taken_port_is_said_and_another_one_found(tmp_path: Path) -> None:
    """The demo runs beside whatever has its port."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]

        with demo(tmp_path, "--port", str(taken)) as running:
            eventually(lambda: "issued" in running.shown())

            assert f"Port {taken} is taken" in running.shown()
            assert f"http://127.0.0.1:{taken}/" not in running.shown()


def test_it_ends_when_nobody_reads_any_more(tmp_path: Path) -> None:
    """`demo.py | head` comes back, without a traceback."""
    command = [sys.executable, str(EXAMPLE / "demo.py"), "--port", str(free_port())]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()

        assert process.wait(DEADLINE) == 0
        assert errors == b""
