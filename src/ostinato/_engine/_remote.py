"""The door to a store that is shared with others: it is asked from threads of its own."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from ostinato._engine._environment import Environment
from ostinato._engine._keepalive import Held, Keepalive
from ostinato._engine._patience import Patience, result_of
from ostinato._engine._reporting import Reporting
from ostinato._engine._timeline import Timeline
from ostinato._lease import Claim, Registration, Reply, Takeover, TaskRow
from ostinato._run import Run
from ostinato.errors import StoreUnavailableError
from ostinato.protocols import SharedStore

__all__ = ["Remote"]

T = TypeVar("T")

# In seconds: how long the store has to answer once all runs have ended.
_LAST_WORDS = 1.0


class Remote(Reporting):
    """Asks a store without waiting for it: what it answers is told on the loop."""

    def __init__(
        self,
        environment: Environment,
        store: SharedStore,
        timeline: Timeline,
        on_settled: Callable[[str], object],
        *,
        owner: str,
        lease: float,
        on_reply: Callable[[int, float], object],
        on_lost: Callable[[Held], object],
        on_cancelled: Callable[[Held], object],
    ) -> None:
        """Begin with a *store* that answers.

        Args:
            environment: The loop and the clock, and who is told.
            store: The memory that workers share.
            timeline: What is due when the store says so.
            on_settled: Is told the name of a task whose settlement had to wait.
            owner: The worker's id.
            lease: How long a lease is, in seconds.
            on_reply: Is told the store's time, and when it was asked, on the clock of leases.
            on_lost: Is told of a lease that is trusted no longer.
            on_cancelled: Is told of a run that somebody elsewhere wants to end.
        """
        super().__init__(environment, store, timeline, self._let_go, on_settled)
        self._owner = owner
        self._lease = round(lease * 1_000)
        self._on_reply = on_reply
        # Counts suspends: a lease goes on to expire meanwhile.
        self._monotonic = environment.boot
        self.keepalive = Keepalive(
            environment,
            store,
            self.lanes,
            lease=lease,
            on_lost=on_lost,
            on_cancelled=on_cancelled,
        )
        # The latest token of each task that was granted here.
        self._tokens: dict[str, int] = {}
        self._opening: Callable[[], object] = int
        self._is_open = False

    async def open(self, namespace: str, now: Callable[[], float]) -> None:
        """Open the store for the worker, and ask it for the time: it says when tasks are first due.

        Raises:
            StoreError: It cannot be opened, or not at the moment.
        """
        self._opening = partial(self._store.open, namespace, self._owner, now)
        await self.lanes.claims(self._open)
        asked_at = self._monotonic()
        reply = await self.lanes.claims(partial(self._store.read, ()))
        self._on_reply(reply.now, asked_at)

    def register(
        self, registrations: list[Registration], then: Callable[[Reply | None], object]
    ) -> None:
        """Make tasks known, and tell *then*; None: the store does not answer."""
        self._call(partial(self._join, registrations), then)

    def claim(
        self, claims: Sequence[Claim | Takeover], then: Callable[[Reply | None], object]
    ) -> None:
        """Ask the store for *claims*, and tell *then*; None: it does not answer."""
        if self.left:
            then(None)
            return
        # What has ended goes along, in one call.
        ended = self._take_along()
        more = (ended,) if ended else ()
        # No lease is trusted for longer than since it was asked for.
        asked_at = self._monotonic()
        asking = self.lanes.claims(partial(self._store.claim, claims, self._lease, *more))
        answer = partial(self._answer, asked_at, then, True, len(ended))  # noqa: FBT003 - as there
        asking.add_done_callback(answer)

    async def claimed(self, claims: list[Claim]) -> Reply:
        """Return the store's answer to *claims*.

        Raises:
            StoreError: It has none.
        """
        self._settle_first()
        asked_at = self._monotonic()
        reply = await self.lanes.claims(partial(self._store.claim, claims, self._lease))
        self._hold(reply, asked_at)
        return reply

    def skip(self, claim: Claim, then: Callable[[Reply | None], object]) -> None:
        """Let the store skip the ticks of *claim*, and tell *then*."""
        self._call(partial(self._store.claim, [claim], self._lease), then)

    def control(self, name: str, changes: Mapping[str, object]) -> None:
        """Write what steers the task *name*."""
        writing = self.lanes.claims(partial(self._store.control, name, changes))
        writing.add_done_callback(self._note_written)

    def change(
        self, name: str, changes: Mapping[str, object], then: Callable[[TaskRow | None], object]
    ) -> None:
        """Write *changes* to the row of the task *name*, and tell *then* how it stands.

        None: the store does not answer.
        """
        writing = self.lanes.claims(partial(self._store.control, name, changes))
        writing.add_done_callback(self._note_written)
        writing.add_done_callback(lambda future: then(result_of(future)))

    async def steer(self, name: str, changes: Mapping[str, object]) -> None:
        """Write what a user steers of the task *name*, and wait until it is written.

        Raises:
            StoreError: It is not written.
        """
        await self.lanes.claims(partial(self._store.control, name, changes))

    async def read(self, call: Callable[[], T]) -> T:
        """Return what *call* reads of the store.

        Raises:
            StoreError: It does not answer.
        """
        return await self.lanes.reads(call)

    async def rows(self) -> Reply:
        """Return how all tasks stand."""
        return await self.lanes.reads(self._store.read)

    async def declared(self, registrations: list[Registration]) -> Reply:
        """Make tasks known, and return how all of them stand."""
        await self.lanes.claims(partial(self._store.register, registrations))
        return await self.rows()

    def leave(self, run: Run) -> None:
        """Leave the lease of a *run* to itself that goes on after the end: it expires."""
        self.keepalive.let_go((run.task_name, run.token))

    def close(self) -> None:
        """End the threads without waiting for them."""
        if self._settling is not None:
            self._settling.cancel()
        self.keepalive.stop()
        self._is_over = True
        if self._is_open:
            # What it has opened is closed, behind all that waits.
            self.lanes.reads(self._store.close).add_done_callback(result_of)
        self.lanes.close(0.0)

    async def finish(self) -> None:
        """Settle what is not settled yet, if the store answers in time, and end the threads."""
        with Patience(self._environment.clock, self._loop, _LAST_WORDS) as patience:
            # The lane makes one call after the other: what was asked for is answered then.
            await patience.wait_for(self.lanes.claims(int))
            self._settle()
            while self._is_settling and not patience.is_over:
                await patience.wait_for(self.lanes.claims(int))
            self.keepalive.stop()
            closing = self.lanes.reads(self._store.close)
            closing.add_done_callback(self._note_written)
            await patience.wait_for(closing)
            if patience.is_over:
                error = TimeoutError(f"it has not answered for {_LAST_WORDS:g} s, at the end")
                self.fail(StoreUnavailableError(self._environment.namespace, error))
            self._is_over = True
            self.lanes.close(0.0 if patience.is_over else _LAST_WORDS)

    def _open(self) -> None:
        """Open the store, unless it is; in the thread."""
        if not self._is_open:
            self._opening()
            self._is_open = True

    def _join(self, registrations: list[Registration]) -> Reply:
        """Make tasks known, to a store that may not have answered before; in the thread."""
        self._open()
        return self._store.register(registrations)

    def _call(
        self,
        call: Callable[[], Reply],
        then: Callable[[Reply | None], object],
    ) -> None:
        self._settle_first()
        asked_at = self._monotonic()
        future = self.lanes.claims(call)
        answer = partial(self._answer, asked_at, then, False, 0)  # noqa: FBT003 - as there
        future.add_done_callback(answer)

    def _answer(
        self,
        asked_at: float,
        then: Callable[[Reply | None], object],
        finds: bool,  # noqa: FBT001 - of a callback, which is given it by its place
        ended: int,
        future: "asyncio.Future[Reply]",
    ) -> None:
        if self._is_over or future.cancelled():
            result_of(future)
            return
        if (error := future.exception()) is not None:
            self.fail(error if isinstance(error, Exception) else RuntimeError(str(error)))
            if ended:
                self._is_settling = False
                self._arm()
            then(None)
            return
        reply = future.result()
        self.succeed()
        if ended:
            self._note_settled(ended)
        self._hold(reply, asked_at, finds=finds)
        then(reply)

    def _hold(self, reply: Reply, asked_at: float, *, finds: bool = False) -> None:
        """Hold the leases of *reply*; it *finds* those, too, of claims whose replies were lost."""
        self._on_reply(reply.now, asked_at)
        told = {each[:3] for each in reply.leases}
        # Who has asked for something else would hold it, and run nothing.
        for row in reply.rows.values() if finds else ():
            lease = row.held
            if lease is None or lease.owner != self._owner or lease.until <= reply.now:
                continue
            # Tokens rise: a lower one was had before, and is settled as soon as that can be told.
            if lease.due != row.last_due:
                # Of a run that is no tick: whoever asked for it asks again, or not.
                continue
            # Two tasks that began in one millisecond have the same.
            if lease.token > self._tokens.get(lease.name, 0) and lease[:3] not in told:
                reply.leases.append(lease)
        for lease in tuple(reply.leases):
            if lease.owner != self._owner:
                continue
            self._tokens[lease.name] = max(lease.token, self._tokens.get(lease.name, 0))
            seconds = (lease.until - reply.now) / 1_000
            if not self.keepalive.hold((lease.name, lease.token), asked_at, seconds):
                # Nothing is begun on a lease whose answer took too long.
                reply.leases.remove(lease)

    def _note_written(self, writing: "asyncio.Future[Any]") -> None:
        if not writing.cancelled() and isinstance(error := writing.exception(), Exception):
            self.fail(error)

    def _let_go(self, run: Run) -> None:
        self.keepalive.let_go((run.task_name, run.token))
