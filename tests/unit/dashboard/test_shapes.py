"""How tasks look in JSON."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from ostinato import Run, Scheduler, SkipReason, TaskState, TaskStatus
from ostinato.dashboard._fragments import Fragments
from ostinato.dashboard._shapes import counts_of, run_shape, task_shape
from ostinato.dashboard._texts import Texts
from ostinato.dashboard._watching import recent_of

DUE = datetime(2030, 1, 31, 9, tzinfo=UTC)


def status(**more: object) -> TaskStatus:
    """Return how a task stands."""
    facts = dict.fromkeys(TaskStatus.__slots__) | {"name": "tidy", "schedule": "every hour"}
    facts |= {"running": (), "recent": (), "counts": {}, "failures_in_row": 0, "next_run": DUE}
    return TaskStatus(**{**facts, "state": TaskState.WAITING, **more})


@pytest.mark.parametrize(
    ("seconds", "state", "is_late"),
    [
        (10, TaskState.WAITING, False),
        (11, TaskState.WAITING, True),
        (11, TaskState.RUNNING, False),
    ],
)
def test_a_task_is_late_that_waits_for_what_has_passed(
    seconds: int, state: TaskState, *, is_late: bool
) -> None:
    """Ten seconds after its instant a tick is on time, and afterwards too where it runs."""
    now = (DUE + timedelta(seconds=seconds)).timestamp() * 1_000
    found = status(state=state)

    counts = counts_of([found, status(failures_in_row=2)], now)

    assert (counts["late"], counts["failing"]) == (is_late + (seconds > 10), 1)


def test_of_very_many_tasks_fewer_runs_are_told() -> None:
    """All together are built and sent whenever one of the tasks has changed."""
    assert [recent_of(tasks) for tasks in (0, 1, 250, 500, 1_000, 9_000)] == [20, 20, 20, 10, 5, 5]


def test_a_run_looks_as_it_says() -> None:
    """Its instants and durations are those that it tells, to the millisecond."""
    run = Run("tidy", 1_893_492_000_004, "default", token=7, start_at=1_893_492_000_104)
    run._started, run._finished = 1_893_492_000_106.4, 1_893_492_001_107.9996
    skipped = Run.of_skipped(
        "tidy", "default", first=-1, last=999, count=2, reason=SkipReason.PAUSED
    )

    shape, passed = run_shape(run, Texts()), run_shape(skipped, Texts())

    assert (shape["id"], shape["due"]) == (run.id, "2030-01-01T10:00:00.004Z")
    assert (shape["started"], shape["finished"]) == (
        *("2030-01-01T10:00:00.106Z", "2030-01-01T10:00:01.108Z"),
    )
    assert (shape["duration"], shape["lateness"]) == (1.002, 0.002)
    assert (passed["id"], passed["due"], passed["last_due"]) == (
        *(skipped.id, "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:00.999Z"),
    )
    assert (passed["started"], passed["duration"], passed["lateness"]) == (None,) * 3


def test_ticks_are_counted_by_outcome_and_by_why_they_were_skipped() -> None:
    """One cannot be taken for the other."""
    scheduler = Scheduler("memory://")

    @scheduler.every(hours=1, name="tidy")
    async def tidy() -> None: ...

    counts = {"succeeded": 3, "paused": 2, "overlap": 1}
    shape = task_shape(status(counts=counts), scheduler.tasks["tidy"], 0.0, Texts())

    assert shape["counts"] == {"succeeded": 3, "skipped(paused)": 2, "skipped(overlap)": 1}


def test_what_has_not_changed_is_not_built_again() -> None:
    """A task that stands as before keeps its JSON; a run that has ended keeps its own."""
    scheduler = Scheduler("memory://")

    @scheduler.every(hours=1, name="tidy")
    async def tidy() -> None: ...

    fragments, now = Fragments(Texts()), DUE.timestamp() * 1_000
    ended, live = Run("tidy", 0), Run("tidy", 1)
    before = status(recent=(ended,))
    (first,) = fragments.of([before], scheduler.tasks, now)
    (again,) = fragments.of([status(recent=(ended,))], scheduler.tasks, now)
    (late,) = fragments.of([before], scheduler.tasks, now + 11_000)
    (running,) = fragments.of([status(recent=(ended,), running=(live,))], scheduler.tasks, now)
    live.progress(0.5, message="half")
    (further,) = fragments.of([status(recent=(ended,), running=(live,))], scheduler.tasks, now)

    assert again is first
    assert [json.loads(each.text)["is_late"] for each in (first, late)] == [False, True]
    assert json.loads(further.text)["running"][0]["message"] == "half"
    assert len({each.digest for each in (first, late, running, further)}) == 4
    assert further.runs[id(ended)][1] is first.runs[id(ended)][1]


def test_whatever_changes_of_a_task_is_built_again() -> None:
    """Each of the facts that are shown, by itself."""
    scheduler = Scheduler("memory://")

    @scheduler.every(hours=1, name="tidy")
    async def tidy() -> None: ...

    changes: dict[str, object] = {
        "state": TaskState.PAUSED,
        "schedule": "every day",
        "next_run": None,
        "is_stuck": True,
        "last_run": Run("tidy", 0),
        "last_success": DUE,
        "starts": 3,
        "failures_in_row": 2,
        "counts": {"failed": 1},
        "reason": "the bank is closed",
        "paused_until": DUE,
        "recent": (Run("tidy", 0),),
    }
    for name, value in changes.items():
        fragments = Fragments(Texts())
        before, after = (
            fragments.of([each], scheduler.tasks, 0.0)[0].digest
            for each in (status(), status(**{name: value}))
        )
        assert before != after, name
