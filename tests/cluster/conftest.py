"""What the tests with real processes share: where workers come from, and on which stores."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.cluster.fleet import Fleet, Nursery

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


@pytest.fixture
def fleet(address: str, tmp_path: Path, nursery: Nursery) -> Generator[Fleet]:
    """Return a fleet, whose workers have not started, and of which none is left."""
    fleet = Fleet(address, tmp_path, nursery)
    yield fleet
    fleet.close()
