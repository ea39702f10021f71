"""On what kind of file system a folder lies, where the operating system tells."""

from pathlib import Path

__all__ = ["file_system_in", "is_on_volume", "mount_in", "network_file_system_of"]

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORKS = frozenset(
    {
        *(
            "9p",
            "afs",
            "ceph",
            "cifs",
            "fuse.glusterfs",
            "fuse.sshfs",
            "gfs2",
            "glusterfs",
            "lustre",
        ),
        *("ncpfs", "nfs", "nfs4", "ocfs2", "smb3", "smbfs"),
    }
)
# What is gone with the container that it belongs to.
_PASSING = frozenset({"aufs", "overlay", "ramfs", "tmpfs"})


def network_file_system_of(folder: Path) -> str | None:
    """Return the kind of the network file system on which *folder* lies; None: on none known."""
    try:
        mounts = _MOUNTS.read_text("utf-8", errors="replace")
    except OSError:
        return None
    kind = file_system_in(mounts, folder.resolve())
    return kind if kind in _NETWORKS else None


def is_on_volume(folder: Path) -> bool:
    """Return whether *folder* lies on what was mounted into a container; False: or nobody knows."""
    try:
        mounts = _MOUNTS.read_text("utf-8", errors="replace")
    except OSError:
        return False
    found = mount_in(mounts, folder.resolve())
    return found is not None and found[0] != Path("/") and found[1] not in _PASSING


def file_system_in(mounts: str, folder: Path) -> str | None:
    """Return the kind of the file system that holds *folder*, by the kernel's list of *mounts*."""
    found = mount_in(mounts, folder)
    return None if found is None else found[1]


def mount_in(mounts: str, folder: Path) -> tuple[Path, str] | None:
    """Return where the file system of *folder* is mounted, and its kind, by the same list."""
    found: tuple[Path, str] | None = None
    for line in mounts.splitlines():
        place, _, system = line.partition(" - ")
        fields, kinds = place.split(), system.split()
        if len(fields) < _PLACE + 1 or not kinds:
            continue
        point = Path(fields[_PLACE].encode("ascii", "replace").decode("unicode_escape"))
        # Of two at one place the later one hides the earlier.
        if folder.is_relative_to(point) and (
            found is None or len(point.parts) >= len(found[0].parts)
        ):
            found = point, kinds[0]
    return found


_PLACE = 4
