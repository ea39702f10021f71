"""What went wrong in silence under fastapi-utils, shown to be right through the public name."""

import asyncio

from ostinato import repeat_every

DEADLINE = 10.0


async def test_s6_an_instance_with_an_async_call_runs():
    """S6: an instance whose `__call__` is `async def` is awaited."""
    ran = asyncio.Event()

    class Cleaner:
        async def __call__(self) -> None:
            ran.set()

    repetition = await repeat_every(seconds=60)(Cleaner())()

    async with asyncio.timeout(DEADLINE):
        await ran.wait()
    await repetition.stop()
