"""The import names of fastapi-utils that ostinato stands in for: `tasks` and `session`."""
