"""The servers that stores are tested on: one that is missing fails its tests."""

from collections.abc import Iterator

import pytest

from tests.support.servers import mariadb, postgresql


@pytest.fixture(scope="session")
def postgresql_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run PostgreSQL, and return where."""
    with postgresql(tmp_path_factory.mktemp("postgresql")) as address:
        yield address


@pytest.fixture(scope="session")
def mariadb_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run MariaDB, and return where."""
    with mariadb(tmp_path_factory.mktemp("mariadb")) as address:
        yield address
