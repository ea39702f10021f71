"""What `repeat_every` was told, checked once at the declaration."""

from collections.abc import Callable
from dataclasses import dataclass

from ostinato._duration import Duration, period_seconds, wait_seconds
from ostinato._function import UserFunction
from ostinato.errors import ArgumentTypeError, InvalidArgumentError
from ostinato.protocols import ErrorLogger

__all__ = ["RepetitionPlan"]


@dataclass(frozen=True, slots=True)
class RepetitionPlan:
    """The checked arguments of one `repeat_every`."""

    seconds: float
    first_wait: float | None
    logger: ErrorLogger | None
    raise_exceptions: bool
    max_repetitions: int | None
    on_complete: UserFunction | None
    on_exception: UserFunction | None

    @classmethod
    def checked(
        cls,
        *,
        seconds: Duration,
        wait_first: bool | Duration | None,
        logger: ErrorLogger | None,
        raise_exceptions: bool,
        max_repetitions: int | None,
        on_complete: Callable[[], object] | None,
        on_exception: Callable[[Exception], object] | None,
    ) -> "RepetitionPlan":
        """Check every argument and return the plan.

        Raises:
            ArgumentTypeError: An argument has a type that is not accepted.
            InvalidArgumentError: An argument has a value that cannot work.
            InvalidFunctionError: A hook cannot be called with what it is given.
        """
        period = period_seconds("seconds", seconds)
        _check_logger(logger)
        _check_switch("raise_exceptions", raise_exceptions)
        _check_count("max_repetitions", max_repetitions)
        return cls(
            period,
            _first_wait(wait_first, period),
            logger,
            raise_exceptions,
            max_repetitions,
            _hook("on_complete", on_complete),
            _hook("on_exception", on_exception, "exception"),
        )


def _hook(role: str, hook: object, *operands: str) -> UserFunction | None:
    return None if hook is None else UserFunction.of(hook, role=role, operands=operands)


def _first_wait(wait_first: object, period: float) -> float | None:
    # Only the very True means a period: 1 and 1.0 equal it, and mean a second.
    if wait_first is True:
        return period
    if wait_first is False or wait_first is None:
        return None
    return wait_seconds("wait_first", wait_first)


def _check_logger(logger: object) -> None:
    if logger is not None and not callable(getattr(logger, "error", None)):
        raise ArgumentTypeError("logger", logger, "pass a logging.Logger, or None")


def _check_switch(argument: str, value: object) -> None:
    if not isinstance(value, bool):
        raise ArgumentTypeError(argument, value, "pass True or False")


def _check_count(argument: str, value: object) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentTypeError(argument, value, "pass a whole number, or None for no limit")
    if value < 0:
        raise InvalidArgumentError(
            argument, value, "is negative", "pass 0 or more, or None for no limit"
        )
