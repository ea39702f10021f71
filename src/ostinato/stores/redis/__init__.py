"""The store over Redis or Valkey: scripts that the server runs, each for one task at once."""

from ostinato.stores.redis._store import RedisStore

__all__ = ["RedisStore"]
