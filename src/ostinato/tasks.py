"""`repeat_every`: run a function again and again for as long as the event loop runs."""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from functools import WRAPPER_UPDATES, wraps
from inspect import isroutine
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar, cast
from weakref import ref

from ostinato._declared import declare, mark_started
from ostinato._duration import Duration
from ostinato._engine._execute import Execution
from ostinato._engine._spawn import spawn
from ostinato._engine._threads import Threads
from ostinato._function import UserFunction
from ostinato._plan import RepetitionPlan
from ostinato.errors import ForeignLoopError
from ostinato.observers._records import (
    RepetitionRecords,
    tell_late_failure,
    tell_threads_exhausted,
)
from ostinato.protocols import ErrorLogger

__all__ = ["RepeatedFunction", "Repetition", "repeat_every"]

F = TypeVar("F", bound=Callable[[], object])
F_co = TypeVar("F_co", bound=Callable[[], object], covariant=True)

_FRAMEWORKS = ("fastapi.", "starlette.")

# Shared by every repetition of the process, so that forty slow functions take eight threads, and
# none of those that serve the application's own `def` endpoints.
_threads = Threads(8, on_exhausted=tell_threads_exhausted, on_lost=tell_late_failure)

_current: ContextVar["Repetition | None"] = ContextVar("ostinato_repetition", default=None)


class RepeatedFunction(Protocol, Generic[F_co]):
    """What `repeat_every` makes of a function: awaiting its call starts the repetition."""

    @property
    def __name__(self) -> str:
        """The name of the function."""
        ...

    @property
    def __wrapped__(self) -> F_co:
        """The function itself, to call it once or to test it."""
        ...

    async def __call__(self) -> "Repetition":
        """Start the repetition and return its handle at once; a running one is not doubled."""
        ...


def repeat_every(
    *,
    seconds: Duration,
    wait_first: bool | Duration | None = None,
    logger: ErrorLogger | None = None,
    raise_exceptions: bool = False,
    max_repetitions: int | None = None,
    on_complete: Callable[[], object] | None = None,
    on_exception: Callable[[Exception], object] | None = None,
) -> Callable[[F], RepeatedFunction[F]]:
    """Repeat the decorated function, from its first call until the event loop ends.

    Awaiting a call of the decorated function starts the repetition and returns at once, which
    makes it a start-up handler. The next run begins *seconds* after the last one ended. An
    `async def` function runs on the event loop, a `def` function on one of eight threads that
    repeated functions share. A run that fails is logged with its traceback and the repetition
    goes on. Each server process repeats for itself.

    Args:
        seconds: How long to wait between the end of a run and the start of the next.
        wait_first: False or None: the first run begins at once. True: one period later. A number
            or a timedelta: that much later.
        logger: Where failures are logged; by default the logger named `ostinato`.
        raise_exceptions: True: the first failure is handed to the event loop's exception handler
            too, and the repetition stops; *on_exception* is not called.
        max_repetitions: How many runs there are, the failed ones included; None: no limit.
        on_complete: Is called after the last of *max_repetitions* runs and the wait behind it.
        on_exception: Is called with the exception of each run that failed. It stops the
            repetition by raising that same exception. `SystemExit` and other exceptions that are
            no `Exception` are logged only.

    Returns:
        The decorator. What it returns is a coroutine function without parameters; the function
        itself is its `__wrapped__`.

    Raises:
        ArgumentTypeError: An argument has a type that is not accepted.
        InvalidArgumentError: *seconds* is not between 1 ms and 100 years, *wait_first* not
            between 0 and 100 years, or *max_repetitions* is negative.
        InvalidFunctionError: The function or a hook is a class or a generator function, or has
            parameters that nothing supplies.

    Examples:
        >>> @repeat_every(seconds=0.001, max_repetitions=3)
        ... async def count() -> None:
        ...     counted.append(len(counted))
        >>> async def main() -> None:
        ...     repetition = await count()
        ...     while repetition.running:
        ...         await asyncio.sleep(0)
        >>> counted: list[int] = []
        >>> asyncio.run(main())
        >>> counted
        [0, 1, 2]
    """
    plan = RepetitionPlan.checked(
        seconds=seconds,
        wait_first=wait_first,
        logger=logger,
        raise_exceptions=raise_exceptions,
        max_repetitions=max_repetitions,
        on_complete=on_complete,
        on_exception=on_exception,
    )

    def decorate(function: F) -> RepeatedFunction[F]:
        inspected = UserFunction.of(function, role="the decorated function")
        return cast("RepeatedFunction[F]", _starter_of(inspected, plan))

    return decorate


