"""Rows and records as values of ours, and back: JSON of one form, and plain strings."""

import json
from collections.abc import Sequence
from typing import Any, Literal

from ostinato._instants import milliseconds_of
from ostinato._lease import Lease, Progress, Skipped, TaskRow, WorkerRow
from ostinato._outcomes import Outcome, RunKind, SkipReason
from ostinato._run import Run
from ostinato._tzdb import tzdb_version
from ostinato.stores.redis._lua import FIELDS

__all__ = [
    "declarations_of",
    "end_of",
    "key_of",
    "open_runs_of",
    "progress_of",
    "range_in",
    "range_of",
    "record_of",
    "run_of",
    "task_row_of",
    "under_way_of",
    "worker_rows_of",
]

_LONGEST_TEXT = 2_000
# Recorded by hand, without a lease: not a tick's own record.
_UNNUMBERED = -1


def task_row_of(name: str, answer: str, namespace: str) -> TaskRow | None:
    """Return what the store knows of a task: the values of its fields; None: nothing."""
    # What a field does not hold is `false` there.
    values: list[str | Literal[False]] = json.loads(answer)
    held_fields = zip(FIELDS, values, strict=True)
    row = {field: None if value is False else value for field, value in held_fields}
    if row["spec"] is None:
        return None
    until, owner = _number(row["lease_until"]), row["owner"]
    held = None
    if until is not None and owner is not None:
        held = Lease(name, _count(row["running_due"]), _count(row["lease_token"]), until, owner)
    return TaskRow(
        name=name,
        spec=row["spec"],
        next_due=_number(row["next_due"]),
        anchor=_number(row["anchor"]),
        schedule=row["schedule"],
        paused=row["paused"] == "1",
        paused_reason=row["paused_reason"],
        paused_until=_number(row["paused_until"]),
        config_rev=_count(row["config_rev"]),
        token=_count(row["token"]),
        held=held,
        starts=_count(row["starts"]),
        last_due=_number(row["last_due"]),
        last_run=_last_run_of(name, row, namespace),
        last_success=_number(row["last_success"]),
        failures_in_row=_count(row["failures_in_row"]),
        takeovers=_count(row["takeovers"]),
        seen_at=_count(row["seen_at"]),
    )


def open_runs_of(row: TaskRow, entries: Sequence[str]) -> None:
    """Write into *row* what the *entries* tell of its runs that are under way."""
    for entry in entries:
        run = json.loads(entry)
        token, until = int(run["token"]), int(run["ends"])
        if until:
            row.beside[token] = Lease(row.name, int(run["due"]), token, until, run["owner"])
        if run["cancel"] == "1":
            row.cancel_requested.add(token)


def under_way_of(row: TaskRow, entries: Sequence[str], now: int, namespace: str) -> list[Run]:
    """Return the runs under way of a task that its *entries* tell of, without expired leases."""
    runs: list[Run] = []
    for entry in entries:
        told = json.loads(entry)
        token, until = int(told["token"]), int(told["ends"])
        if not until and row.held is not None and row.held.token == token:
            until = row.held.until
        if until <= now:
            continue
        run = Run(row.name, int(told["due"]), namespace, RunKind(told["kind"]), token)
        run._worker, run._started = told["owner"], float(told["started"])
        run._tzdb = told.get("tzdb") or None
        if told["kind"] == "tick":
            run.attempt = row.takeovers + 1
        if told["id"]:
            run._rarely.id = told["id"]
        if "progress" in told:
            run.progress(float(told["progress"]), message=told.get("message"))
        if told["cancel"] == "1":
            run._cancel()
        runs.append(run)
    return runs


def record_of(run: Run, owner: str) -> str:
    """Return what is written of a *run* of the worker *owner* that has ended."""
    lateness = run.lateness
    rarities = run._rarities
    told = {
        "due": run._due,
        "kind": run.kind.value,
        "run_id": None if rarities is None else rarities.id,
        "token": run.token,
        "outcome": (run.outcome or Outcome.ABANDONED).value,
        "error": _text(run.error),
        "attempts": run.attempt,
        "started": _whole(run._started),
        "ended": _whole(run._finished),
        "lateness": None if lateness is None else round(lateness.total_seconds() * 1_000),
        "progress": run.progressed,
        "message": _text(run.message),
        "owner": owner,
        "tzdb": tzdb_version(),
        "key": key_of(run),
    }
    return json.dumps({name: value for name, value in told.items() if value is not None})


