"""What a user gets: the built distributions, in an environment with nothing else."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., str]


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave these to the matrix's session `packaging`, which builds what they test."""
    return True if config.getoption("--wheels") is None else None


@pytest.fixture(scope="session")
def wheels(pytestconfig: pytest.Config) -> list[Path]:
    """Return the wheels that were built from the repository."""
    return sorted(pytestconfig.getoption("--wheels").glob("*.whl"))


@pytest.fixture(scope="session")
def library(wheels: list[Path]) -> Path:
    """Return the wheel of the library itself."""
    (wheel,) = [wheel for wheel in wheels if wheel.name.startswith("ostinato-")]
    return wheel


@pytest.fixture(scope="session")
def drop_in(wheels: list[Path]) -> Path:
    """Return the wheel of the second distribution, which has upstream's import names."""
    (wheel,) = [wheel for wheel in wheels if wheel.name.startswith("ostinato_fastapi_utils-")]
    return wheel


@pytest.fixture(scope="session")
def replaced(library: Path, drop_in: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Install both wheels as upstream's user would; return how to run Python there."""
    return install([library, drop_in, "fastapi"], tmp_path_factory.mktemp("replaced"))


@pytest.fixture(scope="session")
def alone(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Install the library's wheel with what it depends on; return how to run Python there."""
    return install([library], tmp_path_factory.mktemp("alone"))


def install(requirements: list[Path | str], folder: Path) -> Run:
    """Make an environment in *folder* with *requirements*; return how to run Python there."""
    subprocess.run(["uv", "venv", "--quiet", folder], check=True)
    python = next(
        path for path in (folder / "bin/python", folder / "Scripts/python.exe") if path.exists()
    )
    subprocess.run(
        ["uv", "pip", "install", "--quiet", "--python", python, *map(str, requirements)], check=True
    )

    def run(*arguments: str) -> str:
        ended = subprocess.run(
            [python, "-I", *arguments], cwd=folder, check=True, stdout=subprocess.PIPE, text=True
        )
        return ended.stdout

    return run
