"""What the decorator returns, and how a repetition is started."""

import asyncio
import functools
import inspect
import logging
import sys
import threading
from collections.abc import Awaitable, Callable
from types import FunctionType
from typing import Any

import pytest

from ostinato import Repetition, repeat_every, tasks
from tests.support.virtual_time import VirtualTimeLoop, advance, turn


async def tidy() -> int:
    """Tidy up."""
    return 1


def test_s7_metadata_and_the_function_itself_are_kept() -> None:
    """S7: name, docstring and module are the function's; `__wrapped__` is the very function."""
    repeated = repeat_every(seconds=1)(tidy)

    assert repeated.__wrapped__ is tidy
    assert (repeated.__name__, repeated.__doc__) == ("tidy", "Tidy up.")
    assert repeated.__module__ == __name__
    assert inspect.iscoroutinefunction(repeated)


class Service:
    def __init__(self) -> None:
        self.runs = 0

    def __call__(self) -> None:
        self.runs += 1


@pytest.mark.parametrize(
    ("function", "name"), [(functools.partial(tidy), "tidy"), (Service(), "Service")]
)
def test_s7_what_has_no_name_gets_one(function: Any, name: str) -> None:
    """S7: a partial is named as its function, an instance as its class."""
    assert repeat_every(seconds=1)(function).__name__ == name


async def test_s6_an_instance_keeps_its_attributes_to_itself() -> None:
    """S6: an instance is repeated; its attributes are not copied."""
    service = Service()

    repeated = repeat_every(seconds=1, max_repetitions=2)(service)
    await repeated()
    await advance(5)

    assert service.runs == 2
    assert not hasattr(repeated, "runs")


async def test_s6_a_returned_awaitable_is_awaited_on_the_loop() -> None:
    """S6: a `def` function that returns an awaitable has it awaited."""
    awaited: list[asyncio.AbstractEventLoop] = []

    async def inner() -> None:
        awaited.append(asyncio.get_running_loop())

    def outer() -> Awaitable[None]:
        return inner()

    await repeat_every(seconds=1, max_repetitions=1)(outer)()
    await advance(2)

    assert awaited == [asyncio.get_running_loop()]


async def test_s11_a_running_one_is_not_doubled(caplog: pytest.LogCaptureFixture) -> None:
    """S11: a second start returns the same handle and logs one WARNING."""
    service = Service()
    repeated = repeat_every(seconds=10)(service)

    first = await repeated()
    second = await repeated()
    await advance(15)

    assert second is first
    assert service.runs == 2
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert vars(record)["ostinato_event"] == "ostinato.start_repeated"
    assert vars(record)["task_name"] == f"{__name__}.Service"


async def call(handler: Callable[[], Awaitable[object]]) -> None:
    await handler()


def of_module(name: str) -> Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]:
    """Return `call` as if the module *name* had defined it."""
    return FunctionType(call.__code__, {"__name__": name})


async def test_s11_a_frameworks_second_call_is_told_at_debug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S11: FastAPI calls a router's start-up handlers twice; that is no warning."""
    start_up = of_module("fastapi.routing")
    repeated = repeat_every(seconds=10)(Service())

    await start_up(repeated)
    await start_up(repeated)

    assert [record.levelno for record in caplog.records] == [logging.DEBUG]


async def test_s11_another_start_up_is_told_as_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """S11: a framework that starts it again from another task is not the router's double call."""
    start_up = of_module("starlette.routing")
    repeated = repeat_every(seconds=10)(Service())

    await repeated()
    await asyncio.gather(start_up(repeated))

    assert [record.levelno for record in caplog.records] == [logging.WARNING]


