"""FastAPISessionMaker: one engine for the whole application, and a session for each request."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from threading import RLock
from typing import TYPE_CHECKING

from sqlalchemy import URL, Engine, QueuePool
from sqlalchemy.orm import Session, sessionmaker

from ostinato.session._declaration import check_sync, options
from ostinato.session._depends import ready_dependency
from ostinato.session._engines import get_engine, get_sessionmaker_for_engine, transaction

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    # FastAPI is the application's choice, and no dependency of ours.
    from fastapi.params import Depends

__all__ = ["FastAPISessionMaker"]


class FastAPISessionMaker:
    """Gives endpoints and tasks their database sessions, from one engine made on first use.

    Examples:
        >>> from sqlalchemy import text
        >>> maker = FastAPISessionMaker("sqlite://")
        >>> with maker.context_session() as session:
        ...     session.scalar(text("SELECT 1 + 1"))
        2
        >>> maker.reset_cache()
    """

    def __init__(
        self, database_uri: str | URL, *, engine_options: Mapping[str, object] | None = None
    ) -> None:
        """Declare the database; nothing connects yet.

        Args:
            database_uri: The database's URL, with a synchronous driver.
            engine_options: Keyword arguments of `sqlalchemy.create_engine` for every engine.

        Raises:
            ArgumentTypeError: An argument has the wrong type.
            InvalidArgumentError: The URL cannot be read, or names an unknown or an asynchronous
                driver.
        """
        check_sync(database_uri)
        self._database_uri = database_uri
        self._engine_options = options(engine_options)
        # Reentrant: making the sessionmaker asks for the engine.
        self._lock = RLock()
        self._cache = _Cache()

    @property
    def database_uri(self) -> str:
        """The URL that the next new engine connects to, its password included."""
        if isinstance(self._database_uri, str):
            return self._database_uri
        return self._database_uri.render_as_string(hide_password=False)

    @database_uri.setter
    def database_uri(self, database_uri: str | URL) -> None:
        """Connect new engines to another database; `reset_cache` lets go of the cached one.

        Raises:
            ArgumentTypeError: It is neither a string nor a URL.
            InvalidArgumentError: The URL cannot be read, or names an unknown or an asynchronous
                driver.
        """
        check_sync(database_uri)
        self._database_uri = database_uri

    @property
    def cached_engine(self) -> Engine:
        """The engine, made on first use: the same one for every thread."""
        with self._lock:
            if self._cache.engine is None:
                self._cache.engine = self.get_new_engine()
            return self._cache.engine

    @property
    def cached_sessionmaker(self) -> sessionmaker[Session]:
        """The sessionmaker for the cached engine, made on first use."""
        with self._lock:
            if self._cache.make_session is None:
                self._cache.make_session = self.get_new_sessionmaker(self.cached_engine)
            return self._cache.make_session

    def get_new_engine(self) -> Engine:
        """Make another engine with the maker's URL and options; it is the caller's to dispose of.

        Raises:
            ImportError: The database's driver is not installed.
            TypeError: `engine_options` names an option that there is not.
        """
        return get_engine(self._database_uri, **self._engine_options)

    def get_new_sessionmaker(self, engine: Engine | None) -> sessionmaker[Session]:
        """Make another sessionmaker for *engine*, or for the cached engine where it is None.

        Raises:
            ImportError: The cached engine is made, and its driver is not installed.
        """
        return get_sessionmaker_for_engine(self.cached_engine if engine is None else engine)

    def get_db(self) -> Generator[Session]:
        """Yield a session: committed on success, rolled back on any error, always closed.

        For `yield from` in a dependency of your own. Left to itself, newer FastAPI sends the
        response before this commits: see `depends`.

        Raises:
            BaseException: Whatever the endpoint raised, as it raised it, or what the commit raised.
        """
        with self._lock:
            make_session, cache = self.cached_sessionmaker, self._cache
            cache.sessions += 1
        try:
            yield from transaction(make_session)
        finally:
            with self._lock:
                cache.sessions -= 1
                unused = cache.dropped and not cache.sessions
            if unused and cache.engine is not None:
                cache.engine.dispose()

    @contextmanager
    def context_session(self) -> Generator[Session]:
        """Open a session outside FastAPI's dependencies, as `get_db` does inside them.

        Raises:
            BaseException: Whatever the body raised, as it raised it, or what the commit raised.
        """
        yield from self.get_db()

    def depends(self) -> Depends:
        """Return the dependency that commits before the response: a failed commit answers 500.

        Examples:
            `Db = Annotated[Session, maker.depends()]`, and then `def endpoint(db: Db): ...`

        Raises:
            UnmetRequirementError: FastAPI is missing, or is one that sends the response first.
        """
        return ready_dependency(self.get_db, f"{type(self).__name__}.depends()")

    def reset_cache(self) -> None:
        """Let go of the engine and the sessionmaker, and close the engine's connections.

        Sessions that are open keep working; their connections are closed when they end. The next
        use makes a new engine, from what `database_uri` is then.
        """
        with self._lock:
            cache, self._cache = self._cache, _Cache()
            cache.dropped = True
            unused = not cache.sessions
        if cache.engine is None:
            return
        if unused:
            cache.engine.dispose()
        elif isinstance(cache.engine.pool, QueuePool):
            # Only what lies idle, and in this very pool: to it the open sessions give back theirs,
            # for the last one to close. Other pools would cut off the open sessions.
            cache.engine.pool.dispose()


@dataclass(slots=True)
class _Cache:
    """What was made since the last reset, and how many open sessions use it."""

    engine: Engine | None = None
    make_session: sessionmaker[Session] | None = None
    sessions: int = 0
    dropped: bool = False
