"""The cases that compare schedulers: each subject with the Python that has its library."""

from pathlib import Path

from benchmarks._environments import environment
from benchmarks._harness import Case

__all__ = ["cases", "pythons"]

# cronsim is what the library itself needs; the others are what it is compared to.
_PEERS = (
    "aioclock==0.3.0",
    "aiocron==2.1",
    "apscheduler==3.11.3",
    "cronsim==2.8",
    "fastapi==0.165.0",
    "fastapi-utils==0.8.0",
    "scheduler==0.8.11",
    "typing-inspect",
    "uvicorn==0.54.0",
)
# It has the name of its predecessor, and needs sniffio, which anyio no longer brings.
_APSCHEDULER_4 = (
    "apscheduler==4.0.0a6",
    "fastapi==0.165.0",
    "sniffio==1.3.1",
    "uvicorn==0.54.0",
)

_TITLES = {
    "bare": "bare coroutine",
    "process": "ostinato, process",
    "memory": "ostinato, memory",
    "every_policy": "ostinato, every policy",
    "fastapi_utils": "fastapi-utils",
    "apscheduler3": "APScheduler 3",
    "apscheduler4": "APScheduler 4",
    "aioclock": "aioclock",
    "scheduler": "scheduler",
    "aiocron": "aiocron",
}


def pythons(version: str, found: Path) -> dict[str, Path]:
    """Return the Python that runs each subject, in an environment made with the one *found*."""
    own = environment(f"{version}-schedulers", found, *_PEERS)
    newer = environment(f"{version}-apscheduler-4", found, *_APSCHEDULER_4)
    return {name: newer if name == "apscheduler4" else own for name in _TITLES}


def cases(
    module: str,
    subjects: tuple[str, ...],
    executables: dict[str, Path],
    *arguments: str,
    limit: float | None = None,
) -> list[Case]:
    """Return a case for each of *subjects*.

    Args:
        module: Is started with the subject and the *arguments*.
        subjects: Their names; what the others are held against comes first.
        executables: Which Python runs each.
        arguments: What the module is told beside the subject.
        limit: After how many seconds a case is given up.
    """
    return [
        Case(_TITLES[name], (executables[name], "-m", module, name, *arguments), limit)
        for name in subjects
    ]
