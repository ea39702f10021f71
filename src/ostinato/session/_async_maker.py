"""AsyncSessionMaker: an engine for each event loop, and a session for each request."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.util import find_spec
from threading import RLock
from typing import TYPE_CHECKING, Any

from ostinato._engine._spawn import finish_undisturbed
from ostinato.errors import MissingExtraError, NoRunningLoopError
from ostinato.session._declaration import check_async, options
from ostinato.session._depends import ready_dependency
from ostinato.session._loop_cache import LoopCache

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping

    # FastAPI is the application's choice, and no dependency of ours.
    from fastapi.params import Depends
    from sqlalchemy import URL

    # Importing it fails where greenlet is missing: it is imported when an engine is made.
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

__all__ = ["AsyncSessionMaker"]


class AsyncSessionMaker:
    """Gives endpoints and tasks their asynchronous sessions.

    An asynchronous engine belongs to one event loop, so each loop that asks gets its own, made on
    first use and disposed of when the loop shuts down.

    Examples:
        >>> import asyncio
        >>> from sqlalchemy import text
        >>> maker = AsyncSessionMaker("sqlite+aiosqlite://")
        >>> async def main():
        ...     async with maker.context_session() as session:
        ...         return await session.scalar(text("SELECT 1 + 1"))
        >>> asyncio.run(main())
        2
    """

    def __init__(
        self, database_uri: str | URL, *, engine_options: Mapping[str, object] | None = None
    ) -> None:
        """Declare the database; nothing connects yet.

        Args:
            database_uri: The database's URL, with an asynchronous driver.
            engine_options: Keyword arguments of `create_async_engine` for every engine.

        Raises:
            ArgumentTypeError: An argument has the wrong type.
            InvalidArgumentError: The URL cannot be read, or names an unknown or a synchronous
                driver.
            MissingExtraError: greenlet is not installed.
        """
        if find_spec("greenlet") is None:
            raise MissingExtraError("asyncio", type(self).__name__)
        check_async(database_uri)
        self._database_uri = database_uri
        self._engine_options = options(engine_options)
        # Reentrant: making the sessionmaker asks for the engine.
        self._lock = RLock()
        self._caches: dict[asyncio.AbstractEventLoop, LoopCache] = {}

    @property
    def database_uri(self) -> str:
        """The URL that the next new engine connects to, its password included."""
        if isinstance(self._database_uri, str):
            return self._database_uri
        return self._database_uri.render_as_string(hide_password=False)

    @database_uri.setter
    def database_uri(self, database_uri: str | URL) -> None:
        """Connect new engines to another database; `reset_cache` lets go of the cached ones.

        Raises:
            ArgumentTypeError: It is neither a string nor a URL.
            InvalidArgumentError: The URL cannot be read, or names an unknown or a synchronous
                driver.
        """
        check_async(database_uri)
        self._database_uri = database_uri

    @property
    def cached_engine(self) -> AsyncEngine:
        """The running loop's engine, made on first use."""
        return self._running_loops_cache().engine

    @property
    def cached_sessionmaker(self) -> async_sessionmaker[AsyncSession]:
        """The sessionmaker for the running loop's engine, made on first use."""
        with self._lock:
            cache = self._running_loops_cache()
            if cache.make_session is None:
                cache.make_session = self.get_new_sessionmaker(cache.engine)
            return cache.make_session

    def get_new_engine(self) -> AsyncEngine:
        """Make another engine with the maker's URL and options; it is the caller's to dispose of.

        Raises:
            ImportError: The database's driver is not installed.
            TypeError: `engine_options` names an option that there is not.
        """
        from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - see above

        settings: dict[str, Any] = {"pool_pre_ping": True, **self._engine_options}
        return create_async_engine(self._database_uri, **settings)

    def get_new_sessionmaker(self, engine: AsyncEngine | None) -> async_sessionmaker[AsyncSession]:
        """Make another sessionmaker for *engine*, or for the cached engine where it is None.

        Its sessions flush on commit, and never by themselves; what was loaded stays readable
        after the commit, when a refresh could no longer be awaited.

        Raises:
            ImportError: The cached engine is made, and its driver is not installed.
            NoRunningLoopError: There is no running loop whose cached engine could be meant.
        """
        from sqlalchemy.ext.asyncio import async_sessionmaker  # noqa: PLC0415 - see above

        return async_sessionmaker(
            bind=self.cached_engine if engine is None else engine,
            autoflush=False,
            expire_on_commit=False,
        )

    async def get_db(self) -> AsyncGenerator[AsyncSession]:
        """Yield a session: committed on success, rolled back on any error, always closed.

        A cancellation is an error here; however often it comes, the clean-up is finished. One that
        arrives during the commit is raised when that has ended.

        In a dependency of your own use `async with maker.context_session()`: a loop over this
        generator does not learn what the endpoint raised.

        Raises:
            BaseException: Whatever the endpoint raised, as it raised it, or what the commit raised.
        """
        with self._lock:
            session, cache = self.cached_sessionmaker(), self._running_loops_cache()
            cache.sessions += 1
        try:
            yield session
            # A driver that is cancelled within its commit is in no state to tell what happened.
            await finish_undisturbed(session.commit())
        except BaseException as error:
            await finish_undisturbed(_roll_back(session, error))
            raise
        finally:
            await finish_undisturbed(self._end(session, cache))

    def context_session(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Open a session outside FastAPI's dependencies, as `get_db` does inside them.

        Raises:
            BaseException: Whatever the body raised, as it raised it, or what the commit raised.
        """
        return asynccontextmanager(self.get_db)()

    def depends(self) -> Depends:
        """Return the dependency that commits before the response: a failed commit answers 500.

        Examples:
            `Db = Annotated[AsyncSession, maker.depends()]`, and then `async def endpoint(db: Db)`

        Raises:
            UnmetRequirementError: FastAPI is missing, or is one that sends the response first.
        """
        return ready_dependency(self.get_db, f"{type(self).__name__}.depends()")

    async def reset_cache(self) -> None:
        """Let go of the engines, and close their connections.

        Sessions that are open keep working; their connections are closed when they end. The next
        use makes a new engine, from what `database_uri` is then. The engines of other loops are
        disposed of by their own loops.
        """
        with self._lock:
            caches, self._caches = self._caches, {}
            _mark_dropped(caches.values())
        own = caches.pop(asyncio.get_running_loop(), None)
        # With the last reference to it, another loop's cache is handed to that loop to be closed.
        caches.clear()
        if own is not None:
            await finish_undisturbed(own.close_idle())

    def _running_loops_cache(self) -> LoopCache:
        """Return what the running loop has cached, its engine made.

        Raises:
            NoRunningLoopError: There is no running loop.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise NoRunningLoopError(
                f"the cached engine of {type(self).__name__}",
                "ask inside a coroutine, or make an engine of your own with get_new_engine()",
            ) from None
        with self._lock:
            if loop not in self._caches:
                # A loop that was closed is never asked for again.
                self._caches = {
                    known: cache for known, cache in self._caches.items() if not known.is_closed()
                }
                self._caches[loop] = LoopCache(self.get_new_engine())
            return self._caches[loop]

    async def _end(self, session: AsyncSession, cache: LoopCache) -> None:
        """Close the *session*, and with the last one a *cache* that was dropped meanwhile."""
        try:
            await session.close()
        finally:
            with self._lock:
                cache.sessions -= 1
                unused = cache.dropped and not cache.sessions
            if unused:
                await cache.close()


def _mark_dropped(caches: Iterable[LoopCache]) -> None:
    for cache in caches:
        cache.dropped = True


async def _roll_back(session: AsyncSession, error: BaseException) -> None:
    """Roll back because of *error*, which stays the one that is told."""
    try:
        await session.rollback()
    except Exception as failure:  # noqa: BLE001 - a broken connection must not hide the first error
        error.add_note(f"The rollback failed as well: {failure!r}")
