"""Find the interpreters that the matrix runs on: those that start, wherever they lie."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["SUPPORTED", "find_pythons"]

SUPPORTED = ("3.11", "3.12", "3.13")

# The base executable: a virtual environment's own python may vanish with its folder.
_ASK = (
    "import json, sys; print(json.dumps("
    "['%d.%d' % sys.version_info[:2], getattr(sys, '_base_executable', sys.executable)]))"
)


def find_pythons() -> dict[str, Path]:
    """Return an executable for each supported Python that is installed and runs."""
    found: dict[str, Path] = {}
    for version in SUPPORTED:
        answers = (_base_executable(candidate, version) for candidate in _candidates(version))
        if executable := next((answer for answer in answers if answer), None):
            found[version] = executable
    return found


def _candidates(version: str) -> Iterator[Path]:
    """Yield the places where Python *version* may be, the likeliest first."""
    name = f"python{version}.exe" if os.name == "nt" else f"python{version}"
    yield Path(sys.executable)
    for folder in os.get_exec_path():
        yield Path(folder, name)
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for home in sorted(versions.glob(f"{version}.*"), key=_numbers, reverse=True):
        yield home / "bin" / name


def _base_executable(candidate: Path, version: str) -> Path | None:
    """Return what *candidate* says it runs on, or None where it is not *version* or fails."""
    if not candidate.is_file():
        return None
    try:
        # A shim may be there for a version that is not: only a run can tell.
        answer = subprocess.run(
            [candidate, "-I", "-c", _ASK], capture_output=True, check=True, timeout=20
        )
        answered, executable = json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Path(executable) if answered == version else None


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path.name)]
