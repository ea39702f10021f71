"""What the API returns, as models for the documentation that FastAPI makes."""

from pydantic import BaseModel, Field

__all__ = ["MODELS", "Failure"]


class Run(BaseModel):
    """One execution of a tick, or a range of ticks that were skipped."""

    id: str
    task: str
    kind: str
    due: str
    last_due: str
    count: int
    started: str | None
    finished: str | None
    duration: float | None
    lateness: float | None
    outcome: str | None
    reason: str | None
    error: str | None
    attempt: int
    progress: float | None
    message: str | None
    worker: str | None
    token: int


class Task(BaseModel):
    """How one task stands."""

    name: str
    schedule: str
    schedule_text: str
    state: str
    next_run: str | None
    is_late: bool
    is_stuck: bool
    scope: str
    running: list[Run]
    last_run: Run | None
    last_success: str | None
    starts: int
    failures_in_row: int
    counts: dict[str, int]
    reason: str | None
    paused_until: str | None
    recent: list[Run]


class TaskWithPolicy(Task):
    """How one task stands, and what is to happen when time slips."""

    policy: dict[str, str]


class Worker(BaseModel):
    """One process that runs tasks."""

    id: str
    host: str
    pid: int
    started: str | None
    seen: str | None
    version: str
    is_alive: bool
    tasks: int
    running: list[Run]


class Problem(BaseModel):
    """Something that is not well."""

    kind: str
    task: str | None
    words: str
    since: str | None


class Health(BaseModel):
    """Whether all is well."""

    status: str
    problems: list[Problem]
    checked_at: str


class Overview(BaseModel):
    """Everything that the page shows at a glance."""

    namespace: str
    now: str
    version: str
    can_control: bool
    health: Health
    counts: dict[str, int]
    tasks: list[Task]
    workers: list[Worker]


class Runs(BaseModel):
    """A page of runs."""

    runs: list[Run]
    next: str | None


class Upcoming(BaseModel):
    """When a task is due next."""

    name: str
    instants: list[str]


class Due(BaseModel):
    """When one task is due."""

    name: str
    instants: list[str]
    more: bool


class Timeline(BaseModel):
    """When each task is due in the next hours."""

    from_: str = Field(alias="from")
    until: str
    tasks: list[Due]


class Cancelled(BaseModel):
    """Whether a run that was to end was under way."""

    cancelled: bool


class Backfilled(BaseModel):
    """The ticks that are run again; up to 1,000 of them one by one."""

    name: str
    dry_run: bool
    count: int
    instants: list[str]


class Error(BaseModel):
    """What is wrong, and what to do."""

    code: str
    message: str
    hint: str | None


class Failure(BaseModel):
    """Why a request was not answered."""

    error: Error


MODELS: dict[str, object] = {
    "Backfilled": Backfilled,
    "Cancelled": Cancelled,
    "Health": Health,
    "Overview": Overview,
    "Run": Run,
    "Runs": Runs,
    "Task": Task,
    "TaskWithPolicy": TaskWithPolicy,
    "Tasks": list[Task],
    "Timeline": Timeline,
    "Upcoming": Upcoming,
    "Workers": list[Worker],
}
