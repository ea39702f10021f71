"""The operations that look."""

from __future__ import annotations

from difflib import get_close_matches
from hashlib import blake2b
from importlib.metadata import version
from typing import TYPE_CHECKING

from ostinato.dashboard._answer import Answer, encoded
from ostinato.dashboard._api import answered
from ostinato.dashboard._shapes import counts_of, health_shape, now_text, run_shape, task_shape
from ostinato.errors import TaskNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ostinato.dashboard._api import Api
    from ostinato.dashboard._given import Given

__all__ = ["health", "overview", "runs", "task", "tasks"]

_UNHEALTHY = 503
_VERSION = version("ostinato")


async def overview(api: Api, given: Given) -> Callable[[], Answer]:
    """Return everything that the page shows at a glance, unless it is shown already."""
    statuses = await api.scheduler.status()
    found = await api.scheduler.health()
    now, declared = api.now(), api.scheduler.tasks

    def build() -> Answer:
        lasting: dict[str, object] = {
            "namespace": api.scheduler.name,
            "version": _VERSION,
            "can_control": api.can_control,
            "counts": counts_of(statuses, now),
            "tasks": [task_shape(each, declared[each.name], now, api.texts) for each in statuses],
            "workers": [],
        }
        checked = health_shape(found, api.texts)
        # When it was looked at changes always, and nothing else by it.
        same = [lasting, {**checked, "checked_at": None}]
        # Weak: the bytes differ by the time, and mean the same.
        tag = f'W/"{blake2b(encoded(same), digest_size=16).hexdigest()}"'
        headers = {"ETag": tag}
        if tag in given.tags:
            return Answer(304, b"", headers=headers)
        whole = {**lasting, "now": now_text(now), "health": checked}
        return Answer(200, encoded(whole), headers=headers)

    return build


async def tasks(api: Api, _given: Given) -> Callable[[], Answer]:
    """Return how each task stands."""
    statuses = await api.scheduler.status()
    now, declared = api.now(), api.scheduler.tasks
    return answered(
        lambda: [task_shape(each, declared[each.name], now, api.texts) for each in statuses]
    )


async def task(api: Api, given: Given) -> Callable[[], Answer]:
    """Return how one task stands, and its policy."""
    name = given.text("name")
    declared = api.scheduler.tasks.get(name)
    found = [each for each in await api.scheduler.status() if each.name == name]
    if declared is None or not found:
        close = get_close_matches(name, api.scheduler.tasks, n=1)
        raise TaskNotFoundError(name, close[0] if close else None)
    now = api.now()
    return answered(lambda: task_shape(found[0], declared, now, api.texts))


async def runs(api: Api, given: Given) -> Callable[[], Answer]:
    """Return the latest runs of one task, or of all."""
    name, limit = given.text_or_none("name"), given.number("limit")
    names = list(api.scheduler.tasks) if name is None else [name]
    found = [run for each in names for run in await api.scheduler.history(each, limit=limit)]
    outcomes = given.texts("outcome")
    found = [run for run in found if not outcomes or run.outcome in outcomes]
    found.sort(key=lambda run: run.finished or run.due, reverse=True)
    return answered(
        lambda: {"runs": [run_shape(run, api.texts) for run in found[:limit]], "next": None}
    )


async def health(api: Api, _given: Given) -> Callable[[], Answer]:
    """Return whether all is well; the status says it too."""
    found = await api.scheduler.health()
    return answered(
        lambda: health_shape(found, api.texts), status=200 if found.is_healthy else _UNHEALTHY
    )
