import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener
from zipfile import ZipFile

import pytest

DEADLINE = 60.0

# As it is printed in the documentation of fastapi-utils, to the letter.
DOCUMENTED = '''\
from fastapi import FastAPI
from sqlalchemy.orm import Session

from fastapi_utils.session import FastAPISessionMaker
from fastapi_utils.tasks import repeat_every

database_uri = f"sqlite:///./test.db?check_same_thread=False"
sessionmaker = FastAPISessionMaker(database_uri)

app = FastAPI()


def remove_expired_tokens(db: Session) -> None:
    """Pretend this function deletes expired tokens from the database"""


@app.on_event("startup")
@repeat_every(seconds=60 * 60)  # 1 hour
def remove_expired_tokens_task() -> None:
    with sessionmaker.context_session() as db:
        remove_expired_tokens(db=db)
'''

# The same program, except that it no longer pretends. Its first run holds the thread until the
# server has answered a request: were start-up to wait for it, neither would ever happen.
OBSERVED = DOCUMENTED.replace(
    '"""Pretend this function deletes expired tokens from the database"""',
    """\
import pathlib, sqlalchemy, time
    deadline = time.monotonic() + 30
    while not pathlib.Path("answered").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    db.execute(sqlalchemy.text("CREATE TABLE marker (answered INTEGER)"))
    answered = pathlib.Path("answered").exists()
    db.execute(sqlalchemy.text("INSERT INTO marker VALUES (:it)"), {"it": answered})
""",
)


NAMES = {
    "ExcArgNoReturnAnyFuncT",
    "ExcArgNoReturnAsyncFuncT",
    "ExcArgNoReturnFuncT",
    "FastAPISessionMaker",
    "NoArgsNoReturnAnyFuncT",
    "NoArgsNoReturnAsyncFuncT",
    "NoArgsNoReturnDecorator",
    "NoArgsNoReturnFuncT",
    "context_session",
    "get_engine",
    "get_sessionmaker_for_engine",
    "repeat_every",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A server process, its port and what it prints."""

    process: "subprocess.Popen[bytes]"
    port: int
    output: Path

    def get(self) -> int:
        """GET the page that FastAPI gives every application; return the status."""
        direct = build_opener(ProxyHandler({}))
        with direct.open(f"http://127.0.0.1:{self.port}/docs", timeout=10) as answer:
            return answer.status

    def answers(self) -> bool:
        """Tell whether it listens and answers."""
        try:
            return self.get() == 200
        except (ConnectionError, URLError):
            return False

    def end(self) -> str:
        """Ask it to stop, as service managers do, and return all that it printed."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(DEADLINE)
        return self.output.read_text()

    def eventually(self, question: Callable[[], object]) -> None:
        """Return once *question* is answered truly; fail where the server ends before."""
        deadline = time.monotonic() + DEADLINE
        while not question():
            ended = self.process.poll() is not None
            assert not ended, f"the server ended by itself:\n{self.output.read_text()}"
            assert time.monotonic() < deadline, f"too late:\n{self.output.read_text()}"
            time.sleep(0.01)


@pytest.fixture(scope="module")
def python(library: Path, drop_in: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install both wheels, FastAPI and a server in a fresh environment."""
    folder = tmp_path_factory.mktemp("documented")
    subprocess.run(["uv", "venv", "--quiet", folder], check=True)
    interpreter = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    requirements = [library, drop_in, "fastapi", "uvicorn"]
    subprocess.run(
        ["uv", "pip", "install", "--quiet", "--python", interpreter, *requirements], check=True
    )
    return interpreter


def test_the_wheel_holds_two_modules_their_types_and_its_licence(drop_in: Path):
    """It provides the names `tasks` and `session` of fastapi_utils, and nothing else."""
    names = {name for name in ZipFile(drop_in).namelist() if not name.endswith("/")}

    assert {name for name in names if name.startswith("fastapi_utils/")} == {
        "fastapi_utils/__init__.py",
        "fastapi_utils/py.typed",
        "fastapi_utils/session.py",
        "fastapi_utils/tasks.py",
    }
    assert all(name.startswith(("fastapi_utils/", "ostinato_fastapi_utils-")) for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_both_distributions_have_one_version(library: Path, drop_in: Path):
    """They are released together."""
    assert drop_in.name.split("-")[1] == library.name.split("-")[1]


def test_its_names_are_those_of_the_library(python: Path):
    """The functions are the same objects, and the aliases that annotations name are there."""
    program = """
import fastapi_utils.session, fastapi_utils.tasks, ostinato.session
assert fastapi_utils.tasks.repeat_every is ostinato.repeat_every
for name in fastapi_utils.session.__all__:
    assert getattr(fastapi_utils.session, name) is getattr(ostinato.session, name)
print(*fastapi_utils.tasks.__all__, *fastapi_utils.session.__all__)
"""

    printed = subprocess.run(
        [python, "-I", "-c", program], check=True, capture_output=True, text=True
    ).stdout

    assert set(printed.split()) == NAMES


def test_the_documented_program_runs_unchanged(python: Path, tmp_path: Path):
    """It starts, serves requests, and ends on SIGTERM without an error."""
    with serving(python, DOCUMENTED, tmp_path) as server:
        status = server.get()
        output = server.end()

    assert status == 200
    assert server.process.returncode in (0, -signal.SIGTERM)
    assert "Application startup complete." in output
    assert "Application shutdown complete." in output
    assert not [line for line in output.splitlines() if "ERROR" in line or "Traceback" in line]


def test_its_task_runs_beside_the_server_and_commits(python: Path, tmp_path: Path):
    """The body of the task runs, in its session, without holding up the start of the server."""
    assert OBSERVED != DOCUMENTED

    with serving(python, OBSERVED, tmp_path) as server:
        (tmp_path / "answered").touch()
        server.eventually(lambda: read_marker(tmp_path / "test.db"))
        output = server.end()

    assert read_marker(tmp_path / "test.db") == [(1,)]
    assert server.process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in output


@contextmanager
def serving(python: Path, program: str, folder: Path) -> Generator[Server]:
    """Run *program* as `main.py` under uvicorn until it answers; end it whatever happens."""
    (folder / "main.py").write_text(program)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    output = folder / "output"
    with output.open("wb") as log:
        process = subprocess.Popen(
            [python, "-m", "uvicorn", "main:app", "--port", str(port)],
            cwd=folder,
            # The program finds what is installed, and nothing of this checkout.
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    server = Server(process, port, output)
    try:
        server.eventually(server.answers)
        yield server
    finally:
        process.kill()
        process.wait()


def read_marker(path: Path) -> list[tuple[int]]:
    """Return what the task has committed so far."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as database:
        try:
            return database.execute("SELECT answered FROM marker").fetchall()
        except sqlite3.OperationalError:
            return []
