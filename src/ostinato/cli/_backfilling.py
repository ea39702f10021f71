"""`backfill`: run ticks of the past again, after a look at which these are."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ostinato._instants import milliseconds_of
from ostinato._outcomes import Backfill, Outcome
from ostinato._run import Run
from ostinato.cli._asking import asked
from ostinato.cli._observing import observing
from ostinato.cli._options import AppOption, AsJson, Header, TaskArgument, Url, found_here
from ostinato.cli._printing import EXIT_FAILED, TEXTS, console, note, print_json, styled
from ostinato.cli._running import LogLevel, ended, inside, log_to_stderr
from ostinato.cli._waiting import moment, run_until_signal
from ostinato.cli._words import distance, instant_in, now, plain, shown
from ostinato.dashboard._shapes import instant_text, run_shape
from ostinato.errors import AlreadyRunningError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ostinato._engine._past import Past
    from ostinato._engine._steering import Steering
    from ostinato.cli._finding import Found

__all__ = ["backfill"]

# In seconds: how soon to try again, where a run of the task is under way.
_AGAIN = 1.0
# Of many ticks so many are shown.
_MOST_SHOWN = 10


class _Choice(NamedTuple):
    """What was agreed upon."""

    task: str
    begin: datetime
    stop: datetime
    mode: Backfill
    ticks: frozenset[datetime]


def backfill(
    task: TaskArgument,
    start: Annotated[
        str, typer.Option("--from", metavar="SPAN", help="From when on: 7d ago, an instant.")
    ],
    app: AppOption = None,
    as_json: AsJson = False,
    end: Annotated[
        str | None, typer.Option("--to", metavar="SPAN", help="Up to when; by default up to now.")
    ] = None,
    mode: Annotated[
        Backfill,
        typer.Option(
            "--mode", help="Ticks of which no run is known, or the latest failed; or all."
        ),
    ] = Backfill.MISSING,
    force: Annotated[bool, typer.Option("--force", help="Let them be more than 1,000.")] = False,
    is_agreed: Annotated[
        bool, typer.Option("--yes", "-y", help="Run them, and do not ask.")
    ] = False,
    url: Url = None,
    header: Header = None,
    log_level: LogLevel = "warning",
) -> None:
    """Run ticks of a task again, one after the other; say first which, and ask.

    They are run here, inside the application's life span, as `run` does it; or, with --url, by the
    worker there, behind this command's end. None of the ticks to come is moved. With --json nobody
    is asked: without --yes it is only told which ticks these are.
    """
    at = now()
    begin = instant_in("--from", start, at, is_past=True)
    stop = at if end is None else instant_in("--to", end, at, is_past=True)
    given: dict[str, object] = {
        "name": task,
        "start": instant_text(begin),
        "end": instant_text(stop),
        "mode": mode.value,
        "force": force,
    }
    found = None
    if url is None:
        log_to_stderr(log_level)
        found = found_here(app, is_quiet=False)
        ticks = asyncio.run(_look(found, task, begin, stop, mode=mode, force=force))
        count = len(ticks)
    else:
        told = asked(url, "backfill", {**given, "dry_run": True}, header or [])
        ticks, count = list(map(datetime.fromisoformat, told["instants"])), int(told["count"])
    if as_json and not is_agreed:
        print_json(_shape(task, ticks, count, is_dry=True))
        return
    if not as_json:
        _show(task, ticks, count)
    if not (is_agreed or not count or _agree(count)):
        sys.exit(EXIT_FAILED)
    if not count and not as_json:
        return
    if found is not None:
        choice = _Choice(task, begin, stop, mode, frozenset(ticks))
        sys.exit(run_until_signal(_run(found, choice, as_json=as_json)))
    answer = asked(str(url), "backfill", {**given, "dry_run": False}, header or [])
    if as_json:
        print_json(answer)
    else:
        console().print(styled(f"{plain(task)} is run again there, ticks: {answer['count']:,}"))


async def _look(
    found: Found, task: str, begin: datetime, stop: datetime, *, mode: Backfill, force: bool
) -> list[datetime]:
    """Return the ticks that would be run."""
    async with observing(found.scheduler):
        ticks = await found.scheduler.backfill(task, begin, stop, mode=mode, force=force)
    return [tick.due for tick in ticks]


def _show(task: str, ticks: Sequence[datetime], count: int) -> None:
    out, at = console(), now()
    if not count:
        note("no tick would be run")
        return
    ticks_in_words = "this tick" if count == 1 else f"these {count:,} ticks"
    out.print(styled(f"of {plain(task)}, {ticks_in_words} would be run (UTC):"))
    for due in ticks[:_MOST_SHOWN]:
        out.print(styled(f"  {shown(due)}  {distance(due, at)}"))
    if count > _MOST_SHOWN:
        # A worker that is asked tells of so many, one by one.
        last = f", the last at {shown(ticks[-1])}" if count == len(ticks) else ""
        out.print(styled(f"  and {count - _MOST_SHOWN:,} more{last}"))


def _agree(count: int) -> bool:
    """Return whether whoever is asked wants them to be run."""
    question = "Run it?" if count == 1 else f"Run these {count:,}?"
    try:
        is_agreed = typer.confirm(question, err=True)
    except typer.Abort:
        note("")
        note("nobody answers: pass --yes where nobody can be asked")
        is_agreed = False
    if not is_agreed:
        note("nothing was run")
    return is_agreed


async def _run(found: Found, choice: _Choice, *, as_json: bool) -> int:
    """Run the ticks one after the other, and say how they ended."""
    task, runs = choice.task, list[Run]()
    async with inside(found):
        standing, steering = found.scheduler._reach(task)
        begin, stop = milliseconds_of(choice.begin), milliseconds_of(choice.stop)
        past = await steering.backfill(standing, begin, stop, choice.mode, most=None)
        # Those that were agreed upon, but for what others have run since.
        ticks = [tick.due for tick in past.ticks if tick.due in choice.ticks]
        for number, due in enumerate(ticks, 1):
            run = await _begun(steering, past, due)
            if run is None:
                continue
            await ended(run, f"{plain(task)} {shown(due)} ({number} of {len(ticks)})")
            runs.append(run)
            if run.outcome is not Outcome.SUCCEEDED and not as_json:
                note(f"{plain(task)} {shown(due)}: {run.outcome}")
    succeeded = sum(run.outcome is Outcome.SUCCEEDED for run in runs)
    is_well = succeeded == len(runs)
    if as_json:
        told = [run_shape(run, TEXTS) for run in runs]
        print_json({**_shape(task, ticks, len(ticks), is_dry=False), "runs": told})
    else:
        words = f"{succeeded} of {len(runs)} runs of {plain(task)} succeeded"
        console().print(styled(words, "green" if is_well else "bold red"))
        if left := len(choice.ticks) - len(runs):
            note(f"{left} had been run by others meanwhile")
    return 0 if is_well else EXIT_FAILED


async def _begun(steering: Steering, past: Past, due: datetime) -> Run | None:
    """Begin a run of the tick that was *due* then, once it may run beside those under way."""
    while True:
        try:
            return await steering.rerun(past, milliseconds_of(due))
        except AlreadyRunningError:
            await moment(_AGAIN)


def _shape(task: str, ticks: Sequence[datetime], count: int, *, is_dry: bool) -> dict[str, Any]:
    """Return what the HTTP API answers, too."""
    instants = list(map(instant_text, ticks))
    return {"name": task, "dry_run": is_dry, "count": count, "instants": instants}
