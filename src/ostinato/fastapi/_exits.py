"""What was entered for one attempt, and how it is left."""

from contextlib import AbstractAsyncContextManager

from ostinato.errors import SwallowedExceptionError

__all__ = ["Exits"]

_Entered = list[tuple[str, AbstractAsyncContextManager[object]]]


class Exits:
    """Leaves what was entered in reverse, whatever happens on the way.

    As in FastAPI what has `scope="function"` is left before the rest. Unlike there, none can hide
    from the others that the task has failed: they would commit what it left half done.
    """

    __slots__ = ("_early", "_late", "_task_name")

    def __init__(self, task_name: str) -> None:
        """Begin with nothing, for the task *task_name*."""
        self._task_name = task_name
        self._early: _Entered = []
        self._late: _Entered = []

    async def enter(
        self, manager: AbstractAsyncContextManager[object], name: str, *, is_left_early: bool
    ) -> object:
        """Enter *manager*, the dependency *name*, and return its value.

        Raises:
            BaseException: Whatever entering raised; it need not be left then.
        """
        value = await manager.__aenter__()
        (self._early if is_left_early else self._late).append((name, manager))
        return value

    async def leave(self, error: BaseException | None) -> None:
        """Leave all; *error*, what the task raised, is thrown into each.

        Raises:
            SwallowedExceptionError: One of them let nothing of the error come out.
            BaseException: What one of them raised instead of the *error*.
        """
        current = error
        for name, manager in (*reversed(self._early), *reversed(self._late)):
            try:
                is_swallowed = await _leave(manager, current)
            except BaseException as raised:  # noqa: BLE001 - the user's clean-up: the others must be left all the same
                current = raised
                continue
            # What is no Exception, a cancellation for one, is nobody's to turn into a failure.
            if is_swallowed and isinstance(current, Exception):
                swallowed = SwallowedExceptionError(self._task_name, name, current)
                swallowed.__cause__ = current
                current = swallowed
        if current is not None and current is not error:
            raise current


async def _leave(manager: AbstractAsyncContextManager[object], error: BaseException | None) -> bool:
    if error is None:
        await manager.__aexit__(None, None, None)
        return False
    return bool(await manager.__aexit__(type(error), error, error.__traceback__))
