"""No exception vanishes, and no failure stops the repetition by accident."""

import asyncio
import contextlib
import logging
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ostinato import InvalidFunctionError, repeat_every, tasks
from ostinato.observers._records import RepetitionRecords, _text
from tests.support.virtual_time import VirtualTimeLoop, advance, turn

EVENT = "ostinato_event"


class Body:
    """Raises what it is given, once; then it only counts."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.runs = 0

    def run(self) -> None:
        self.runs += 1
        if self.errors:
            raise self.errors.pop(0)

    async def run_async(self) -> None:
        self.run()

    async def run_later(self) -> None:
        await advance(0.1)
        self.run()


KINDS = ["run", "run_async", "run_later"]
FAILURES: list[Callable[[], BaseException]] = [
    ValueError,
    MemoryError,
    RecursionError,
    GeneratorExit,
    SystemExit,
    lambda: ExceptionGroup("several", [ValueError(), OSError()]),
    lambda: BaseExceptionGroup("exits", [SystemExit(3), ValueError()]),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", FAILURES)
async def test_s58_s61_s64_a_failure_is_logged_once_and_the_repetition_goes_on(
    kind: str, make: Callable[[], BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """S57, S58, S61 to S64: one ERROR record with the traceback; the next run comes."""
    error = make()
    body = Body(error)

    repetition = await repeat_every(seconds=10)(getattr(body, kind))()
    await advance(15)

    assert (body.runs, repetition.running) == (2, True)
    [record] = caplog.records
    assert (record.name, record.levelno) == ("ostinato", logging.ERROR)
    assert record.exc_info is not None
    assert type(record.exc_info[1]) is type(error)
    assert record.exc_info[2] is not None or isinstance(error, BaseExceptionGroup)
    facts = vars(record)
    assert (facts[EVENT], facts["run_number"]) == ("ostinato.run_failed", 1)
    assert facts["task_name"] == f"{__name__}.Body.{kind}"
    assert repetition.last_error is record.exc_info[1]


async def test_s62_stop_iteration_from_a_plain_function_is_a_failure(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S62: a StopIteration, which no future can carry, is a failure like any other."""
    body = Body(StopIteration())

    repetition = await repeat_every(seconds=10)(body.run)()
    await advance(15)

    assert body.runs == 2
    assert isinstance(repetition.last_error, StopIteration)
    assert len(caplog.records) == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_s60_a_run_that_cancels_itself_is_no_end(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """S60: a CancelledError that nobody asked for is told as a WARNING, and the next run comes."""
    body = Body(asyncio.CancelledError())

    repetition = await repeat_every(seconds=10)(getattr(body, kind))()
    await advance(15)

    assert (body.runs, repetition.running, repetition.last_error) == (2, True, None)
    [record] = caplog.records
    assert (record.levelno, vars(record)[EVENT]) == (logging.WARNING, "ostinato.run_cancelled")


async def test_s60_a_body_that_cancels_its_own_task_is_no_end() -> None:
    """S60: `current_task().cancel()` in a body ends that run alone."""
    runs: list[int] = []

    async def body() -> None:
        runs.append(len(runs))
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await advance(1)

    repetition = await repeat_every(seconds=10)(body)()
    await advance(15)

    assert (runs, repetition.running) == ([0, 1], True)


@pytest.mark.parametrize("kind", KINDS)
async def test_s57_raise_exceptions_hands_the_failure_to_the_loop_at_once(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """S57: the loop's exception handler gets the very exception, and the repetition stops."""
    error, handled = ValueError(), []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: handled.append(context))
    body, hooked = Body(error), Body()

    repetition = await repeat_every(
        seconds=10, raise_exceptions=True, on_exception=lambda _: hooked.run()
    )(getattr(body, kind))()
    await advance(1)

    assert [context["exception"] for context in handled] == [error]
    name = f"{__name__}.Body.{kind}"
    assert handled[0]["message"] == (
        f"{name}, decorated with repeat_every(raise_exceptions=True), failed"
    )
    assert handled[0]["future"].get_name() == name
    reason = "it was declared with raise_exceptions=True"
    assert caplog.messages[-1] == f"The repetition of {name} stopped: {reason}"
    assert (body.runs, repetition.running, hooked.runs) == (1, False, 0)
    assert [vars(record)[EVENT] for record in caplog.records] == [
        "ostinato.run_failed",
        "ostinato.repetition_stopped",
    ]
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]


