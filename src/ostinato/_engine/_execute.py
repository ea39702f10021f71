"""Execute one function, run after run, with its hooks: contained, judged, reported."""

import asyncio
import signal
from contextvars import Context
from typing import cast

from ostinato._engine._call import Caller
from ostinato._engine._hooks import call_hook
from ostinato._engine._threads import Threads
from ostinato._engine._verdict import judge
from ostinato._function import UserFunction
from ostinato._plan import RepetitionPlan
from ostinato.protocols import RunObserver

__all__ = ["Execution"]


class Execution:
    """Executes the runs of one function for the asyncio task that owns it."""

    def __init__(
        self,
        function: UserFunction,
        plan: RepetitionPlan,
        observer: RunObserver,
        loop: asyncio.AbstractEventLoop,
        threads: Threads,
    ) -> None:
        """Prepare to run *function* on the *loop* or in *threads*, and to tell the *observer*."""
        # Whether the function or one of its hooks is being called.
        self.is_busy = False
        self.runs = 0
        self.last_error: BaseException | None = None
        self._function = function
        self._plan = plan
        self._observer = observer
        self._loop = loop
        self._threads = threads
        self._caller = Caller(loop, threads, on_abandoned=observer.run_abandoned)

    def let_go(self) -> bool:
        """Return whether the owner may be cancelled: no thread is at work for it."""
        return self._caller.let_go()

    async def run(self, context: Context) -> bool:
        """Run the function once in *context*; return whether it is to run again.

        Raises:
            CancelledError: The owner was cancelled; the run has ended.
        """
        self.is_busy = True
        try:
            error = await self._caller.call(self._function, context)
            if error is not None:
                return await self._goes_on_after(error, context)
            self.runs += 1
            _heed_cancellation()
            return True
        finally:
            self.is_busy = False

    async def complete(self, context: Context) -> None:
        """Call `on_complete`, if there is one, in *context*.

        Raises:
            CancelledError: The owner was cancelled.
        """
        if self._plan.on_complete is None:
            return
        self.is_busy = True
        try:
            await self._call_hook(self._plan.on_complete, context)
        finally:
            self.is_busy = False

    async def _goes_on_after(self, error: BaseException, context: Context) -> bool:
        plan, verdict = self._plan, judge(error)
        if verdict.failure is None:
            # Cut short by the end of its owner, it is no run that has ended.
            _heed_cancellation()
        self.runs += 1
        if verdict.failure is not None:
            self.last_error = verdict.failure
            self._observer.run_failed(self.runs, verdict.failure)
        _heed_cancellation()
        if verdict.is_interrupted:
            return self._interrupt()
        if verdict.failure is None:
            self._observer.run_cancelled(self.runs)
            return True
        if plan.raise_exceptions:
            return self._hand_to_loop(verdict.failure)
        # By its type, as in `judge`.
        if plan.on_exception is None or not issubclass(type(verdict.failure), Exception):
            return True
        failure = cast("Exception", verdict.failure)
        return await self._call_hook(plan.on_exception, context, failure)

    async def _call_hook(self, hook: UserFunction, context: Context, *failure: Exception) -> bool:
        """Call *hook*; return whether the function is to run again."""
        error = await self._within_limit(hook, context, *failure)
        _heed_cancellation()
        if error is None:
            return True
        if any(error is given for given in failure):
            self._observer.repetition_stopped(f"{hook.name} raised the exception it was given")
            return False
        self._observer.hook_failed(hook.name, error)
        return self._interrupt() if judge(error).is_interrupted else True

    async def _within_limit(
        self, hook: UserFunction, context: Context, *failure: Exception
    ) -> BaseException | None:
        """Call *hook* and return what it raised, or a TimeoutError once its time is over."""
        return await call_hook(
            hook,
            context,
            *failure,
            caller=self._caller,
            loop=self._loop,
            threads=self._threads,
            on_abandoned=self._leave_behind,
        )

    def _leave_behind(self, name: str) -> None:
        self._observer.run_abandoned(name)
        # The old one belongs to the hook that goes on.
        self._caller = Caller(self._loop, self._threads, on_abandoned=self._observer.run_abandoned)

    def _hand_to_loop(self, failure: BaseException) -> bool:
        name = self._function.name
        self._observer.repetition_stopped("it was declared with raise_exceptions=True")
        message = f"{name}, decorated with repeat_every(raise_exceptions=True), failed"
        told = {"message": message, "exception": failure, "future": asyncio.current_task()}
        # Not from in here: since Python 3.12 the loop enters the task's context for the handler,
        # which fails while the task runs in it, and the handler would not be called.
        self._loop.call_soon(self._loop.call_exception_handler, told)
        return False

    def _interrupt(self) -> bool:
        """Ask the process to stop the way Ctrl-C does: from the loop, not from inside a task."""
        self._observer.repetition_stopped("a KeyboardInterrupt was raised")
        self._loop.call_soon(signal.raise_signal, signal.SIGINT)
        return False


def _heed_cancellation() -> None:
    """End here where the owner itself was cancelled, and not only what it runs."""
    owner = asyncio.current_task()
    if owner is not None and owner.cancelling():
        raise asyncio.CancelledError
