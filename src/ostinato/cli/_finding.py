"""From `module:attribute` to an application and its schedulers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ostinato._scheduler import Scheduler
from ostinato.asgi import schedulers_of
from ostinato.errors import AppNotFoundError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["Found", "find"]

_USUAL = ("main:app", "app:app", "app.main:app")


@dataclass(frozen=True, slots=True)
class Found:
    """What `--app` names.

    Attributes:
        app: The application whose lifespan counts; None: there is only a scheduler.
        scheduler: The one that is looked at.
        others: Those that the application runs beside it.
    """

    app: object | None
    scheduler: Scheduler
    others: tuple[Scheduler, ...] = ()


def find(wanted: str | None) -> Found:
    """Return what *wanted* names, `module:attribute` or a module alone.

    Raises:
        AppNotFoundError: There is no such module, nothing of that name in it, or no scheduler.
        Exception: Whatever importing the module raises.
    """
    if not wanted:
        problem = "no application is named"
        raise AppNotFoundError(None, problem, "pass --app main:app, or set OSTINATO_APP=main:app")
    name, _, attribute = wanted.partition(":")
    module = _module(wanted, name)
    if not attribute:
        return _only(wanted, module)
    found: object = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise AppNotFoundError(wanted, f"{name} has no {part!r}", _advice(part, dir(found)))
        found = getattr(found, part)
    return _of(wanted, found, module)


def _module(wanted: str, name: str) -> ModuleType:
    if not all(map(str.isidentifier, name.split("."))):
        remedy = f"write it like {_USUAL[0]}"
        raise AppNotFoundError(wanted, "it is no name of a module", remedy)
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing != name and not name.startswith(f"{missing}."):
            # It is there, and imports something that is not.
            raise
        remedy = _advice(name, _modules_here())
        raise AppNotFoundError(wanted, f"there is no module {name!r} here", remedy) from None


def _of(wanted: str, found: object, module: ModuleType) -> Found:
    if isinstance(found, Scheduler):
        return _beside(_app_of(found, module), found)
    schedulers = [each for each in schedulers_of(found) if isinstance(each, Scheduler)]
    # One that a lifespan of the user's own enters is in none of its lists.
    schedulers = schedulers or list(_schedulers_in(module).values())
    if not schedulers:
        remedy = "attach one, by scheduler.attach(app), or name the scheduler itself"
        raise AppNotFoundError(wanted, "no scheduler is attached to it", remedy)
    if len(schedulers) > 1:
        raise _ambiguous(wanted, module, schedulers)
    return _beside(found, schedulers[0])


def _beside(app: object | None, chosen: Scheduler) -> Found:
    """Return *chosen* with the other schedulers that the lifespan of *app* runs."""
    attached = () if app is None else schedulers_of(app)
    others = (each for each in attached if isinstance(each, Scheduler) and each is not chosen)
    return Found(app, chosen, tuple(others))


def _only(wanted: str, module: ModuleType) -> Found:
    """Return the scheduler of *module*, if it has one alone."""
    schedulers = list(_schedulers_in(module).values())
    if len(schedulers) == 1:
        return Found(_app_of(schedulers[0], module), schedulers[0])
    if schedulers:
        raise _ambiguous(wanted, module, schedulers)
    for name, value in vars(module).items():
        if schedulers_of(value):
            return _of(f"{wanted}:{name}", value, module)
    remedy = f"name the application in it, such as {module.__name__}:app"
    raise AppNotFoundError(wanted, "there is no scheduler in it", remedy)


def _app_of(scheduler: Scheduler, module: ModuleType) -> object | None:
    """Return the application in *module* that runs *scheduler*, for its lifespan."""
    for value in vars(module).values():
        if any(each is scheduler for each in schedulers_of(value)):
            return value  # type: ignore[no-any-return] # as it is
    return None


def _schedulers_in(module: ModuleType) -> dict[str, Scheduler]:
    found = {key: each for key, each in vars(module).items() if isinstance(each, Scheduler)}
    # Under two names it is one all the same.
    return {key: each for key, each in found.items() if key == _first(found, each)}


def _first(named: dict[str, Scheduler], wanted: Scheduler) -> str:
    return next(key for key, each in named.items() if each is wanted)


def _ambiguous(wanted: str, module: ModuleType, schedulers: list[Scheduler]) -> AppNotFoundError:
    names = [key for key, each in _schedulers_in(module).items() if each in schedulers]
    count = f"it has {len(schedulers)} schedulers"
    told = [f"{module.__name__}:{name}" for name in names] or ["the module and name of one"]
    return AppNotFoundError(wanted, count, f"pass one of them: {', '.join(told)}")


def _advice(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"write it like {_USUAL[0]}"


def _modules_here() -> list[str]:
    here = Path.cwd()
    found = [each.stem for each in here.glob("*.py")]
    found += [each.parent.name for each in here.glob("*/__init__.py")]
    found += [f"{each.parent.name}.{each.stem}" for each in here.glob("*/*.py")]
    return sorted(name for name in found if all(map(str.isidentifier, name.split("."))))
