"""How a scheduler ends under real servers, whatever its runs are doing when the signal comes.

Each server gets each signal once for every way to end, in processes side by side, as strict as
Python can be: development mode, every warning an error.
"""

import re
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier, BrokenBarrierError

import pytest

from tests.integration.serving import COMMANDS, DEADLINE, Journal, eventually, serve

# What the application is made with; see apps/scheduled.py.
SHUTDOWN_GRACE = CANCEL_GRACE = 1.0
# What the servers take for themselves: gunicorn's own worker looks once a second whether to end.
OF_THE_SERVER = 4.0
WAYS = (
    *[("async", how) for how in ("idle", "busy", "heeds", "stuck")],
    *[("def", how) for how in ("idle", "busy", "stuck")],
)
SERVERS = [
    pytest.param((command, number), id=f"{command}-{number.name}")
    for command in COMMANDS
    for number in (signal.SIGTERM, signal.SIGINT)
    # gunicorn's own worker runs no teardown at Ctrl-C: it leaves its loop at once.
    if (command, number) != ("gunicorn-asgi-worker", signal.SIGINT)
]
STRICT = {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "error"}
COMPLAINT = re.compile(r"Traceback|[a-z](Error|Warning)\b|destroyed|Unhandled")
# uvicorn's supervisor leaves its own socket to the garbage collector, its workers their stdin.
OF_UVICORN = ("unclosed <socket.socket", "unclosed file <_io.TextIOWrapper name=0 ")


@dataclass(frozen=True, slots=True)
class End:
    """How one application has ended: what each worker wrote, and the server's log."""

    workers: list[list[str]]
    took: float
    code: int
    log: str


Ends = dict[tuple[str, str], End]


