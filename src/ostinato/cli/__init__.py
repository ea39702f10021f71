"""The command line `ostinato`: look at a fleet and steer it, run a task, serve without HTTP."""

from ostinato.cli._main import main

__all__ = ["main"]
