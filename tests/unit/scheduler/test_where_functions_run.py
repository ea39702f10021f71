"""Where a function runs, and what is asked of it when the program is whole."""

import threading

import pytest

from ostinato import RunIn, Scheduler, UnresolvedTasksError
from ostinato.testing import simulate


@pytest.mark.parametrize(
    ("run_in", "on_loop"), [(RunIn.AUTO, False), (RunIn.THREAD, False), (RunIn.LOOP, True)]
)
async def test_s47_run_in_says_where_a_plain_function_runs(run_in: RunIn, on_loop: bool) -> None:
    """S47: in a thread of the library's own, unless it is said to block nothing."""
    threads: list[int] = []
    scheduler = Scheduler()

    @scheduler.every(seconds=10, run_in=run_in)
    def note() -> None:
        threads.append(threading.get_ident())

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=1)

    assert [thread == threading.get_ident() for thread in threads] == [on_loop]


async def test_s4_what_cannot_be_supplied_after_all_is_told_at_the_start() -> None:
    """S4: an annotation that is resolved late may turn out to be one that nothing supplies."""
    scheduler = Scheduler()

    @scheduler.every(seconds=10, name="late")
    def late(number: "Number") -> None: ...  # noqa: F821 - it is there when the program is whole

    globals()["Number"] = int
    try:
        with pytest.raises(UnresolvedTasksError, match="nothing supplies: number"):
            async with simulate(scheduler):
                pass
    finally:
        del globals()["Number"]
