"""What a user's function is: its name, how it is called, and why it may be refused."""

import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

from ostinato.errors import InvalidFunctionError

__all__ = ["UserFunction", "code_of", "name_of", "remedy_for_self"]


@dataclass(frozen=True, slots=True)
class UserFunction:
    """A function of the user's, inspected once so that no run has to inspect it again."""

    function: Callable[..., Any]
    name: str
    is_async: bool

    @classmethod
    def of(
        cls,
        function: object,
        *,
        role: str,
        operands: tuple[str, ...] = (),
        supplied: Collection[str] = (),
    ) -> "UserFunction":
        """Inspect *function* and return what the engine needs to call it.

        Args:
            function: A function, a coroutine function, a partial, a bound method, a static
                method or an instance with `__call__`.
            role: What it is to the user, for messages: "the decorated function", "on_complete".
            operands: The names of the positional arguments that it will be called with.
            supplied: The names of the keyword arguments that it will be called with.

        Raises:
            InvalidFunctionError: It is not callable, a class, a generator function, or cannot be
                called with just the *operands* and what is *supplied*.
        """
        if not callable(function):
            raise InvalidFunctionError(
                f"{role} {name_of(function)}",
                "is not callable",
                _remedy_for_uncallable(function, role),
            )
        _refuse_what_never_runs(f"{role} {name_of(function)}", function)
        _refuse_unmet_parameters(role, function, operands, supplied)
        return cls(function, name_of(function), _is_async(function))


def name_of(function: object) -> str:
    """Return `module.qualname`, of the function inside a partial, or of an instance's class."""
    while isinstance(function, partial):
        function = function.func
    named: object = function if hasattr(function, "__qualname__") else type(function)
    qualname = str(getattr(named, "__qualname__", named))
    module = getattr(named, "__module__", None)
    return f"{module}.{qualname}" if module else qualname


def code_of(function: Callable[..., object]) -> object:
    """Return what holds the code: the function in partials and static methods, or `__call__`."""
    inner: object = function
    while isinstance(inner, partial | staticmethod):
        inner = inner.func if isinstance(inner, partial) else inner.__func__
    if inspect.isroutine(inner):
        return inner
    return getattr(type(inner), "__call__", inner)  # noqa: B004 - the method is wanted, not the answer


def remedy_for_self(missing: list[str], role: str) -> str | None:
    """Return the remedy where what is *missing* begins with a method's own instance or class."""
    if missing[0] not in ("self", "cls"):
        return None
    advice = _remedy_for_method(role, "instance.method")
    return f"{missing[0]!r} is not bound inside the class body: {advice}"


def _is_async(function: Callable[..., object]) -> bool:
    # Both are asked: a marked callable (inspect.markcoroutinefunction) carries its mark on itself.
    return any(map(inspect.iscoroutinefunction, (function, code_of(function))))


def _refuse_what_never_runs(subject: str, function: Callable[..., object]) -> None:
    if isinstance(function, type):
        raise InvalidFunctionError(
            subject, "is a class", "pass a function, or an instance that has a __call__ method"
        )
    code = code_of(function)
    if inspect.isgeneratorfunction(code) or inspect.isasyncgenfunction(code):
        raise InvalidFunctionError(
            subject,
            "is a generator function, so that calling it runs nothing of its body",
            "remove its `yield`; for set-up and clean-up use `with` inside the function",
        )


def _refuse_unmet_parameters(
    role: str,
    function: Callable[..., object],
    operands: tuple[str, ...],
    supplied: Collection[str],
) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        # Some builtins tell nothing about themselves: they get the benefit of the doubt.
        return
    subject = f"{role} {name_of(function)}"
    try:
        signature.bind(*operands, **dict.fromkeys(supplied))
    except TypeError as mismatch:
        missing = [
            name for name in _unmet_parameters(signature, len(operands)) if name not in supplied
        ]
        if not missing:
            raise InvalidFunctionError(
                subject,
                f"cannot be called with ({', '.join((*operands, *supplied))}): {mismatch}",
                f"let it take ({', '.join((*operands, *supplied))})",
            ) from None
        raise InvalidFunctionError(
            subject,
            f"has parameters that nothing supplies: {', '.join(missing)}",
            remedy_for_self(missing, role)
            or "give them defaults, or bind them with functools.partial",
        ) from None


def _unmet_parameters(signature: inspect.Signature, supplied: int) -> list[str]:
    """Return the parameters without a default beyond the first *supplied* positional ones."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    unmet: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.kind in positional and supplied:
            supplied -= 1
        elif parameter.default is parameter.empty and parameter.kind in (
            *positional,
            inspect.Parameter.KEYWORD_ONLY,
        ):
            unmet.append(parameter.name)
    return unmet


def _remedy_for_uncallable(function: object, role: str) -> str:
    if isinstance(function, classmethod):
        return _remedy_for_method(role, "Class.method")
    return "pass a function"


def _remedy_for_method(role: str, method: str) -> str:
    """Return how a *method* is declared behind its class, by what the user declares with."""
    match role:
        case "the task":
            return f"declare the bound method, for example scheduler.every(minutes=1)({method})"
        case "the decorated function":
            return f"decorate the bound method, for example repeat_every(seconds=60)({method})"
        case _:
            return f"pass the bound method, for example {role}={method}"
