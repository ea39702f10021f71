"""Serve an ASGI application's life span by hand, on the loop of the test, message by message."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Life", "Order", "living"]

Message = MutableMapping[str, Any]
App = Callable[[Any, Any, Any], Awaitable[None]]


class Order:
    """What happened, one word a happening; as an observer it notes a scheduler's start and end."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def note(self, word: str) -> None:
        self.words.append(word)

    def wants(self, event_name: str) -> bool:
        return event_name in ("ostinato.scheduler_started", "ostinato.scheduler_stopped")

    def notify(self, event: Any) -> None:
        self.note(event.name.removeprefix("ostinato.scheduler_"))


@dataclass(slots=True)
class Life:
    """What a server knows of an application's life span."""

    order: Order = field(default_factory=Order)
    state: dict[str, Any] = field(default_factory=dict)
    answers: list[Message] = field(default_factory=list)
    error: BaseException | None = None

    @property
    def told(self) -> list[str]:
        """The types of the application's answers, without their prefix."""
        return [answer["type"].removeprefix("lifespan.") for answer in self.answers]


@asynccontextmanager
async def living(app: App, order: Order | None = None) -> AsyncGenerator[Life]:
    """Start *app* up as a server does, and shut it down behind the block, unless it has failed.

    What it answers is written to *order* as well; what it raises becomes the life's `error`.
    """
    life = Life(order or Order())
    messages: asyncio.Queue[Message] = asyncio.Queue()
    answered = asyncio.Event()

    async def send(message: Message) -> None:
        life.answers.append(message)
        life.order.note(life.told[-1])
        answered.set()

    async def run() -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": life.state}
        try:
            await app(scope, messages.get, send)
        except Exception as error:
            life.error = error
        answered.set()

    server = asyncio.create_task(run())
    await messages.put({"type": "lifespan.startup"})
    await answered.wait()
    answered.clear()
    try:
        yield life
    finally:
        if life.told == ["startup.complete"]:
            await messages.put({"type": "lifespan.shutdown"})
        await server
