"""The folder that a scheduler makes for itself, where nobody named a store."""

from __future__ import annotations

from pathlib import Path

from ostinato.errors import StoreFileError

__all__ = ["default_file", "make_folder"]

_FOLDER = ".ostinato"
_FILE = "state.db"
# What the folder says to git: nothing in here is the program's.
_IGNORED = "*\n"


def default_file() -> Path:
    """Return the file that holds the state where nobody named a store, in the working directory."""
    path = Path(_FOLDER) / _FILE
    try:
        return path.absolute()
    except FileNotFoundError:
        # The directory was deleted: that is told of where a file is needed, if it is.
        return path


def make_folder(folder: Path) -> None:
    """Make the *folder* of the state, unless it is there.

    Raises:
        StoreFileError: It cannot be made.
    """
    try:
        folder.mkdir(exist_ok=True)
        ignored = folder / ".gitignore"
        if not ignored.exists():
            ignored.write_text(_IGNORED, encoding="utf-8")
    except OSError as error:
        raise StoreFileError(
            str(folder / _FILE),
            f"cannot be made ({error.strerror or error})",
            "start where the application may write, name another store, or pass 'memory://' for "
            "a process of its own",
        ) from error
