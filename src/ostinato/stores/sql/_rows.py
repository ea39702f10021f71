"""Rows as values of ours, and back: names, instants, numbers and short texts, never code."""

from collections.abc import Sequence
from typing import Any, cast

from ostinato._instants import milliseconds_of
from ostinato._lease import Progress, TaskRow, WorkerRow, new_lease
from ostinato._outcomes import Outcome, RunKind, SkipReason
from ostinato._run import Run

__all__ = [
    "LEASE_TOKEN",
    "LEASE_UNTIL",
    "NEXT_DUE",
    "RUN_COLUMNS",
    "TASK_COLUMNS",
    "TIE",
    "TOKEN",
    "WORKER_COLUMNS",
    "key_of",
    "number_of",
    "parameters_of",
    "progress_of",
    "run_of",
    "task_row_of",
    "under_way_of",
    "worker_row_of",
]

Row = Sequence[Any]  # As it comes from a driver.

TASK_COLUMNS = (
    "name, declared_spec, next_due, anchor, schedule, paused, paused_reason, paused_until,"
    " config_rev, token, starts, last_due, last_success, failures_in_row, takeovers,"
    " lease_until, lease_token, owner, running_due,"
    " last_outcome, last_ran, last_kind, last_token, last_started, last_end, last_error, seen_at"
)
# Where in a row of them some lie.
NEXT_DUE, TOKEN, LEASE_UNTIL, LEASE_TOKEN = 2, 9, 15, 16
# What comes first of what was learnt at once: what one claim has found abandoned, in the order in
# which it was begun; then by the instant.
TIE = "CASE WHEN lease_until IS NULL THEN 0 ELSE token END"
RUN_COLUMNS = (
    "name, due, kind, token, reason, last_due, count, run_id, outcome, error, attempts, started,"
    " ended, lateness, progress, message, owner, tzdb, recorded, " + TIE
)
WORKER_COLUMNS = (
    "id, host, pid, started, seen, version, tasks, CASE WHEN declared IS NULL THEN 1 ELSE 0 END"
)

_KINDS = {kind.value: kind for kind in RunKind}
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
_LONGEST_TEXT = 2_000
# Recorded by hand, without a lease: not a tick's own row.
_UNNUMBERED = -1


def task_row_of(row: Row, namespace: str) -> TaskRow:
    """Return what the store knows of a task: a *row* of the columns above."""
    # By place: one is made for every tick.
    name, spec, next_due, anchor, schedule, paused, reason, until, revision, token = row[:10]
    starts, last_due, success, failures, takeovers, expires, held, owner, running = row[10:19]
    lease = None if expires is None else new_lease((name, running, held, expires, owner))
    last = None if row[19] is None else _last_run_of(row, namespace)
    known = (name, spec, next_due, anchor, schedule, bool(paused), reason, until, revision, token)
    return TaskRow(*known, lease, starts, last_due, last, success, failures, takeovers, row[26])


def run_of(row: Row, namespace: str) -> Run:
    """Return the record of a run, or of a range of skipped ticks."""
    name, due, kind, token, reason, last_due, count, run_id, outcome, error, attempts = row[:11]
    started, ended, lateness, progress, message, owner, tzdb, recorded, tie = row[11:20]
    if reason:
        skip = SkipReason(reason)
        skipped = Run.of_skipped(
            name, namespace, first=due, last=last_due, count=int(count), reason=skip
        )
        skipped._place = recorded, tie
        return skipped
    start_at = None if started is None or lateness is None else started - lateness
    run = Run(name, due, namespace, _KINDS[kind], token, start_at)
    run.outcome, run.error, run.attempt = _OUTCOMES.get(outcome), error, attempts
    run._started, run._finished, run._worker, run._tzdb = started, ended, owner, tzdb
    if recorded is not None:
        run._place = recorded, tie
    if run_id is not None:
        run._rarely.id = run_id
    if progress is not None:
        run.progress(progress, message=message)
    return run


def under_way_of(name: str, row: Row, task: TaskRow, now: int, namespace: str) -> Run | None:
    """Return the run under way of a *task* that a *row* tells of; None: its lease has expired."""
    due, kind, token, run_id, owner, started, takeovers, progress, message, until, cancelled = row
    held = task.held
    if not until:
        until = held.until if held is not None and held.token == token else 0
    if until <= now:
        return None
    run = Run(name, due, namespace, _KINDS[kind], token)
    run._worker, run._started, run.attempt = owner, started, takeovers + 1
    if run_id is not None:
        run._rarely.id = run_id
    if progress is not None:
        run.progress(progress, message=message)
    if cancelled:
        run._cancel()
    return run


def key_of(outcome: str, reason: str) -> str:
    """Return what ticks are counted under that ended in *outcome*."""
    return f"{outcome}({reason})" if reason else outcome


def worker_row_of(row: Row) -> WorkerRow:
    """Return what the store knows of a worker."""
    return WorkerRow(*row)._replace(has_left=bool(row[-1]))


def parameters_of(run: Run, namespace: str) -> dict[str, object]:
    """Return what is written of a *run* that has ended."""
    rarities = run._rarities
    started, ended = run._started, run._finished
    start_at = run._due if run._start_at is None else run._start_at
    return {
        "ns": namespace,
        "name": run.task_name,
        "due": run._due,
        "number": number_of(run),
        "kind": run.kind.value,
        "run_id": None if rarities is None else rarities.id,
        "token": run.token,
        "outcome": (run.outcome or Outcome.ABANDONED).value,
        "error": _text(run.error),
        "attempts": run.attempt,
        "started": None if started is None else round(started),
        "ended": None if ended is None else round(ended),
        "lateness": None if started is None else round(started - start_at),
        "progress": run.progressed,
        "message": _text(run.message),
        "reason": "" if run.reason is None else run.reason.value,
        "last_due": None if run.reason is None else milliseconds_of(run.last_due),
        "count": run.count,
    }


def progress_of(told: Progress) -> dict[str, object]:
    """Return what is written of the progress of a run under way."""
    name, token, fraction, message = told
    return {"name": name, "token": token, "progress": fraction, "message": _text(message)}


def number_of(run: Run) -> int:
    """Return what tells a *run* apart from others of the same instant."""
    if run.kind in (RunKind.TICK, RunKind.SKIPPED):
        return 0
    return run.token or _UNNUMBERED


def _text(text: str | None) -> str | None:
    """Return what every database takes: not too long, and no half characters."""
    if text is None:
        return None
    short = text[:_LONGEST_TEXT].replace("\0", "\N{REPLACEMENT CHARACTER}")
    return short.encode("utf-8", "replace").decode("utf-8")


def _last_run_of(row: Row, namespace: str) -> Run:
    outcome, due, kind, token, started, ended, error = row[19:26]
    run = Run(cast("str", row[0]), due, namespace, _KINDS[kind], token)
    run.outcome, run.error = _OUTCOMES[outcome], error
    run._started, run._finished = started, ended
    return run
