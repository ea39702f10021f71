"""How runs end, what they were started by, and why ticks are skipped."""

from enum import StrEnum

__all__ = ["FAILURES", "Backfill", "Outcome", "RunKind", "SkipReason"]


class Outcome(StrEnum):
    """How a run ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    ABANDONED = "abandoned"
    SKIPPED = "skipped"


# What is remembered for longer than what went well.
FAILURES = (Outcome.FAILED, Outcome.TIMED_OUT, Outcome.ABANDONED)


class SkipReason(StrEnum):
    """Why a tick, or a range of consecutive ticks, was not run."""

    OVERLAP = "overlap"
    TOO_LATE = "too_late"
    PAUSED = "paused"
    GAP = "gap"
    COALESCED = "coalesced"
    SHUTDOWN = "shutdown"
    STORE_DOWN = "store_down"
    LIMIT = "limit"
    ALREADY_RUN = "already_run"


class RunKind(StrEnum):
    """What a run was started by."""

    TICK = "tick"
    MANUAL = "manual"
    BACKFILL = "backfill"
    SKIPPED = "skipped"


class Backfill(StrEnum):
    """Which ticks of a time that has passed are run again."""

    MISSING = "missing"
    FAILED = "failed"
    ALL = "all"
