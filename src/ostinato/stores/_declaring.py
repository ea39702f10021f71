"""Which of two declarations of one task counts: what every store keeps, in Python."""

from collections.abc import Callable
from typing import NamedTuple

from ostinato._lease import Registration

__all__ = [
    "ALIVE",
    "GRACE",
    "PUSHED",
    "UNSEEN",
    "Declared",
    "first_due_of",
    "is_newer",
    "specs_after",
    "takes_over",
]

# In milliseconds: no worker whose tasks have a shorter one is given up sooner.
GRACE = 30_000
# What other workers are told of at once when it is steered; what goes with ticks is not in it.
PUSHED = frozenset({"paused", "schedule"})
# For so long a worker that is not seen is remembered.
UNSEEN = 86_400_000
# Who was seen within so long is alive, as far as anybody is asked to forget its tasks.
ALIVE = 300_000
# Older ones are as good as new: nobody rolls back that far.
_MOST_SPECS = 20


class Declared(NamedTuple):
    """How a task stands that somebody declares otherwise.

    Attributes:
        spec: The declaration that counts.
        revision: Its revision, where one was given.
        specs_seen: The declarations that have counted before, the latest last.
        next_due: Its next tick.
        is_paused: Whether it is paused.
        is_leased: Whether a run of it is under way.
    """

    spec: str
    revision: int | None
    specs_seen: tuple[str, ...]
    next_due: int | None
    is_paused: bool
    is_leased: bool


def takes_over(
    task: Registration,
    declared: Declared,
    now: int,
    *,
    watched: int | None,
    is_attended: Callable[[], bool],
) -> bool:
    """Return whether *task* counts from now on, and no more what is *declared*.

    Args:
        task: The other declaration.
        declared: How the task stands.
        now: The store's time.
        watched: For how long the worker has known the task, in touch with the store all the time;
            None: it has just started.
        is_attended: Returns whether another worker that knows the present declaration was seen
            within the grace.
    """
    is_older = is_newer(declared.revision, task.revision) and task.revision is not None
    if is_newer(task.revision, declared.revision):
        return True
    if watched is None:
        return not is_older and (task.spec not in declared.specs_seen or not is_attended())
    # After an outage everybody has the time to come back first.
    return watched >= task.grace and (_is_late(task, declared, now) or not is_attended())


def is_newer(revision: int | None, known: int | None) -> bool:
    """Return whether *revision* is given, and higher than the one that is *known*."""
    return revision is not None and (known is None or revision > known)


def specs_after(declared: Declared) -> tuple[str, ...]:
    """Return the declarations that have counted, once the present one does not any more."""
    before = (each for each in declared.specs_seen if each != declared.spec)
    return (*before, declared.spec)[-_MOST_SPECS:]


def first_due_of(task: Registration, last_due: int | None, now: int) -> int | None:
    """Return when *task*, declared otherwise, is due first: where its grid begins, if it has one.

    A period that was changed counts from the last tick, so that a deploy starts no run of its own.
    """
    if task.period is None or last_due is None:
        return task.first_due
    return max(now, last_due + task.period)


def _is_late(task: Registration, declared: Declared, now: int) -> bool:
    """Return whether there is a tick that nobody runs, whoever is there."""
    due = declared.next_due
    is_free = not declared.is_paused and not declared.is_leased
    return is_free and due is not None and due + task.grace <= now
