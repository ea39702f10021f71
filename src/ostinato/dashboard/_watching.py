"""The operations that look at what is."""

from __future__ import annotations

from hashlib import blake2b
from importlib.metadata import version
from typing import TYPE_CHECKING

from ostinato._instants import milliseconds_of
from ostinato.dashboard._answer import Answer, encoded
from ostinato.dashboard._api import answered
from ostinato.dashboard._policies import policy_shape
from ostinato.dashboard._shapes import (
    counts_of,
    health_shape,
    now_text,
    run_shape,
    task_shape,
    worker_shape,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ostinato.dashboard._api import Api
    from ostinato.dashboard._given import Given

__all__ = ["health", "overview", "recent_of", "task", "tasks", "workers"]

# So many of its latest runs are told with each task; of very many tasks fewer, for all of them
# together are built and sent whenever one has changed.
_RECENT = 20
_FEWEST = 5
_MOST_IN_ALL = 5_000
# After so many milliseconds it is told again when workers were seen, though nothing else happened.
_HEARD = 30_000
_UNHEALTHY = 503
_VERSION = version("ostinato")


def recent_of(tasks: int) -> int:
    """Return how many of its latest runs are told with each of so many *tasks*."""
    return max(min(_RECENT, _MOST_IN_ALL // max(tasks, 1)), _FEWEST)


async def overview(api: Api, given: Given) -> Callable[[], Answer]:
    """Return everything that the page shows at a glance, unless it is shown already."""
    statuses = await api.scheduler.status(recent=recent_of(len(api.scheduler.tasks)))
    fleet = await api.scheduler.workers()
    found = await api.scheduler.health()
    now, declared = api.now(), api.scheduler.tasks

    def build() -> Answer:
        fragments = api.fragments.of(statuses, declared, now)
        workers = [worker_shape(each, api.texts) for each in fleet]
        checked = health_shape(found, api.texts)
        lasting: dict[str, object] = {
            "namespace": api.scheduler.name,
            "version": _VERSION,
            "can_control": api.can_control,
            "counts": counts_of(statuses, now),
        }
        # These change always, and nothing else by them.
        heard = [milliseconds_of(each.seen) // _HEARD for each in fleet if each.is_alive]
        shown = [{**each, "seen": None} if each["is_alive"] else each for each in workers]
        same = [lasting, shown, {**checked, "checked_at": None}, heard]
        digest = blake2b(encoded(same), digest_size=16)
        for fragment in fragments:
            digest.update(fragment.digest)
        # Weak: the bytes differ by the time, and mean the same.
        headers = {"ETag": f'W/"{digest.hexdigest()}"'}
        if headers["ETag"] in given.tags:
            return Answer(304, b"", headers=headers)
        whole = {**lasting, "now": now_text(now), "health": checked, "workers": workers}
        listed = b",".join(fragment.text for fragment in fragments)
        return Answer(200, encoded(whole)[:-1] + b',"tasks":[' + listed + b"]}", headers=headers)

    return build


async def tasks(api: Api, _given: Given) -> Callable[[], Answer]:
    """Return how each task stands."""
    statuses = await api.scheduler.status(recent=recent_of(len(api.scheduler.tasks)))
    now, declared = api.now(), api.scheduler.tasks

    def build() -> Answer:
        fragments = api.fragments.of(statuses, declared, now)
        return Answer(200, b"[" + b",".join(fragment.text for fragment in fragments) + b"]")

    return build


async def task(api: Api, given: Given) -> Callable[[], Answer]:
    """Return how one task stands, and its policy."""
    status = await api.scheduler.status(given.text("name"), recent=_RECENT)
    now, declared = api.now(), api.scheduler.tasks[status.name]
    return answered(
        lambda: {
            **task_shape(status, declared, now, api.texts),
            "recent": [run_shape(run, api.texts) for run in status.recent],
            "policy": policy_shape(declared.policy),
        }
    )


async def workers(api: Api, _given: Given) -> Callable[[], Answer]:
    """Return the workers that share the store."""
    fleet = await api.scheduler.workers()
    return answered(lambda: [worker_shape(each, api.texts) for each in fleet])


async def health(api: Api, _given: Given) -> Callable[[], Answer]:
    """Return whether all is well; the status says it too."""
    found = await api.scheduler.health()
    return answered(
        lambda: health_shape(found, api.texts), status=200 if found.is_healthy else _UNHEALTHY
    )
