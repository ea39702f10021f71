"""The matrix: every check of the project, each in a fresh environment of its own.

`python3 dev.py test` runs all of it; `python3 dev.py test -- -s tests-3.12 -- -k jitter` runs one
session and hands pytest the arguments after the second `--`.
"""

import os
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))  # nox, started by its own name, does not look beside its file

from tools.pins import pins_of, pins_without, unpinned  # noqa: E402 - found by the line above
from tools.pythons import SUPPORTED  # noqa: E402 - as above

CURRENT = f"{sys.version_info.major}.{sys.version_info.minor}"
# Where none of the supported Pythons is the one at hand, that one is tried as well.
PYTHONS = sorted({*SUPPORTED, CURRENT}, key=lambda version: int(version.partition(".")[2]))
# The longest of all: how a scheduler ends in 77 processes.
SCHEDULER_SERVERS = "tests/integration/test_scheduler_servers*"
# Fleets of processes: they know their stores, and no framework.
CLUSTER_TESTS = "tests/cluster/*"
# What mostly waits, for processes to start, to end, to be missed.
PROCESS_TESTS = (
    CLUSTER_TESTS,
    SCHEDULER_SERVERS,
    "tests/integration/test_command_line*",
    "tests/integration/test_dashboard_looks*",
    "tests/integration/test_dashboard_picture*",
    "tests/integration/test_default_store*",
    "tests/integration/test_demo*",
    "tests/integration/test_silent_workers*",
    "tests/unit/stores/sql/test_schema*",
)
SERVER_TESTS = (
    "tests/contract/test_bad_starts*",
    "tests/contract/test_broken_connections*",
    "tests/contract/test_fences*",
    "tests/contract/test_mariadb*",
    "tests/contract/test_postgresql*",
    "tests/contract/test_pushes*",
    "tests/contract/test_redis*",
    "tests/integration/test_dashboard_page*",
    "tests/integration/test_expired_tokens*",
    "tests/integration/test_pushes*",
    "tests/integration/test_repeat_every_*",
)
# Judged minute by minute over decades of every zone: the answer knows no Python and no framework.
CALENDAR_TESTS = ("tests/properties/test_cron_changes*", "tests/properties/test_random_crons*")
# Asks the HTTP API by schemathesis, which only the session `endurance` has.
API_FUZZ = "tests/integration/test_dashboard_fuzz*"
# Thousands of runs, starts and declarations: what they show, they show on one Python.
ENDURANCE_TESTS = (
    API_FUZZ,
    "tests/integration/test_leaks*",
    "tests/model/*",
    "tests/properties/test_accounting_machine*",
    "tests/properties/test_declaration_fuzz*",
    "tests/properties/test_stores_machine*",
    "tests/simulation/test_protocol*",
    "tests/simulation/test_workers*",
)
# What knows of no framework, and so is the same without one.
PURE_TESTS = (
    "tests/contract/*",
    "tests/properties/*",
    "tests/unit/engine/*",
    "tests/unit/schedules/*",
    "tests/unit/stores/*",
)
# What knows of none, and of no database either; and what happens in a browser, whoever serves it.
FRAMELESS_TESTS = (
    "tests/integration/test_dashboard_page*",
    "tests/contract/test_broken_connections*",
    "tests/contract/test_mariadb*",
    "tests/contract/test_memory*",
    "tests/contract/test_mutants*",
    "tests/contract/test_pushes*",
    "tests/contract/test_redis*",
    "tests/properties/*",
    "tests/unit/engine/*",
    "tests/unit/schedules/*",
)
MEASURED = ROOT / ".nox" / "measured"
# The first Python and the last run on uvloop too; elsewhere asyncio's own loop shows the rest.
ONE_LOOP = ("-k", "not uvloop")
# Which tests take longest is said at the end: all of it has to be over in 20 minutes.
DURATIONS = ("--durations=15", "--durations-min=1")

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = os.environ.get("CI") == "true"


@nox.session
def lint(session: nox.Session) -> None:
    """Check form, names, imports, dependencies, spelling and the changelog's fragments."""
    install(session, "lint", "newest", pins=ROOT / "constraints.txt")
    session.run("ruff", "format", "--check", "--quiet", ".")
    session.run("ruff", "check", "--quiet", ".")
    session.run("lint-imports", "--no-logo", silent=True)
    session.run("deptry", "src", silent=True)
    session.run("typos")
    session.run("towncrier", "build", "--draft", "--version", "next", silent=True)


