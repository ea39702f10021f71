"""What a scheduler finds out about the workers beside it when it starts."""

import logging
import sys

import pytest

from ostinato import Scheduler, Scope
from ostinato._start_up import _configured_workers, announced_workers


@pytest.mark.parametrize(
    ("line", "workers"),
    [
        ("/bin/uvicorn app:app --workers 4", 4),
        ("/site-packages/uvicorn/__main__.py app:app --workers=4", 4),
        (r"C:\Scripts\uvicorn.exe app:app --workers 4", 4),
        ("/bin/fastapi run --workers 4", 4),
        ("/bin/gunicorn -w 4 app:app", 4),
        ("/bin/gunicorn -w4 app:app", 4),
        ("/bin/hypercorn app:app -w 4", 4),
        ("/bin/granian --workers 4 app:app", 4),
        ("/bin/granian --workers 4 --workers-lifetime 60 app:app", 4),
        ("/bin/granian --workers-lifetime 60 app:app", 1),
        ("/bin/uvicorn app:app --workers 1", 1),
        ("/bin/uvicorn app:app --ws wsproto", 1),
        ("/bin/uvicorn app:app --workers many", 1),
        ("/bin/pytest -w 4", 1),
        ("program.py --workers 4", 1),
        ("-c", 1),
        ("", 1),
    ],
)
def test_s27_the_command_line_tells_how_many_workers_there_are(line: str, workers: int) -> None:
    """S27: The option of a server's program counts, and that of another program does not."""
    assert announced_workers(line.split(), {}) == workers


@pytest.mark.parametrize(
    ("variable", "value", "workers"),
    [
        ("WEB_CONCURRENCY", "4", 4),
        ("WEB_CONCURRENCY", "1", 1),
        ("WEB_CONCURRENCY", "", 1),
        ("WEB_CONCURRENCY", "auto", 1),
        ("UVICORN_WORKERS", "4", 4),
        ("GRANIAN_WORKERS", "4", 4),
        ("GUNICORN_CMD_ARGS", "--bind=127.0.0.1 --workers=4", 4),
        ("GUNICORN_CMD_ARGS", "-w 4", 4),
        ("WORKERS", "4", 1),
    ],
)
def test_s27_variables_tell_how_many_workers_there_are(
    variable: str, value: str, workers: int
) -> None:
    """S27: Those are counted that servers start workers by."""
    assert announced_workers(["app.py"], {variable: value}) == workers


async def test_s27_workers_without_a_shared_store_are_warned_about(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """S27: The record has what runs too often, in how many workers, and the remedy."""
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    scheduler = Scheduler(enabled=True)
    scheduler.every(seconds=60, start=60, name="clean")(lambda: None)
    scheduler.every(seconds=60, start=60, name="cache", scope=Scope.PROCESS)(lambda: None)

    async with scheduler.running():
        pass

    [record] = caplog.records
    told = vars(record)
    assert record.levelno == logging.WARNING
    assert told["ostinato_event"] == "ostinato.store_not_shared"
    assert told["task_names"] == ["clean"]
    assert told["workers"] == 4
    assert "scope=Scope.PROCESS" in record.message


@pytest.mark.parametrize("reason", ["one worker", "on purpose", "disabled"])
async def test_s27_nobody_is_warned_where_nothing_runs_too_often(
    reason: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """S27: One worker, tasks of each process, and what is disabled are as they should be."""
    monkeypatch.setenv("WEB_CONCURRENCY", "1" if reason == "one worker" else "4")
    scheduler = Scheduler(enabled=reason != "disabled")
    scope = Scope.PROCESS if reason == "on purpose" else Scope.CLUSTER
    scheduler.every(seconds=60, start=60, name="clean", scope=scope)(lambda: None)

    async with scheduler.running():
        pass

    assert caplog.records == []


def test_s27_a_program_without_processes_has_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """S27: where nobody has imported multiprocessing, no server has made workers by it."""
    monkeypatch.delitem(sys.modules, "multiprocessing.process", raising=False)

    assert _configured_workers() == 1