async def test_s61_an_exit_with_raise_exceptions_does_not_leave_through_the_loop() -> None:
    """S61: a SystemExit is handed over, never raised through the event loop."""
    handled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: handled.append(context))

    await repeat_every(seconds=10, raise_exceptions=True)(Body(SystemExit(1)).run_async)()
    await advance(1)

    assert [type(context["exception"]) for context in handled] == [SystemExit]


@pytest.mark.parametrize("is_async", [False, True])
async def test_s57_a_hook_that_raises_what_it_was_given_stops_the_repetition(
    is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """S57: `on_exception` ends the repetition by raising the same object; ERROR is logged once."""
    body, completed = Body(ValueError()), Body()

    def stop(error: Exception) -> None:
        raise error

    async def stop_async(error: Exception) -> None:
        stop(error)

    repetition = await repeat_every(
        seconds=10,
        max_repetitions=5,
        on_exception=stop_async if is_async else stop,
        on_complete=completed.run,
    )(body.run_async)()
    await advance(100)

    assert (body.runs, repetition.running, completed.runs) == (1, False, 0)
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]
    assert caplog.messages[-1].endswith(" raised the exception it was given")


@pytest.mark.parametrize("is_async", [False, True])
async def test_the_hook_gets_the_exception_and_the_next_run_comes(is_async: bool) -> None:
    """`on_exception` is called with the exception of each failed run."""
    errors = [ValueError(), OSError()]
    body, told = Body(*errors), list[Exception]()

    async def tell_async(error: Exception) -> None:
        told.append(error)

    await repeat_every(seconds=10, on_exception=tell_async if is_async else told.append)(body.run)()
    await advance(35)

    assert (told, body.runs) == (errors, 4)


@pytest.mark.parametrize("make", [SystemExit, GeneratorExit, asyncio.CancelledError])
async def test_s61_the_hook_is_not_called_with_what_is_no_exception(
    make: type[BaseException],
) -> None:
    """S61: `on_exception` is promised an `Exception`; others are logged only."""
    body, told = Body(make()), list[Exception]()

    await repeat_every(seconds=10, on_exception=told.append)(body.run_async)()
    await advance(15)

    assert (told, body.runs) == ([], 2)


