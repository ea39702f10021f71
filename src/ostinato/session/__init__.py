"""Database sessions for endpoints and tasks: committed on success, rolled back on any error."""

from ostinato.session._async_maker import AsyncSessionMaker
from ostinato.session._engines import context_session, get_engine, get_sessionmaker_for_engine
from ostinato.session._maker import FastAPISessionMaker

__all__ = [
    "AsyncSessionMaker",
    "FastAPISessionMaker",
    "context_session",
    "get_engine",
    "get_sessionmaker_for_engine",
]
