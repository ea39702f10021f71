"""The project read as text and as syntax: what the tests of its shape look at."""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def sources() -> dict[str, ast.Module]:
    """Return the syntax of every module of the library, by its path below src/ostinato."""
    folder = ROOT / "src" / "ostinato"
    return {
        path.relative_to(folder).as_posix(): ast.parse(path.read_bytes())
        for path in sorted(folder.rglob("*.py"))
    }


@pytest.fixture(scope="session")
def tracked() -> dict[str, str]:
    """Return the text of every file that the repository holds, by its path."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8", errors="replace")
        for path in paths
        if path.is_file()
    }
