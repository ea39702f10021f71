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


# What these show, they show of the engine, which knows of a store that it is shared.
_OF_THE_ENGINE = ("test_sharing.py", "test_herds.py", "_s68_", "_less_than_", "_blocked_")
_LEFT = ("[mariadb]", "[redis]")
# A transaction of ten questions that take a second each.
_SLOW = "test_s80_a_slow_server_costs_no_lease[mariadb]"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Show what is the engine's, or slow, on two of the stores, unless all are asked for."""
    if config.getoption("--every-store"):
        return
    left = [
        item
        for item in items
        if item.nodeid.startswith("tests/cluster/")
        and item.nodeid.endswith(_LEFT)
        and any(each in item.nodeid for each in (*_OF_THE_ENGINE, _SLOW))
    ]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]