@pytest.fixture(scope="module", params=SERVERS)
def ends(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ends:
    """Start an application for each way to end, and end all of them at the same time."""
    command, number = request.param
    together = Barrier(len(WAYS), timeout=2 * DEADLINE)
    with ThreadPoolExecutor(len(WAYS)) as pool:
        found = {
            way: pool.submit(
                end_of, command, number, way, tmp_path_factory.mktemp("server"), together
            )
            for way in WAYS
        }
    errors = [future.exception() for future in found.values()]
    # Who waited for one that failed has nothing to say.
    if failed := [each for each in errors if each and not isinstance(each, BrokenBarrierError)]:
        raise failed[0]
    return {way: future.result() for way, future in found.items()}


def end_of(
    command: str, number: signal.Signals, way: tuple[str, str], folder: Path, together: Barrier
) -> End:
    """Serve until every worker has begun its first run, end the server, and return how it went."""
    kind, how = way
    try:
        with serve(COMMANDS[command], "scheduled:app", folder, KIND=kind, HOW=how, **STRICT) as it:
            workers = 2 if command == "uvicorn-2-workers" else 1
            first = "began" if how in ("busy", "heeds", "stuck") else "DEBUG ostinato.run_succeeded"
            for word in (first, "beat"):
                eventually(lambda: len(it.journal.processes(word)) == workers)  # noqa: B023 - at once
            # granian misses a signal that comes before it has begun to serve.
            assert it.get("/").status == 200
            together.wait()
            took = it.end(number)
            code = it.process.returncode
            return End(list(by_process(it.journal)), took, code, it.log.read_text())
    except BaseException as error:
        # The others need not wait for this one.
        together.abort()
        said = [*folder.glob("journal"), *folder.glob("server.log")]
        error.add_note("\n".join([f"{kind}, {how}", *(path.read_text() for path in said)]))
        raise


def by_process(journal: Journal) -> Iterator[list[str]]:
    """Yield what each process has written."""
    for process in sorted(journal.processes("set up")):
        yield [word for writer, word in journal.lines() if writer == process]


def only(words: list[str], *chosen: str) -> list[str]:
    """Return those of *words* that are among the *chosen*."""
    return [word for word in words if word in chosen]


def test_s68_the_end_takes_no_longer_than_the_graces(ends: Ends) -> None:
    """S68: What is idle ends at once, what is busy within its grace, what is stuck behind both."""
    for (kind, how), end in ends.items():
        for words in end.workers:
            took = [float(word.removeprefix("took ")) for word in words if word.startswith("took ")]
            stuck = SHUTDOWN_GRACE + (CANCEL_GRACE if kind == "async" else 0)
            least = {"idle": 0, "busy": 0.25, "heeds": SHUTDOWN_GRACE, "stuck": stuck}[how]
            assert len(took) == 1, (kind, how, words)
            # The loop's timer may come a little early, by the resolution of its clock.
            assert least - 0.01 <= took[0] < least + 1, (kind, how)
        assert end.took < SHUTDOWN_GRACE + CANCEL_GRACE + 1 + OF_THE_SERVER, (kind, how)


def test_s68_no_run_begins_once_the_scheduler_ends(ends: Ends) -> None:
    """S68: A task that is due 20 times a second has no run in the second of the others' grace."""
    for end in ends.values():
        for words in end.workers:
            # The probe says that the end has begun a few turns of the loop before the scheduler
            # stops: on a machine that has other work to do, these take their time.
            assert words[words.index("ending") :].count("beat") <= 5


def test_s69_what_is_cleaned_up_is_cleaned_up_before_the_teardown(ends: Ends) -> None:
    """S69: `finally` blocks have run, what they await included, when the application tears down."""
    for (kind, how), end in ends.items():
        cleaned = [] if how == "stuck" else ["finally", "cleaned up"]
        for words in end.workers:
            until = words[: words.index("teardown") + 1]
            found = only(until, "set up", "began", "finally", "cleaned up", "teardown")
            assert found == ["set up", "began", *cleaned, "teardown"], (kind, how)


def test_s70_what_is_left_behind_is_told_once(ends: Ends) -> None:
    """S70: A run that does not end is logged as abandoned, one that was cancelled as cancelled."""
    for (kind, how), end in ends.items():
        told = {"stuck": ["WARNING ostinato.run_abandoned"]}
        told["heeds"] = ["WARNING ostinato.run_cancelled"]
        for words in end.workers:
            warnings = [word for word in words if word.startswith(("WARNING", "ERROR"))]
            of_runs = [word for word in warnings if word != "WARNING ostinato.store_not_shared"]
            assert of_runs == told.get(how, []), (kind, how)


def test_s72_nothing_is_left_to_complain_about(ends: Ends) -> None:
    """S72: No warning, no traceback and no pending task, though every warning is an error."""
    for way, end in ends.items():
        complaints = [
            line
            for line in end.log.splitlines()
            if COMPLAINT.search(line) and not any(known in line for known in OF_UVICORN)
        ]
        assert complaints == [], way
        # uvicorn ends itself by the signal that it was sent.
        assert end.code in (0, -signal.SIGTERM), way


def test_s27_workers_that_share_no_store_are_warned_about(ends: Ends) -> None:
    """S27: Each of several workers says at its start that all of them run every tick."""
    for end in ends.values():
        told = [words.count("WARNING ostinato.store_not_shared") for words in end.workers]
        assert told in ([0], [1, 1])


PROGRAM = """
import sys
import uvicorn

if __name__ == "__main__":
    uvicorn.run("scheduled:app", host="127.0.0.1", port=int(sys.argv[1]), workers=2)
"""


@pytest.mark.parametrize(
    ("command", "environment"),
    [
        ((*COMMANDS["uvicorn"], "--workers=2"), {}),
        (COMMANDS["uvicorn"], {"WEB_CONCURRENCY": "2"}),
        ((*COMMANDS["granian"], "--workers", "2"), {}),
        ((*COMMANDS["hypercorn"], "-w", "2"), {}),
        ((*COMMANDS["gunicorn-uvicorn-worker"], "-w", "2"), {}),
        (COMMANDS["gunicorn-uvicorn-worker"], {"GUNICORN_CMD_ARGS": "--workers=2"}),
        (("program", "{port}"), {}),
    ],
    ids=["uvicorn", "variable", "granian", "hypercorn", "gunicorn", "gunicorn-variable", "program"],
)
def test_s27_however_the_workers_are_asked_for_they_are_warned_about(
    command: tuple[str, ...], environment: dict[str, str], tmp_path: Path
) -> None:
    """S27: The number of workers is found on the command line, in variables and in a program."""
    (tmp_path / "program.py").write_text(PROGRAM)
    ways = {"KIND": "async", "HOW": "idle", **environment}
    with serve(command, "scheduled:app", tmp_path, **ways) as server:
        warned = "WARNING ostinato.store_not_shared"

        eventually(lambda: len(server.journal.processes(warned)) == 2)

        assert server.journal.words().count(warned) == 2
