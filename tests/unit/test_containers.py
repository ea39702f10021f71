"""Whether a file is gone with what it lies in."""

from pathlib import Path

import pytest

from ostinato._containers import container_of
from ostinato.stores._mounts import mount_in

FILE = Path("/app/.ostinato/state.db")
OVERLAY = "1 0 0:1 / / rw - overlay overlay rw\n"


@pytest.mark.parametrize(
    ("environment", "marks", "is_kept", "container"),
    [
        ({}, (), False, None),
        ({}, ("/.dockerenv",), False, "a container"),
        ({}, ("/run/.containerenv",), False, "a container"),
        ({}, ("/.dockerenv",), True, None),
        ({"DYNO": "web.1"}, (), False, "the platform Heroku"),
        (
            {"KUBERNETES_SERVICE_HOST": "10.0.0.1"},
            ("/.dockerenv",),
            False,
            "the platform Kubernetes",
        ),
        ({"FLY_APP_NAME": "shop"}, (), True, None),
    ],
)
def test_s84_a_file_in_a_container_is_told_from_one_that_is_kept(
    environment: dict[str, str], marks: tuple[str, ...], is_kept: bool, container: str | None
):
    """S84: each container would run every tick, unless the file lies on a volume."""
    found = container_of(
        FILE,
        environment,
        is_there=lambda path: str(path) in marks,
        is_kept=lambda _folder: is_kept,
    )

    assert found == container


def test_s84_a_volume_is_what_was_mounted_over_the_root():
    """S84: the kernel's list of mounts tells."""
    volume = OVERLAY + "2 1 8:1 / /app/.ostinato rw - ext4 /dev/sda1 rw\n"

    assert mount_in(OVERLAY, FILE.parent) == (Path("/"), "overlay")
    assert mount_in(volume, FILE.parent) == (Path("/app/.ostinato"), "ext4")
