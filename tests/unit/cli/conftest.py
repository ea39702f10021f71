"""A program to point the command line at, in a module of its own."""

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ostinato.cli import _options
from tests.support.calling import Invoke

PROGRAM = """
from ostinato import Run, Scheduler


def make() -> Scheduler:
    scheduler = Scheduler("sqlite:///state.db", enabled=True, poll=0.1)

    @scheduler.every(hours=1, name="app.tidy")
    async def tidy(run: Run) -> None:
        run.progress(0.5, message="half")

    @scheduler.every(hours=1, name="app.fail")
    async def fail() -> None:
        raise ValueError("[bold]no[/bold] \\x1b[2J")

    @scheduler.cron("30 2 * * *", tz="America/New_York", name="app.report")
    async def report() -> None: ...

    return scheduler


scheduler = make()
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a module with a scheduler, in the working directory."""
    name = f"program_{abs(hash(tmp_path)):x}"
    (tmp_path / f"{name}.py").write_text(PROGRAM, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return name


@pytest.fixture
def ran(program: str) -> str:
    """Return the program, each of whose tasks has run once by its schedule, but for the report."""
    scheduler = __import__(program).scheduler

    async def run() -> None:
        async with asyncio.timeout(60), scheduler.running():
            while True:
                statuses = await scheduler.status()
                if sum(each.last_run is not None for each in statuses) == 2:
                    return
                await asyncio.sleep(0.01)

    asyncio.run(run())
    return program


@pytest.fixture
def ostinato(monkeypatch: pytest.MonkeyPatch) -> Iterator[Invoke]:
    """Return what calls the command line in this process, as a terminal of 120 columns."""
    from ostinato.cli._program import program as commands

    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("OSTINATO_APP", raising=False)
    logger = logging.getLogger("ostinato")
    before = logger.level

    def invoke(*arguments: str, asked: str | None = None) -> Result:
        _options.wants_json.set(False)
        return CliRunner().invoke(commands, arguments, input=asked, prog_name="ostinato")

    yield invoke
    logger.setLevel(before)
