"""A task: a function, its schedule, and the policy for when time slips."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ostinato._policy import Overlap, Policy, RunIn, Scope
from ostinato.errors import ArgumentTypeError, InvalidArgumentError

if TYPE_CHECKING:
    from ostinato._function import UserFunction
    from ostinato._parameters import Parameters
    from ostinato.protocols import Schedule

__all__ = ["Task", "check_name"]

_LONGEST_NAME = 150


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One declared task. It is a description: what runs it, knows how it stands.

    Attributes:
        name: Its name, unique in its scheduler.
        function: The user's function, inspected.
        schedule: When it is due; not bound to an anchor yet.
        policy: What is to happen when time slips.
        parameters: What its function is to be supplied with.
        formerly: The names it had before, whose state it takes over.
    """

    name: str
    function: UserFunction
    schedule: Schedule
    policy: Policy
    parameters: Parameters
    formerly: tuple[str, ...] = field(default=())

    @property
    def is_shared(self) -> bool:
        """Whether a tick is run once over all workers, and not once in each."""
        return self.policy.scope is Scope.CLUSTER

    @property
    def runs_in_thread(self) -> bool:
        """Whether its function is called in a thread."""
        match self.policy.run_in:
            case RunIn.AUTO:
                return not self.function.is_async
            case RunIn.THREAD:
                return True
            case RunIn.LOOP:
                return False

    @property
    def concurrency(self) -> int | None:
        """How many of its runs may be under way at once; None: any number."""
        return self.policy.max_concurrency if self.policy.overlap is Overlap.ALLOW else 1

    @property
    def spec(self) -> str:
        """The canonical text of the declaration, which workers compare."""
        return self.schedule.text


def check_name(argument: str, name: object, *, longest: int = _LONGEST_NAME) -> str:
    """Return *name*, if it can be one.

    Raises:
        ArgumentTypeError: It is no string.
        InvalidArgumentError: It is empty, too long, or has characters that cannot be shown.
    """
    if not isinstance(name, str):
        raise ArgumentTypeError(argument, name, "pass a string")
    if not 1 <= len(name) <= longest:
        raise InvalidArgumentError(
            argument, name, f"has {len(name)} characters", f"pass 1 to {longest} of them"
        )
    if not name.isprintable():
        raise InvalidArgumentError(
            argument, name, "has characters that cannot be shown", "pass printable ones"
        )
    return name
