"""When a repeated function runs."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from ostinato import repeat_every
from tests.support.virtual_time import advance


class Instants:
    """Notes at which second after its making it was called."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.beginning = self.loop.time()
        self.noted: list[float] = []

    def note(self) -> None:
        self.noted.append(round(self.loop.time() - self.beginning, 6))

    async def note_async(self) -> None:
        self.note()


KINDS = ["note", "note_async"]


@pytest.mark.parametrize("kind", KINDS)
async def test_s13_runs_at_once_and_then_once_per_period(kind: str) -> None:
    """S13: the first run begins at once, the others a period after the one before."""
    instants = Instants()

    await repeat_every(seconds=10)(getattr(instants, kind))()
    await advance(35)

    assert instants.noted == [0, 10, 20, 30]


async def test_s13_the_period_is_a_delay_between_two_runs() -> None:
    """S13: the next run begins a period after the last one *ended*."""
    instants = Instants()

    async def slow() -> None:
        instants.note()
        await advance(4)

    await repeat_every(seconds=10)(slow)()
    await advance(30)

    assert instants.noted == [0, 14, 28]


@pytest.mark.parametrize(
    ("wait_first", "first"),
    [
        (None, 0),
        (False, 0),
        (0, 0),
        (True, 10),
        (1, 1),
        (1.0, 1),
        (2.5, 2.5),
        (timedelta(seconds=3), 3),
    ],
)
async def test_s3_s13_wait_first_is_a_switch_and_a_duration(wait_first: Any, first: float) -> None:
    """S3, S13: True is one period, by identity; a number is that many seconds."""
    instants = Instants()

    await repeat_every(seconds=10, wait_first=wait_first)(instants.note_async)()
    await advance(first + 10.5)

    assert instants.noted == [first, first + 10]


@pytest.mark.parametrize("kind", KINDS)
async def test_s13_the_last_wait_comes_before_on_complete(kind: str) -> None:
    """S13: n runs have n waits, and `on_complete` follows the last of them."""
    instants, completed = Instants(), Instants()

    repetition = await repeat_every(
        seconds=10, max_repetitions=3, on_complete=getattr(completed, kind)
    )(getattr(instants, kind))()
    await advance(100)

    assert (instants.noted, completed.noted) == ([0, 10, 20], [30])
    assert (repetition.runs, repetition.running) == (3, False)


async def test_s3_no_repetitions_are_none_and_complete() -> None:
    """S3: with `max_repetitions=0` nothing runs and `on_complete` is called once."""
    instants, completed = Instants(), Instants()

    await repeat_every(seconds=10, max_repetitions=0, on_complete=completed.note)(instants.note)()
    await advance(100)

    assert (instants.noted, completed.noted) == ([], [0])


@pytest.mark.parametrize("kind", KINDS)
async def test_s13_a_failed_run_counts(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """S13: a run that fails is one of `max_repetitions`."""
    instants = Instants()
    note: Callable[[], Any] = getattr(instants, kind)

    def fail() -> Any:
        instants.note()
        raise ValueError

    async def fail_async() -> None:
        fail()

    repetition = await repeat_every(seconds=10, max_repetitions=2, on_complete=note)(
        fail_async if kind == "note_async" else fail
    )()
    await advance(100)

    assert instants.noted == [0, 10, 20]
    assert repetition.runs == 2
    assert len(caplog.records) == 2


async def test_s91_every_start_has_max_repetitions_of_its_own() -> None:
    """S27, S91: nothing is remembered: the next start counts from zero."""
    instants = Instants()
    repeated = repeat_every(seconds=10, max_repetitions=2)(instants.note_async)

    for _ in range(2):
        await repeated()
        await advance(50)

    assert instants.noted == [0, 10, 50, 60]


async def test_s54_what_a_run_returns_is_ignored() -> None:
    """S54: a result of any kind changes nothing."""
    results = iter([0, None, "stop", False])

    repetition = await repeat_every(seconds=10, max_repetitions=4)(lambda: next(results))()
    await advance(50)

    assert (repetition.runs, repetition.last_error) == (4, None)


async def test_the_start_returns_before_the_first_run() -> None:
    """Awaiting the call starts the repetition and runs nothing of the body."""
    instants = Instants()

    repetition = await repeat_every(seconds=10)(instants.note_async)()

    assert (instants.noted, repetition.runs, repetition.running) == ([], 0, True)


async def test_a_year_of_hours_passes_without_drift_of_the_count() -> None:
    """An hourly run happens 8,760 times in 365 days."""
    instants = Instants()

    await repeat_every(seconds=60 * 60)(instants.note_async)()
    await advance(365 * 86_400 - 1)

    assert len(instants.noted) == 8_760
