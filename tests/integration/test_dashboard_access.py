"""Who may look at a scheduler over HTTP, and who may steer it."""

import sys
import threading
from collections.abc import Callable
from functools import partial

import anyio
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

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


@both
def test_s97_what_the_framework_refuses_has_the_same_headers(
    scheduler: Scheduler, mount: Mount
) -> None:
    """S97: nothing that is answered under the mount is sniffed, framed or kept."""
    with served(scheduler, mount) as client:
        refused = [
            (client.get("api/overview"), 401),
            (client.post("api/trigger", json={}, headers=READER), 403),
            (client.get("api/trigger", headers=OWNER), 405),
        ]
        if mount is in_starlette:
            refused.append((client.get("api/unknown", headers=OWNER), 404))

    for found, status in refused:
        assert found.status_code == status
        assert found.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in found.headers["content-security-policy"]
        assert found.headers["cache-control"] == "no-store"
    assert refused[0][0].headers["www-authenticate"] == "Bearer"
    assert refused[2][0].headers["allow"]


def test_s95_a_check_that_fails_lets_nobody_in(scheduler: Scheduler) -> None:
    """S95: the answer is JSON and tells nothing; the error is the server's, which logs it."""

    def check(_request: object) -> bool:
        raise LookupError("postgresql://me@db/users")

    app = in_starlette(scheduler, read=check, control=check)
    client = TestClient(app, "http://app/ostinato/", raise_server_exceptions=False)

    looked = client.get("api/overview")
    steered = client.post("api/trigger", json={"name": "tidy"}, headers=STEERING)

    for found in (looked, steered):
        assert (found.status_code, found.json()["error"]["code"]) == (500, "failed")
        assert "db" not in found.text
        assert found.headers["x-content-type-options"] == "nosniff"
    with pytest.raises(LookupError):
        TestClient(app, "http://app/ostinato/").get("api/overview")


def test_a_check_that_waits_holds_up_nobody(scheduler: Scheduler) -> None:
    """A plain function is called in a thread; a coroutine function on the event loop."""
    threads: list[int] = []

    def waits(_request: object) -> bool:
        threads.append(threading.get_ident())
        return True

    async def awaits(request: object) -> bool:
        return waits(request)

    class Awaits:
        async def __call__(self, request: object) -> bool:
            return waits(request)

    for check in (waits, awaits, partial(awaits), Awaits()):
        with served(scheduler, read=check) as client:
            assert client.get("api/health").status_code == 200
            assert client.portal is not None
            threads.append(client.portal.call(threading.get_ident))

    beside, loop = threads[::2], threads[1::2]
    assert [one == other for one, other in zip(beside, loop, strict=True)] == [
        *(False, True, True, True)
    ]


@both
def test_who_goes_away_while_asking_leaves_no_error(scheduler: Scheduler, mount: Mount) -> None:
    """The body of a request comes to its end, or its sender does."""
    sent: list[object] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    headers = {name.lower().encode(): value.encode() for name, value in STEERING.items()}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "server": ("app", 80),
        "client": ("test", 1),
        "root_path": "",
        "method": "POST",
        "path": "/ostinato/api/trigger",
        "raw_path": b"/ostinato/api/trigger",
        "query_string": b"",
        "headers": list(headers.items()),
    }

    anyio.run(mount(scheduler), scope, receive, send)

    assert sent


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
