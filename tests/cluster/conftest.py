"""What the tests with real processes share: where workers come from, and on which stores."""

from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest

from tests.cluster.fleet import Fleet, Nursery
from tests.support.servers import Server

STORES = ("sqlite", "postgresql", "mariadb", "redis")


@pytest.fixture(scope="session")
def nursery() -> Generator[Nursery]:
    """Return where workers come from."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture(params=STORES)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where a store is: one of each kind, one after the other."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state.db"
    return str(request.getfixturevalue(f"{request.param}_address"))


@pytest.fixture(params=[each for each in STORES if each != "sqlite"])
def server(request: pytest.FixtureRequest) -> Server:
    """Return a server, which tests may end, and begin again."""
    return cast("Server", request.getfixturevalue(f"{request.param}_server"))


@pytest.fixture
def fleet_at(tmp_path: Path, nursery: Nursery) -> Generator[Callable[[str], Fleet]]:
    """Return what makes a fleet at an address."""
    with ExitStack() as stack:

        def fleet_at(address: str) -> Fleet:
            fleet = Fleet(address, tmp_path, nursery)
            stack.callback(fleet.close)
            return fleet

        yield fleet_at


@pytest.fixture
def fleet(address: str, fleet_at: Callable[[str], Fleet]) -> Fleet:
    """Return a fleet, whose workers have not started, and of which none is left."""
    return fleet_at(address)


@pytest.fixture
def herd(request: pytest.FixtureRequest) -> int:
    """Return how many tasks are due at once."""
    return int(request.config.getoption("--herd"))
