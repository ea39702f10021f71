"""`fastapi_utils.tasks`, provided by `ostinato.tasks`."""

from collections.abc import Callable, Coroutine
from typing import Any

from ostinato.tasks import repeat_every

__all__ = [
    "ExcArgNoReturnAnyFuncT",
    "ExcArgNoReturnAsyncFuncT",
    "ExcArgNoReturnFuncT",
    "NoArgsNoReturnAnyFuncT",
    "NoArgsNoReturnAsyncFuncT",
    "NoArgsNoReturnDecorator",
    "NoArgsNoReturnFuncT",
    "repeat_every",
]

# Names that annotations in users' programs import. They promise `object` where their originals
# promise None: return values are ignored, and a start returns a handle.
NoArgsNoReturnFuncT = Callable[[], object]
NoArgsNoReturnAsyncFuncT = Callable[[], Coroutine[Any, Any, object]]
ExcArgNoReturnFuncT = Callable[[Exception], object]
ExcArgNoReturnAsyncFuncT = Callable[[Exception], Coroutine[Any, Any, object]]
NoArgsNoReturnAnyFuncT = NoArgsNoReturnFuncT | NoArgsNoReturnAsyncFuncT
ExcArgNoReturnAnyFuncT = ExcArgNoReturnFuncT | ExcArgNoReturnAsyncFuncT
NoArgsNoReturnDecorator = Callable[[NoArgsNoReturnAnyFuncT], NoArgsNoReturnAsyncFuncT]