@pytest.mark.parametrize(
    "make",
    [KeyError, SystemExit, asyncio.CancelledError, lambda: BaseExceptionGroup("", [SystemExit()])],
)
@pytest.mark.parametrize("is_async", [False, True])
async def test_s59_a_hooks_own_error_changes_nothing(
    make: Callable[[], BaseException], is_async: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """S59: a bug in a hook is logged with the hook's name, and the next run comes."""
    body, hook = Body(ValueError()), Body(make())

    async def hook_async(_: Exception) -> None:
        hook.run()

    await repeat_every(seconds=10, on_exception=hook_async if is_async else lambda _: hook.run())(
        body.run
    )()
    await advance(15)

    assert body.runs == 2
    _, record = caplog.records
    assert (record.levelno, vars(record)[EVENT]) == (logging.ERROR, "ostinato.hook_failed")
    assert "test_s59" in vars(record)["hook_name"]


async def test_s59_a_raising_on_complete_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """S59: an error in `on_complete` is logged with the hook's name."""
    repetition = await repeat_every(
        seconds=10, max_repetitions=1, on_complete=Body(KeyError()).run_async
    )(Body().run)()
    await advance(15)

    [record] = caplog.records
    assert vars(record)["hook_name"] == f"{__name__}.Body.run_async"
    assert not repetition.running


async def test_s59_a_hook_that_hangs_is_cut_off_after_thirty_seconds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S59: a hook has 30 s; then it is cancelled and told, and the repetition goes on."""
    body = Body(ValueError())

    async def hang(_: Exception) -> None:
        await advance(3600)

    await repeat_every(seconds=10, on_exception=hang)(body.run)()
    await advance(39.5)
    runs_before = body.runs
    await advance(1)

    assert (runs_before, body.runs) == (1, 2)
    _, record = caplog.records
    assert vars(record)[EVENT] == "ostinato.hook_failed"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], TimeoutError)


@pytest.mark.parametrize("kind", KINDS)
async def test_s62_a_keyboard_interrupt_asks_the_process_to_stop(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """S62: the repetition ends, and the process gets what Ctrl-C would give it."""
    body, signals = Body(KeyboardInterrupt()), list[int]()
    before = signal.signal(signal.SIGINT, lambda number, _: signals.append(number))

    try:
        repetition = await repeat_every(seconds=10)(getattr(body, kind))()
        await advance(15)
    finally:
        signal.signal(signal.SIGINT, before)

    assert (signals, body.runs, repetition.running) == ([signal.SIGINT], 1, False)
    assert caplog.messages[-1].endswith(" stopped: a KeyboardInterrupt was raised")
    assert [vars(record)[EVENT] for record in caplog.records] == ["ostinato.repetition_stopped"]


async def test_s59_a_hanging_hook_in_a_thread_is_left_there_and_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S59: a `def` hook past its 30 s goes on in its thread; the next run comes."""
    body, began, go = Body(ValueError()), threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)

    def hang(_: Exception) -> None:
        began.set()
        go.wait(10)

    repetition = await repeat_every(seconds=10, on_exception=hang)(body.run_async)()
    while not began.is_set():
        await turn()
    loop.instant += 31
    while repetition.runs == 1 and len(caplog.records) < 3:
        await turn()
    go.set()
    await advance(15)

    assert (body.runs, repetition.running) == (2, True)
    _, abandoned, failed = caplog.records
    assert vars(abandoned)[EVENT] == "ostinato.run_abandoned"
    assert "hang" in vars(abandoned)["function_name"]
    assert vars(failed)[EVENT] == "ostinato.hook_failed"


async def test_s62_a_keyboard_interrupt_in_a_hook_asks_the_process_to_stop() -> None:
    """S62: an interruption is one wherever it is raised."""
    hook, signals = Body(KeyboardInterrupt()), list[int]()
    before = signal.signal(signal.SIGINT, lambda number, _: signals.append(number))

    try:
        repetition = await repeat_every(seconds=10, on_exception=lambda _: hook.run())(
            Body(ValueError()).run
        )()
        await advance(15)
    finally:
        signal.signal(signal.SIGINT, before)

    assert (signals, repetition.running) == ([signal.SIGINT], False)


