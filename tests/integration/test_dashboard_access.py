"""Who may look at a scheduler over HTTP, and who may steer it."""

import sys
from collections.abc import Callable

import pytest
from starlette.applications import Starlette

from ostinato import (
    ArgumentTypeError,
    Scheduler,
    UnmetRequirementError,
    UnprotectedDashboardError,
)
from tests.integration.dashboards import (
    OWNER,
    READER,
    STEERING,
    in_fastapi,
    in_starlette,
    served,
)

GETS = ["", "api/overview", "api/tasks", "api/task?name=tidy", "api/runs"]
POSTS = ["trigger", "pause", "resume", "reschedule", "cancel", "backfill"]

both = pytest.mark.parametrize(
    "mount", [pytest.param(in_fastapi, marks=pytest.mark.needs_fastapi), in_starlette]
)
Mount = Callable[..., Starlette]


@pytest.fixture
def scheduler() -> Scheduler:
    """Return a scheduler with one task."""
    scheduler = Scheduler("memory://", enabled=True)

    @scheduler.every(hours=1, name="tidy")
    async def tidy() -> None: ...

    return scheduler


@both
def test_s95_nobody_looks_and_nobody_steers_without_being_let_in(
    scheduler: Scheduler, mount: Mount
) -> None:
    """S95: Every path asks first, and a reader steers nothing; what exists is not given away."""
    with served(scheduler, mount) as client:
        for path in [*GETS, "api/task?name=unknown", "api/health", "static/unknown"]:
            assert client.get(path).status_code == 401
        for path in POSTS:
            for name in ("tidy", "unknown"):
                body = {"name": name}
                unknown = client.post(f"api/{path}", json=body, headers={"X-Ostinato": "1"})
                reader = client.post(
                    f"api/{path}", json=body, headers={**READER, "X-Ostinato": "1"}
                )
                assert (unknown.status_code, reader.status_code) == (401, 403)
            # Not even that it cannot be read.
            assert client.post(f"api/{path}", content=b"{").status_code == 401
        assert [client.get(path, headers=READER).status_code for path in GETS] == [200] * len(GETS)
        assert (
            client.post("api/trigger", json={"name": "tidy"}, headers=STEERING).status_code == 200
        )


@both
def test_s95_there_is_nothing_to_steer_by_where_nobody_may(
    scheduler: Scheduler, mount: Mount
) -> None:
    """S95: Without `control` no such route exists, and the page is told so."""
    with (
        served(scheduler, mount, control=())
        if mount is in_fastapi
        else served(scheduler, mount, control=None) as client
    ):
        for path in POSTS:
            assert client.post(f"api/{path}", json={}, headers=STEERING).status_code == 404
        assert client.get("api/overview", headers=OWNER).json()["can_control"] is False


@both
def test_s95_what_everybody_could_read_is_not_mounted(scheduler: Scheduler, mount: Mount) -> None:
    """S95: Who forgets to say who may look is told at once, unless it is meant."""
    nobody = () if mount is in_fastapi else None

    with pytest.raises(UnprotectedDashboardError, match="insecure=True"):
        mount(scheduler, read=nobody)

    with served(scheduler, mount, read=nobody, control=nobody, insecure=True) as client:
        assert client.get("api/overview").status_code == 200


@both
def test_what_cannot_let_anybody_in_is_refused(scheduler: Scheduler, mount: Mount) -> None:
    """A function in the place of `Depends(function)`, and the other way round."""
    with pytest.raises(ArgumentTypeError, match="read="):
        mount(scheduler, read=[reads_nothing] if mount is in_fastapi else "everybody")
    with pytest.raises(ArgumentTypeError, match="redact="):
        mount(scheduler, redact="password")


def reads_nothing() -> None: ...


@pytest.mark.parametrize(
    ("name", "mounted"), [("fastapi", "router"), ("starlette", "asgi_dashboard")]
)
def test_a_framework_that_is_missing_is_named(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch, name: str, mounted: str
) -> None:
    """And what is missing beside it is told as it is."""
    for module in ("_fastapi", "_starlette", "_models"):
        monkeypatch.delitem(sys.modules, f"ostinato.dashboard.{module}", raising=False)
        monkeypatch.delattr(f"ostinato.dashboard.{module}", raising=False)
    for module in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UnmetRequirementError, match=name):
        getattr(scheduler, mounted)(insecure=True)
    monkeypatch.undo()
    monkeypatch.delitem(sys.modules, "ostinato.dashboard._starlette", raising=False)
    monkeypatch.setitem(sys.modules, "ostinato.dashboard._operations", None)
    with pytest.raises(ModuleNotFoundError, match="_operations"):
        scheduler.asgi_dashboard(insecure=True)


def test_s95_a_check_that_yields_is_refused(scheduler: Scheduler) -> None:
    """S95: What it makes is true, and its body never runs: it would let everybody in."""

    def check(_request: object) -> object:
        yield True

    for name in ("read", "control"):
        with pytest.raises(ArgumentTypeError, match=f"{name}="):
            scheduler.asgi_dashboard(**{"read": reads_nothing, name: check})


def test_what_is_neither_allowed_nor_refused_is_refused(scheduler: Scheduler) -> None:
    """A function that returns nothing lets nobody in; a response that it returns is sent."""
    from starlette.responses import RedirectResponse

    for nothing in (None, object(), "no", 1):
        with served(scheduler, in_starlette, read=lambda _request, n=nothing: n) as client:
            assert client.get("api/overview").status_code == 403
    with served(
        scheduler, in_starlette, read=lambda _request: RedirectResponse("/login")
    ) as client:
        assert client.get("api/overview", follow_redirects=False).headers["location"] == "/login"
