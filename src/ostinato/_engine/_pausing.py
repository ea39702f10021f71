"""The end of a pause that was to end by itself: for the store first, and then here."""

from collections.abc import Callable
from functools import partial

from ostinato._engine._backoff import Backoff
from ostinato._engine._settling import RESUMED, Settling
from ostinato._engine._standing import Standing
from ostinato._lease import TaskRow
from ostinato._outcomes import SkipReason

__all__ = ["Pausing"]


class Pausing:
    """Ends the pauses that have an end."""

    def __init__(
        self, settling: Settling, door: Backoff, put_back: Callable[[Standing, float], object]
    ) -> None:
        """End them.

        Args:
            settling: Skips the ticks of the pause.
            door: How the store is asked.
            put_back: Is told of a task that is to be looked at again, and after how many seconds.
        """
        self._settling = settling
        self._door = door
        self._put_back = put_back

    def end(self, standing: Standing, now: float) -> None:
        """Resume a task whose pause was to end by itself, if it is over: its ticks are skipped.

        As long as the store has not taken that, the task is paused for everybody.
        """
        until = standing.paused_until
        if not standing.is_paused or until is None or until > now:
            return
        later, resume = partial(self._try_later, standing), partial(self._resume, standing)
        try:
            self._settling.skip_passed(standing, SkipReason.PAUSED, resume, later)
        except Exception as error:  # noqa: BLE001 - a store may be anybody's, and fail in any way
            self._door.fail(error)
            later()

    def _resume(self, standing: Standing) -> None:
        if standing.is_shared:
            self._door.change(standing.name, RESUMED, partial(self._resumed, standing))
        else:
            self._settling.note_resumed(standing)

    def _resumed(self, standing: Standing, row: TaskRow | None) -> None:
        if row is None:
            self._try_later(standing)
        elif standing.is_paused:
            # Unless somebody has resumed it by hand meanwhile.
            self._settling.note_resumed(standing)

    def _try_later(self, standing: Standing) -> None:
        if standing.is_paused:
            self._put_back(standing, self._door.left)
