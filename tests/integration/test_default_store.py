"""The store that nobody named: one file, shared by the workers that start in one directory."""

import logging
from collections import Counter
from pathlib import Path

import pytest

from ostinato import Scheduler
from tests.integration.serving import COMMANDS, eventually, serve

TWO_WORKERS = COMMANDS["uvicorn-2-workers"]
# An empty variable names nothing; the tests' own names the memory of one process.
DEFAULT = {"OSTINATO_STORE": ""}


def test_s84_without_a_word_the_workers_of_a_host_run_each_tick_once_over_restarts(
    tmp_path: Path,
):
    """S84: two workers, started twice: no tick ran twice, and the hourly task ran once."""
    lines: list[str] = []
    for start in (1, 2):
        with serve(TWO_WORKERS, "default_store:app", tmp_path, **DEFAULT) as server:

            def ran(times: int = 20 * start) -> bool:
                return len([each for each in server.journal.words() if "often" in each]) >= times

            eventually(ran)
            server.end()
            lines = server.journal.words()

    runs = Counter(line for line in lines if line.startswith(("often", "hourly")))
    assert [run for run, times in runs.items() if times > 1] == []
    assert len([run for run in runs if run.startswith("hourly")]) == 1
    # On one grid: the one that the first start began.
    assert len({run.rpartition(".")[2][1:] for run in runs if run.startswith("often")}) == 1
    assert (tmp_path / ".ostinato" / ".gitignore").read_text() == "*\n"
    assert (tmp_path / ".ostinato" / "state.db").is_file()


async def test_s84_a_file_that_is_gone_with_its_platform_is_warned_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """S84: each machine of the platform would run every tick, and a deploy forgets what ran."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OSTINATO_STORE", "")
    monkeypatch.setenv("DYNO", "web.1")
    monkeypatch.setattr("ostinato.stores._mounts._MOUNTS", tmp_path / "missing")
    scheduler = Scheduler(enabled=True)
    scheduler.every(hours=1, name="tidy")(lambda: None)

    with caplog.at_level(logging.WARNING, "ostinato"):
        async with scheduler.running():
            pass

    (record,) = caplog.records
    assert record.ostinato_event == "ostinato.store_not_kept"
    assert record.file == str(tmp_path / ".ostinato" / "state.db")
    assert "the platform Heroku" in record.getMessage()
