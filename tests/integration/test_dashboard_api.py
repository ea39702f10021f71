"""What the HTTP API answers: how tasks stand, what was, what comes, and what it steers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from ostinato import Scheduler, Scope, StoreError, StoreUnavailableError
from tests.integration.dashboards import OWNER, STEERING, in_starlette, served

SHAPES = {
    "overview": "Overview",
    "tasks": "Tasks",
    "task?name=tidy": "TaskWithPolicy",
    "upcoming?name=tidy&n=3": "Upcoming",
    "timeline": "Timeline",
    "runs?limit=2": "Runs",
    "workers": "Workers",
    "health": "Health",
}
HOUR = timedelta(hours=1)


@pytest.fixture
def scheduler(tmp_path: Path) -> Scheduler:
    """Return a scheduler over a file, of which one task succeeds and one fails."""
    scheduler = Scheduler(f"sqlite:///{tmp_path}/state.db", enabled=True)

    @scheduler.cron("0 * * * *", name="tidy", timeout=5, retry=3)
    async def tidy() -> None: ...

    @scheduler.cron("0 * * * *", name="a/b", scope=Scope.PROCESS)
    async def failing() -> None:
        raise ValueError("password=secret")

    @scheduler.cron("* * * * *", name="often")
    async def often() -> None: ...

    return scheduler


@pytest.fixture
def client(scheduler: Scheduler) -> Iterator[TestClient]:
    """Return a client of its API, who may steer."""
    with served(scheduler) as client:
        client.headers.update(OWNER)
        yield client


def steer(client: TestClient, operation: str, **body: object) -> Any:
    """Return what *operation* answers, which succeeds."""
    response = client.post(f"api/{operation}", headers=STEERING, json=body)
    assert response.status_code == 200, response.text
    return response.json()


def error_of(response: Any) -> tuple[int, str]:
    """Return the status and the code of a *response* that is no answer."""
    assert set(response.json()["error"]) == {"code", "message", "hint"}
    return response.status_code, response.json()["error"]["code"]


@pytest.mark.needs_fastapi
def test_everything_is_as_the_models_say(client: TestClient) -> None:
    """What OpenAPI tells of an answer is what the answer has, no more and no less."""
    from pydantic import TypeAdapter

    from ostinato.dashboard._models import MODELS

    runs = [steer(client, "trigger", name=name) for name in ("tidy", "a/b")]
    shapes = {**SHAPES, f"run?id={runs[0]['id']}": "Run"}
    for path, model in shapes.items():
        found = client.get(f"api/{path}").json()
        adapter = TypeAdapter(MODELS[model])
        again = adapter.dump_python(adapter.validate_python(found), by_alias=True)
        assert again == found, path


def test_a_task_tells_how_it_stands_and_what_its_policy_is(client: TestClient) -> None:
    """With its latest runs, its counts, and words for what happens when time slips."""
    steer(client, "trigger", name="tidy")
    steer(client, "pause", name="tidy", reason="the bank is closed", until="2100-01-01T00:00:00Z")

    task = client.get("api/task", params={"name": "tidy"}).json()

    assert (task["state"], task["reason"]) == ("paused", "the bank is closed")
    assert task["paused_until"] == "2100-01-01T00:00:00.000Z"
    assert task["schedule_text"] == "cron 0 * * * * UTC"
    assert [run["kind"] for run in task["recent"]] == ["manual"]
    assert task["policy"]["timeout"] == "an attempt may take 5 seconds"
    assert task["policy"]["retry"] == "up to 3 attempts"

    assert steer(client, "resume", name="tidy")["state"] == "waiting"
    assert (
        "30 minutes"
        in steer(client, "reschedule", name="tidy", schedule="every 1800000 ms")["schedule"]
    )


def test_runs_come_in_pages(client: TestClient) -> None:
    """Each page tells where the next one begins; the last one has none."""
    ids = [steer(client, "trigger", name=name)["id"] for name in ("tidy", "a/b", "tidy")]

    first = client.get("api/runs", params={"limit": 2}).json()
    second = client.get("api/runs", params={"limit": 2, "before": first["next"]}).json()
    failed = client.get("api/runs", params={"outcome": ["failed", "timed_out"]}).json()["runs"]
    earlier = client.get("api/runs", params={"until": "2020-01-01T00:00:00Z"}).json()

    assert [run["id"] for run in first["runs"] + second["runs"]] == ids[::-1]
    assert second["next"] is None
    assert [(run["task"], run["error"]) for run in failed] == [("a/b", "ValueError: password=***")]
    assert earlier == {"runs": [], "next": None}


def test_what_is_upcoming_is_told_of_one_task_and_of_all(client: TestClient) -> None:
    """The next hours of a task that is due at each full hour."""
    begin = datetime.now(UTC)
    instants = client.get("api/upcoming", params={"name": "a/b", "n": 3}).json()["instants"]
    line = client.get("api/timeline", params={"hours": 2}).json()

    due = [datetime.fromisoformat(each) for each in instants]
    assert [each - due[0] for each in due] == [0 * HOUR, HOUR, 2 * HOUR]
    assert timedelta() <= due[0] - begin <= HOUR + timedelta(seconds=1)
    assert [(each["name"], len(each["instants"]), each["more"]) for each in line["tasks"]] == [
        ("tidy", 2, False),
        ("a/b", 2, False),
        ("often", 120, False),
    ]


def test_what_is_shown_already_is_not_sent_again(client: TestClient) -> None:
    """The page asks every two seconds, and mostly nothing has changed."""
    tag, unchanged = "", client.get("api/overview")
    for _ in range(10):
        if unchanged.status_code == 304:
            break
        # The worker becomes known, or a tick falls due, between two questions.
        tag = unchanged.headers["etag"]
        unchanged = client.get("api/overview", headers={"If-None-Match": f'"other", {tag}'})
    steer(client, "pause", name="tidy")
    changed = client.get("api/overview", headers={"If-None-Match": tag})

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == tag
    assert changed.status_code == 200
    assert changed.json()["counts"]["paused"] == 1


def test_what_cannot_be_done_is_said(client: TestClient) -> None:
    """The kind of the problem for programs, and words and a hint for people."""
    unknown = client.get("api/task", params={"name": "tidi"})
    assert error_of(unknown) == (404, "task_not_found")
    assert unknown.json()["error"]["hint"] == "did you mean 'tidy'?"
    for path, status, code in [
        ("runs?name=tidi", 404, "task_not_found"),
        ("run?id=tidi", 404, "run_not_found"),
        ("runs?before=tidi", 422, "invalid"),
        ("runs?since=2020-01-01T00:00:00Z", 422, "invalid"),
        ("upcoming?name=tidy&until=9999-12-31T00:00:00Z", 422, "invalid"),
        ("static/tidi", 404, "not_found"),
    ]:
        found = client.get(path if path.startswith("static") else f"api/{path}")
        assert error_of(found) == (status, code), path
    for name, body, status, code in [
        ("trigger", {"name": "tidi"}, 404, "task_not_found"),
        ("reschedule", {"name": "tidy", "schedule": "hourly"}, 422, "invalid"),
        ("pause", {"name": "tidy", "reason": "x" * 20_000}, 413, "too_large"),
    ]:
        found = client.post(f"api/{name}", headers=STEERING, json=body)
        assert error_of(found) == (status, code), name
    assert steer(client, "cancel", run_id="default/tidy/unknown") == {"cancelled": False}


def test_ticks_of_the_past_are_run_again(client: TestClient) -> None:
    """First it is told which; there are only so many at once, by force too."""
    day = {"name": "a/b", "start": "2026-01-01T00:00:00Z", "end": "2026-01-01T03:00:00Z"}
    year = {**day, "end": "2026-12-31T00:00:00Z"}

    told = steer(client, "backfill", **day)
    done = steer(client, "backfill", **day, dry_run=False, mode="all")

    hours = [f"2026-01-01T0{hour}:00:00.000Z" for hour in range(3)]
    assert told == {"name": "a/b", "dry_run": True, "count": 3, "instants": hours}
    assert done == {**told, "dry_run": False}
    for body in (
        {**day, "end": "2028-01-01T00:00:00Z"},
        year,
        {**year, "name": "often", "force": True},
        {**day, "name": "often", "force": True, "mode": "all", "end": "2026-01-09T00:00:00Z"},
        {**day, "start": "0001-01-01T00:00:00Z", "end": "0001-01-02T00:00:00Z"},
    ):
        assert error_of(client.post("api/backfill", headers=STEERING, json=body)) == (
            422,
            "invalid",
        )


class Silent(Scheduler):
    """A scheduler whose store does not do what it is asked."""

    error: Exception = StoreUnavailableError("postgresql://me@db/app", OSError("refused"))

    async def status(self, *_args: Any, **_options: Any) -> Any:  # type: ignore[override]
        raise self.error


def test_s98_where_the_store_is_is_not_said() -> None:
    """S98: A store that is down is the status 503; its address is for the log."""
    scheduler = Silent("memory://", enabled=True)
    with served(scheduler) as client:
        for error, code in [
            (scheduler.error, "store_unavailable"),
            (StoreError("postgresql://me@db/app", "has failed"), "store_failed"),
        ]:
            scheduler.error = error
            found = client.get("api/overview", headers=OWNER)
            assert error_of(found) == (503, code)
            assert "db" not in found.json()["error"]["message"]


def test_a_scheduler_that_does_not_run_says_so(scheduler: Scheduler) -> None:
    """Health is told all the same, with the status 503."""
    client = TestClient(in_starlette(scheduler), base_url="http://app/ostinato/", headers=OWNER)

    health = client.get("api/health")

    assert (health.status_code, health.json()["status"]) == (503, "failing")
    assert error_of(client.get("api/tasks")) == (503, "not_running")


def test_s101_no_value_is_given_more_often_than_there_are_values(client: TestClient) -> None:
    """S101: An outcome is told once; a hundred of them are no question."""
    asked = "&".join(["outcome=failed"] * 100)

    assert error_of(client.get(f"api/runs?{asked}")) == (422, "invalid")


def test_a_file_of_the_page_that_is_known_is_not_sent_again(client: TestClient) -> None:
    """By its ETag."""
    first = client.get("static/app.js")
    again = client.get("static/app.js", headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
