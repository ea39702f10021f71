"""What may be repeated, and what is refused while declaring."""

import functools
import inspect
import operator
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import pytest

from ostinato._function import UserFunction
from ostinato.errors import InvalidFunctionError


def plain() -> None: ...


async def on_loop() -> None: ...


def with_defaults(first: int = 1, *rest: int, flag: bool = False, **others: int) -> int:
    return first


class Service:
    def method(self) -> None: ...

    async def async_method(self) -> None: ...

    @staticmethod
    def static() -> None: ...

    @classmethod
    def class_method(cls) -> None: ...

    def __call__(self) -> None: ...


class AsyncService:
    async def __call__(self) -> None: ...


def returns_awaitable() -> Awaitable[None]:
    return on_loop()


def inspected(function: object, *operands: str) -> UserFunction:
    return UserFunction.of(function, role="the decorated function", operands=operands)


@pytest.mark.parametrize(
    ("function", "is_async", "name"),
    [
        (plain, False, "plain"),
        (on_loop, True, "on_loop"),
        (with_defaults, False, "with_defaults"),
        (functools.partial(plain), False, "plain"),
        (functools.partial(functools.partial(on_loop)), True, "on_loop"),
        (Service().method, False, "Service.method"),
        (Service().async_method, True, "Service.async_method"),
        (Service.static, False, "Service.static"),
        (Service.__dict__["static"], False, "Service.static"),
        (Service.class_method, False, "Service.class_method"),
        (Service(), False, "Service"),
        (AsyncService(), True, "AsyncService"),
        (functools.partial(AsyncService()), True, "AsyncService"),
        (returns_awaitable, False, "returns_awaitable"),
        (lambda: None, False, "<lambda>"),
    ],
)
def test_s6_every_kind_of_callable_is_accepted(function: object, is_async: bool, name: str) -> None:
    """S6, S9: functions, partials, methods and instances, each named `module.qualname`."""
    found = inspected(function)

    assert (found.is_async, found.name) == (is_async, f"{__name__}.{name}")


@pytest.mark.parametrize("mock", [MagicMock(), AsyncMock()])
def test_s6_mocks_are_accepted(mock: object) -> None:
    """S6: a test's mock can be repeated like any instance."""
    assert inspected(mock).function is mock


def test_s6_a_builtin_that_tells_nothing_of_its_parameters_is_accepted() -> None:
    """S6: where Python knows no signature, the function gets the benefit of the doubt."""
    function: Callable[..., Any] = operator.itemgetter(1)
    function = type("Opaque", (), {"__call__": function, "__signature__": "none"})()

    assert inspected(function).function is function


if sys.version_info >= (3, 12):

    def test_s6_a_marked_coroutine_function_is_awaited() -> None:
        """S6: `inspect.markcoroutinefunction` is believed."""
        marked = inspect.markcoroutinefunction(returns_awaitable)

        assert inspected(marked).is_async


def requires(db: object, *, table: str, limit: int = 1) -> None: ...


def test_s4_a_parameter_that_nothing_supplies_is_listed() -> None:
    """S4: every parameter without a default is named, with the remedy."""
    with pytest.raises(
        InvalidFunctionError, match=r"requires has parameters .*: db, table; .*functools\.partial"
    ):
        inspected(requires)


def test_s4_a_partial_supplies_its_parameters() -> None:
    """S4: what a partial binds is supplied."""
    inspected(functools.partial(requires, 1, table="tokens"))


def test_s4_a_self_in_a_class_body_is_refused_with_the_remedy() -> None:
    """S4: an unbound method is told to be decorated once it is bound."""
    with pytest.raises(InvalidFunctionError, match=r"self; 'self' is not bound .*instance\.method"):
        inspected(Service.method)


def test_s4_a_class_method_object_is_refused_with_the_remedy() -> None:
    """S4: a class method is told to be decorated once it is bound."""
    with pytest.raises(InvalidFunctionError, match=r"not callable; .*Class\.method"):
        inspected(Service.__dict__["class_method"])


def generator() -> Iterator[int]:
    yield 1


async def async_generator() -> AsyncIterator[int]:
    yield 1


class GeneratorService:
    def __call__(self) -> Iterator[int]:
        yield 1


@pytest.mark.parametrize(
    "function",
    [generator, async_generator, functools.partial(generator), GeneratorService()],
)
def test_s5_a_generator_function_is_refused(function: object) -> None:
    """S5: a generator's body would never run."""
    with pytest.raises(InvalidFunctionError, match=r"is a generator function.*remove its `yield`"):
        inspected(function)


@pytest.mark.parametrize("function", [Service, dict, Exception])
def test_s5_a_class_is_refused(function: object) -> None:
    """S5: repeating a class would make instances and run nothing."""
    with pytest.raises(InvalidFunctionError, match="is a class; pass a function"):
        inspected(function)


@pytest.mark.parametrize("function", [None, 1, "tidy", on_loop.__name__])
def test_what_is_not_callable_is_refused(function: object) -> None:
    """A value that cannot be called is refused."""
    with pytest.raises(InvalidFunctionError, match="is not callable; pass a function"):
        inspected(function)


def test_s8_a_hook_is_checked_for_its_operands() -> None:
    """S8: a hook that takes no exception cannot be called with one."""
    with pytest.raises(
        InvalidFunctionError,
        match=r"cannot be called with \(exception\).*let it take \(exception\)",
    ):
        inspected(plain, "exception")


def test_s8_a_hook_with_more_parameters_is_refused() -> None:
    """S8: a hook that wants more than the exception is refused, naming what it wants."""
    with pytest.raises(InvalidFunctionError, match="nothing supplies: context"):
        inspected(lambda error, context: None, "exception")


def test_a_coroutine_is_not_a_function() -> None:
    """A coroutine object, a forgotten pair of parentheses too many, is refused."""
    coroutine = on_loop()

    with pytest.raises(InvalidFunctionError, match="not callable"):
        inspected(coroutine)

    coroutine.close()
