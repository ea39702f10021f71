"""The attempts of a run: their parameters, their calls, their time."""

import asyncio
from collections.abc import Callable, Mapping
from contextvars import Context, copy_context
from functools import partial
from typing import Any, NamedTuple

from ostinato._engine._call import Caller
from ostinato._engine._deadline import Deadline
from ostinato._engine._environment import Environment
from ostinato._engine._jobs import Job
from ostinato._engine._patience import resolve
from ostinato._engine._standing import Standing
from ostinato._function import UserFunction
from ostinato._policy import Overlap, Retry
from ostinato._run import Run
from ostinato.errors import RunTimeoutError

__all__ = ["Attempts", "First"]


class First(NamedTuple):
    """A first attempt that was made elsewhere, or is under way in a thread.

    Attributes:
        deadline: The end of its time, if it has one.
        error: What it raised, if it did.
        job: Its job, if a thread is at work.
        context: What it is called in, if a thread is at work.
    """

    deadline: Deadline | None = None
    error: BaseException | None = None
    job: Job | None = None
    context: Context | None = None


class Attempts:
    """Calls a task's function, within its time, with what it asks for, until it succeeds."""

    __slots__ = (
        "_deadline",
        "_environment",
        "_give_up",
        "_has_ended",
        "_has_timed_out",
        "_on_zombie",
        "_run",
        "_standing",
        "context",
        "is_abandoned",
    )

    def __init__(
        self,
        standing: Standing,
        run: Run,
        environment: Environment,
        *,
        give_up: Callable[[], object],
        on_zombie: Callable[[], Callable[[], None]],
    ) -> None:
        """Prepare the attempts of *run*.

        Args:
            standing: The task's.
            run: The run.
            environment: The loop, the clock and the threads.
            give_up: Is called when the function does not heed its cancellation in time.
            on_zombie: Is called when a thread goes on although nobody waits for it, and returns
                what to call when it has ended.
        """
        self._standing = standing
        self._run = run
        self._environment = environment
        self._give_up = give_up
        self._on_zombie = on_zombie
        self._deadline: Deadline | None = None
        # Whether it was for its timeout that a thread was left behind.
        self._has_timed_out = False
        # Whether the function had ended by itself when its time was found to be over.
        self._has_ended = False
        # What the function's variables are found in afterwards, by the hooks.
        self.context: Context | None = None
        # Whether a thread goes on although nobody waits for it.
        self.is_abandoned = False

    async def make(self, first: First | None = None) -> None:
        """Attempt the run until an attempt succeeds, or is not to be followed by another.

        Args:
            first: The first attempt, if it was made elsewhere.

        Raises:
            RunTimeoutError: The time of the last attempt was over.
            BaseException: Whatever the last attempt raised.
        """
        retry = self._standing.task.policy.retry
        if retry is None:
            await self._make_one(first)
            return
        while True:
            try:
                await self._make_one(first)
            except retry.retry_on as error:
                wait = self._environment.random.uniform(0, retry.longest_wait(self._run.attempt))
                if not self._is_followed(retry, wait):
                    raise
                self._tell_of_another(error, wait)
                if not await self._has_waited(wait):
                    # Nobody makes up for the failure: it is the run's.
                    raise
            else:
                return
            self._run.attempt += 1
            first = None

    async def _make_one(self, first: First | None) -> None:
        seconds = self._standing.task.policy.timeout
        if first is not None:
            await self._take_over(first)
        elif seconds is None:
            await self._supply()
        else:
            await self._within(seconds)

    def _is_followed(self, retry: Retry, wait: float) -> bool:
        """Return whether another attempt may begin in *wait* seconds."""
        run, standing = self._run, self._standing
        # It has been given up, or asked to end, or still goes on.
        if run.outcome is not None or run._is_cancelled or self.is_abandoned:
            return False
        if self._environment.is_stopping:
            return False
        if run.attempt >= retry.attempts:
            return False
        following = standing.next_due
        if following is None or standing.task.policy.overlap is Overlap.ALLOW:
            return True
        now = standing.timeline.at(self._environment.clock.monotonic())
        return now + wait * 1_000 < following

    def _tell_of_another(self, error: BaseException, wait: float) -> None:
        self._environment.telling.tell(
            "ostinato.attempt_failed",
            self._standing.task.name,
            run=self._run,
            error=error,
            attempt=self._run.attempt,
            wait=wait,
        )

    async def _has_waited(self, seconds: float) -> bool:
        """Wait; return whether another attempt is to begin then: not where the run is cut short."""
        environment = self._environment
        passed = environment.loop.create_future()
        environment.waits.add(passed)
        timer = environment.clock.call_later(seconds, partial(resolve, passed))
        try:
            await passed
        except asyncio.CancelledError:
            return False
        finally:
            timer.cancel()
            environment.waits.discard(passed)
        return not environment.is_stopping

    async def _within(self, seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        deadline = Deadline(
            self._environment.clock, task, seconds, self._environment.cancel_grace, self._give_up
        )
        self._deadline = deadline
        ended: BaseException | None = None
        try:
            await self._supply()
        except BaseException as error:  # noqa: BLE001 - it is raised again, unless it was the time
            ended = error
        self._end_within(deadline, ended)

    async def _take_over(self, first: First) -> None:
        """Bring an attempt to its end that was made elsewhere."""
        if first.job is None or first.context is None:
            self._end_within(first.deadline, first.error)
            return
        self.context = first.context
        error = await self._caller().join(first.job, first.context)
        if error is not None:
            raise error

    def _end_within(self, deadline: Deadline | None, error: BaseException | None) -> None:
        """Raise what an attempt has ended with, or that its time was over."""
        if deadline is not None:
            deadline.lift()
            if self._is_timed_out(deadline):
                name, seconds = self._standing.task.name, self._standing.task.policy.timeout
                raise RunTimeoutError(name, seconds or 0.0) from error
        if error is not None:
            raise error

    def _is_timed_out(self, deadline: Deadline) -> bool:
        is_cut_short = deadline.expired and not self._has_ended
        return is_cut_short and (self._has_timed_out or not self._run._is_cancelled)

    async def _supply(self) -> None:
        standing, run = self._standing, self._run
        values: dict[str, object] = dict.fromkeys(standing.task.parameters.runs, run)
        if standing.injection is None:
            await self._call(values)
            return
        environment = self._environment
        supplied = standing.injection.supplied(
            run, app=environment.app, state=environment.state, in_thread=self._in_thread
        )
        async with supplied as found:
            await self._call({**found, **values})

    async def _call(self, values: Mapping[str, object]) -> None:
        called = self._standing.task.function
        if self._standing.task.runs_in_thread:
            await self._call_in_thread(called, values)
            return
        result = called.function(**values)
        # A plain function that was told to run on the loop returns what it likes.
        if asyncio.iscoroutine(result) or hasattr(result, "__await__"):
            await result

    async def _call_in_thread(self, called: UserFunction, values: Mapping[str, object]) -> None:
        # A context of its own: while a thread that is not waited for is in it, nobody else can be.
        context = self.context = copy_context()
        function: Callable[[], Any] = partial(called.function, **values)
        if self._deadline is not None:
            begun: list[float] = []
            function = partial(_note_begin, self._environment.clock.monotonic, begun, function)
            self._deadline.count_from(lambda: begun[0] if begun else None)
        called = UserFunction(function, called.name, is_async=False)
        error = await self._caller().call(called, context)
        if self._deadline is not None and self._deadline.expired:
            self._has_ended = not self.is_abandoned
        if error is not None:
            raise error

    def _caller(self) -> Caller:
        environment = self._environment
        return Caller(environment.loop, environment.threads, on_abandoned=self._abandon)

    async def _in_thread(self, call: Callable[[], object], /, *, is_owed: bool = False) -> object:
        """Call for a dependency what may block."""
        # By the function's name: where the thread is, is told by it.
        name = self._standing.task.function.name
        job = self._environment.threads.submit(
            name, call, self._environment.loop, context=copy_context()
        )
        try:
            value, error = await job.future
        except asyncio.CancelledError:
            if job.future.cancelled() and not is_owed and not job.withdraw():
                job.on_late_end = self._abandon(name)
            raise
        if error is not None:
            raise error
        return value

    def _abandon(self, _name: str) -> Callable[[], None]:
        # The thread goes on in its context: the hooks need another.
        self.context = None
        self.is_abandoned = True
        self._has_timed_out = self._deadline is not None and not self._run._is_cancelled
        # For whoever looks: it is asked to end, and no attempt comes behind it.
        self._run._cancel()
        return self._on_zombie()


def _note_begin(
    monotonic: Callable[[], float], begun: list[float], function: Callable[[], Any]
) -> object:
    begun.append(monotonic())
    return function()
