"""The operations that look at what has been, and at what comes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ostinato._instants import instant_of
from ostinato._outcomes import Outcome
from ostinato.dashboard._answer import Refusal
from ostinato.dashboard._api import answered
from ostinato.dashboard._shapes import instant_text, run_shape
from ostinato.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ostinato.dashboard._answer import Answer
    from ostinato.dashboard._api import Api
    from ostinato.dashboard._given import Given

__all__ = ["check_range", "run", "runs", "timeline", "upcoming"]

_YEAR = timedelta(days=366)
# Of each task, and of all together: a page cannot draw more.
_MOST_INSTANTS = 200
_MOST_IN_ALL = 20_000


async def runs(api: Api, given: Given) -> Callable[[], Answer]:
    """Return a page of the runs of one task, or of all."""
    limit, since, until = given.number("limit"), given.instant("since"), given.instant("until")
    check_range("since", since, until or instant_of(api.now()))
    found = await api.scheduler.history(
        given.text_or_none("name"),
        # One more tells whether there is another page.
        limit=limit + 1,
        outcomes=[Outcome(each) for each in given.texts("outcome")],
        since=since,
        until=until,
        before=given.text_or_none("before"),
    )
    page = found[:limit]
    following = page[-1].cursor if len(found) > limit else None
    return answered(
        lambda: {"runs": [run_shape(each, api.texts) for each in page], "next": following}
    )


async def run(api: Api, given: Given) -> Callable[[], Answer]:
    """Return one run."""
    found = await api.scheduler.run(given.text("id"))
    if found is None:
        message = "nobody remembers that run"
        refusal = Refusal(404, "run_not_found", message, "only the latest runs are kept")
        return refusal.answer
    return answered(lambda: run_shape(found, api.texts))


async def upcoming(api: Api, given: Given) -> Callable[[], Answer]:
    """Return when a task is due next."""
    name, until = given.text("name"), given.instant("until")
    check_range("until", instant_of(api.now()), until)
    instants = await api.scheduler.upcoming(name, given.number("n"), until)
    return answered(lambda: {"name": name, "instants": [instant_text(each) for each in instants]})


async def timeline(api: Api, given: Given) -> Callable[[], Answer]:
    """Return when each task is due in the next hours."""
    begin = instant_of(api.now())
    end = begin + timedelta(hours=given.number("hours"))
    number = len(api.scheduler.tasks)
    most = min(_MOST_INSTANTS, max(_MOST_IN_ALL // max(number, 1), 1))
    # Of all at once: what is asked of a store takes its time, once for each question.
    found = await api.scheduler.upcoming(n=most + 1, until=end)
    return answered(
        lambda: {
            "from": instant_text(begin),
            "until": instant_text(end),
            "tasks": [
                {
                    "name": name,
                    "instants": [instant_text(each) for each in instants[:most]],
                    "more": len(instants) > most,
                }
                for name, instants in found.items()
            ],
        }
    )


def check_range(argument: str, begin: datetime | None, end: datetime | None) -> None:
    """Check that from *begin* to *end* it is not too far.

    Raises:
        InvalidArgumentError: It is more than a year.
    """
    if begin is not None and end is not None and end - begin > _YEAR:
        value = end if argument == "until" else begin
        problem, remedy = "spans more than a year", "ask in smaller steps"
        raise InvalidArgumentError(argument, instant_text(value), problem, remedy)