def end_of(run: Run, owner: str) -> tuple[object, ...]:
    """Return what the script that settles is told of a *run*."""
    skipped = range_in(run)
    return (
        *(run.token, run._due, key_of(run), run.kind.value, run.outcome, _text(run.error)),
        *(_whole(run._started), _whole(run._finished), record_of(run, owner)),
        None if skipped is None else skipped.reason.value,
    )


def progress_of(told: Progress) -> tuple[object, ...]:
    """Return what the script is told of the progress of a run under way."""
    return told.token, told.fraction, _text(told.message)


def run_of(name: str, record: str, namespace: str) -> Run:
    """Return the run, or the range of skipped ticks, that a *record* is of."""
    told: dict[str, Any] = json.loads(record)
    due = int(told["due"])
    if "reason" in told:
        skip, last, count = SkipReason(told["reason"]), int(told["last_due"]), int(told["count"])
        skipped = Run.of_skipped(name, namespace, first=due, last=last, count=count, reason=skip)
        skipped._place = int(told.get("recorded", last)), 0
        return skipped
    started, ended, lateness = (told.get(each) for each in ("started", "ended", "lateness"))
    start_at = None if started is None or lateness is None else int(started) - int(lateness)
    run = Run(name, due, namespace, RunKind(told["kind"]), int(told["token"]), start_at)
    run.outcome, run.error = Outcome(told["outcome"]), told.get("error")
    run.attempt = told.get("attempts", 1)
    run._started = None if started is None else float(started)
    run._finished = None if ended is None else float(ended)
    run._worker, run._tzdb = told.get("owner"), told.get("tzdb") or None
    # What an older version has written does not tell when.
    run._place = int(told.get("recorded", ended or due)), int(told.get("tie", 0))
    if told.get("run_id"):
        run._rarely.id = told["run_id"]
    if "progress" in told:
        run.progress(told["progress"], message=told.get("message"))
    return run


def range_of(passed: Skipped | None) -> tuple[object, ...]:
    """Return what a script is told of the range *passed*, which there may not be."""
    if passed is None:
        return ("", "", "", "")
    return (passed.first, passed.last, passed.number or 1, passed.reason.value)


def range_in(run: Run) -> Skipped | None:
    """Return the range of skipped ticks that *run* is the record of; None: it is a run."""
    if run.kind is not RunKind.SKIPPED or run.reason is None:
        return None
    return Skipped(run._due, milliseconds_of(run.last_due), run.count, run.reason)


def key_of(run: Run) -> str:
    """Return what tells a *run* apart from others of its task."""
    is_tick = run.kind in (RunKind.TICK, RunKind.SKIPPED)
    return f"{run._due}:{0 if is_tick else run.token or _UNNUMBERED}"


def worker_rows_of(fields: Sequence[str]) -> tuple[WorkerRow, ...]:
    """Return the workers that the *fields*, each before its value, tell of."""
    rows = [
        WorkerRow(
            id=worker,
            started=int(told["started"]),
            seen=int(told["seen"]),
            tasks=int(told["tasks"]),
            has_left="declared" not in told,
            **json.loads(told["labels"]),
        )
        for worker, told in _workers_of(fields).items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.started, row.id)))


def declarations_of(fields: Sequence[str]) -> list[tuple[str, int, dict[str, str]]]:
    """Return each worker that is there, when it was seen, and what it declares."""
    return [
        (worker, int(told["seen"]), json.loads(told["declared"]))
        for worker, told in _workers_of(fields).items()
        if "declared" in told
    ]


def _workers_of(fields: Sequence[str]) -> dict[str, dict[str, str]]:
    known: dict[str, dict[str, str]] = {}
    for field, value in zip(fields[::2], fields[1::2], strict=True):
        what, _, worker = field.partition(":")
        known.setdefault(worker, {})[what] = value
    return known


def _last_run_of(name: str, row: dict[str, str | None], namespace: str) -> Run | None:
    if row["last_ran"] is None or row["last_kind"] is None or row["last_outcome"] is None:
        return None
    kind, token = RunKind(row["last_kind"]), _count(row["last_token"])
    run = Run(name, int(row["last_ran"]), namespace, kind, token)
    run.outcome, run.error = Outcome(row["last_outcome"]), row["last_error"]
    run._started, run._finished = _number(row["last_started"]), _number(row["last_end"])
    return run


def _number(value: str | None) -> int | None:
    return None if value is None else int(value)


def _count(value: str | None) -> int:
    return 0 if value is None else int(value)


def _whole(instant: float | None) -> int | None:
    """Return an *instant* as it is kept: in whole milliseconds."""
    return None if instant is None else round(instant)


def _text(text: str | None) -> str | None:
    """Return a *text* that can be kept: not too long, and no half characters."""
    if text is None:
        return None
    return text[:_LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8")
