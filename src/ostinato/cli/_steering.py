"""`pause`, `resume`, `reschedule`, `cancel` and `trigger`: steer a fleet from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ostinato.cli._asking import asked
from ostinato.cli._observing import observed
from ostinato.cli._options import AppOption, AsJson, Header, TaskArgument, Url
from ostinato.cli._printing import console, print_json, styled
from ostinato.cli._running import run_task
from ostinato.cli._schedules import schedule_in
from ostinato.cli._shapes import task_of
from ostinato.cli._words import distance, instant_in, now, plain, shown
from ostinato.errors import InvalidArgumentError, RunNotFoundError

if TYPE_CHECKING:
    from ostinato._scheduler import Scheduler
    from ostinato._status import TaskStatus

__all__ = ["cancel", "pause", "reschedule", "resume", "trigger"]

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


def reschedule(
    task: TaskArgument,
    schedule: Annotated[
        str,
        typer.Argument(
            metavar="SCHEDULE",
            help="'every 10 minutes', 'delay 30 s', '0 9 * * mon-fri Europe/Zurich'.",
        ),
    ],
    app: AppOption = None,
    as_json: AsJson = False,
) -> None:
    """Let a task follow another schedule from now on, in all workers.

    Over restarts, too, until the program declares another schedule than it does now.
    """
    wanted = schedule_in(schedule)

    async def steer(scheduler: Scheduler) -> tuple[TaskStatus, dict[str, object]]:
        _check_shared(scheduler)
        await scheduler.reschedule(task, wanted)
        await scheduler._look_again()
        status = await scheduler.status(task)
        return status, task_of(scheduler, status)

    status, shape = observed(app, steer)
    if as_json:
        print_json(shape)
        return
    due = "" if status.next_run is None else f", next {distance(status.next_run, now())}"
    console().print(styled(f"{plain(task)} is due {status.schedule}{due}"), soft_wrap=True)


def cancel(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN_ID", help="As `list --json` and `trigger` tell it.")
    ],
    app: AppOption = None,
    as_json: AsJson = False,
) -> None:
    """Ask a run under way to end, in whichever worker it is."""

    async def steer(scheduler: Scheduler) -> None:
        _check_shared(scheduler)
        if await scheduler.cancel(run_id):
            return
        found = await scheduler.run(run_id)
        live = [run.id for status in await scheduler.status() for run in status.running]
        raise RunNotFoundError(run_id, None if found is None else found.outcome, live)

    observed(app, steer)
    if as_json:
        print_json({"run_id": run_id, "cancelled": True})
    else:
        console().print(styled(f"{plain(run_id)} is asked to end"), soft_wrap=True)


def trigger(
    task: TaskArgument,
    app: AppOption = None,
    as_json: AsJson = False,
    url: Url = None,
    header: Header = None,
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
