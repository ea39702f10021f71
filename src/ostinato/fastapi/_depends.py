"""What a task's function depends on: planned once, supplied for every attempt."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from ostinato._run import Run
from ostinato.errors import InvalidFunctionError
from ostinato.fastapi._exits import Exits
from ostinato.fastapi._plan import REQUEST_SLOT, RUN_SLOT, Arguments, Plan, Step, StepKind
from ostinato.fastapi._request import request_for
from ostinato.fastapi._threaded import ThreadedManager
from ostinato.fastapi._tree import Overrides, plan_of
from ostinato.protocols import InThread

__all__ = ["Dependencies"]


class Dependencies:
    """Supplies one task's function with FastAPI's `Depends`, and what else endpoints are given.

    FastAPI itself is never imported: its markers are read, and nothing more of it is needed.
    """

    __slots__ = ("_function", "_name", "_overridden", "_overrides", "_plan")

    def __init__(self, function: Callable[..., object], name: str, plan: Plan) -> None:
        """Keep the *plan* of the *function*; `of` makes it."""
        self._function = function
        self._name = name
        self._plan = plan
        # The latest overrides, and the plan with them.
        self._overrides: Overrides = {}
        self._overridden = plan

    @classmethod
    def of(cls, function: Callable[..., object], *, name: str) -> "Dependencies":
        """Plan the whole tree of the *function*, known to the user as *name*.

        Raises:
            InvalidFunctionError: Something in the tree can be had in a request only, cannot be
                inspected or called, or depends on itself.
        """
        return cls(function, name, plan_of(function, name=name, overrides={}))

    @property
    def unresolved(self) -> str | None:
        """Why an annotation in the tree cannot be resolved yet; None where all can.

        To be asked of a new one when the whole program has been imported.
        """
        return self._plan.unresolved

    @asynccontextmanager
    async def supplied(
        self,
        run: Run,
        *,
        app: object | None,
        state: Mapping[str, Any] | None,
        in_thread: InThread,
    ) -> AsyncGenerator[dict[str, object]]:
        """Set up what the function needs, each dependency once; clean up behind it, in reverse.

        Args:
            run: The run, for what is annotated with `Run`.
            app: The application: its `dependency_overrides` are heeded, and a `Request` has it.
            state: What the application's lifespan has yielded; a `Request` has a copy.
            in_thread: Makes a call in a thread.

        Raises:
            InvalidFunctionError: An override is refused for what `of` refuses, or an annotation
                is unresolved still.
            SwallowedExceptionError: A dependency swallowed an exception of the task's.
            BaseException: Whatever a dependency, or the body, raised.
        """
        plan = self._plan_for(app)
        slots = plan.template.copy()
        slots[RUN_SLOT] = run
        if plan.needs_request:
            slots[REQUEST_SLOT] = request_for(app, state)
        exits = Exits(self._name)
        try:
            for step in plan.steps:
                slots[step.slot] = await _value(
                    step, _filled(step.arguments, slots), in_thread, exits
                )
            yield _filled(plan.arguments, slots)
        except BaseException as error:
            await exits.leave(error)
            raise
        await exits.leave(None)

    def _plan_for(self, app: object | None) -> Plan:
        """Return the plan with the overrides that the *app* has at this moment.

        Raises:
            InvalidFunctionError: With them there is none.
        """
        overrides: Overrides | None = getattr(app, "dependency_overrides", None)
        plan = self._plan
        if overrides:
            plan = self._plan_with(overrides)
        if plan.unresolved is not None:
            raise InvalidFunctionError(
                self._name,
                f"has an annotation that cannot be resolved: {plan.unresolved}",
                "import what it names where the program runs too, not only for type checkers",
            )
        return plan

    def _plan_with(self, overrides: Overrides) -> Plan:
        if not _are_same(overrides, self._overrides):
            # A copy: the application's own changes under our eyes.
            self._overridden = plan_of(self._function, name=self._name, overrides=dict(overrides))
            self._overrides = dict(overrides)
        return self._overridden


def _are_same(these: Overrides, those: Overrides) -> bool:
    # By identity, and not by an equality that is the user's own.
    return len(these) == len(those) and all(those.get(key) is call for key, call in these.items())


def _filled(arguments: Arguments, slots: list[object]) -> dict[str, object]:
    return {name: slots[slot] for name, slot in arguments}


async def _value(
    step: Step, arguments: dict[str, object], in_thread: InThread, exits: Exits
) -> object:
    if step.kind is StepKind.AWAITED:
        return await step.call(**arguments)
    if step.kind is StepKind.IN_THREAD:
        return await in_thread(partial(step.call, **arguments))
    if step.kind is StepKind.MADE:
        return step.call()
    manager = step.call(**arguments)
    if step.kind is StepKind.ENTERED_IN_THREAD:
        manager = ThreadedManager(manager, in_thread)
    return await exits.enter(manager, step.name, is_left_early=step.is_left_early)
