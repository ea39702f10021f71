"""Whether a file is gone with the container, or the machine of a platform, that it lies in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ostinato.stores._mounts import is_on_volume

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["container_of"]

# What the runtimes of containers leave in each of them.
_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
# What platforms, whose machines come and go, tell the programs that they run.
_PLATFORMS = {
    "KUBERNETES_SERVICE_HOST": "Kubernetes",
    "ECS_CONTAINER_METADATA_URI_V4": "Amazon ECS",
    "AWS_LAMBDA_FUNCTION_NAME": "AWS Lambda",
    "CONTAINER_APP_NAME": "Azure Container Apps",
    "DYNO": "Heroku",
    "FLY_APP_NAME": "Fly.io",
    "GOOGLE_CLOUD_PROJECT": "Google Cloud",
    "K_SERVICE": "Cloud Run",
    "RAILWAY_ENVIRONMENT_ID": "Railway",
    "RENDER": "Render",
    "VERCEL": "Vercel",
}


def container_of(
    file: Path,
    environment: Mapping[str, str] = os.environ,
    *,
    is_there: Callable[[Path], bool] = Path.exists,
    is_kept: Callable[[Path], bool] = is_on_volume,
) -> str | None:
    """Return what *file* is gone with; None: nothing that could be told.

    Args:
        file: Holds the state.
        environment: The environment's variables.
        is_there: Whether there is a file.
        is_kept: Whether a folder lies on a volume, which outlives what it is mounted into.
    """
    platforms = [name for variable, name in _PLATFORMS.items() if environment.get(variable)]
    if not platforms and not any(map(is_there, _MARKS)):
        return None
    if is_kept(file.parent):
        return None
    return f"the platform {platforms[0]}" if platforms else "a container"
