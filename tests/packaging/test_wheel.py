import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from zipfile import ZipFile

import pytest

FRAMEWORKS = {"aiosqlite", "anyio", "fastapi", "greenlet", "redis", "sqlalchemy", "starlette"}
PROCESSES = 15
CAP_IN_SECONDS = 0.1

TIME_OF_IMPORT = """
import asyncio, time
begun = time.perf_counter()
import ostinato
print(time.perf_counter() - begun)
"""


def test_the_wheel_holds_the_package_its_types_and_its_licence(library: Path):
    """A type checker finds py.typed, and nothing but the package is installed."""
    names = ZipFile(library).namelist()

    assert "ostinato/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"ostinato"}


def test_the_drop_in_gives_upstreams_names_to_our_functions(replaced: Callable[..., str]):
    """A program's imports from fastapi_utils go on working, and reach this library."""
    program = (
        "from fastapi_utils.session import FastAPISessionMaker as M\n"
        "from fastapi_utils.tasks import repeat_every as r\n"
        "import ostinato.session\n"
        "print(M is ostinato.session.FastAPISessionMaker, r is ostinato.repeat_every)\n"
    )

    assert replaced("-c", program).split() == ["True", "True"]


def test_importing_the_library_imports_no_framework(alone: Callable[..., str]):
    """Only who uses a framework pays for it."""
    loaded = json.loads(
        alone("-c", "import json, sys, ostinato; print(json.dumps([*sys.modules]))")
    )

    assert FRAMEWORKS & {name.partition(".")[0] for name in loaded} == set()


def test_importing_the_library_takes_a_moment(
    alone: Callable[..., str], capsys: pytest.CaptureFixture[str]
):
    """What `import ostinato` adds to a program that uses asyncio is printed, and never 100 ms."""
    alone("-c", "import ostinato")  # The first import compiles; what users wait for is the others.

    figures = [float(alone("-c", TIME_OF_IMPORT)) for _ in range(PROCESSES)]
    figure = median(figures)

    with capsys.disabled():
        print(
            f"\nimport ostinato: {figure * 1000:.1f} ms over importing asyncio"
            f" (median of {PROCESSES} fresh processes)"
        )
    # Of a busy machine the quickest tells most.
    assert min(figures) < CAP_IN_SECONDS
