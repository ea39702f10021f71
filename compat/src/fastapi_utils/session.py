"""`fastapi_utils.session`, provided by `ostinato.session`."""

from ostinato.session import (
    FastAPISessionMaker,
    context_session,
    get_engine,
    get_sessionmaker_for_engine,
)

__all__ = [
    "FastAPISessionMaker",
    "context_session",
    "get_engine",
    "get_sessionmaker_for_engine",
]
