"""Stores: the memory that workers share."""

from ostinato.stores.memory import MemoryStore

__all__ = ["MemoryStore"]
