#!/usr/bin/env python3
"""The project's one door: set up, try out and test, with Python 3.11+ and nothing else.

python3 dev.py demo          run four workers with a dozen tasks, and look at their dashboard
python3 dev.py example       run the example and watch expired tokens vanish
python3 dev.py test          run every check of the project
python3 dev.py lint          run one session of the matrix: lint, types, tests, oldest, ...
python3 dev.py tests -k NAME run one session with arguments for pytest
python3 dev.py mutation      change the pure core in 1,600 places, and see if tests notice
python3 dev.py setup         make .venv ready for daily work
python3 dev.py pin           renew constraints.txt with the newest versions
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python still gets as far as this line
    sys.exit("ostinato needs Python 3.11 or newer, and this is " + sys.version.split()[0])

import os
from pathlib import Path
from threading import Thread

from tools import system
from tools.environment import Environment
from tools.pythons import SUPPORTED, find_pythons
from tools.report import fail, step

ROOT = Path(__file__).resolve().parent
EXAMPLE = "examples/expired_tokens/demo.py"
IN_CI = os.environ.get("CI") == "true"
SESSIONS = (
    *("lint", "types", "tests", "servers", "processes", "calendar", "endurance"),
    *("newest", "oldest", "starlette", "coverage", "packaging", "mutation"),
)
# These start no browser and no server.
STATIC = ("lint", "types", "calendar", "packaging", "mutation")


def main(arguments: list[str]) -> int:
    """Do what the first of *arguments* names, with the others."""
    environment = Environment(ROOT)
    match arguments:
        case ["demo" | "example" as which, *rest]:
            system.require(system.FOR_ENVIRONMENT)
            environment.provide("demo")
            programs = {"demo": ("ostinato", "demo"), "example": ("python", EXAMPLE)}
            return environment.run(*programs[which], *rest)
        case ["test", *rest]:
            return matrix(environment, rest[1:] if rest[:1] == ["--"] else rest, system.FOR_TESTS)
        case ["setup"]:
            system.require(system.FOR_ENVIRONMENT)
            environment.provide("dev")
            return 0
        case ["pin"]:
            system.require(system.FOR_ENVIRONMENT)
            return environment.pin()
        case [session, *rest] if session in SESSIONS:
            needs = () if session in STATIC else system.FOR_TESTS
            return matrix(environment, ["-s", session, "--", *rest], needs)
    print(__doc__)
    return 0 if arguments[:1] in ([], ["help"], ["-h"], ["--help"]) else 2


def matrix(environment: Environment, arguments: list[str], needs: tuple[system.Need, ...]) -> int:
    """Run the matrix through nox with *arguments*, and say what could not be tested."""
    system.require(system.FOR_ENVIRONMENT, needs)
    pythons = find_pythons()
    missing = [version for version in SUPPORTED if version not in pythons]
    if missing and IN_CI:
        fail(f"every supported Python is tested here, and this machine has no {listed(missing)}")
    step("Pythons: " + ", ".join(f"{version} at {path}" for version, path in pythons.items()))
    environment.provide("matrix")
    # Asked for by name, nox takes the first on the PATH: these are the ones that were seen to run.
    path = [each.parent for each in pythons.values()]
    if arguments or os.cpu_count() == 1:
        code = environment.run("nox", *arguments, path=path)
    else:
        code = all_lanes(environment, path)
    if missing:
        step(f"Not tested, because it is not installed on this machine: {listed(missing)}")
    return code


def all_lanes(environment: Environment, path: list[Path]) -> int:
    """Run the whole matrix on two processors, and then add up what was covered."""
    current = f"{sys.version_info.major}.{sys.version_info.minor}"
    *others, last = SUPPORTED
    tests = [f"tests-{version}" for version in sorted({*others, current} - {last})]
    # Two of the four mostly wait, for processes and for servers: they cost the others little.
    behind = {
        "quiet": ["lint", "types", *tests, "newest", "calendar", "packaging"],
        "waiting": ["processes", "starlette"],
        "serving": ["servers", "oldest"],
    }
    logs = {name: ROOT / ".nox" / f"{name}-lane.log" for name in behind}
    (ROOT / ".nox").mkdir(exist_ok=True)
    codes: list[int] = []

    def run(name: str) -> None:
        codes.append(environment.run("nox", "-s", *behind[name], path=path, log=logs[name]))

    lanes = {name: Thread(target=run, args=(name,)) for name in behind}
    said = ", ".join(session for sessions in behind.values() for session in sessions)
    step(f"{said} run beside what follows; what they say comes behind it")
    for lane in lanes.values():
        lane.start()
    loud = [f"tests-{last}", "endurance"]
    codes.append(environment.run("nox", "-s", *loud, path=path))
    for name, lane in lanes.items():
        lane.join()
        sys.stdout.write(logs[name].read_text("utf-8", errors="replace"))
    codes.append(environment.run("nox", "-s", "coverage", path=path))
    return max(codes)


def listed(versions: list[str]) -> str:
    """Return *versions* as words: `Python 3.12, Python 3.13`."""
    return ", ".join(f"Python {version}" for version in versions)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
