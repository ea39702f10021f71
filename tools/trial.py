"""A trial: tests that are run in a process of their own, where one module may be another."""

import gc
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType, ModuleType

import coverage
import pytest
from hypothesis import settings

__all__ = ["Changed", "Chosen", "Reach", "in_a_process", "measured", "run_pytest"]

# A mutant is not seen by a process of its own; and these say nothing that shorter tests do not.
LEFT_OUT = (
    "uvloop",
    "a_million_ticks",
    "the_same_in_every_process",
    "zone_of_the_process",
    "a_year_of_hours",
    "a_thousand_failures",
)


@dataclass
class Reach:
    """Which tests run which lines, and how long each test takes.

    Attributes:
        seconds: Every test, with its duration.
        tests: The tests that run a line, by file and line; "" among them where importing runs it.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    tests: dict[str, dict[int, list[str]]] = field(default_factory=dict)

    def of(self, file: Path, lines: range) -> list[str]:
        """Return the tests that reach one of the *lines*, the fastest first."""
        known = self.tests.get(str(file), {})
        found = {test for line in lines for test in known.get(line, ())}
        chosen = self.seconds.keys() if "" in found else found & self.seconds.keys()
        return sorted(chosen, key=self.seconds.__getitem__)


class Chosen:
    """A pytest plugin that runs the *tests* alone, in their order."""

    def __init__(self, tests: Sequence[str]) -> None:
        """Run the *tests*."""
        self._order = {test: number for number, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out all others."""
        items[:] = [item for item in items if item.nodeid in self._order]
        items.sort(key=lambda item: self._order[item.nodeid])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """End at once where a test cannot even be imported."""
        if report.failed:
            os._exit(1)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """End at once where one fails."""
        if report.failed:
            os._exit(1)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """End without clearing up."""
        os._exit(exitstatus)


class Measured:
    """A pytest plugin that finds out what each test reaches."""

    def __init__(self, measure: coverage.Coverage) -> None:
        """Tell *measure* which test runs."""
        self.seconds: dict[str, float] = {}
        self._measure = measure

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what is left out here."""
        items[:] = [item for item in items if not any(name in item.nodeid for name in LEFT_OUT)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note what one test reaches."""
        self._measure.switch_context(item.nodeid)
        begun = time.perf_counter()
        result = yield
        self.seconds[item.nodeid] = time.perf_counter() - begun
        return result


class Changed(SourceFileLoader):
    """Finds and imports one module, from other code than that in its file."""

    def __init__(self, name: str, file: Path, code: CodeType) -> None:
        """Import *name*, which is in *file*, from *code*."""
        super().__init__(name, str(file))
        self._code = code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        """Claim the one module."""
        found = PathFinder.find_spec(fullname, path, target) if fullname == self.name else None
        if found is not None:
            found.loader = self
        return found

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the other code of *fullname*, which is the one module."""
        return self._code if fullname == self.name else None


def measured(files: list[Path], tests: tuple[str, ...]) -> Reach:
    """Run the *tests* on what is not changed; return which of them reach which lines of *files*.

    Raises:
        SystemExit: One of them failed.
    """
    with TemporaryDirectory() as folder:
        found = Path(folder) / "reach.json"

        def run() -> int:
            measure = coverage.Coverage(
                data_file=None, config_file=False, include=[str(file) for file in files]
            )
            plugin = Measured(measure)
            measure.start()
            code = run_pytest(tests, plugin)
            measure.stop()
            data = measure.get_data()
            reached = {str(file): data.contexts_by_lineno(str(file)) for file in files}
            found.write_text(json.dumps([plugin.seconds, reached]))
            return code

        if in_a_process(run, 600.0, is_quiet=False) != 0:
            sys.exit("the tests fail without a mutant")
        seconds, reached = json.loads(found.read_bytes())
    lines = {file: {int(line): names for line, names in of.items()} for file, of in reached.items()}
    return Reach(seconds, lines)


def run_pytest(tests: Sequence[str], plugin: object) -> int:
    """Run pytest, with few examples for each property, and the same for each mutant."""
    settings.register_profile(
        "mutation", max_examples=20, deadline=None, derandomize=True, database=None
    )
    quick = ("-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=mutation")
    # What pytest has rewritten it imports itself.
    return int(pytest.main([*quick, "--assert=plain", *tests], plugins=[plugin]))


def in_a_process(run: Callable[[], int], longest: float, *, is_quiet: bool = True) -> int | None:
    """Call *run* in a process of its own; return its exit code, or None where it takes too long."""
    sys.stdout.flush()
    # A full collection, of which tests ask for many, looks at what the child has made alone.
    gc.freeze()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        if is_quiet:
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nowhere, stream)
        code = 1
        try:
            code = run()
        finally:
            sys.stdout.flush()
            os._exit(code)
    until = time.monotonic() + longest
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None
