"""`pause`, `resume` and `trigger`: steer the tasks of a fleet from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ostinato.cli._asking import asked
from ostinato.cli._observing import observed
from ostinato.cli._options import AppOption, AsJson, TaskArgument
from ostinato.cli._printing import console, print_json, styled
from ostinato.cli._running import run_task
from ostinato.cli._shapes import task_of
from ostinato.cli._words import distance, instant_in, now, plain, shown
from ostinato.errors import InvalidArgumentError

if TYPE_CHECKING:
    from ostinato._scheduler import Scheduler
    from ostinato._status import TaskStatus

__all__ = ["pause", "resume", "trigger"]

_REMEDY = "give the scheduler a store that is shared, such as 'sqlite:///state.db'"


def pause(
    task: TaskArgument,
    app: AppOption = None,
    as_json: AsJson = False,
    reason: Annotated[str | None, typer.Option("--reason", help="Why, for those who look.")] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="SPAN", help="When it resumes by itself: 2h, an instant."),
    ] = None,
) -> None:
    """Let no tick of a task run, in any worker; a run under way goes on."""
    end = None if until is None else instant_in("--until", until, now())

    async def steer(scheduler: Scheduler) -> dict[str, object]:
        _check_shared(scheduler)
        await scheduler.pause(task, reason=reason, until=end)
        return task_of(scheduler, await scheduler.status(task))

    shape = observed(app, steer)
    if as_json:
        print_json(shape)
        return
    until_then = "" if end is None else f" until {shown(end)} UTC"
    console().print(styled(f"{plain(task)} is paused{until_then}"))


def resume(
    task: TaskArgument,
    app: AppOption = None,
    as_json: AsJson = False,
    catch_up: Annotated[
        bool,
        typer.Option("--catch-up", help="Take the ticks of the pause as missed ones, not skipped."),
    ] = False,
) -> None:
    """Let the ticks of a task run again."""

    async def steer(scheduler: Scheduler) -> TaskStatus:
        _check_shared(scheduler)
        await scheduler.resume(task, catch_up=catch_up)
        await scheduler._look_again()
        status = await scheduler.status(task)
        shapes.append(task_of(scheduler, status))
        return status

    shapes: list[dict[str, object]] = []
    status = observed(app, steer)
    if as_json:
        print_json(shapes[0])
        return
    due = "" if status.next_run is None else f", and due {distance(status.next_run, now())}"
    console().print(styled(f"{plain(task)} is {status.state}{due}"))


def trigger(
    task: TaskArgument,
    app: AppOption = None,
    as_json: AsJson = False,
    url: Annotated[
        str | None,
        typer.Option("--url", envvar="OSTINATO_URL", help="Where a worker's dashboard is."),
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", help="To send there: 'Authorization: ...'.")
    ] = None,
) -> None:
    """Start a run of a task now: by the worker at --url; without one in this process, as `run`.

    The store has no request that workers would carry out: one is asked by the API that it serves
    beside its dashboard, and answers when the run has begun.
    """
    if url is None:
        run_task(task, app, as_json=as_json, log_level="warning")
        return
    answer = asked(url, "trigger", {"name": task}, header or [])
    if as_json:
        print_json(answer)
    else:
        console().print(styled(f"{plain(task)} has begun: {answer.get('id', '')}"), soft_wrap=True)


def _check_shared(scheduler: Scheduler) -> None:
    """Check that what is steered here is heard of elsewhere.

    Raises:
        InvalidArgumentError: The store is this process's own.
    """
    if scheduler._memory.is_alone:
        raise InvalidArgumentError(
            "store", "memory://", "is each process's own: nothing outside can steer it", _REMEDY
        )
