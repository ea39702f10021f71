"""A server that issues tokens, and removes the expired ones every so often.

Run it: `uvicorn app:app`, or `python demo.py` to have tokens issued by themselves.
"""

import logging
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import tokens
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from ostinato import repeat_every
from ostinato.session import FastAPISessionMaker

PERIOD = float(os.environ.get("CLEANING_PERIOD") or 60 * 60)
PAGE = Path(__file__).parent / "page"

log = logging.getLogger("tokens")
sessionmaker = FastAPISessionMaker(os.environ.get("DATABASE_URL", "sqlite:///./tokens.db"))

# Committed before the response is sent: what was answered with 201 is in the database.
Database = Annotated[Session, sessionmaker.depends()]


@repeat_every(seconds=PERIOD)
def remove_expired_tokens() -> None:
    """Remove the expired tokens: in a thread, so that no request waits for the database."""
    started = time.perf_counter()
    with sessionmaker.context_session() as db:
        removed = tokens.remove_expired(db)
    milliseconds = (time.perf_counter() - started) * 1000
    noun = "token" if removed == 1 else "tokens"
    log.info("removed %d expired %s in %.0f ms", removed, noun, milliseconds)


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
    """Clean for as long as the server runs."""
    tokens.create_tables(sessionmaker.cached_engine)
    cleaning = await remove_expired_tokens()  # Starts the repetition; does not wait for a run.
    yield
    await cleaning.stop()
    sessionmaker.reset_cache()


app = FastAPI(title="Expired tokens", lifespan=lifespan)


class TokenRequest(BaseModel):
    """How long a token is to live."""

    lifetime: Annotated[float, Field(gt=0, le=24 * 60 * 60, description="in seconds")]


class ListedToken(BaseModel):
    """A token as everybody may see it."""

    id: int
    lifetime: float
    seconds_left: float  # Negative, once it has expired and is still to be removed.


class IssuedToken(ListedToken):
    """A token as only its owner sees it, and only once."""

    token: str


class CleaningReport(BaseModel):
    """One run of the cleaning task."""

    id: int
    removed: int
    seconds_ago: float


class CleaningReports(BaseModel):
    """How often this server cleans, and its latest runs."""

    period: float
    runs: list[CleaningReport]


@app.post("/tokens", status_code=201)
def issue_token(request: TokenRequest, db: Database) -> IssuedToken:
    """Issue a token."""
    row, secret = tokens.issue(db, request.lifetime)
    log.info("issued token %d for %g s", row.id, request.lifetime)
    return IssuedToken(
        id=row.id, lifetime=request.lifetime, seconds_left=request.lifetime, token=secret
    )


@app.get("/tokens")
def list_tokens(db: Database) -> list[ListedToken]:
    """List the tokens that live, and the expired ones that are still to be removed."""
    now = time.time()
    return [
        ListedToken(
            id=token.id, lifetime=token.expires - token.issued, seconds_left=token.expires - now
        )
        for token in tokens.listed(db)
    ]


@app.get("/cleanings")
def list_cleanings(db: Database) -> CleaningReports:
    """List the latest runs of the cleaning task."""
    now = time.time()
    runs = [
        CleaningReport(id=note.id, removed=note.removed, seconds_ago=now - note.finished)
        for note in tokens.recent(db)
    ]
    return CleaningReports(period=PERIOD, runs=runs)


app.mount("/", StaticFiles(directory=PAGE, html=True), name="page")
