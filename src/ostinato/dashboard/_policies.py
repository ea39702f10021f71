"""A task's policy in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostinato._instants import instant_of
from ostinato._policy import Missed, OnCrash, Overlap, Scope

if TYPE_CHECKING:
    from ostinato._policy import Policy, Retry

__all__ = ["policy_shape"]

_MISSED = {
    Missed.RUN_LATEST: "one run, for the newest of them",
    Missed.SKIP: "none of them is run",
    Missed.RUN_ALL: "each is run, the oldest first",
}
_OVERLAP = {
    Overlap.SKIP: "the tick is skipped",
    Overlap.QUEUE_ONE: "the oldest tick runs as soon as the run has ended",
    Overlap.ALLOW: "the tick runs beside the others",
    Overlap.CANCEL_OTHER: "the run under way is cancelled",
}
_SCOPE = {
    Scope.CLUSTER: "once over all workers",
    Scope.PROCESS: "once in each process",
}
_ON_CRASH = {
    OnCrash.SKIP: "the run is not made again",
    OnCrash.RERUN: "another worker makes the run again",
}


def policy_shape(policy: Policy) -> dict[str, str]:
    """Return what is to happen when time slips, in words; only what was asked for."""
    found = {
        "missed": _MISSED[policy.missed],
        "overlap": _OVERLAP[policy.overlap],
        "scope": _SCOPE[policy.scope],
        "on_crash": _ON_CRASH[policy.on_crash],
    }
    if policy.max_concurrency is not None:
        found["max_concurrency"] = f"at most {policy.max_concurrency} runs at once"
    if policy.catch_up is not None:
        found["catch_up"] = f"a tick is run up to {policy.catch_up / 1_000:g} seconds late"
    if policy.timeout is not None:
        found["timeout"] = f"an attempt may take {policy.timeout:g} seconds"
    if policy.retry is not None:
        found["retry"] = _retry(policy.retry)
    if policy.max_runs is not None:
        found["max_runs"] = f"at most {policy.max_runs} runs in all"
    if policy.until is not None:
        found["until"] = f"not due after {instant_of(policy.until).isoformat()}"
    if policy.pause_after_failures is not None:
        found["pause_after_failures"] = f"paused after {policy.pause_after_failures} failures"
    return found


def _retry(retry: Retry) -> str:
    return f"up to {retry.attempts} attempts"
