"""The table that is logged when a scheduler starts."""

import logging
import os
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from ostinato._engine._prepare import first_due
from ostinato._instants import instant_of
from ostinato._policy import Scope
from ostinato._registry import take_not_included
from ostinato._task import Task
from ostinato.observers._records import default_logger, write_record
from ostinato.schedules import Jittered

__all__ = [
    "announced_workers",
    "log_start_up",
    "start_up_table",
    "warn_of_container",
    "warn_of_not_included",
    "warn_of_workers",
]

_HEAD = ("task", "schedule", "next runs (UTC)", "once per")
# More lines than this are not read in a log.
_MOST_SHOWN = 100

# The servers whose command lines are read, and the variables that tell them how many to start.
_SERVERS = {"fastapi", "granian", "gunicorn", "hypercorn", "uvicorn"}
_VARIABLES = ("WEB_CONCURRENCY", "UVICORN_WORKERS", "GRANIAN_WORKERS")
_WORKERS = re.compile(r" (?:--workers(?:[= ])|-w[= ]?)(\d+)(?= |$)")


def log_start_up(
    name: str, tasks: Collection[Task], now: float, where: str, *, is_live: bool
) -> None:
    """Log what the scheduler *name* is going to run, and what is likely to be a mistake.

    Args:
        name: The scheduler's name.
        tasks: Its tasks.
        now: The time, in seconds since 1970.
        where: Where its state lives, in words.
        is_live: Whether ticks fall due.
    """
    if not len(tasks):
        message = "The scheduler %r has started without tasks: import the modules that declare them"
        told = {"ostinato_event": "ostinato.no_tasks", "scheduler_name": name}
        write_record(logging.WARNING, message, name, extra=told)
        return
    if not default_logger.isEnabledFor(logging.INFO):
        return
    state = "" if is_live else ", disabled: nothing falls due"
    message = "The scheduler %r has started, its state %s%s\n%s"
    extra: dict[str, object] = {
        "ostinato_event": "ostinato.tasks_listed",
        "scheduler_name": name,
        "task_names": [task.name for task in tasks],
    }
    table = start_up_table(list(tasks), now)
    write_record(logging.INFO, message, name, where, state, table, extra=extra)


def warn_of_workers(name: str, tasks: Iterable[Task], *, is_live: bool) -> None:
    """Log that each worker runs every tick of the scheduler *name*, where several share nothing.

    Args:
        name: The scheduler's name.
        tasks: Its tasks.
        is_live: Whether ticks fall due.
    """
    workers = max(announced_workers(sys.argv, os.environ), _configured_workers())
    # Asked before the tasks are looked at, of which there may be a hundred thousand.
    if workers < 2 or not is_live:  # noqa: PLR2004 - one is alone
        return
    names = [task.name for task in tasks if task.policy.scope is not Scope.PROCESS]
    if not names:
        return
    message = (
        "%d workers run the scheduler %r, and its store is each worker's own: every tick of these "
        "tasks runs in each of them: %s. Serve with one worker, or declare with "
        "scope=Scope.PROCESS what every worker is to run"
    )
    extra: dict[str, object] = {
        "ostinato_event": "ostinato.store_not_shared",
        "scheduler_name": name,
        "task_names": names,
        "workers": workers,
    }
    write_record(logging.WARNING, message, workers, name, ", ".join(names), extra=extra)


def warn_of_container(name: str, file: Path, container: str) -> None:
    """Log that the *file* of the scheduler *name* is gone with its *container*, and is one of many.

    Args:
        name: The scheduler's name.
        file: Holds its state.
        container: What it is gone with, in words.
    """
    message = (
        "The scheduler %r keeps its state in %s, in %s and on no volume: every other one would run "
        "every tick again, and the next deploy forgets what ran. Name a store that they share, as "
        "Scheduler('postgresql://...') or by $OSTINATO_STORE, or mount a volume there"
    )
    extra: dict[str, object] = {
        "ostinato_event": "ostinato.store_not_kept",
        "scheduler_name": name,
        "file": str(file),
    }
    write_record(logging.WARNING, message, name, str(file), container, extra=extra)


