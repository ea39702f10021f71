"""A scheduler behind its HTTP API, in an application of FastAPI's or of Starlette's alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.testclient import TestClient

from ostinato import Scheduler

READER, OWNER = {"Authorization": "reader"}, {"Authorization": "owner"}
# What a page sends along with what steers.
STEERING = {**OWNER, "X-Ostinato": "1"}


def reads(request: Request) -> bool:
    """Let readers and owners look; somebody unknown is told to log in."""
    who = request.headers.get("authorization")
    if who is None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    return who in {"reader", "owner"}


async def owns(request: Request) -> bool:
    """Let owners steer."""
    return reads(request) and request.headers["authorization"] == "owner"


def in_starlette(scheduler: Scheduler, **options: Any) -> Starlette:
    """Return an application of Starlette's with the dashboard at `/ostinato`."""
    app = Starlette(lifespan=scheduler.lifespan)
    app.mount("/ostinato", scheduler.asgi_dashboard(**{"read": reads, "control": owns, **options}))
    return app


def in_fastapi(scheduler: Scheduler, **options: Any) -> Starlette:
    """Return an application of FastAPI's with the dashboard at `/ostinato`."""
    from fastapi import Depends, FastAPI

    def read(request: Request) -> None:
        if not reads(request):
            raise HTTPException(403)

    async def control(request: Request) -> None:
        if not await owns(request):
            raise HTTPException(403)

    app = FastAPI(lifespan=scheduler.lifespan)
    options = {"read": [Depends(read)], "control": [Depends(control)], **options}
    app.include_router(scheduler.router(**options), prefix="/ostinato")
    return app


@contextmanager
def served(
    scheduler: Scheduler, mount: Callable[..., Starlette] = in_starlette, **options: Any
) -> Iterator[TestClient]:
    """Serve the API of *scheduler*; the client's addresses are relative to `/ostinato`."""
    with TestClient(mount(scheduler, **options), base_url="http://app/ostinato/") as client:
        yield client