async def test_s63_a_group_with_an_interruption_fails_and_stops(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S63: what is left of a split group is logged as one failure; then the interruption acts."""
    signals: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: signals.append(number))
    group = BaseExceptionGroup("", [ValueError("left"), KeyboardInterrupt()])

    try:
        repetition = await repeat_every(seconds=10)(Body(group).run_async)()
        await advance(15)
    finally:
        signal.signal(signal.SIGINT, before)

    assert isinstance(repetition.last_error, ExceptionGroup)
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]
    assert signals == [signal.SIGINT]


class OtherLogger:
    """A logger of another make: it has `error` and takes one text."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def error(self, message: str) -> None:
        self.texts.append(message)


async def test_s58_the_given_logger_is_used(caplog: pytest.LogCaptureFixture) -> None:
    """S58: with `logger=` the failure is logged there, with its traceback, and nowhere else."""
    await repeat_every(seconds=10, logger=logging.getLogger("app.tasks"))(Body(ValueError()).run)()
    await advance(5)

    [record] = caplog.records
    assert record.name == "app.tasks"
    assert record.exc_info is not None


async def test_s58_a_logger_adapter_is_used(caplog: pytest.LogCaptureFixture) -> None:
    """S58: a LoggerAdapter is a logger too, and adds its fields to ours."""
    inner = logging.LoggerAdapter(logging.getLogger("app.tasks"), {"tenant": "a"})
    adapter = logging.LoggerAdapter(inner, {"shift": "night"})  # type: ignore[arg-type] # adapters of adapters are in use

    await repeat_every(seconds=10, logger=adapter)(Body(ValueError()).run)()
    await advance(5)

    [record] = caplog.records
    assert record.name == "app.tasks"
    assert record.exc_info is not None
    facts = vars(record)
    assert (facts["tenant"], facts["shift"], facts[EVENT]) == ("a", "night", "ostinato.run_failed")


async def test_s58_a_logger_of_another_make_gets_one_text(caplog: pytest.LogCaptureFixture) -> None:
    """S58: loggers such as loguru's get the message and the traceback as one text."""
    logger = OtherLogger()

    await repeat_every(seconds=10, logger=logger)(Body(ValueError("wrong")).run)()
    await advance(5)

    [text] = logger.texts
    assert text.startswith(f"Run 1 of {__name__}.Body.run failed\nTraceback")
    assert text.endswith("ValueError: wrong")
    assert not caplog.records


class RaisingHandler(logging.Handler):
    def __init__(self, kind: type[BaseException] = OSError) -> None:
        super().__init__()
        self.kind = kind

    def emit(self, record: logging.LogRecord) -> None:
        raise self.kind


@pytest.fixture
def raising_logger() -> Iterator[logging.Logger]:
    logger, handler = logging.getLogger("raising"), RaisingHandler()
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)


