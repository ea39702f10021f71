"""On what kind of file system a folder lies, where the operating system tells."""

from pathlib import Path

__all__ = ["file_system_in", "network_file_system_of"]

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


def network_file_system_of(folder: Path) -> str | None:
    """Return the kind of the network file system on which *folder* lies; None: on none known."""
    try:
        mounts = _MOUNTS.read_text("utf-8", errors="replace")
    except OSError:
        return None
    kind = file_system_in(mounts, folder.resolve())
    return kind if kind in _NETWORKS else None


def file_system_in(mounts: str, folder: Path) -> str | None:
    """Return the kind of the file system that holds *folder*, by the kernel's list of *mounts*."""
    found: tuple[int, str] | None = None
    for line in mounts.splitlines():
        place, _, system = line.partition(" - ")
        fields, kinds = place.split(), system.split()
        if len(fields) < _PLACE + 1 or not kinds:
            continue
        point = Path(fields[_PLACE].encode("ascii", "replace").decode("unicode_escape"))
        depth = len(point.parts)
        # Of two at one place the later one hides the earlier.
        if folder.is_relative_to(point) and (found is None or depth >= found[0]):
            found = depth, kinds[0]
    return None if found is None else found[1]


_PLACE = 4
