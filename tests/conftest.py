"""What every test shares: the event loops it runs on, and what is left out where."""

import ast
import gc
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.servers import Server, mariadb, pgbouncer, postgresql, redis

# No test fails because a machine is slow; on CI none fails by luck of the draw either.
settings.register_profile("ostinato", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("ostinato")

# No test leaves a state behind by accident: whoever wants the default store asks for it.
os.environ["OSTINATO_STORE"] = "memory://"

LEFT_OUT = pytest.StashKey[list[str]]()


@pytest.fixture(
    params=[
        pytest.param(("asyncio", {}), id="asyncio"),
        pytest.param(
            ("asyncio", {"use_uvloop": True}),
            id="uvloop",
            marks=pytest.mark.skipif(os.name == "nt", reason="there is no uvloop for Windows"),
        ),
    ]
)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Run every asynchronous test on asyncio's own loop and on uvloop's."""
    return request.param


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """Run PostgreSQL; a server that is missing fails its tests."""
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_address(postgresql_server: Server) -> str:
    """Return where PostgreSQL is."""
    return postgresql_server.address


@pytest.fixture(scope="session")
def pgbouncer_server(postgresql_server: Server) -> Iterator[Server]:
    """Run PgBouncer, before PostgreSQL."""
    with pgbouncer(postgresql_server) as server:
        yield server


@pytest.fixture(scope="session")
def pgbouncer_address(pgbouncer_server: Server) -> str:
    """Return where PgBouncer is."""
    return pgbouncer_server.address


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Server]:
    """Run MariaDB."""
    with mariadb() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_address(mariadb_server: Server) -> str:
    """Return where MariaDB is."""
    return mariadb_server.address


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run Redis, or Valkey."""
    with redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def redis_address(redis_server: Server) -> str:
    """Return where Redis is."""
    return redis_server.address


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to leave out tests that could run."""
    config.stash[LEFT_OUT] = []
    if config.getoption("--without-fastapi") and find_spec("fastapi"):
        raise pytest.UsageError("--without-fastapi was given, and FastAPI is installed")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the modules that import FastAPI, where it is not."""
    if not config.getoption("--without-fastapi") or collection_path.suffix != ".py":
        return None
    if not _imports_fastapi(collection_path):
        return None
    config.stash[LEFT_OUT].append(str(collection_path.relative_to(config.rootpath)))
    return True


def pytest_collection_finish() -> None:
    """Keep the collector off what lives as long as the session, which thousands of tests do."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the single tests that are marked to need FastAPI, where it is not."""
    if not config.getoption("--without-fastapi"):
        return
    needing = [item for item in items if item.get_closest_marker("needs_fastapi")]
    items[:] = [item for item in items if item not in needing]
    config.hook.pytest_deselected(items=needing)
    config.stash[LEFT_OUT].extend(item.nodeid for item in needing)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Name what was left out: nothing is skipped in silence."""
    if left_out := config.stash[LEFT_OUT]:
        terminalreporter.section("left out without FastAPI")
        terminalreporter.write_line("\n".join(sorted(left_out)))


def _imports_fastapi(path: Path) -> bool:
    """Tell whether the module at *path* imports FastAPI when it is imported itself."""
    names: list[str] = []
    for node in ast.parse(path.read_bytes()).body:
        match node:
            case ast.Import():
                names += [alias.name for alias in node.names]
            case ast.ImportFrom(module=str(module)):
                names.append(module)
    return any(name.partition(".")[0] == "fastapi" for name in names)