class Repetition:
    """The handle of one started repetition; callers may ignore it."""

    def __init__(
        self,
        function: UserFunction,
        plan: RepetitionPlan,
        records: RepetitionRecords,
        loop: asyncio.AbstractEventLoop,
        *,
        after: "Repetition | None" = None,
    ) -> None:
        """Start to repeat *function* on the *loop*, once *after* has come to its end.

        `repeat_every` does this, not its users.
        """
        self._after = after
        self._function = function
        self._plan = plan
        self._records = records
        self._execution = Execution(function, plan, records, loop, _threads)
        self._loop = loop
        self._is_ending = False
        starter = asyncio.current_task(loop)
        self._starter = None if starter is None else ref(starter)
        self._context = copy_context()
        self._context.run(_current.set, self)
        self._task = spawn(
            self._repeat(), loop=loop, context=self._context.copy(), name=function.name
        )
        self._task.add_done_callback(self._report_end)

    @property
    def running(self) -> bool:
        """Whether the repetition goes on: between two runs, too."""
        return not (self._task.done() or self._loop.is_closed())

    @property
    def runs(self) -> int:
        """How many runs have ended by themselves, the failed ones included."""
        return self._execution.runs

    @property
    def last_error(self) -> BaseException | None:
        """What the latest run that failed has raised, or None if none has failed yet."""
        return self._execution.last_error

    async def stop(self) -> None:
        """End the repetition: no further run begins, and none is under way when this returns.

        An `async def` run is cancelled and awaited. A `def` run cannot be interrupted and is
        waited for; bound the wait with `asyncio.timeout`, if it may take long. Called from inside
        a run of its own, or by a task that one has started, it returns at once while a run is
        under way, and that run is the last. `on_complete` is not called.

        Raises:
            ForeignLoopError: It is awaited on another event loop than the repetition's.
        """
        if not self.running:
            return
        if asyncio.get_running_loop() is not self._loop:
            raise ForeignLoopError(self._function.name)
        self._is_ending = True
        if self._execution.is_busy and _current.get() is self:
            # Whoever stops it from inside a run would wait for itself.
            return
        if self._execution.let_go():
            self._task.cancel()
        await asyncio.wait({self._task})

    async def _repeat(self) -> None:
        plan, context = self._plan, self._context.copy()
        if self._after is not None:
            await asyncio.wait({self._after._task})  # noqa: SLF001 - it is one of its own kind
            self._after = None
        if plan.first_wait is not None:
            await asyncio.sleep(plan.first_wait)
        while plan.max_repetitions is None or self._execution.runs < plan.max_repetitions:
            context = self._context.copy()
            goes_on = await self._execution.run(context)
            if self._is_ending or not goes_on:
                return
            await asyncio.sleep(plan.seconds)
        self._is_ending = True
        await self._execution.complete(context)

    @property
    def ending(self) -> bool:
        """Whether no further run will begin, though a last one or a hook may be under way."""
        return self._is_ending or not self.running

    def started_by(self, task: "asyncio.Task[Any] | None") -> bool:
        """Return whether it was *task* that started the repetition."""
        return self._starter is not None and self._starter() is task

    def _report_end(self, task: "asyncio.Task[None]") -> None:
        """Tell of an end that nobody asked for; errors of the function never get here."""
        if task.cancelled():
            if not self._is_ending:
                self._records.repetition_cancelled()
        elif (error := task.exception()) is not None:
            self._records.repetition_broken(error)


def _starter_of(
    function: UserFunction, plan: RepetitionPlan
) -> Callable[[], Coroutine[Any, Any, Repetition]]:
    # A function may be started on several loops, each in a thread of its own.
    lock = Lock()
    latest: dict[asyncio.AbstractEventLoop, Repetition] = {}
    records = RepetitionRecords(function.name, plan.logger)

    # The attributes of a function are its metadata; those of an instance are its own.
    @wraps(function.function, updated=WRAPPER_UPDATES if isroutine(function.function) else ())
    async def start() -> Repetition:
        loop = asyncio.get_running_loop()
        with lock:
            last = latest.get(loop)
            if last is None or last.ending:
                mark_started(start)
                # What has ended is forgotten, so that loops of the past are not kept alive.
                for ended in [each for each, known in latest.items() if not known.running]:
                    del latest[ended]
                after = last if last is not None and last.running else None
                latest[loop] = last = Repetition(function, plan, records, loop, after=after)
                return last
        level = logging.DEBUG if _is_start_up_again(last) else logging.WARNING
        records.start_repeated(level=level)
        return last

    if not hasattr(function.function, "__name__"):
        # Partials and instances have none; FastAPI and tracebacks show it.
        start.__name__ = function.name.rpartition(".")[2]
    declare(start, function.name)
    return start


def _is_start_up_again(repetition: Repetition) -> bool:
    """Whether a framework calls a start-up handler twice, as FastAPI does those of a router."""
    caller = sys._getframe(2)  # noqa: SLF001 - only the caller tells the framework from a user
    module = str(caller.f_globals.get("__name__"))
    return repetition.started_by(asyncio.current_task()) and module.startswith(_FRAMEWORKS)
