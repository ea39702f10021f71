"""`explain`: what a cron expression means, and what becomes of it where clocks are changed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ostinato.cli._options import AsJson
from ostinato.cli._printing import console, print_json, styled
from ostinato.cli._words import distance, now, shown
from ostinato.dashboard._shapes import instant_text
from ostinato.schedules import Cron
from ostinato.schedules._clock_changes import ClockChange, changes_after

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["explain"]

# Zones change their clocks twice a year, or not at all.
_LOOKED_AHEAD = timedelta(days=400)
_MOST_LISTED = 10
_DAY = "%a %d %b %Y"


def explain(
    expression: Annotated[
        str, typer.Argument(help="Five fields, or six with --seconds, or @daily.")
    ],
    tz: Annotated[str, typer.Option("--tz", help="An IANA key, or an offset as +02:00.")] = "UTC",
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, max=1_000, help="How many instants.")
    ] = 5,
    seconds: Annotated[
        bool, typer.Option("--seconds", help="The first of six fields is for the seconds.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say in words when a cron expression is due, next, and where clocks are changed."""
    cron, at = Cron(expression, tz=tz, seconds=seconds), now()
    ticks = _ticks(cron, at, number)
    changes = changes_after(cron, at, 2, within=_LOOKED_AHEAD)
    if as_json:
        print_json(_shape(cron, ticks, changes))
        return
    out = console()
    out.print(Text(cron.describe(), style="bold"))
    out.print()
    for tick in ticks:
        local = tick.astimezone(cron.zone.rules)
        line = Text(f"  {local.strftime(f'{_DAY} %H:%M:%S %Z')}")
        if cron.zone.name != "UTC":
            line.append(f"   {shown(tick)} UTC", style="dim")
        out.print(line.append(f"   {distance(tick, at)}", style="dim"))
    out.print()
    if not changes:
        out.print(styled(f"The clock of {cron.zone.name} is not changed in the next year.", "dim"))
    for change in changes:
        out.print(_heading(change, cron))
        out.print(Text(f"  {change.words}"))


def _ticks(cron: Cron, after: datetime, number: int) -> list[datetime]:
    found: list[datetime] = []
    tick = cron.next_after(after)
    while tick is not None and len(found) < number:
        found.append(tick)
        tick = cron.next_after(tick)
    return found


def _heading(change: ClockChange, cron: Cron) -> Text:
    way, style = ("forward", "yellow") if change.is_forward else ("back", "cyan")
    before, after = (each.strftime("%H:%M") for each in (change.shown_before, change.shown_after))
    name = change.at.astimezone(cron.zone.rules).strftime("%Z")
    day = change.shown_before.strftime(_DAY)
    return Text(f"{day}: clocks go {way}, from {before} to {after} {name}", style=style)


def _shape(cron: Cron, ticks: list[datetime], changes: list[ClockChange]) -> dict[str, object]:
    return {
        "schedule": cron.describe(),
        "schedule_text": cron.text,
        "instants": [instant_text(each) for each in ticks],
        "clock_changes": [
            {
                "at": instant_text(each.at),
                "from": each.shown_before.isoformat(),
                "to": each.shown_after.isoformat(),
                "direction": "forward" if each.is_forward else "back",
                "local_times": [local.isoformat() for local in each.matches[:_MOST_LISTED]],
                "instants": [instant_text(tick) for tick in each.ticks[:_MOST_LISTED]],
                "words": each.words,
            }
            for each in changes
        ],
    }
