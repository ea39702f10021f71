"""Look at an application for what its scheduler would not live with, and say so."""

import asyncio
import logging
from collections.abc import Iterator
from inspect import getclosurevars, unwrap
from itertools import islice
from typing import Any

from ostinato.observers._records import write_record

__all__ = [
    "is_served_from_here",
    "warn_of_ignored_handlers",
    "warn_of_late_attachment",
    "warn_of_lifespans_inside",
]

# As FastAPI names what joins the lifespan of an application with that of a router.
_MERGED = "_merge_lifespan_context.<locals>.merged_lifespan"


def warn_of_ignored_handlers(app: object) -> None:
    """Log that FastAPI passes over start-up and shut-down handlers where it is given a lifespan."""
    router: Any = getattr(app, "router", None)
    handlers = [*getattr(router, "on_startup", ()), *getattr(router, "on_shutdown", ())]
    if not handlers:
        return
    names = sorted({_name_of(each) for each in handlers})
    message = (
        "FastAPI calls no on_event handlers of an application with lifespan=..., here %s: use "
        "scheduler.attach(app) in the place of lifespan=scheduler.lifespan"
    )
    extra = {"ostinato_event": "ostinato.handlers_ignored", "handler_names": names}
    write_record(logging.WARNING, message, ", ".join(names), extra=extra)


def warn_of_lifespans_inside(app: object) -> None:
    """Log that FastAPI enters the lifespans of routers behind the one that it was given."""
    router: Any = getattr(app, "router", None)
    context: Any = getattr(router, "lifespan_context", None)
    # Inside that of another scheduler, which was attached.
    names = sorted({_name_of(each) for each in _inside(getattr(context, "inner", context))})
    if not names:
        return
    message = (
        "FastAPI starts what routers have as lifespans, here %s, when the tasks run already, and "
        "ends it while they still do: use scheduler.attach(app) in the place of "
        "lifespan=scheduler.lifespan"
    )
    extra = {"ostinato_event": "ostinato.lifespans_inside", "lifespan_names": names}
    write_record(logging.WARNING, message, ", ".join(names), extra=extra)


def warn_of_late_attachment() -> None:
    """Log that a scheduler was attached to an application that runs, and so will not start."""
    message = (
        "A scheduler was attached to an application that runs already: its tasks do not run. Call "
        "scheduler.attach(app) where the application is made"
    )
    extra = {"ostinato_event": "ostinato.attached_late"}
    write_record(logging.WARNING, message, extra=extra)


def is_served_from_here(app: object) -> bool:
    """Return whether *app* was called, and who asks is asynchronous: in it, most likely."""
    # The middleware is built by the first call of an application.
    if getattr(app, "middleware_stack", None) is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _inside(lifespan: object) -> Iterator[object]:
    """Yield the lifespans of routers that FastAPI enters behind the first one in *lifespan*."""
    return islice(_merged(lifespan), 1, None)


def _merged(lifespan: object) -> Iterator[object]:
    """Yield what FastAPI has merged into *lifespan*, in the order in which it is entered.

    It is kept in the closures of the functions that merge it, and nowhere else. That of a router
    which has no lifespan only calls its handlers, and is left out.
    """
    function: Any = unwrap(lifespan) if callable(lifespan) else None
    if getattr(function, "__qualname__", None) == _MERGED:
        found = getclosurevars(function).nonlocals
        yield from _merged(found.get("original_context"))
        yield from _merged(found.get("nested_context"))
    elif lifespan is not None and not hasattr(lifespan, "_router"):
        yield lifespan


def _name_of(called: object) -> str:
    return str(getattr(called, "__qualname__", type(called).__qualname__))
