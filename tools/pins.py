"""The pinned versions of constraints.txt, whole or in part."""

import re
import tomllib
from pathlib import Path

__all__ = ["pins_of", "pins_without", "unpinned"]

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def pins_without(root: Path, *names: str, into: str) -> Path:
    """Write the pins of every package but *names* to a file in the folder *into*."""
    kept = [pin for pin in _pins(root) if _name(pin) not in names]
    return _written(kept, Path(into))


def pins_of(root: Path, group: str, *, into: str) -> Path:
    """Write the pins of the packages that the dependency *group* names to a file in *into*."""
    groups = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    names = {_name(requirement) for requirement in groups[group]}
    return _written([pin for pin in _pins(root) if _name(pin) in names], Path(into))


def unpinned(root: Path, installed: str) -> list[str]:
    """Return the lines of *installed*, as `pip freeze` prints them, that differ from the pins."""
    pinned = {_name(pin): pin.partition(";")[0].strip() for pin in _pins(root)}
    return [line for line in installed.splitlines() if pinned.get(_name(line), line) != line]


def _pins(root: Path) -> list[str]:
    return (root / "constraints.txt").read_text("utf-8").splitlines()


def _name(requirement: str) -> str:
    found = _NAME.match(requirement)
    return found[0].lower() if found else ""


def _written(pins: list[str], folder: Path) -> Path:
    path = folder.resolve() / "pins.txt"
    path.write_text("\n".join([*pins, ""]), "utf-8")
    return path
