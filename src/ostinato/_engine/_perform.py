"""Execute runs: attempts, outcome, hooks. Each run is one asyncio task."""

import asyncio
import signal
from collections.abc import Callable
from contextvars import Context, copy_context
from functools import partial

from ostinato._engine._attempt import Attempts, First
from ostinato._engine._call import Caller
from ostinato._engine._deadline import Deadline
from ostinato._engine._environment import Environment
from ostinato._engine._hooks import call_hook
from ostinato._engine._jobs import Job
from ostinato._engine._spawn import leave_behind, spawn_eagerly
from ostinato._engine._standing import Standing
from ostinato._engine._survey import Survey
from ostinato._engine._verdict import judge, outcome_of, text_of
from ostinato._function import UserFunction
from ostinato._outcomes import Outcome, RunKind
from ostinato._run import Run

__all__ = ["Performer"]


class Performer:
    """Executes the runs of every task, and tells how each has ended."""

    __slots__ = (
        "_copy_context",
        "_environment",
        "_fence",
        "_is_stopped",
        "_loop",
        "_monotonic",
        "_on_ended",
        "_on_given_up",
        "_on_zombie_ended",
        "survey",
    )

    def __init__(
        self,
        environment: Environment,
        *,
        on_ended: Callable[[Standing, Run], object],
        on_given_up: Callable[[Standing, Run], object],
        on_zombie_ended: Callable[[Standing, Run], object],
    ) -> None:
        """Execute with *environment*.

        Args:
            environment: The loop, the clock and the threads.
            on_ended: Is called once for each run, when it has ended.
            on_given_up: Is called before that, where a run does not heed its cancellation.
            on_zombie_ended: Is called when a thread has ended that its run did not wait for.
        """
        self._on_given_up = on_given_up
        self._on_zombie_ended = on_zombie_ended
        self._environment = environment
        self._fence = environment.fence
        self._loop = environment.loop
        self._monotonic = environment.clock.monotonic
        self._copy_context = environment.context.copy
        self._on_ended = on_ended
        self.survey = Survey(environment)
        self._is_stopped = False

    def start(self, standing: Standing, run: Run) -> "asyncio.Task[None]":
        """Execute *run*: what is done without waiting has been done when this returns."""
        standing.running += 1
        if self._fence is not None and run.token:
            run._rarely.fence = partial(self._fence.guard, concurrency=standing.concurrency)
        task = spawn_eagerly(
            self._perform(standing, run), loop=self._loop, context=self._copy_context()
        )
        if not task.done():
            self.watch(standing, run, task)
        return task

    def limit(
        self, standing: Standing, run: Run, begun: float, task: "asyncio.Task[None]", seconds: float
    ) -> Deadline:
        """Return the end of the *seconds* of a *run* that has *begun* elsewhere."""
        left = max(begun + seconds - self._monotonic(), 0.0)
        give_up = partial(self._give_up, standing, run)
        environment = self._environment
        return Deadline(environment.clock, task, left, environment.cancel_grace, give_up)

    def task_of(self, standing: Standing, run: Run) -> "asyncio.Task[None] | None":
        """Return the task of a *run* under way: made for it, if it is but a job in a thread."""
        under_way = standing.live.get(run)
        if not isinstance(under_way, Job):
            return under_way
        first = First(job=under_way, context=under_way.context)
        # From now on its end is told to whoever awaits this.
        _ = under_way.future
        begun = ((run._started or 0.0) - standing.timeline.offset) / 1_000
        task = spawn_eagerly(
            self.finish(standing, run, begun, first), loop=self._loop, context=self._copy_context()
        )
        if not task.done():
            self.watch(standing, run, task)
        return task

    def watch(self, standing: Standing, run: Run, task: "asyncio.Task[None] | Job") -> None:
        """Look after a *run* whose *task* is not done at once."""
        standing.watch(run, task)
        self.survey.watch(standing)

    def stop(self) -> None:
        """Look for stuck runs no longer."""
        self._is_stopped = True
        self.survey.stop()

    def cancel(self, standing: Standing, run: Run) -> None:
        """Ask *run* to end: an asyncio task is cancelled, a thread only asked."""
        run._cancel()
        if (task := self.task_of(standing, run)) is not None:
            if run._started is None:
                # It has to begin, so as to end: its first step comes before this.
                self._loop.call_soon(task.cancel)
            else:
                task.cancel()

    def abandon(self, standing: Standing, run: Run) -> None:
        """Leave behind a *run* that does not end, though it was cancelled: the scheduler ends."""
        task = self.task_of(standing, run)
        assert task is not None  # noqa: S101 - it is under way
        stack = leave_behind(task)
        if run.outcome is None:
            run.outcome = Outcome.ABANDONED
            run._finished = standing.timeline.at(self._monotonic())
            run.error = "it does not heed its cancellation"
        if not run._is_recorded:
            self._on_given_up(standing, run)
        self._environment.telling.tell(
            "ostinato.run_abandoned", standing.task.name, run=run, stack=stack
        )

    async def _perform(self, standing: Standing, run: Run) -> None:
        await self.finish(standing, run, self._monotonic())

    async def finish(
        self,
        standing: Standing,
        run: Run,
        begun: float,
        first: First | None = None,
    ) -> None:
        """Bring a *run* that has *begun* to its end.

        Args:
            standing: The task's.
            run: The run.
            begun: When that was, on the monotonic clock.
            first: The first attempt, if it was made elsewhere.
        """
        run._started = started = begun * 1_000 + standing.timeline.offset
        attempts = self._attempts(standing, run)
        try:
            await attempts.make(first)
        except BaseException as error:  # noqa: BLE001 - the one place where a task's function is contained
            if run.outcome is None:
                run._finished = started + (self._monotonic() - begun) * 1_000
            await self._fail(standing, run, error, attempts)
        else:
            # Unless it was given up before: then only its slot is still to be freed.
            if run.outcome is None:
                run._finished = started + (self._monotonic() - begun) * 1_000
                run.outcome = Outcome.SUCCEEDED
        standing.live.pop(run, None)
        self._on_ended(standing, run)

    def _attempts(self, standing: Standing, run: Run) -> Attempts:
        return Attempts(
            standing,
            run,
            self._environment,
            give_up=partial(self._give_up, standing, run),
            on_zombie=partial(self._note_zombie, standing, run),
        )

    async def _fail(
        self, standing: Standing, run: Run, error: BaseException, attempts: Attempts | None
    ) -> None:
        """Find out how a run ended that raised *error*, tell of it, and call its hook."""
        verdict = judge(error)
        if verdict.is_interrupted:
            # Ask the process to stop the way Ctrl-C does: from the loop, not from inside a task.
            self._loop.call_soon(signal.raise_signal, signal.SIGINT)
        failure = verdict.failure
        # Unless it was given up before: that was told.
        if run.outcome is None:
            is_abandoned = attempts is not None and attempts.is_abandoned
            run.outcome = outcome_of(standing.task.name, verdict, is_abandoned=is_abandoned)
            run.error = text_of(error)
            self._tell_of_end(standing, run, failure or (error if verdict.is_interrupted else None))
        hook = standing.task.policy.on_exception
        if hook is None or failure is None or not issubclass(type(failure), Exception):
            return
        context = None if attempts is None else attempts.context
        raised = await self._call_hook(standing, hook, context or copy_context(), failure)
        if raised is failure:
            standing.is_over = True
            standing.timeline.agenda.remove(standing)
            standing.over_reason = reason = f"{hook.name} raised the exception it was given"
            self._environment.telling.tell(
                "ostinato.task_stopped", standing.task.name, reason=reason
            )

    def _tell_of_end(self, standing: Standing, run: Run, error: BaseException | None) -> None:
        """Tell that *run* has ended, and not succeeded."""
        telling, name = self._environment.telling, standing.task.name
        # Runs by hand belong to no streak.
        number = standing.failures_in_row + 1 if run.kind is RunKind.TICK else None
        match run.outcome:
            case Outcome.FAILED:
                telling.tell(
                    "ostinato.run_failed", name, run=run, error=error, failures_in_row=number
                )
            case Outcome.TIMED_OUT:
                telling.tell(
                    "ostinato.run_timed_out", name, run=run, error=error, failures_in_row=number
                )
            case Outcome.ABANDONED:
                stack = self._environment.threads.stack_of(standing.task.function.name)
                telling.tell("ostinato.run_abandoned", name, run=run, error=error, stack=stack)
            case _:
                telling.tell("ostinato.run_cancelled", name, run=run, error=error)

    async def complete(self, standing: Standing) -> None:
        """Call the task's `on_complete`, if it has one: no further tick will be."""
        hook = standing.task.policy.on_complete
        # Once, also where it was given another schedule behind its last run, and has ended again.
        if hook is not None and not standing.is_completed:
            standing.is_completed = True
            await self._call_hook(standing, hook, self._copy_context())

    async def _call_hook(
        self, standing: Standing, hook: UserFunction, context: Context, *operands: object
    ) -> BaseException | None:
        """Call *hook*; tell of what it raised, unless that is what it was given."""
        threads = self._environment.threads
        try:
            error = await call_hook(
                hook,
                context,
                *operands,
                caller=Caller(self._loop, threads, on_abandoned=self._tell_of_abandoned),
                loop=self._loop,
                threads=threads,
                on_abandoned=self._tell_of_abandoned,
            )
        except asyncio.CancelledError as cancelled:
            error = cancelled
        if error is not None and not any(error is given for given in operands):
            self._environment.telling.tell(
                "ostinato.hook_failed", standing.task.name, error=error, hook_name=hook.name
            )
        return error

    def _tell_of_abandoned(self, function_name: str) -> None:
        self._environment.telling.tell("ostinato.hook_abandoned", function_name=function_name)

    def _give_up(self, standing: Standing, run: Run) -> None:
        """Record a run as ended that does not heed its cancellation; its slot stays taken."""
        run.outcome = Outcome.TIMED_OUT
        now = standing.timeline.at(self._monotonic())
        run._finished = now
        reason = f"it goes on, {self._environment.cancel_grace:g} seconds after its cancellation"
        run.error = reason
        self.survey.tell(standing, run, reason)
        self._on_given_up(standing, run)

    def _note_zombie(self, standing: Standing, run: Run) -> Callable[[], None]:
        """Count a thread that goes on behind its *run*; return what to call at its end."""
        standing.zombies += 1
        standing.running += 1
        # Threads that are left behind at the end are told of one by one.
        if standing.zombies == self._environment.threads._limit and not self._is_stopped:
            standing.is_quarantined = True
            self._environment.telling.tell("ostinato.task_quarantined", standing.task.name)

        def end() -> None:
            standing.zombies -= 1
            self._on_zombie_ended(standing, run)

        return end
