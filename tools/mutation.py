"""Mutation testing: change the pure core in one place at a time, and see whether a test notices.

`python3 dev.py mutation` tries all mutants of every part, `python3 dev.py mutation agenda` those of
one; `--only _zone.py:83` those whose label has this in it. Nothing is written: each mutant lives in
a process of its own, which imports it in place of the module and runs the tests that reach its
line.
"""

import argparse
import ast
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType

import pytest

from tools.mutants import Mutant, compiled, mutants_of
from tools.trial import Changed, Chosen, Reach, in_a_process, measured, run_pytest

__all__ = ["main"]

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "ostinato"
ASKED = 90
LONGEST = 30.0
MOST_MEMORY = 4 << 30
# What the tests need of others.
PRELOADED = (
    *("_hypothesis_pytestplugin", "anyio.pytest_plugin", "cronsim", "fastapi", "hypothesis"),
    *("hypothesis.strategies", "pytest_timeout", "sqlalchemy", "sybil.integration.pytest"),
    *("sybil.parsers.markdown", "sybil.parsers.rest"),
)


@dataclass(frozen=True)
class Part:
    """Some modules, and the tests that are to kill their mutants."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]


PARTS = {
    "schedules": Part(
        ("schedules/*.py",),
        ("tests/unit/schedules", "tests/properties/test_schedule_laws.py"),
    ),
    "missed": Part(
        ("_engine/_missed.py",),
        ("tests/unit/engine/test_missed.py", "tests/properties/test_missed_laws.py"),
    ),
    "ticks": Part(
        ("_engine/_ticks.py",),
        ("tests/unit/engine/test_ticks.py", "tests/properties/test_missed_laws.py"),
    ),
    "agenda": Part(("_engine/_agenda.py",), ("tests/unit/engine/test_agenda.py",)),
    "execute": Part(("_engine/_execute.py",), ("tests/unit/tasks",)),
}


def main(arguments: list[str]) -> int:
    """Try the mutants that the *arguments* ask for; return 0 where enough were killed."""
    parser = argparse.ArgumentParser(prog="dev.py mutation", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument(
        *("--only", "-o"),
        action="append",
        default=[],
        help="only mutants whose label contains this; may be given several times",
    )
    wish = parser.parse_args(arguments)
    if unknown := set(wish.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(unknown)}")
    # What every child needs is imported once; of ostinato nothing may be.
    for name in PRELOADED:
        import_module(name)
    if "ostinato" in sys.modules:
        sys.exit("ostinato is imported already, and no child would see its mutant")
    with TemporaryDirectory() as folder:
        sys.dont_write_bytecode, sys.pycache_prefix = False, folder
        shares = [_try_part(name, wish.only) for name in wish.parts or PARTS]
    return 0 if wish.only or min(shares) >= ASKED else 1


def _try_part(name: str, only: list[str]) -> float:
    """Try the mutants of the part *name* and return how many percent of them were killed."""
    part, begun = PARTS[name], time.monotonic()
    files = [file for pattern in part.modules for file in sorted(SOURCE.glob(pattern))]
    reach = measured(files, part.tests)
    print(f"{name}: {len(reach.seconds)} tests, {sum(reach.seconds.values()):.0f} s", flush=True)
    tried = killed = 0
    for file in files:
        found = [_try_mutant(*each, file, reach) for each in _wanted(file, only)]
        tried, killed = tried + len(found), killed + sum(found)
        print(f"  {file.name}: {sum(found)} of {len(found)} killed", flush=True)
    share = 100 * killed / tried if tried else 100.0
    minutes = (time.monotonic() - begun) / 60
    print(
        f"{name}: {killed} of {tried} killed ({share:.1f} %), in {minutes:.1f} minutes", flush=True
    )
    return share


def _wanted(file: Path, only: list[str]) -> Iterator[tuple[ast.Module, Mutant]]:
    tree = ast.parse(file.read_bytes())
    for mutant in mutants_of(tree):
        if not only or any(part in f"{file.name}:{mutant.label}" for part in only):
            yield tree, mutant


def _try_mutant(tree: ast.Module, mutant: Mutant, file: Path, reach: Reach) -> bool:
    """Return whether a test notices the *mutant*; tell of one that survives."""
    try:
        code = compiled(tree, mutant, str(file))
    except SyntaxError:
        return True
    tests = reach.of(file, mutant.lines)
    if not tests or _outcome(file, code, tests, reach) == pytest.ExitCode.OK:
        print(f"  survived: {file.name}:{mutant.label}", flush=True)
        return False
    return True


def _outcome(file: Path, code: CodeType, tests: list[str], reach: Reach) -> int | None:
    """Run the *tests* with *code* in place of *file*; return how, or None where they do not end."""
    module = ".".join(file.relative_to(SOURCE.parent).with_suffix("").parts)
    module = module.removesuffix(".__init__")

    def run() -> int:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        sys.meta_path.insert(0, Changed(module, file, code))
        files = sorted({test.partition("::")[0] for test in tests})
        return run_pytest(files, Chosen(tests))

    ended = in_a_process(run, min(LONGEST, 4 + 4 * sum(reach.seconds[each] for each in tests)))
    if ended == pytest.ExitCode.NO_TESTS_COLLECTED:
        sys.exit(f"none of these tests is there: {', '.join(tests)}")
    return ended


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
