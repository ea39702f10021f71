"""The statements of a settlement: what becomes of the lease, and what the history keeps."""

__all__ = [
    "DROP_RUN",
    "ENDED",
    "END_RUN",
    "MOVE",
    "SETTLEMENTS",
    "SETTLE_TICK",
    "SKIPPED",
    "VERDICT",
]

# A run that has a lease of its own is settled while its row says that it is under way.
_SETTLE = (
    "UPDATE {task} SET last_outcome = :outcome, last_error = :error, last_ran = :due,"
    " last_kind = :kind, last_token = :token, last_started = :started, last_end = :ended,"
    " last_success = CASE WHEN :outcome = 'succeeded' AND (:kind <> 'backfill'"
    " OR last_success IS NULL OR last_success < :due) THEN :due ELSE last_success END,"
    # Runs that are started by hand tell nothing of the schedule.
    " failures_in_row = CASE WHEN :kind <> 'tick' THEN failures_in_row"
    " WHEN :outcome = 'succeeded' THEN 0"
    " WHEN :outcome IN ('failed', 'timed_out') THEN failures_in_row + 1"
    " ELSE failures_in_row END"
)
# Of a tick that was claimed and then not started.
_NOT_BEGUN = "UPDATE {task} SET starts = starts - 1"
_STEER = (
    ", next_due = CASE WHEN :moves = 1 THEN :next_due ELSE next_due END,"
    " paused = CASE WHEN :pauses = 1 THEN 1 ELSE paused END,"
    " paused_reason = CASE WHEN :pauses = 1 THEN :pause ELSE paused_reason END,"
    " config_rev = config_rev + :pauses"
)
_ALONE = (
    ", lease_until = NULL, owner = NULL, running_due = NULL"
    " WHERE ns = :ns AND name = :name AND lease_token = :token AND lease_until IS NOT NULL"
)
_BESIDE = (
    " WHERE ns = :ns AND name = :name AND EXISTS (SELECT 1 FROM {run} r WHERE r.ns = :ns"
    " AND r.name = :name AND r.due = :due AND r.number = :number AND r.reason = ''"
    " AND r.token = :token AND r.recorded IS NULL)"
)
# By whether the tick was not begun, and whether the lease was the task's.
SETTLEMENTS = {
    (is_skipped, is_alone): (
        (_NOT_BEGUN if is_skipped else _SETTLE) + _STEER + (_ALONE if is_alone else _BESIDE)
    )
    for is_skipped in (False, True)
    for is_alone in (False, True)
}
# Where ticks were passed over under the run, and nobody has moved on meanwhile.
MOVE = (
    "UPDATE {task} SET next_due = :next_due"
    " WHERE ns = :ns AND name = :name AND next_due = :expected"
)
# A tick that ran alone, as most do, by whose end nothing else is to be written.
SETTLE_TICK = (
    _SETTLE + ", next_due = CASE WHEN :moves = 1 THEN :next_due ELSE next_due END" + _ALONE
)
END_RUN = (
    "UPDATE {run} SET outcome = :outcome, error = :error, started = :started, ended = :ended,"
    " lateness = :lateness, attempts = :attempts, progress = :progress, message = :message,"
    " lease_until = NULL, recorded = {now}"
    " WHERE ns = :ns AND name = :name AND due = :due AND number = :number AND reason = ''"
    " AND token = :token AND recorded IS NULL"
)
# What differs from one end to the next.
ENDED = (
    *("name", "due", "number", "kind", "token", "outcome", "error", "attempts", "started", "ended"),
    *("lateness", "progress", "message", "moves", "next_due"),
)
DROP_RUN = (
    "DELETE FROM {run} WHERE ns = :ns AND name = :name AND due = :due AND number = :number"
    " AND reason = '' AND token = :token AND recorded IS NULL"
)
VERDICT = (
    "SELECT 1 FROM {run} WHERE ns = :ns AND name = :name AND due = :due AND number = :number"
    " AND reason = '' AND token = :token AND recorded IS NOT NULL AND lease_until IS NULL"
)
SKIPPED = (
    "SELECT 1 FROM {run} s WHERE s.ns = :ns AND s.name = :name AND s.reason = :reason"
    " AND s.due <= :due AND s.last_due >= :due AND NOT EXISTS (SELECT 1 FROM {run} r"
    " WHERE r.ns = :ns AND r.name = :name AND r.due = :due AND r.reason = '' AND r.token = :token)"
)
