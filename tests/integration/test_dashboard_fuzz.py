"""The HTTP API as its own documentation has it, asked in every way that schemathesis can think of.

`OSTINATO_API_CASES=1000` makes so many random requests of each operation, beside those that probe
its bounds one by one.
"""

import os
from tempfile import TemporaryDirectory

import schemathesis
from fastapi import Depends, FastAPI, HTTPException, Request
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ostinato import Scheduler

CASES = int(os.environ.get("OSTINATO_API_CASES", "10"))
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
NAMES = ["tidy", "a/../b <script>alert(1)</script>", "'; DROP TABLE ostinato_task; --", "ü ☃ 🕰"]
HEADERS = {"Authorization": "Bearer word"}


def anybody(request: Request) -> None:
    """Let in who has the word."""
    if request.headers.get("authorization") != HEADERS["Authorization"]:
        raise HTTPException(401)


folder = TemporaryDirectory(ignore_cleanup_errors=True)
scheduler = Scheduler(f"sqlite:///{folder.name}/state.db", enabled=True)


async def tidy() -> None: ...


for each in NAMES:
    scheduler.every(hours=1, name=each)(tidy)
app = FastAPI(lifespan=scheduler.lifespan)
app.include_router(
    scheduler.router(read=[Depends(anybody)], control=[Depends(anybody)]), prefix="/ostinato"
)
schema = schemathesis.openapi.from_asgi("/openapi.json", app)


@schema.parametrize()
@settings(max_examples=CASES, suppress_health_check=list(HealthCheck))
def test_s101_whatever_is_asked_is_answered_as_documented(case: schemathesis.Case) -> None:
    """S101: Nothing fails, every answer is one of those documented, and nobody unknown gets in."""
    _name_a_task(case)

    unknown = case.call()
    known = case.call(headers=HEADERS)

    # Whom it does not know, it does not tell either what is wrong.
    assert unknown.status_code in {401, 405}
    case.validate_response(known, checks=CHECKS)


def _name_a_task(case: schemathesis.Case) -> None:
    """Let two of three requests be about a task that there is."""
    for inputs in (case.query, case.body):
        if isinstance(inputs, dict) and isinstance(name := inputs.get("name"), str):
            chosen = len(name) % 6
            inputs["name"] = NAMES[chosen] if chosen < len(NAMES) else name
