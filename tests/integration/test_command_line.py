"""The command line as it is called: processes, signals, an application with a life span."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

APP = """
import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from fastapi import Depends, FastAPI, Request
from ostinato import Run, Scheduler

scheduler = Scheduler("sqlite:///state.db", poll=0.1, shutdown_grace=0.1)
log = Path("log.txt")

def note(line):
    with log.open("a") as file:
        file.write(line + "\\n")

@asynccontextmanager
async def lifespan(app):
    note("up")
    app.state.greeting = "hello"
    yield {"day": "monday"}
    note("down")

app = FastAPI(lifespan=lifespan)
scheduler.attach(app)

def greeting(request: Request):
    yield f"{request.app.state.greeting} on {request.state.day}"
    note("cleaned")

@scheduler.every(hours=1, name="greet")
async def greet(words: Annotated[str, Depends(greeting)]):
    note(words)

@scheduler.every(hours=1, name="fail")
async def fail():
    raise ValueError("on purpose")

@scheduler.every(hours=1, name="long")
async def long(run: Run):
    note("long has begun")
    try:
        await asyncio.sleep(600)
    finally:
        note("long has ended")

@scheduler.every(seconds=0.2, name="tick")
async def tick():
    note("tick")
"""

PLAIN = """
from pathlib import Path
from ostinato import Scheduler

scheduler = Scheduler("sqlite:///state.db")

@scheduler.every(seconds=0.1, name="greet")
def greet():
    Path("log.txt").write_text("greeted\\n")

async def inner(scope, receive, send):
    if (await receive())["type"] == "lifespan.startup":
        raise ConnectionError("there is no database")

app = scheduler.asgi(inner)
"""


pytestmark = pytest.mark.needs_fastapi


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Hold the application, and what it has written."""
    (tmp_path / "main.py").write_text(APP, "utf-8")
    return tmp_path


def called(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment() | variables,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from ostinato.cli import main; main()", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "OSTINATO_APP": "main:app", "OSTINATO_STORE": ""}


@contextmanager
def started(folder: Path, line: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a command, and yield it when its application has noted *line*."""
    with subprocess.Popen(
        command(*arguments),
        cwd=folder,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            while line not in noted(folder):
                assert process.poll() is None, process.communicate()
            yield process
        finally:
            process.kill()


def noted(folder: Path) -> list[str]:
    log = folder / "log.txt"
    return log.read_text("utf-8").splitlines() if log.exists() else []


def test_s93_a_task_is_run_with_what_it_depends_on(folder: Path):
    """S93: in the life span of its application, into a store that nobody has made yet."""
    result = called(folder, "run", "greet", "--json")

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["outcome"] == "succeeded"
    assert json.loads(result.stdout)["kind"] == "manual"
    # And no tick of any task.
    assert noted(folder) == ["up", "hello on monday", "cleaned", "down"]


def test_a_run_that_fails_is_told_by_the_exit_code(folder: Path):
    """A job of Kubernetes fails where its task does, and its log has the traceback."""
    result = called(folder, "run", "fail")

    assert result.returncode == 1
    assert "ValueError: on purpose" in result.stderr
    assert "fail: failed after" in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGTERM for other processes")
def test_a_run_is_ended_in_order_by_sigterm(folder: Path):
    """It is cancelled and cleans up, then the application is shut down; the run is recorded."""
    with started(folder, "long has begun", "run", "long") as process:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    (run,) = json.loads(called(folder, "history", "long", "--json").stdout)
    assert process.returncode == 128 + signal.SIGTERM
    assert noted(folder) == ["up", "long has begun", "long has ended", "down"]
    assert run["outcome"] == "cancelled"


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGTERM for other processes")
def test_a_worker_runs_the_tasks_without_http_until_it_is_stopped(folder: Path):
    """What is listed and run beside it takes none of its ticks; what it runs is not run twice."""
    with started(folder, "tick", "worker", "main:app") as process:
        listed = json.loads(called(folder, "list", "--json").stdout)
        twice = called(folder, "run", "long")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    states = {each["name"]: each["state"] for each in listed}
    assert process.returncode == 128 + signal.SIGTERM
    assert states.keys() == {"greet", "fail", "long", "tick"}
    assert twice.returncode == 3
    assert "'long' is running" in twice.stderr
    assert noted(folder).count("up") == 2
    assert noted(folder)[-1] == "down"


@pytest.mark.parametrize("arguments", [("run", "greet"), ("worker", "main:app")])
def test_a_start_up_that_fails_is_shown_and_told_by_the_exit_code(folder: Path, arguments):
    """Of an application without a framework, too, inside which the scheduler runs."""
    (folder / "main.py").write_text(PLAIN, "utf-8")

    result = called(folder, *arguments)

    assert result.returncode == 1
    assert "error: the application failed at its startup" in result.stderr
    assert "ConnectionError: there is no database" in result.stderr
    assert "greeted" not in noted(folder)


def test_a_worker_in_which_nothing_falls_due_says_so(folder: Path):
    """It would idle until somebody wondered; the exit code is that of a wrong use."""
    result = called(folder, "worker", "main:app", OSTINATO_ENABLED="0")

    assert result.returncode == 2
    assert "OSTINATO_ENABLED='0' lets no task fall due in this process" in result.stderr
    assert noted(folder) == []


def test_without_its_extra_the_command_line_says_so(tmp_path: Path):
    """Whoever installed the library alone is told what to install."""
    program = "import sys; sys.modules['typer'] = None\nfrom ostinato.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert result.returncode == 1
    assert result.stderr.strip() == (
        "error: the command line needs an extra: pip install 'ostinato[cli]'"
    )