def warn_of_not_included(name: str, *, is_live: bool) -> None:
    """Log which tasks no scheduler has included by the time that the scheduler *name* starts."""
    names = take_not_included() if is_live else []
    if not names:
        return
    message = (
        "The scheduler %r starts, and no scheduler includes these tasks, which will not run: %s. "
        "Call scheduler.include(tasks) with the Tasks that declares them, before the start"
    )
    extra: dict[str, object] = {
        "ostinato_event": "ostinato.tasks_not_included",
        "scheduler_name": name,
        "task_names": names,
    }
    write_record(logging.WARNING, message, name, ", ".join(names), extra=extra)


def announced_workers(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Return how many workers a server is told to start; 1 where nothing tells.

    Args:
        arguments: The command line.
        environment: The environment's variables.
    """
    line = " ".join(arguments[1:]) if _is_server(arguments) else ""
    found = _WORKERS.findall(f" {line} {environment.get('GUNICORN_CMD_ARGS', '')}")
    found += [environment.get(variable, "") for variable in _VARIABLES]
    return max([int(each) for each in found if each.isdecimal()], default=1)


def _is_server(arguments: Sequence[str]) -> bool:
    """Return whether the program is a server: by its name, or as `python -m` has found it."""
    *_, folder, program = ["", *re.split(r"[/\\]", arguments[0] if arguments else "")]
    return (folder if program == "__main__.py" else program.removesuffix(".exe")) in _SERVERS


def _configured_workers() -> int:
    """Return how many workers the program has asked its server for, as this worker was told.

    uvicorn and hypercorn hand each worker their whole configuration.
    """
    multiprocessing = sys.modules.get("multiprocessing.process")
    if multiprocessing is None:
        return 1
    told: dict[str, object] = getattr(multiprocessing.current_process(), "_kwargs", {})
    workers: object = getattr(told.get("config"), "workers", None)
    return workers if isinstance(workers, int) else 1


def start_up_table(tasks: Sequence[Task], now: float) -> str:
    """Return one line for each of *tasks*: its name, schedule, next two runs, and scope."""
    rows = [_HEAD, *(_row(task, now) for task in tasks[:_MOST_SHOWN])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    if len(tasks) > _MOST_SHOWN:
        lines.append(f"... and {len(tasks) - _MOST_SHOWN} more")
    return "\n".join(f"  {line}" for line in lines)


def _row(task: Task, now: float) -> tuple[str, ...]:
    scope = "process" if task.policy.scope is Scope.PROCESS else "store"
    try:
        return task.name, task.schedule.describe(), _next_two(task, now), scope
    except Exception as error:  # noqa: BLE001 - a schedule of the user's own is the user's code
        return task.name, f"raises {type(error).__name__}", "", scope


def _next_two(task: Task, now: float) -> str:
    first, until = first_due(task, task.schedule, now * 1_000), task.policy.until
    found: list[datetime] = []
    if first is not None:
        found.append(instant_of(first))
        following = task.schedule.anchored(found[0]).next_after(found[0])
        # When a delay is due again, its run decides.
        if following is not None and getattr(task.schedule, "has_grid", True):
            found.append(following)
    found = [each for each in found if until is None or each <= instant_of(until)]
    found = found[: task.policy.max_runs]
    if not found:
        return "never"
    shown = _shown(found)
    return f"{shown}, each a little later" if isinstance(task.schedule, Jittered) else shown


def _shown(found: Sequence[datetime]) -> str:
    day = "%Y-%m-%d %H:%M:%S"
    return ", ".join(
        each.strftime(day if number == 0 or each.date() != found[0].date() else "%H:%M:%S")
        for number, each in enumerate(found)
    )
