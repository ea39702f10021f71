"""Declare tasks: the decorators that a scheduler and a module's own collection share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeVar, Unpack, cast

from ostinato._duration import whole_milliseconds
from ostinato._function import UserFunction
from ostinato._parameters import Parameters
from ostinato._policies import PolicyOptions, check_policy
from ostinato._registry import Registry, await_inclusion
from ostinato._task import Task, check_name
from ostinato.errors import (
    ArgumentTypeError,
    InvalidScheduleError,
)
from ostinato.protocols import Schedule
from ostinato.schedules import Composable, Cron, Delay, Every

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from ostinato._duration import Duration, Number

__all__ = [
    "Declaring",
    "Tasks",
    "check_prefix",
    "check_schedule",
    "make_task",
]

F = TypeVar("F", bound="Callable[..., object]")


class Declaring(ABC):
    """What declares tasks: `every`, `delay`, `cron` and `add`."""

    def every(
        self,
        *,
        weeks: Number = 0,
        days: Number = 0,
        hours: Number = 0,
        minutes: Number = 0,
        seconds: Duration = 0,
        align: bool = False,
        offset: Duration = 0,
        name: str | None = None,
        formerly: tuple[str, ...] = (),
        **policy: Unpack[PolicyOptions],
    ) -> Callable[[F], F]:
        """Run the decorated function at a fixed rate; it is returned as it is.

        Args:
            weeks: Weeks of the period.
            days: Days of the period, of 24 hours each.
            hours: Hours of the period.
            minutes: Minutes of the period.
            seconds: Seconds of the period, or a timedelta.
            align: True: due at the multiples of the period since 1970 in UTC. False: due at once,
                and every period after that.
            offset: How much later than the multiples, as seconds or a timedelta.
            name: The task's name; by default the function's module and qualified name.
            formerly: The names it had before.
            policy: What is to happen when time slips; see `PolicyOptions`.

        Raises:
            ConfigurationError: The period, a policy, the name or the function cannot work.
        """
        schedule = Every(
            weeks=weeks,
            days=days,
            hours=hours,
            minutes=minutes,
            seconds=seconds,
            align=align,
            offset=offset,
        )
        return self._decorator(schedule, name, formerly, policy)

    def delay(
        self,
        *,
        weeks: Number = 0,
        days: Number = 0,
        hours: Number = 0,
        minutes: Number = 0,
        seconds: Duration = 0,
        name: str | None = None,
        formerly: tuple[str, ...] = (),
        **policy: Unpack[PolicyOptions],
    ) -> Callable[[F], F]:
        """Run the decorated function again a fixed delay after each run; it is returned as it is.

        Args:
            weeks: Weeks of the delay.
            days: Days of the delay, of 24 hours each.
            hours: Hours of the delay.
            minutes: Minutes of the delay.
            seconds: Seconds of the delay, or a timedelta.
            name: The task's name; by default the function's module and qualified name.
            formerly: The names it had before.
            policy: What is to happen when time slips; see `PolicyOptions`.

        Raises:
            ConfigurationError: The delay, a policy, the name or the function cannot work.
        """
        schedule = Delay(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
        return self._decorator(schedule, name, formerly, policy)

    def cron(
        self,
        expression: str,
        *,
        tz: str | tzinfo = "UTC",
        seconds: bool = False,
        name: str | None = None,
        formerly: tuple[str, ...] = (),
        **policy: Unpack[PolicyOptions],
    ) -> Callable[[F], F]:
        """Run the decorated function by a cron expression; it is returned as it is.

        Args:
            expression: Minute, hour, day of the month, month, day of the week; or `@daily` and kin.
            tz: The time zone in which the expression is read.
            seconds: True: the expression has six fields, the first of which is the second.
            name: The task's name; by default the function's module and qualified name.
            formerly: The names it had before.
            policy: What is to happen when time slips; see `PolicyOptions`.

        Raises:
            ConfigurationError: The expression, a policy, the name or the function cannot work.
        """
        return self._decorator(Cron(expression, tz=tz, seconds=seconds), name, formerly, policy)

    def add(
        self,
        schedule: Schedule,
        function: Callable[..., object],
        *,
        name: str | None = None,
        formerly: tuple[str, ...] = (),
        **policy: Unpack[PolicyOptions],
    ) -> Task:
        """Declare *function* as a task of *schedule*.

        Args:
            schedule: When it is due; one of your own has to answer what `Schedule` asks.
            function: What is run.
            name: The task's name; by default the function's module and qualified name.
            formerly: The names it had before.
            policy: What is to happen when time slips; see `PolicyOptions`.

        Raises:
            ConfigurationError: The schedule, a policy, the name or the function cannot work.
        """
        return self._declare(function, schedule, name, formerly, policy)

    @abstractmethod
    def _declare(
        self,
        function: Callable[..., object],
        schedule: Schedule,
        name: str | None,
        formerly: tuple[str, ...],
        options: PolicyOptions,
    ) -> Task: ...

    def _decorator(
        self,
        schedule: Schedule,
        name: str | None,
        formerly: tuple[str, ...],
        policy: PolicyOptions,
    ) -> Callable[[F], F]:
        # Checked before there is a function: the arguments are wrong whatever it is.
        check_policy(policy, is_async=False)

        def decorate(function: F) -> F:
            self._declare(function, schedule, name, formerly, policy)
            return function

        return decorate


class Tasks(Declaring):
    """A module's own tasks, for a scheduler to include: what `APIRouter` is to `FastAPI`."""

    def __init__(self, prefix: str = "", **policy: Unpack[PolicyOptions]) -> None:
        """Begin without tasks.

        Args:
            prefix: What each name begins with.
            policy: The policies of those that do not declare their own.

        Raises:
            ConfigurationError: A policy cannot work.
        """
        self._prefix = check_prefix(prefix)
        self._policy = policy
        check_policy(policy, is_async=False)
        self.registry = Registry()
        await_inclusion(self.registry)

    def _declare(
        self,
        function: Callable[..., object],
        schedule: Schedule,
        name: str | None,
        formerly: tuple[str, ...],
        options: PolicyOptions,
    ) -> Task:
        merged = cast("PolicyOptions", {**self._policy, **options})
        task = make_task(function, schedule, name, formerly, merged, prefix=self._prefix)
        self.registry.add(task)
        return task


