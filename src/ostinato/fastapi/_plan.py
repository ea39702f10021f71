"""How a task's arguments are come by, step by step: its tree of dependencies, flattened."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

__all__ = ["REQUEST_SLOT", "RUN_SLOT", "Arguments", "Plan", "Step", "StepKind"]

# Each a parameter's name, and the slot that holds its value.
Arguments = tuple[tuple[str, int], ...]

RUN_SLOT, REQUEST_SLOT = 0, 1


class StepKind(Enum):
    """How the value of a step is come by."""

    MADE = auto()  # at once
    AWAITED = auto()
    IN_THREAD = auto()
    ENTERED = auto()  # what an async generator yields; it is left when the task has ended
    ENTERED_IN_THREAD = auto()


@dataclass(frozen=True, slots=True)
class Step:
    """One call on the way to the task's arguments.

    Attributes:
        kind: How its value is come by.
        call: What is called; where it is entered, what makes the context manager.
        name: The dependency's, for messages.
        arguments: What it is called with.
        slot: Where its value goes.
        is_left_early: It is left before those that are not: FastAPI's `scope="function"`.
    """

    kind: StepKind
    call: Callable[..., Any]
    name: str
    arguments: Arguments
    slot: int
    is_left_early: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps in their order, and where the task's own arguments are found after them.

    Attributes:
        template: The slots, filled where the value is the same for every run.
        steps: What fills the others.
        arguments: The task's.
        needs_request: Whether a `Request` is to be made.
        unresolved: Why an annotation cannot be resolved yet; such a plan cannot be followed.
    """

    template: list[object]
    steps: tuple[Step, ...]
    arguments: Arguments
    needs_request: bool
    unresolved: str | None
