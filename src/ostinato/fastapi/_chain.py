"""The way from a task down its dependencies, which every refusal tells."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ostinato.errors import InvalidFunctionError

__all__ = ["Chain", "identity_of"]


@dataclass(frozen=True, slots=True)
class Chain:
    """A function, and the way to it.

    Attributes:
        function: The function, the last on the way.
        name: Its name.
        above: The way to what depends on it; None for the task itself.
        is_left_late: It is entered, and left only when all with `scope="function"` are.
    """

    function: Callable[..., Any]
    name: str
    above: "Chain | None" = None
    is_left_late: bool = False

    @property
    def is_ring(self) -> bool:
        """Whether the function depends on itself."""
        above = self.above
        while above is not None:
            if identity_of(above.function) == identity_of(self.function):
                return True
            above = above.above
        return False

    def path(self, parameter_name: str | None = None) -> str:
        """Return the way in words, down to the parameter."""
        names = [self.name] if parameter_name is None else [self.name, parameter_name]
        above = self.above
        while above is not None:
            names.insert(0, above.name)
            above = above.above
        return " -> ".join(names)

    def refusal(
        self, problem: str, remedy: str, *, parameter_name: str | None = None
    ) -> InvalidFunctionError:
        """Return the error about the function, or about one of its parameters."""
        if parameter_name is not None:
            problem = f"{problem}: {parameter_name}"
        if self.above is None:
            return InvalidFunctionError(self.name, problem, remedy)
        problem = f"{problem} ({self.path(parameter_name)})"
        return InvalidFunctionError(f"the dependency {self.name}", problem, remedy)


def identity_of(call: object) -> object:
    """Return what tells *call* from others: its equality, as in FastAPI, where it has a hash."""
    try:
        hash(call)
    except TypeError:
        return id(call)
    return call
