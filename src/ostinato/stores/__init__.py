"""Stores: the memory that workers share."""

from ostinato.stores._open import ddl, open_store
from ostinato.stores.memory import MemoryStore

__all__ = ["MemoryStore", "ddl", "open_store"]