def make_task(
    function: object,
    given_schedule: object,
    name: str | None,
    formerly: object,
    options: PolicyOptions,
    *,
    prefix: str = "",
) -> Task:
    """Check what a task is declared with, and return the task.

    Raises:
        ConfigurationError: Something of it cannot work.
    """
    schedule = check_schedule(given_schedule)
    parameters = Parameters.of(function, role="the task")
    inspected = UserFunction.of(function, role="the task", supplied=parameters.supplied)
    jitter = options.get("jitter")
    if jitter is not None:
        # For what it refuses: by the name that the user wrote.
        whole_milliseconds("jitter", jitter)
        if not isinstance(schedule, Composable):
            reason = f"{schedule.describe()!r} cannot be jittered: it is no Composable"
            raise InvalidScheduleError(f"{reason}; let its class inherit Composable")
        schedule = schedule.jitter(jitter)
    given = inspected.name if name is None else name
    return Task(
        check_name("name", prefix + check_name("name", given)),
        inspected,
        schedule,
        check_policy(options, is_async=inspected.is_async),
        parameters,
        _check_former(formerly),
    )


def check_schedule(schedule: object) -> Schedule:
    """Return *schedule*, if it is one.

    Raises:
        ArgumentTypeError: It is none.
    """
    if isinstance(schedule, Schedule):
        return schedule
    raise ArgumentTypeError("schedule", schedule, "pass a schedule, such as Every(hours=1)")


def check_prefix(prefix: object) -> str:
    """Return *prefix*, if names can begin with it.

    Raises:
        ArgumentTypeError: It is no string.
        InvalidArgumentError: It is too long, or has characters that cannot be shown.
    """
    return "" if prefix == "" else check_name("prefix", prefix)


def _check_former(names: object) -> tuple[str, ...]:
    if not isinstance(names, tuple):
        raise ArgumentTypeError("formerly", names, 'pass a tuple of names: ("old",)')
    given = cast("tuple[object, ...]", names)
    return tuple(check_name("formerly", name) for name in given)
