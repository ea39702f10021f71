"""One execution of a tick."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any, overload

from ostinato._facts import Facts, Tick
from ostinato._outcomes import Outcome, RunKind, SkipReason
from ostinato._rarities import Rarities, check_progress
from ostinato._run_logger import run_logger
from ostinato._shown import address_of
from ostinato.errors import ForeignSessionError, LeaseLostError

if TYPE_CHECKING:
    import logging
    from collections.abc import Coroutine

    from ostinato._transactions import AsyncTransaction, Transaction

__all__ = ["Run", "Tick"]


class Run(Facts):
    """One execution of a tick, or a record of ticks that were skipped.

    A parameter annotated with `Run` receives the run that is under way. The history holds runs that
    have ended; by its `id` a run is known everywhere.
    """

    # Made for every tick: it holds plain numbers, and what is asked for is made when asked for.
    __slots__ = (
        "_due",
        "_finished",
        "_is_recorded",
        "_namespace",
        "_place",
        "_previous_success",
        "_rarities",
        "_start_at",
        "_started",
        "_tzdb",
        "_worker",
        "attempt",
        "error",
        "kind",
        "outcome",
        "task_name",
        "token",
    )

    def __init__(  # noqa: PLR0917 - made for every tick: keywords would cost as much as the rest
        self,
        task_name: str,
        due: int,
        namespace: str = "default",
        kind: RunKind = RunKind.TICK,
        token: int = 0,
        start_at: int | None = None,
        previous_success: int | None = None,
    ) -> None:
        """Prepare a run; the engine does this, not its users.

        Args:
            task_name: The name of the task.
            due: The instant of the tick, in milliseconds since 1970.
            namespace: The scheduler's name.
            kind: What it was started by.
            token: The fencing token of its lease; 0 without a store.
            start_at: When it was meant to start, its jitter included; by default at *due*.
            previous_success: When the last run that succeeded was due.
        """
        self.task_name = task_name
        self.kind = kind
        self.token = token
        self.attempt = 1
        self.outcome: Outcome | None = None
        self.error: str | None = None
        self._namespace = namespace
        self._due = due
        self._start_at = start_at
        self._started: float | None = None
        self._finished: float | None = None
        self._previous_success = previous_success
        self._is_recorded = False
        self._rarities: Rarities | None = None

    @classmethod
    def of_skipped(
        cls,
        task_name: str,
        namespace: str,
        *,
        first: int,
        last: int,
        count: int,
        reason: SkipReason,
    ) -> Run:
        """Return the record of *count* ticks, from *first* to *last*, that were skipped."""
        record = cls(task_name, first, namespace, RunKind.SKIPPED)
        record.outcome = Outcome.SKIPPED
        rarities = record._rarely
        rarities.reason, rarities.last_due, rarities.count = reason, last, count
        return record

    @property
    def _rarely(self) -> Rarities:
        if self._rarities is None:
            self._rarities = Rarities()
        return self._rarities

    @property
    def cancelled(self) -> Event:
        """Is set when the run ought to end: for `def` functions, which cannot be interrupted."""
        rarities = self._rarely
        if rarities.cancelled is None:
            rarities.cancelled = Event()
        # Looked at last: whoever cancels sets the flag first and looks for the event then.
        if rarities.is_cancelled:
            rarities.cancelled.set()
        return rarities.cancelled

    @property
    def lease_lost(self) -> Event:
        """Is set when another worker may run the tick's successor: stop writing."""
        rarities = self._rarely
        if rarities.lease_lost is None:
            rarities.lease_lost = Event()
        return rarities.lease_lost

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose records carry the run: `task_name`, `run_id`, `run_attempt`."""
        return run_logger(self._facts())

    def progress(self, fraction: float, /, *, message: str | None = None) -> None:
        """Tell how far the run is.

        Args:
            fraction: From 0 to 1.
            message: A few words on what is being done.

        Raises:
            ArgumentTypeError: *fraction* is no number, or *message* no string.
            InvalidArgumentError: *fraction* is not between 0 and 1.
        """
        check_progress(fraction, message)
        rarities = self._rarely
        rarities.progressed, rarities.message = float(fraction), message

    @overload
    def guard(self, session: AsyncTransaction, /) -> Coroutine[object, object, None]: ...
    @overload
    def guard(self, session: Transaction, /) -> None: ...
    def guard(self, session: Any, /) -> Coroutine[object, object, None] | None:
        """Let the transaction of *session* commit only if the run has not lost its lease.

        The last thing before the commit: `run.guard(session)`, or `await run.guard(session)` where
        the session is an asynchronous one. What was not flushed is flushed before.

        Args:
            session: A session or a connection of SQLAlchemy's, of the database in which the store
                is: PostgreSQL, MySQL or MariaDB.

        Raises:
            ArgumentTypeError: *session* is none.
            ForeignSessionError: The store is not in its database.
            InvalidArgumentError: It commits each statement by itself.
            LeaseLostError: The lease is lost: let the transaction be rolled back.
        """
        if self._rarities is None or self._rarities.fence is None:
            store = "memory://" if self.token else "none: the task is of Scope.PROCESS"
            raise ForeignSessionError(store, address_of(session))
        if hasattr(session, "run_sync"):
            guarding: Coroutine[object, object, None] = session.run_sync(self._guard)
            return guarding
        self._guard(session)
        return None

    def _guard(self, session: object) -> None:
        fence = self._rarely.fence
        # A thread that goes on behind its run has no lease, though nobody may have taken it.
        if fence is None or self.outcome is not None:
            raise self._lost(LeaseLostError(self._namespace, self.task_name))
        try:
            fence(self, session)
        except LeaseLostError as error:
            raise self._lost(error) from error.__cause__

    def _lost(self, error: LeaseLostError) -> LeaseLostError:
        self.lease_lost.set()
        # Another attempt would not commit either.
        self._cancel()
        return error

    def _facts(self) -> dict[str, object]:
        return {"task_name": self.task_name, "run_id": self.id, "run_attempt": self.attempt}

    @property
    def _is_cancelled(self) -> bool:
        return self._rarities is not None and self._rarities.is_cancelled

    def _cancel(self) -> None:
        rarities = self._rarely
        rarities.is_cancelled = True
        if rarities.cancelled is not None:
            rarities.cancelled.set()

    def __repr__(self) -> str:
        state = "under way" if self.outcome is None else self.outcome.value
        return f"<Run {self.id}: {state}>"
