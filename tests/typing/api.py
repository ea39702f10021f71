"""What users write, as type checkers read it: checked by each of them, never run."""

import asyncio
import functools
import logging
from collections.abc import Callable, Coroutine
from datetime import timedelta
from decimal import Decimal
from typing import Any, assert_type

from ostinato import RepeatedFunction, Repetition, repeat_every


@repeat_every(seconds=60)
def plain() -> None: ...


@repeat_every(seconds=60.5, wait_first=True, max_repetitions=3, raise_exceptions=False)
async def on_loop() -> None: ...


@repeat_every(seconds=timedelta(hours=1), wait_first=5)
def with_defaults_and_a_result(table: str = "tokens", *, limit: int = 10) -> int:
    return limit


@repeat_every(seconds=Decimal("0.5"), wait_first=Decimal(1))
async def async_with_a_result() -> list[str]:
    return []


class Service:
    def tidy(self) -> int:
        return 1

    async def refresh(self) -> None: ...

    @staticmethod
    def static() -> None: ...

    @classmethod
    def of_the_class(cls) -> None: ...

    async def __call__(self) -> None: ...


def tidy_table(table: str) -> int:
    return len(table)


service = Service()
every_hour = repeat_every(seconds=3600)
tidy = every_hour(service.tidy)
refresh = repeat_every(seconds=3600, logger=logging.getLogger("app"))(service.refresh)
static = repeat_every(seconds=3600)(Service.static)
of_the_class = repeat_every(seconds=3600)(Service.of_the_class)
instance = repeat_every(seconds=3600)(service)
bound = repeat_every(seconds=3600)(functools.partial(tidy_table, "tokens"))
anonymous = repeat_every(seconds=3600)(lambda: 1)


def tell(error: Exception) -> None: ...


async def tell_async(error: Exception) -> None: ...


async def done() -> None: ...


hooked = repeat_every(seconds=1, on_exception=tell, on_complete=done)(plain.__wrapped__)
hooked_async = repeat_every(seconds=1, on_exception=tell_async, on_complete=print)(service.tidy)


class OtherLogger:
    def error(self, message: str, /, *args: object) -> None: ...


other_logger = repeat_every(seconds=1, logger=OtherLogger())(service.tidy)
adapter = repeat_every(seconds=1, logger=logging.LoggerAdapter(logging.getLogger(), {}))(plain)

start_up: list[Callable[[], Coroutine[Any, Any, object]]] = [plain, on_loop, tidy, bound]
starters: list[RepeatedFunction[Callable[[], object]]] = [plain, tidy]


async def main() -> None:
    repetition = await plain()
    assert_type(repetition, Repetition)
    assert_type(await on_loop(), Repetition)
    assert_type(repetition.running, bool)
    assert_type(repetition.runs, int)
    assert_type(repetition.last_error, BaseException | None)
    await repetition.stop()
    assert_type(with_defaults_and_a_result.__wrapped__(limit=1), int)
    assert_type(await async_with_a_result.__wrapped__(), list[str])
    assert_type(plain.__name__, str)
    async with asyncio.timeout(5):
        await repetition.stop()


# What a type checker refuses before it is run: a function that nothing can supply.
repeat_every(seconds=1)(tidy_table)  # type: ignore[type-var] # pyright: ignore[reportArgumentType] # ty: ignore[invalid-argument-type]
repeat_every(seconds="60")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # ty: ignore[invalid-argument-type]