async def test_s66_a_logger_that_raises_loses_nothing(
    raising_logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    """S58, S66: where the logger raises, the failure goes to stderr and the next run comes."""
    body = Body(ValueError("wrong"))

    await repeat_every(seconds=10, logger=raising_logger)(body.run)()
    await advance(15)

    assert body.runs == 2
    printed = capsys.readouterr().err
    assert "ValueError: wrong" in printed
    assert "The logger raised:" in printed


@pytest.mark.parametrize("kind", [asyncio.CancelledError, SystemExit, GeneratorExit])
async def test_s66_whatever_a_logger_raises_does_not_end_the_repetition(
    kind: type[BaseException], capsys: pytest.CaptureFixture[str]
) -> None:
    """S66: an exit or a cancellation out of a logger is no end either."""
    logger, handler = logging.getLogger("raising"), RaisingHandler(kind)
    logger.addHandler(handler)
    body = Body(ValueError("wrong"))

    try:
        repetition = await repeat_every(seconds=10, logger=logger)(body.run_async)()
        await advance(15)
    finally:
        logger.removeHandler(handler)

    assert (body.runs, repetition.running) == (2, True)
    assert "ValueError: wrong" in capsys.readouterr().err


class UnshowableError(Exception):
    """Cannot be formatted, is false, and equals everything."""

    def __str__(self) -> str:
        raise OSError

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = Exception.__hash__


@pytest.mark.parametrize("kind", KINDS)
async def test_s58_an_exception_that_lies_about_itself_is_logged_and_survived(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """S58: an exception that is false or equals all others is a failure like any other."""
    body, told = Body(UnshowableError()), list[Exception]()

    def tell(error: Exception) -> None:
        told.append(error)
        raise ValueError

    repetition = await repeat_every(seconds=10, on_exception=tell)(getattr(body, kind))()
    await advance(15)

    assert (body.runs, repetition.running, len(told)) == (2, True, 1)
    failed, hook_failed = caplog.records
    assert failed.exc_info is not None
    assert failed.exc_info[0] is UnshowableError
    assert vars(hook_failed)[EVENT] == "ostinato.hook_failed"


class Evasive:
    """A lazy object that raises when it is asked for its class."""

    @property
    def __class__(self) -> type:  # type: ignore[override] # what lazy objects do
        raise OSError


def evasive() -> object:
    return Evasive()


@pytest.mark.parametrize(
    ("make", "expected"),
    [(evasive, OSError), (lambda: (each for each in ()), InvalidFunctionError)],
)
async def test_s5_a_returned_value_that_cannot_be_right_is_a_failure(
    make: Callable[[], object], expected: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    """S5, S57: a returned generator, or a value that cannot be looked at, fails the run alone."""
    repetition = await repeat_every(seconds=10)(make)()
    await advance(15)

    assert (repetition.runs, repetition.running) == (2, True)
    assert isinstance(repetition.last_error, expected)
    assert len(caplog.records) == 2


class EvasiveExit(BaseException):
    """No `Exception`, and raises when it is asked for its class."""

    @property
    def __class__(self) -> type:  # type: ignore[override] # what lazy objects do
        raise OSError


async def test_s57_an_exception_that_hides_its_class_is_survived() -> None:
    """S57: an exception is judged by its type, whatever it says of itself."""
    body, told = Body(EvasiveExit()), list[Exception]()

    repetition = await repeat_every(seconds=10, on_exception=told.append)(body.run_async)()
    await advance(15)

    assert (body.runs, repetition.running, told) == (2, True, [])


class Underivable(BaseExceptionGroup[BaseException]):
    """A group that cannot be taken apart."""

    def derive(self, excs: object) -> "Underivable":
        raise OSError


async def test_s63_a_group_that_cannot_be_split_is_one_failure() -> None:
    """S63: where splitting raises, the whole group is the failure."""
    error = Underivable("", [ValueError(), asyncio.CancelledError()])

    repetition = await repeat_every(seconds=10)(Body(error).run_async)()
    await advance(15)

    assert (repetition.last_error, repetition.runs) == (error, 2)


async def test_s59_a_hook_that_does_not_heed_its_cancellation_is_left_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S59: past 30 s and 3 s of grace the runs go on without the hook."""
    body = Body(ValueError())

    async def stubborn(_: Exception) -> None:
        for _ in range(10):
            with contextlib.suppress(asyncio.CancelledError):
                await advance(10)
        raise OSError

    repetition = await repeat_every(seconds=10, on_exception=stubborn)(body.run)()
    await advance(45)

    assert (body.runs, repetition.running) == (2, True)
    assert [vars(record)[EVENT] for record in caplog.records] == [
        "ostinato.run_failed",
        "ostinato.run_abandoned",
        "ostinato.hook_failed",
    ]
    await advance(100)
    late = caplog.records[-1]
    assert vars(late)[EVENT] == "ostinato.abandoned_run_failed"
    assert "stubborn" in vars(late)["function_name"]


async def test_a_cancellation_from_outside_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A repetition that somebody cancels while its loop lives on does not end in silence."""
    repetition = await repeat_every(seconds=10)(Body().run_async)()
    await advance(5)

    for task in asyncio.all_tasks():
        if task.get_name().endswith("Body.run_async"):
            task.cancel()
    await advance(1)

    assert not repetition.running
    [record] = caplog.records
    assert vars(record)[EVENT] == "ostinato.repetition_cancelled"


@pytest.mark.parametrize("stderr", [None, "closed"])
async def test_s66_a_logger_that_raises_without_a_stderr_is_survived(
    stderr: str | None,
    raising_logger: logging.Logger,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """S66: a process without a stderr, such as a service on Windows, survives it too."""
    stream = None if stderr is None else (tmp_path / "closed").open("w")
    if stream is not None:
        stream.close()
    body = Body(ValueError("wrong"))

    await repeat_every(seconds=10, logger=raising_logger)(body.run)()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        await advance(15)

    assert body.runs == 2


def test_s47_exhausted_threads_are_told_with_the_names(caplog: pytest.LogCaptureFixture) -> None:
    """S47: one WARNING names the functions that hold the threads."""
    tasks._threads._on_exhausted(["app.report", "app.tidy"])

    [record] = caplog.records
    assert (record.name, record.levelno) == ("ostinato", logging.WARNING)
    assert record.getMessage().endswith("they run: app.report, app.tidy")
    facts = vars(record)
    assert facts[EVENT] == "ostinato.threads_exhausted"
    assert facts["task_names"] == ["app.report", "app.tidy"]


def test_s66_ctrl_c_while_logging_is_let_through() -> None:
    """S66: a KeyboardInterrupt is meant for the process, not for the record."""
    handler = RaisingHandler(KeyboardInterrupt)
    logging.getLogger("ostinato").addHandler(handler)

    try:
        with pytest.raises(KeyboardInterrupt):
            RepetitionRecords("app.tidy", None).run_failed(1, ValueError())
    finally:
        logging.getLogger("ostinato").removeHandler(handler)


def test_s58_a_logger_of_another_make_gets_a_message_without_an_error_too() -> None:
    """S58: an ERROR without an exception is its message alone."""
    assert _text("nothing raised", None) == "nothing raised"


async def test_s59_a_hook_left_behind_that_ends_well_is_not_told_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S59: only a failure of what was left behind is worth a record."""

    async def stubborn(_: Exception) -> None:
        for _ in range(10):
            with contextlib.suppress(asyncio.CancelledError):
                await advance(10)

    await repeat_every(seconds=1_000, on_exception=stubborn)(Body(ValueError()).run)()
    await advance(500)

    assert len(caplog.records) == 3


def test_s66_a_raising_handler_does_not_cost_a_thread(capsys: pytest.CaptureFixture[str]) -> None:
    """S66: what has no repetition to belong to goes to stderr, too, where the logger raises."""
    handler = RaisingHandler()
    logging.getLogger("ostinato").addHandler(handler)

    try:
        tasks._threads.on_lost("app.tidy", ValueError("late"))
        tasks._threads._on_exhausted(["app.tidy"])
    finally:
        logging.getLogger("ostinato").removeHandler(handler)

    printed = capsys.readouterr().err
    assert "ValueError: late" in printed
    assert "they run: app.tidy" in printed


async def test_no_failure_warns() -> None:
    """With warnings as errors nothing changes: the library never calls `warnings.warn`."""
    body = Body(ValueError(), ValueError())

    with warnings.catch_warnings(action="error"):
        await repeat_every(seconds=10, logger=logging.getLogger("app"))(body.run)()
        await advance(25)

    assert body.runs == 3


async def test_s64_a_thousand_failures_are_survived(caplog: pytest.LogCaptureFixture) -> None:
    """S64: after a thousand failures of the worst kinds the next run comes."""
    body = Body(*(make() for _ in range(500) for make in (MemoryError, RecursionError)))

    await repeat_every(seconds=10)(body.run_async)()
    await advance(10_005)

    assert (body.runs, len(caplog.records)) == (1_001, 1_000)


async def test_a_broken_sleep_is_told(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of the repetition itself, here of a patched `asyncio.sleep`, is logged as such."""

    async def broken(_: float) -> None:
        raise OSError

    monkeypatch.setattr(asyncio, "sleep", broken)
    repetition = await repeat_every(seconds=10)(Body().run)()
    await advance(1)

    assert not repetition.running
    [record] = caplog.records
    assert (record.levelno, vars(record)[EVENT]) == (logging.ERROR, "ostinato.repetition_broken")