@nox.session
def types(session: nox.Session) -> None:
    """Check the types with three checkers; mypy is the gate, and reads the scripts too."""
    install(session, "types", "newest", "runner", "matrix", pins=ROOT / "constraints.txt")
    public = [path for path in ("src", "tests/typing") if has_python(path)]
    session.run("mypy", *public)
    session.run("mypy", "dev.py", "noxfile.py", "conftest.py", "tools")
    # One run each: every example is a program of its own, and two may both have an app.py.
    for folder in [*sorted(ROOT.glob("examples/*/")), *ROOT.glob("compat/src/")]:
        if has_python(folder):
            session.run("mypy", str(folder.relative_to(ROOT)))
    # Told where: it would ask an environment in `.venv` first, which may lack the frameworks.
    session.run("basedpyright", "--pythonpath", f"{session.bin}/python", *public)
    session.run("ty", "check", "--quiet", *public)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the suite and the documentation's examples on every supported Python."""
    install(session, "runner", "newest", pins=ROOT / "constraints.txt")
    # What a server process does is shown once, and once more with the oldest frameworks.
    others = (*SERVER_TESTS, *PROCESS_TESTS, *CALENDAR_TESTS, *ENDURANCE_TESTS)
    arguments = left_to_one(session, *others)
    if session.python == SUPPORTED[-1]:
        run_pytest(session, *arguments)
    else:
        # Measured on the last Python and, by `oldest`, on the first: what lies between has no line
        # of its own, and measured it takes half the time again.
        loops = () if session.python == SUPPORTED[0] else ONE_LOOP
        session.run("pytest", *DURATIONS, *loops, *arguments, *session.posargs)


@nox.session(python=SUPPORTED[-1])
def servers(session: nox.Session) -> None:
    """Run what needs servers of databases, of applications, and a browser."""
    install(session, "runner", "newest", pins=ROOT / "constraints.txt")
    run_pytest(session, *found(*SERVER_TESTS))


@nox.session(python=SUPPORTED[-1])
def processes(session: nox.Session) -> None:
    """Start servers and fleets of workers, and kill, stop, cut off and end them."""
    install(session, "runner", "newest", pins=ROOT / "constraints.txt")
    run_pytest(session, *found(*PROCESS_TESTS))


@nox.session(python=SUPPORTED[-1])
def calendar(session: nox.Session) -> None:
    """Judge the schedules over every change of every clock, unmeasured: that would take minutes."""
    install(session, "runner", "newest", pins=ROOT / "constraints.txt")
    session.run("pytest", *DURATIONS, *found(*CALENDAR_TESTS), *session.posargs)


@nox.session(python=SUPPORTED[-1])
def endurance(session: nox.Session) -> None:
    """Run, start, declare and steer again and again, unmeasured, and look for what is left over."""
    install(session, "runner", "newest", "api", pins=ROOT / "constraints.txt")
    session.run("pytest", *DURATIONS, *found(*ENDURANCE_TESTS), *session.posargs)


@nox.session
def newest(session: nox.Session) -> None:
    """Run the suite on the newest frameworks that exist today, pinned or not."""
    pins = pins_of(ROOT, "runner", into=session.create_tmp())
    install(session, "runner", "newest", pins=pins)
    installed = session.run("uv", "pip", "freeze", silent=True, log=False, external=True)
    if not (differing := unpinned(ROOT, str(installed))):
        session.log("The pinned versions are the newest: the sessions `tests` show this already.")
        return
    session.log(f"Not as pinned: {', '.join(differing)}")
    run_pytest(session, *left_to_one(session, API_FUZZ))


@nox.session(python=SUPPORTED[0])
def oldest(session: nox.Session) -> None:
    """Run the suite on the oldest frameworks that the project claims."""
    named = ("aiosqlite", "fastapi", "greenlet", "httpx", "sqlalchemy", "starlette")
    pins = pins_without(ROOT, *named, into=session.create_tmp())
    install(session, "runner", "oldest", pins=pins)
    # That Starlette knows AnyIO's classes by names which today's AnyIO deprecates.
    names = ("-W", "ignore:The anyio:DeprecationWarning")
    # Its test client leaves streams unclosed, which comes out wherever garbage is collected next.
    streams = ("-W", "ignore:Unclosed <MemoryObject:ResourceWarning")
    run_pytest(
        session,
        *names,
        *streams,
        *ONE_LOOP,
        *left_to_one(session, *PROCESS_TESTS, *FRAMELESS_TESTS, *ENDURANCE_TESTS),
    )


