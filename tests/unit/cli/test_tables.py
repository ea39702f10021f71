from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.table import Table

from ostinato import Outcome, Run, Scheduler, Scope, SkipReason, TaskState, TaskStatus
from ostinato.cli._tables import run_table, status_table

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
WAITING = TaskStatus("a", "every hour", TaskState.WAITING, NOON, (), None, None, 0, 0)


def scheduler_with(**options: object) -> Scheduler:
    scheduler = Scheduler("memory://")
    scheduler.every(hours=1, name="a", **options)(print_nothing)
    return scheduler


async def print_nothing() -> None: ...


def drawn(table: Table) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def line(status: TaskStatus, at: datetime = NOON, **options: object) -> str:
    tasks = scheduler_with(**options).tasks
    return drawn(status_table([status], tasks, at, drawn=3)).splitlines()[1]


def test_what_is_wrong_with_a_task_stands_beside_its_state():
    """That it is late, fails, is stuck or was paused is seen at a glance."""
    late = line(WAITING, NOON + timedelta(minutes=3))
    wrong = line(replace(WAITING, failures_in_row=4, is_stuck=True))
    paused = line(replace(WAITING, state=TaskState.PAUSED, next_run=None, reason="a \x1b bank"))

    assert "late, 3 min ago" in late
    assert "waiting, ✗ 4, stuck" in wrong
    assert "paused: a � bank" in paused


def test_a_task_of_every_worker_is_said_to_be_one():
    """What a process has for itself is not in the store."""
    disabled = replace(WAITING, state=TaskState.DISABLED, next_run=None)

    assert "in every worker" in line(disabled, scope=Scope.PROCESS)
    assert "· disabled" in line(disabled)


def test_the_latest_runs_are_drawn_in_their_order():
    """The newest stands at the end, and only so many are drawn."""
    runs = [run_of(outcome) for outcome in ("failed", "succeeded", "cancelled", "failed")]

    assert line(replace(WAITING, recent=tuple(runs))).rstrip().endswith("⊘✓✗")


def test_ranges_of_skipped_ticks_and_runs_under_way_are_told():
    """Of a range its number and reason, of a run that it is running."""
    skipped = Run.of_skipped(
        "a", "default", first=0, last=60_000, count=2, reason=SkipReason.PAUSED
    )
    shown = drawn(run_table([skipped, Run("a", 120_000)], NOON, named=True)).splitlines()

    assert "· skipped, 2 ticks" in shown[1]
    assert shown[1].rstrip().endswith("paused")
    assert "● running" in shown[2]


def run_of(outcome: str) -> Run:
    run = Run("a", 0)
    run.outcome = Outcome(outcome)
    return run
