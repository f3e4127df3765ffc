"""Writes what `--output` names: a file whole or not at all, and straight on where there is no file to replace."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from contextlib import suppress
from io import BufferedWriter

__all__ = ["write_bytes", "write_file"]

STREAM = re.compile(r"/dev/(?:fd/(\d{1,9})|stdout|stderr)|/proc/self/fd/(\d{1,9})")
"""What is open already, by the names that Linux and macOS have for it."""


def write_file(text: str, path: str) -> None:
    """Write a text to a file, so that at any moment the file holds all of the old text or all of the new one.

    The mode of the file stays, and so does a link to it. A device or a pipe is written to as it is. Raises OSError, and
    ValueError where the path can be none.
    """
    write_bytes(text.encode("utf-8", "backslashreplace"), path)


def write_bytes(data: bytes, path: str) -> None:
    """Write bytes to a file; see `write_file`."""
    stream = STREAM.fullmatch(path)
    if stream is not None:
        # Opened by its name, a file that it leads to would lose what others have written there.
        number = stream[1] or stream[2] or (1 if path == "/dev/stdout" else 2)
        sys.stdout.flush()
        with os.fdopen(os.dup(int(number)), "wb") as file:
            file.write(data)
        return
    target = os.path.realpath(path)
    try:
        old = os.stat(target)
    except FileNotFoundError:
        _replace(data, target, None)
        return
    if stat.S_ISREG(old.st_mode):
        if not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, "it is read-only")
        _replace(data, target, old)
    else:
        with open(target, "wb") as file:
            file.write(data)


def _replace(data: bytes, target: str, old: os.stat_result | None) -> None:
    """Write a file beside the target, and put it in its place. `old` tells of the target, None if there is none."""
    folder, name = os.path.split(target)
    # Hidden, and with an ending by which no search takes it for a spec.
    temporary = os.path.join(folder, f".{name[:60]}.{os.urandom(6).hex()}.tmp")
    try:
        if not _write_unnamed(data, temporary, old):
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
                _fill(file, data, old)
        os.replace(temporary, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _fill(file: BufferedWriter, data: bytes, old: os.stat_result | None) -> None:
    file.write(data)
    file.flush()
    if old is not None and hasattr(os, "fchmod"):
        if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
            # Only root can give a file away; the group may be one of ours.
            for owner in ((old.st_uid, old.st_gid), (-1, old.st_gid)):
                with suppress(OSError):
                    os.fchown(file.fileno(), *owner)
                    break
        os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode))
    os.fsync(file.fileno())


def _write_unnamed(data: bytes, path: str, old: os.stat_result | None) -> bool:
    """Write a file that gets its name once all of it is there, so that nothing stays if the process is killed before.

    False if that cannot be done: it is a matter of Linux, and of most of its file systems.
    """
    flag = getattr(os, "O_TMPFILE", None)
    if flag is None:
        return False
    folder, name = os.path.split(path)
    try:
        there = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            with os.fdopen(os.open(folder, flag | os.O_WRONLY, 0o666), "wb") as file:
                _fill(file, data, old)
                # Only if a folder is given does Python make the call that follows the link to the open file.
                os.link(f"/proc/self/fd/{file.fileno()}", name, dst_dir_fd=there, follow_symlinks=True)
        finally:
            os.close(there)
    except OSError:
        # Whatever it was: if it is in the way of a file with a name as well, it is told of that.
        return False
    return True
