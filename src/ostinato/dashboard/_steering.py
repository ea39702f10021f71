"""The operations that steer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostinato.dashboard._api import answered
from ostinato.dashboard._shapes import run_shape
from ostinato.dashboard._watching import task

if TYPE_CHECKING:
    from collections.abc import Callable

    from ostinato.dashboard._answer import Answer
    from ostinato.dashboard._api import Api
    from ostinato.dashboard._given import Given

__all__ = ["cancel", "pause", "reschedule", "resume", "trigger"]


async def trigger(api: Api, given: Given) -> Callable[[], Answer]:
    """Start a run, and return it."""
    run = await api.scheduler.trigger(given.text("name"))
    return answered(lambda: run_shape(run, api.texts))


async def pause(api: Api, given: Given) -> Callable[[], Answer]:
    """Pause a task, and return how it stands."""
    reason, until = given.text_or_none("reason"), given.instant("until")
    await api.scheduler.pause(given.text("name"), reason=reason, until=until)
    return await task(api, given)


async def resume(api: Api, given: Given) -> Callable[[], Answer]:
    """Resume a task, and return how it stands."""
    await api.scheduler.resume(given.text("name"), catch_up=given.flag("catch_up"))
    return await task(api, given)


async def reschedule(api: Api, given: Given) -> Callable[[], Answer]:
    """Let a task follow another schedule, and return how it stands."""
    await api.scheduler.reschedule(given.text("name"), given.text("schedule"))
    return await task(api, given)


async def cancel(api: Api, given: Given) -> Callable[[], Answer]:
    """Ask a run to end; return whether it was under way."""
    was_under_way = await api.scheduler.cancel(given.text("run_id"))
    return answered(lambda: {"cancelled": was_under_way})
