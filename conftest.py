"""The documentation is tested: every example in the pages and in the docstrings runs."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from _pytest._code import Traceback
from sybil import Sybil
from sybil.integration.pytest import SybilItem
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser

_PAGES = Sybil(
    name="pages",
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README.md", "docs/*.md", "docs/**/*.md"],
    fixtures=["scratch_folder"],
)
_DOCSTRINGS = Sybil(
    name="docstrings",
    parsers=[DocTestParser()],
    patterns=["src/**/*.py"],
    fixtures=["scratch_folder"],
)


def _whole_traceback(_item: SybilItem, error: pytest.ExceptionInfo[BaseException]) -> Traceback:
    """Show every frame: Sybil's own filter breaks the run where an error has none of its frames."""
    return error.traceback


SybilItem._traceback_filter = _whole_traceback  # type: ignore[assignment, method-assign] # noqa: SLF001 - as above

pytest_collect_file = (_PAGES + _DOCSTRINGS).pytest()


@pytest.fixture(scope="module")
def scratch_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Let a page that opens `./test.db` leave no file in the checkout."""
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder
    from ostinato import _declared  # noqa: PLC0415 - tests of the built wheel run where it is not

    # What a page only declares is no mistake that the report at exit should name.
    _declared._unstarted.clear()  # noqa: SLF001 - no program has a reason to do this


def pytest_report_header() -> str:
    """Say which frameworks are tested, for the sessions that leave their versions open."""
    found = []
    for name in ("fastapi", "starlette", "sqlalchemy", "anyio", "uvicorn"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return "frameworks: " + ", ".join(found)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name what the matrix tells its test sessions."""
    group = parser.getgroup("ostinato")
    group.addoption(
        "--without-fastapi",
        action="store_true",
        help="FastAPI is not installed: leave out, and name, the tests that need it",
    )
    group.addoption(
        "--wheels",
        type=Path,
        metavar="FOLDER",
        help="run tests/packaging against the distributions in FOLDER",
    )
    group.addoption(
        "--random-crons",
        type=int,
        default=2_000,
        metavar="N",
        help="judge N random cron expressions (default: 2,000); each N draws others",
    )
    group.addoption(
        "--leak-runs",
        type=int,
        default=20_000,
        metavar="N",
        help="look for leaks over N runs (default: 20,000), and over N / 100 starts and stops",
    )
    group.addoption(
        "--kills",
        type=int,
        default=4,
        metavar="N",
        help="kill N workers of four that share a store, one after the other (default: 4)",
    )
    group.addoption(
        "--race-ticks",
        type=int,
        default=100,
        metavar="N",
        help="let eight processes race for N ticks in all (default: 100), on one row and on twenty",
    )
    group.addoption(
        "--simulation-seeds",
        type=int,
        default=5_000,
        metavar="N",
        help="simulate N histories of workers that share a store (default: 5,000)",
    )
    group.addoption(
        "--simulation-seed",
        type=int,
        metavar="SEED",
        help="simulate the history of SEED alone, one that has failed",
    )
    group.addoption(
        "--fleet-seeds",
        type=int,
        default=200,
        metavar="N",
        help="simulate N histories of real workers that share a store (default: 200)",
    )
    group.addoption(
        "--fleet-seed",
        type=int,
        metavar="SEED",
        help="simulate the history of real workers of SEED alone, one that has failed",
    )
    group.addoption(
        "--model",
        default="3,5,2",
        metavar="WORKERS,TICKS,CRASHES",
        help="check the model of the protocol for so many (default: 3,5,2)",
    )
    group.addoption(
        "--herd",
        type=int,
        default=100,
        metavar="N",
        help="let N tasks be due at once (default: 100), for 4 workers, or 16 from 1,000 on",
    )
    group.addoption(
        "--every-store",
        action="store_true",
        help="show on all stores what is the engine's, too: by default on SQLite and PostgreSQL",
    )
    group.addoption(
        "--write-pictures",
        action="store_true",
        help="put the pictures that tests have taken in the place of those in docs/images",
    )
