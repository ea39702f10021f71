"""Plan a function's whole tree of dependencies, and refuse what no task can be supplied with."""

import inspect
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager, contextmanager
from copy import deepcopy
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any, get_origin

from ostinato._function import code_of, name_of
from ostinato._parameters import Parameter, Source, parameters_of
from ostinato.fastapi._chain import Chain, identity_of
from ostinato.fastapi._plan import REQUEST_SLOT, RUN_SLOT, Arguments, Plan, Step, StepKind

__all__ = ["Overrides", "plan_of"]

Overrides = Mapping[Any, Callable[..., Any]]

_SLOTS = {Source.RUN: RUN_SLOT, Source.REQUEST: REQUEST_SLOT}
_REFUSED = {
    Source.ENDPOINT: (
        "has a parameter that only an endpoint can have",
        "a task answers nobody: let it depend on a function that does without",
    ),
    Source.NOTHING: (
        "has a parameter that only a request supplies",
        "give it a default, or let the task depend on a function that does without",
    ),
}
_ENTERED = (StepKind.ENTERED, StepKind.ENTERED_IN_THREAD)
# A default of another type is copied for every run, as FastAPI copies it for every request.
_UNCHANGING = (str, bytes, int, float, Decimal, Enum, date, time, timedelta, type(None))


def plan_of(function: Callable[..., Any], *, name: str, overrides: Overrides) -> Plan:
    """Plan the tree of the *function*, known as *name*; *overrides* replace what they are for.

    Raises:
        InvalidFunctionError: Something in the tree can be had in a request only, cannot be
            inspected or called, or depends on itself.
    """
    planner = _Planner(overrides)
    arguments = planner.arguments(Chain(function, name))
    return Plan(
        planner.template,
        tuple(planner.steps),
        arguments,
        planner.needs_request,
        planner.unresolved,
    )


class _Planner:
    """Walks down the tree in the order in which FastAPI does, and writes down the steps."""

    def __init__(self, overrides: Overrides) -> None:
        self.template: list[object] = [None, None]
        self.steps: list[Step] = []
        self.needs_request = False
        self.unresolved: str | None = None
        self._overrides = overrides
        self._slots: dict[object, int] = {}

    def arguments(self, chain: Chain) -> Arguments:
        """Plan what the function at the end of the *chain* is called with.

        Raises:
            InvalidFunctionError: It cannot be supplied, or what it depends on cannot.
        """
        # Repository[User], a generic class with its argument, has the parameters of the class.
        parameters = parameters_of(get_origin(chain.function) or chain.function)
        if parameters is None:
            if chain.above is None:
                return ()
            raise chain.refusal("does not tell its parameters", "wrap it in a function")
        slots = [(each.name, self._slot(each, chain)) for each in parameters]
        return tuple((name, slot) for name, slot in slots if slot is not None)

    def _slot(self, parameter: Parameter, chain: Chain) -> int | None:
        """Return the slot for the value of *parameter*; None where its own default is used."""
        _refuse(parameter, chain)
        if parameter.source is Source.DEPENDENCY:
            return self._depend(parameter, chain)
        if parameter.source is Source.FIELD:
            return self._field(parameter.detail)
        if parameter.source is Source.SCOPES:
            return self._make(parameter.detail)
        if parameter.source is Source.UNKNOWN:
            told = f"{parameter.detail} ({chain.path(parameter.name)})"
            self.unresolved = self.unresolved or told
        self.needs_request |= parameter.source is Source.REQUEST
        return _SLOTS.get(parameter.source)

    def _depend(self, parameter: Parameter, chain: Chain) -> int:
        marker: Any = parameter.detail
        declared: Any = marker.dependency
        if declared is None and len(parameter.types) == 1:
            declared = parameter.types[0]
        if not callable(declared):
            raise chain.refusal(
                "has a parameter that depends on nothing that can be called",
                "pass a function to Depends, or annotate the parameter with a class",
                parameter_name=parameter.name,
            )
        declared_scope = getattr(marker, "scope", None)
        key = (identity_of(declared), declared_scope or _scope_of(declared))
        slot = self._slots.get(key)
        if slot is None or not marker.use_cache:
            call = self._overrides.get(identity_of(declared), declared)
            slot = self._call(call, declared_scope or _scope_of(call), chain)
            # Under the same key for what comes later, even if this one was not to be shared.
            self._slots.setdefault(key, slot)
        return slot

    def _call(self, call: Callable[..., Any], scope: str | None, above: Chain) -> int:
        kind = _kind_of(call)
        is_left_late = kind in _ENTERED and scope == "request"
        chain = Chain(call, name_of(call), above, is_left_late)
        if chain.is_ring:
            raise chain.refusal("depends on itself", "take one of them out of the ring")
        if above.is_left_late and scope == "function":
            raise chain.refusal(
                "is left before what depends on it", 'give that scope="function" as well'
            )
        arguments = self.arguments(chain)
        is_left_early = kind in _ENTERED and scope == "function"
        return self._add(kind, _prepared(kind, call), chain.name, arguments, is_left_early)

    def _field(self, field: Any) -> int:  # noqa: ANN401 - FastAPI's own, of many versions
        """Return the slot for the default inside a `Query()` or its kin."""
        if field.default_factory is not None:
            return self._make(field.default_factory)
        if not isinstance(field.default, _UNCHANGING):
            return self._make(partial(deepcopy, field.default))
        self.template.append(field.default)
        return len(self.template) - 1

    def _make(self, factory: Any) -> int:  # noqa: ANN401 - as above
        return self._add(StepKind.MADE, factory, "", (), is_left_early=False)

    def _add(
        self,
        kind: StepKind,
        call: Callable[..., Any],
        name: str,
        arguments: Arguments,
        is_left_early: bool,  # noqa: FBT001 - as in Step
    ) -> int:
        self.template.append(None)
        slot = len(self.template) - 1
        self.steps.append(Step(kind, call, name, arguments, slot, is_left_early))
        return slot


def _refuse(parameter: Parameter, chain: Chain) -> None:
    if parameter.source in _REFUSED:
        problem, remedy = _REFUSED[parameter.source]
        raise chain.refusal(problem, remedy, parameter_name=parameter.name)
    if parameter.is_positional_only and parameter.source not in (Source.DEFAULT, Source.UNKNOWN):
        raise chain.refusal(
            "takes by position what is supplied by name",
            "remove the `/` after the parameter",
            parameter_name=parameter.name,
        )


def _kind_of(call: Callable[..., Any]) -> StepKind:
    bare: Any = call
    while isinstance(bare, partial):
        bare = bare.func
    if isinstance(bare, type):
        return StepKind.IN_THREAD
    # What a decorator has wrapped tells what its wrapper returns.
    codes = [code for each in (bare, inspect.unwrap(bare)) for code in (each, code_of(each))]
    if any(map(inspect.isasyncgenfunction, codes)):
        return StepKind.ENTERED
    if any(map(inspect.isgeneratorfunction, codes)):
        return StepKind.ENTERED_IN_THREAD
    if any(map(inspect.iscoroutinefunction, codes)):
        return StepKind.AWAITED
    return StepKind.IN_THREAD


def _scope_of(call: Callable[..., Any]) -> str | None:
    return "request" if _kind_of(call) in _ENTERED else None


def _prepared(kind: StepKind, call: Callable[..., Any]) -> Callable[..., Any]:
    if kind is StepKind.ENTERED:
        return asynccontextmanager(call)
    return contextmanager(call) if kind is StepKind.ENTERED_IN_THREAD else call