@nox.session
def starlette(session: nox.Session) -> None:
    """Run the suite where Starlette is installed and FastAPI is not."""
    install(session, "runner", "starlette", pins=ROOT / "constraints.txt")
    session.run(
        *("pytest", *DURATIONS),
        "--without-fastapi",
        *ONE_LOOP,
        *session.posargs,
        *left_to_one(session, *PROCESS_TESTS, *SERVER_TESTS, *PURE_TESTS, *ENDURANCE_TESTS),
        "tests",
    )


@nox.session
def coverage(session: nox.Session) -> None:
    """Add up what the sessions before this one have covered, and ask for all of it."""
    session.install("coverage", "-c", "constraints.txt")
    shown_by = ("oldest", "processes", "servers", f"tests-{SUPPORTED[-1]}")
    absent = [each for each in shown_by if not any(MEASURED.glob(f"data.{each}.*"))]
    total = {"COVERAGE_FILE": str(MEASURED / "data")}
    session.run("coverage", "combine", "--keep", "--quiet", str(MEASURED), env=total)
    if not absent:
        session.run("coverage", "report", env=total)
        return
    session.run("coverage", "report", "--fail-under=0", env=total)
    session.warn(f"The figure is not judged: {', '.join(absent)} have not been run.")


@nox.session(python=SUPPORTED[-1], default=False)
def mutation(session: nox.Session) -> None:
    """Change the pure core in one place at a time, and see whether a test notices; not for CI."""
    install(session, "runner", "newest", pins=ROOT / "constraints.txt")
    session.run("python", "-m", "tools.mutation", *session.posargs)


@nox.session
def packaging(session: nox.Session) -> None:
    """Build the distributions and test what a user gets: the wheels alone."""
    plugins = ("anyio", "hypothesis", "pytest-timeout", "sybil")
    session.install("pytest", *plugins, "uv", "-c", "constraints.txt")
    wheels = Path(session.create_tmp()).resolve() / "wheels"
    session.run("uv", "build", "--quiet", "--clear", "--out-dir", str(wheels), ".")
    if (ROOT / "compat").is_dir():
        session.run("uv", "build", "--quiet", "--out-dir", str(wheels), "compat")
    session.run("pytest", f"--wheels={wheels}", "tests/packaging", *session.posargs)


def left_to_one(session: nox.Session, *patterns: str) -> list[str]:
    """Return pytest's arguments that leave out *patterns*, and say which session has them."""
    sessions = "`calendar`, `endurance`, `processes` or `servers`"
    session.log(f"left to {sessions}, or to the newest frameworks: {' '.join(patterns)}")
    return [f"--ignore-glob={pattern}" for pattern in patterns]


def found(*patterns: str) -> list[str]:
    """Return the modules of tests that the *patterns* name, and nothing that they share."""
    paths = (path for pattern in patterns for path in sorted(ROOT.glob(pattern)))
    return [str(path) for path in paths if path.match("test_*.py")]


def install(session: nox.Session, *groups: str, pins: Path) -> None:
    """Install the project, editable, with the dependency *groups* at the versions in *pins*."""
    chosen = [argument for group in groups for argument in ("--group", group)]
    session.install("-e", ".[all]", *chosen, "-c", str(pins))


def run_pytest(session: nox.Session, *arguments: str) -> None:
    """Run pytest with *arguments* and the user's own, measuring branch coverage."""
    MEASURED.mkdir(parents=True, exist_ok=True)
    for stale in MEASURED.glob(f"data.{session.name}.*"):
        stale.unlink()
    # On 3.11 a tracer that follows greenlets may go round in one place for ever: at the end of a
    # thread it is told of that thread's greenlet, by what the interpreter waits for.
    follows = ("--concurrency=thread",) if session.python == "3.11" else ()
    session.run(
        *("coverage", "run", *follows, "-m", "pytest", *DURATIONS),
        *arguments,
        *session.posargs,
        env={"COVERAGE_FILE": str(MEASURED / f"data.{session.name}")},
    )


def has_python(path: str | Path) -> bool:
    """Tell whether there is a Python file at or below *path*."""
    return any((ROOT / path).rglob("*.py"))
