"""The operations that steer."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from ostinato._outcomes import Backfill
from ostinato.dashboard._api import answered
from ostinato.dashboard._remembering import check_range
from ostinato.dashboard._shapes import instant_text, run_shape
from ostinato.dashboard._watching import task
from ostinato.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ostinato.dashboard._answer import Answer
    from ostinato.dashboard._api import Api
    from ostinato.dashboard._given import Given

__all__ = ["backfill", "cancel", "pause", "reschedule", "resume", "trigger"]


# Of the ticks of a backfill: so many are told one by one, and so many may be asked for by force.
_MOST_SHOWN = 1_000
_MOST_TICKS = 10_000
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


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


async def backfill(api: Api, given: Given) -> Callable[[], Answer]:
    """Run ticks of a time that has passed again, or only tell which."""
    name, dry_run, force = given.text("name"), given.flag("dry_run"), given.flag("force")
    start, end = given.required_instant("start"), given.required_instant("end")
    check_range("end", start, end)
    if start < _EARLIEST:
        raise InvalidArgumentError("start", instant_text(start), "lies before 1970", "begin later")
    ask = partial(
        api.scheduler.backfill, name, start, end, mode=Backfill(given.text("mode")), force=force
    )
    ticks = await ask(dry_run=True)
    if len(ticks) > _MOST_TICKS:
        problem, remedy = f"leaves more than {_MOST_TICKS:,} ticks", "ask in smaller steps"
        raise InvalidArgumentError("end", instant_text(end), problem, remedy)
    if not dry_run:
        ticks = await ask(dry_run=False)
    instants = [tick.due for tick in ticks]
    return answered(
        lambda: {
            "name": name,
            "dry_run": dry_run,
            "count": len(instants),
            "instants": [instant_text(each) for each in instants[:_MOST_SHOWN]],
        }
    )


async def cancel(api: Api, given: Given) -> Callable[[], Answer]:
    """Ask a run to end; return whether it was under way."""
    was_under_way = await api.scheduler.cancel(given.text("run_id"))
    return answered(lambda: {"cancelled": was_under_way})
