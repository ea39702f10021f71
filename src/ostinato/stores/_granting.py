"""Whether a claim is granted, and what a run's end means: what every store keeps, in Python."""

from ostinato._lease import Claim, Lease, Takeover, TaskRow
from ostinato._outcomes import Outcome, RunKind
from ostinato._run import Run

__all__ = ["is_expired", "is_granted", "is_older", "note_outcome", "taken_over"]

_COUNTED_AS_FAILURE = (Outcome.FAILED, Outcome.TIMED_OUT)


def is_granted(row: TaskRow, claim: Claim, now: float) -> bool:
    """Return whether the task's *row* lets *claim* have what it asks for at the instant *now*."""
    _, spec, expected, due, _, _, max_runs, kind, _, concurrency, reruns = claim
    if row.spec != spec or (reruns and due is not None and row.held is not None):
        return False
    # Ticks may be skipped under a run, and in a pause.
    has_room = due is None or _has_room(row, concurrency, now)
    if kind is not RunKind.TICK:
        return has_room
    return (
        row.next_due == expected
        and expected is not None
        and expected <= now
        and (due is None or due <= now)
        and not (row.paused and due is not None)
        and has_room
        and (max_runs is None or due is None or row.starts < max_runs)
    )


def taken_over(
    row: TaskRow, claim: Takeover, now: int, until: int, owner: str
) -> tuple[Lease, ...]:
    """Write the *claim* for an expired lease into *row*; return the new lease, if it is granted."""
    _, spec, token, _ = claim
    held = row.held
    if held is None or not is_expired(row, token, now) or row.spec != spec or row.paused:
        return ()
    row.token += 1
    row.takeovers += 1
    row.held = held._replace(token=row.token, until=until, owner=owner)
    return (row.held,)


def is_expired(row: TaskRow, token: int, now: int) -> bool:
    """Return whether the lease with *token* is still the task's, and has expired by *now*."""
    return row.held is not None and row.held.token == token and row.held.until <= now


def is_older(run: Run, success: int | None) -> bool:
    """Return whether *run* tells of a time of which the latest *success* is known."""
    return run.kind is RunKind.BACKFILL and success is not None and run._due < success


def note_outcome(row: TaskRow, run: Run) -> None:
    """Write into *row* what the end of *run* means for the task."""
    succeeded = run.outcome is Outcome.SUCCEEDED
    if succeeded and not is_older(run, row.last_success):
        row.last_success = run._due
    if run.kind is RunKind.SKIPPED:
        # It was claimed, and then not started.
        row.starts -= 1
        return
    row.last_run = run
    if run.kind is RunKind.TICK and succeeded:
        row.failures_in_row = 0
    elif run.kind is RunKind.TICK and run.outcome in _COUNTED_AS_FAILURE:
        row.failures_in_row += 1


def _has_room(row: TaskRow, concurrency: int | None, now: float) -> bool:
    if row.held is None and not row.beside:
        return True
    if concurrency is None:
        return True
    live = sum(lease.until > now for lease in row.beside.values())
    if row.held is not None and row.held.until > now:
        live += 1
    return live < concurrency
