"""Hostile texts in the HTTP API: they are stored as they are, and do nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from ostinato import Scheduler
from tests.integration.dashboards import OWNER, STEERING, in_fastapi, in_starlette, served
from tests.support.cross_site import CROSS_SITE
from tests.support.hostile import MARKUP, PATHS, STATEMENTS

both = pytest.mark.parametrize(
    "mount", [pytest.param(in_fastapi, marks=pytest.mark.needs_fastapi), in_starlette]
)


async def nothing() -> None: ...


def test_s97_markup_stays_what_it_is() -> None:
    """S97: 500 names, messages and reasons arrive verbatim, and no byte of them opens a tag."""
    assert len(set(MARKUP)) == 500
    scheduler = Scheduler("memory://", enabled=True)
    for number, markup in enumerate(MARKUP):

        async def failing(markup: str = markup) -> None:
            raise ValueError(markup)

        scheduler.cron("0 0 1 1 *", name=f"{number} {markup}"[:150])(failing)

    with served(scheduler) as client:
        for task in scheduler.tasks:
            run = client.post("api/trigger", headers=STEERING, json={"name": task})
            assert run.status_code == 200
        response = client.get("api/tasks", headers=OWNER)
        runs = client.get("api/runs?limit=500", headers=OWNER)
        body = {"name": f"0 {MARKUP[0]}", "reason": MARKUP[1]}
        paused = client.post("api/pause", headers=STEERING, json=body)
        refused = client.get("api/task", params={"name": MARKUP[2]}, headers=OWNER)

    found = response.json()
    assert [task["name"] for task in found] == [
        f"{number} {markup}"[:150] for number, markup in enumerate(MARKUP)
    ]
    assert [task["last_run"]["error"] for task in found] == [f"ValueError: {m}" for m in MARKUP]
    assert paused.json()["reason"] == MARKUP[1]
    for each in (response, runs, paused, refused):
        assert b"<" not in each.content
        assert each.headers["content-type"] == "application/json"
        assert each.headers["x-content-type-options"] == "nosniff"
        assert "unsafe" not in each.headers["content-security-policy"]


def test_s100_statements_are_stored_verbatim(tmp_path: Path) -> None:
    """S100: 300 pieces of SQL as names, reasons, ids and cursors harm no table."""
    assert len(set(STATEMENTS)) == 300
    scheduler = Scheduler(f"sqlite:///{tmp_path}/state.db", enabled=True)
    for statement in STATEMENTS:
        scheduler.cron("0 0 1 1 *", name=statement)(nothing)

    with served(scheduler) as client:
        for statement in STATEMENTS:
            body = {"name": statement, "reason": statement}
            assert client.post("api/pause", headers=STEERING, json=body).status_code == 200
        for statement in STATEMENTS[::10]:
            cursor = client.get("api/runs", params={"before": statement}, headers=OWNER)
            unknown = client.get("api/run", params={"id": statement}, headers=OWNER)
            assert (cursor.status_code, unknown.status_code) == (422, 404)
        found = client.get("api/tasks", headers=OWNER).json()

    assert [(task["name"], task["reason"]) for task in found] == [(s, s) for s in STATEMENTS]
    assert {task["state"] for task in found} == {"paused"}


@both
def test_s100_no_path_leads_out_of_the_page(mount: Callable[..., Starlette]) -> None:
    """S100: 200 ways up the tree, decoded as servers do it, find nothing."""
    assert len(set(PATHS)) == 200
    app = mount(Scheduler("memory://"))

    for path in PATHS:
        status, body = anyio.run(_got, app, f"/ostinato/static/{path}")
        # There is no such route, or no such file.
        assert status == 404, path
        assert b"root:" not in body


async def _got(app: Starlette, path: str) -> tuple[int, bytes]:
    """Return what *app* answers to *path* as it stands: no client has tidied it up."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "server": ("app", 80),
        "client": ("test", 1),
        "root_path": "",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"app"), (b"authorization", b"owner")],
    }
    with anyio.fail_after(10):
        await app(scope, receive, send)
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:])


@both
def test_s96_another_site_steers_nothing_with_the_cookie_of_the_user(
    mount: Callable[..., Starlette],
) -> None:
    """S96: 100 requests carry the cookie of somebody who is logged in; no run comes of them."""
    scheduler = Scheduler("memory://", enabled=True)
    runs: list[str] = []

    @scheduler.cron("0 0 1 1 *", name="tidy")
    async def tidy() -> None:
        runs.append("tidy")

    async def by_cookie(request: Request) -> bool:
        return request.cookies.get("session") == "owner"

    def depended() -> list[object]:
        from fastapi import Depends, HTTPException

        async def check(request: Request) -> None:
            if not await by_cookie(request):
                raise HTTPException(401)

        return [Depends(check)]

    check = depended() if mount is in_fastapi else by_cookie
    body = b'{"name": "tidy"}'
    with served(scheduler, mount, read=check, control=check) as client:
        client.cookies.set("session", "owner")
        for headers in CROSS_SITE:
            response = client.post("api/trigger", content=body, headers=headers)
            assert response.status_code in {403, 415}, headers
            # Nor may the other site read what was answered.
            assert not [name for name in response.headers if name.startswith("access-control")]
        assert runs == []

        own = {"X-Ostinato": "1", "Content-Type": "application/json", "Origin": "http://app"}
        assert client.post("api/trigger", content=body, headers=own).status_code == 200
        assert client.get("api/trigger", params={"name": "tidy"}).status_code == 405
    assert runs == ["tidy"]