@pytest.mark.parametrize("kind", ["stop", "on_complete"])
async def test_s11_a_start_while_the_last_one_is_ending_begins_another(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """S11: what is ending does not swallow a start; the next one begins behind it, not beside."""
    began, go, runs = threading.Event(), threading.Event(), list[Repetition]()
    handles: list[Repetition] = []

    def body() -> None:
        runs.append(handles[-1])
        began.set()
        go.wait(10)

    async def again() -> None:
        if len(handles) == 1:
            handles.append(await repeated())

    repeated = repeat_every(seconds=10, max_repetitions=1, on_complete=again)(body)
    handles.append(await repeated())
    while not began.is_set():
        await turn()
    if kind == "stop":
        stopping = asyncio.ensure_future(handles[0].stop())
        await turn()
        handles.append(await repeated())
        await turn()
        assert runs == [handles[0]]
        go.set()
        await stopping
    go.set()
    await advance(50)

    first, second = handles
    assert runs == [first, second]
    assert not caplog.records


def test_s11_loops_in_several_threads_start_at_once() -> None:
    """S11: starts on the loops of several threads do not disturb each other."""
    repeated = repeat_every(seconds=3600)(Service())
    failures: list[BaseException] = []

    async def main() -> None:
        repetition = await repeated()
        assert await repeated() is repetition
        await repetition.stop()

    def start_often() -> None:
        try:
            for _ in range(100):
                asyncio.run(main())
        except BaseException as error:
            failures.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        workers = [threading.Thread(target=start_often) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
    finally:
        sys.setswitchinterval(before)

    assert not failures


async def test_s11_a_finished_one_starts_anew(caplog: pytest.LogCaptureFixture) -> None:
    """S11: once a repetition has ended, the next start begins another."""
    service = Service()
    repeated = repeat_every(seconds=1, max_repetitions=2)(service)

    first = await repeated()
    await advance(5)
    second = await repeated()
    await advance(5)

    assert first is not second
    assert (first.runs, second.runs, service.runs) == (2, 2, 4)
    assert not caplog.records


def test_s11_every_loop_has_a_repetition_of_its_own() -> None:
    """S11: the key is the loop and the function; loops of the past are forgotten."""
    service = Service()
    repeated = repeat_every(seconds=10)(service)
    handles: list[Repetition] = []

    def virtual_loop() -> asyncio.AbstractEventLoop:
        return VirtualTimeLoop(tasks._threads.outstanding)

    async def main() -> None:
        handles.append(await repeated())
        await advance(15)

    for _ in range(3):
        with asyncio.Runner(loop_factory=virtual_loop) as runner:
            runner.run(main())

    assert [handle.runs for handle in handles] == [2, 2, 2]
    assert not any(handle.running for handle in handles)
    closure = inspect.getclosurevars(repeated).nonlocals
    assert len(closure["latest"]) == 1


@pytest.mark.parametrize("count", [True, 1.0, "3", float("nan")])
def test_s3_max_repetitions_of_another_type_is_refused(count: Any) -> None:
    """S3: a bool, a float and a string are no counts."""
    with pytest.raises(TypeError, match=r"^max_repetitions=.*pass a whole number"):
        repeat_every(seconds=1, max_repetitions=count)


def test_s3_a_negative_count_is_refused() -> None:
    """S3: a negative count is refused with the remedy."""
    with pytest.raises(ValueError, match=r"^max_repetitions=-1 is negative; pass 0 or more"):
        repeat_every(seconds=1, max_repetitions=-1)


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("seconds", "60"),
        ("wait_first", "1"),
        ("logger", "app"),
        ("raise_exceptions", 1),
        ("on_complete", 1),
        ("on_complete", lambda required: None),
        ("on_exception", lambda: None),
        ("on_exception", type(None)),
    ],
)
def test_s1_s8_a_wrong_argument_is_refused_at_the_declaration(argument: str, value: Any) -> None:
    """S1 to S8: the message names the argument."""
    arguments: dict[str, Any] = {"seconds": 1, argument: value}

    with pytest.raises(TypeError, match=f"^{argument}"):
        repeat_every(**arguments)


def test_s4_a_required_parameter_is_refused_at_the_decoration() -> None:
    """S4: the message names the function, the parameter and the remedy."""
    with pytest.raises(TypeError, match=r"clean has parameters that nothing supplies: db; give"):

        @repeat_every(seconds=1)  # type: ignore[type-var,unused-ignore] # wrong on purpose
        def clean(db: object) -> None: ...
