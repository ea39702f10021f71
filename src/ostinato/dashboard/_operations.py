"""The operations of the API: one table, from which routes, checks and documentation are made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ostinato._outcomes import Backfill, Outcome
from ostinato.dashboard import _remembering, _steering, _watching
from ostinato.dashboard._answer import Refusal
from ostinato.dashboard._building import off_loop
from ostinato.dashboard._compressing import compressed, takes_gzip
from ostinato.dashboard._fields import Field, Kind, read_body, read_query
from ostinato.dashboard._given import Given
from ostinato.dashboard._refusals import refusal_for
from ostinato.dashboard._sites import refusal_of
from ostinato.errors import OstinatoError

if TYPE_CHECKING:
    from ostinato.dashboard._answer import Answer, Asked
    from ostinato.dashboard._api import Api

__all__ = ["OPERATIONS", "Operation", "answer"]


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that can be asked of the API.

    Attributes:
        method: How it is asked: what changes something, by POST alone.
        name: Its name, the last part of its path.
        words: What it does.
        handle: Does it; returns what builds the response, in a thread.
        fields: Its inputs.
        returns: The name of the model of what it returns.
    """

    method: Literal["GET", "POST"]
    name: str
    words: str
    handle: Callable[[Api, Given], Awaitable[Callable[[], Answer]]]
    fields: tuple[Field, ...] = ()
    returns: str = "Task"

    @property
    def path(self) -> str:
        """Its path, below where the API is mounted."""
        return f"/api/{self.name}"

    @property
    def steers(self) -> bool:
        """Whether it changes something."""
        return self.method == "POST"


_NAME = Field("name", "the name of the task", is_required=True)

OPERATIONS = (
    Operation(
        "GET",
        "overview",
        "Everything that the page shows at a glance",
        _watching.overview,
        returns="Overview",
    ),
    Operation("GET", "tasks", "How each task stands", _watching.tasks, returns="Tasks"),
    Operation(
        "GET",
        "task",
        "How one task stands, and its policy",
        _watching.task,
        (_NAME,),
        returns="TaskWithPolicy",
    ),
    Operation(
        "GET",
        "upcoming",
        "When a task is due next, as if it were not paused",
        _remembering.upcoming,
        (
            _NAME,
            Field("n", "how many instants at the most", Kind.NUMBER, 1, 500, default=10),
            Field("until", "none behind this one", Kind.INSTANT),
        ),
        returns="Upcoming",
    ),
    Operation(
        "GET",
        "timeline",
        "When each task is due in the next hours",
        _remembering.timeline,
        (Field("hours", "how many hours", Kind.NUMBER, 1, 168, default=24),),
        returns="Timeline",
    ),
    Operation(
        "GET",
        "runs",
        "The runs that have ended, and ranges of skipped ticks, the newest first",
        _remembering.runs,
        (
            Field("name", "the name of a task; without it, the runs of all tasks"),
            Field(
                "outcome",
                "how the runs ended; it may be there several times",
                is_list=True,
                choices=tuple(outcome.value for outcome in Outcome),
            ),
            Field("since", "only of ticks due at this instant or later", Kind.INSTANT),
            Field("until", "only of ticks due before this one", Kind.INSTANT),
            Field("before", "the `next` of a page: what comes behind it", highest=2_600),
            Field("limit", "how many runs at the most", Kind.NUMBER, 1, 500, default=100),
        ),
        returns="Runs",
    ),
    Operation(
        "GET",
        "run",
        "One run, under way or ended",
        _remembering.run,
        (Field("id", "the id of the run", highest=300, is_required=True),),
        returns="Run",
    ),
    Operation(
        "GET", "workers", "The processes that run tasks", _watching.workers, returns="Workers"
    ),
    Operation("GET", "health", "Whether all is well", _watching.health, returns="Health"),
    Operation(
        "POST",
        "trigger",
        "Start a run of a task, which moves none of its ticks",
        _steering.trigger,
        (_NAME,),
        returns="Run",
    ),
    Operation(
        "POST",
        "pause",
        "Let no tick of a task run",
        _steering.pause,
        (
            _NAME,
            Field("reason", "why, for those who look"),
            Field("until", "when it is resumed by itself", Kind.INSTANT),
        ),
    ),
    Operation(
        "POST",
        "resume",
        "Let the ticks of a task run again",
        _steering.resume,
        (
            _NAME,
            Field(
                "catch_up",
                "whether the ticks of the pause are missed ones, not skipped",
                Kind.FLAG,
                default=False,
            ),
        ),
    ),
    Operation(
        "POST",
        "reschedule",
        "Let a task follow another schedule, until the scheduler ends",
        _steering.reschedule,
        (
            _NAME,
            Field("schedule", "the text of a schedule", is_required=True),
        ),
    ),
    Operation(
        "POST",
        "cancel",
        "Ask a run under way to end",
        _steering.cancel,
        (Field("run_id", "the id of the run", is_required=True, highest=300),),
        returns="Cancelled",
    ),
    Operation(
        "POST",
        "backfill",
        "Run ticks of a time that has passed again, or only tell which",
        _steering.backfill,
        (
            _NAME,
            Field("start", "from when on", Kind.INSTANT, is_required=True),
            Field("end", "up to when", Kind.INSTANT, is_required=True),
            Field(
                "mode",
                "which: those of which no run is remembered, those that failed, or all",
                choices=tuple(mode.value for mode in Backfill),
                default=Backfill.MISSING.value,
            ),
            Field("dry_run", "whether only to tell which", Kind.FLAG, default=True),
            Field("force", "whether there may be more than 1,000", Kind.FLAG, default=False),
        ),
        returns="Backfilled",
    ),
)


async def answer(api: Api, operation: Operation, asked: Asked) -> Answer:
    """Return the response to what was *asked*."""
    if operation.steers:
        if refusal := refusal_of(asked):
            return refusal.answer()
        values = read_body(operation.fields, asked.body)
    else:
        values = read_query(operation.fields, asked.query)
    if isinstance(values, Refusal):
        return values.answer()
    tags = {tag.strip() for each in asked.header("if-none-match") for tag in each.split(",")}
    try:
        build = await operation.handle(api, Given(values, frozenset(tags)))
        if takes_gzip(asked):
            return await off_loop(lambda: compressed(build()))
        return await off_loop(build)
    except OstinatoError as error:
        return refusal_for(error).answer()
