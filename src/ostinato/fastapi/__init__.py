"""What FastAPI's users have of it in their tasks, too."""

from ostinato.fastapi._depends import Dependencies

__all__ = ["Dependencies"]
