"""What is wrong with how a dashboard is mounted; a part of the tree in `errors.py`."""

from ostinato._error_root import ConfigurationError

__all__ = ["UnprotectedDashboardError"]


class UnprotectedDashboardError(ConfigurationError, ValueError):
    """A dashboard was to be mounted that everybody could read."""

    def __init__(self, remedy: str) -> None:
        """Build the message from the argument that is the *remedy*."""
        self.remedy = remedy
        super().__init__(
            f"everybody could read the dashboard; pass {remedy}, which lets in who may, or "
            "insecure=True where everybody who can reach it may"
        )
