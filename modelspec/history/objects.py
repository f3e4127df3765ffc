"""Git's objects by their hashes, through one long-lived `git cat-file --batch`."""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import IO

from modelspec.history.git import Repository, Trouble, explain, start

__all__ = ["Objects"]

DRAINED = 2**26
"""Bytes of an object that are read and dropped; for more, the process is ended and started anew."""


class Objects:
    """What gives an object's bytes. The process starts with the first question.

    A process that was forked off starts one of its own: two cannot ask through one pipe.
    """

    __slots__ = ("_complaints", "_owner", "_process", "repository")

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] | None = None
        self._owner = 0

    def __del__(self) -> None:
        self.close()

    def read(self, name: str, limit: int) -> bytes:
        """At most `limit` bytes of the object with this hash. Raises Trouble if it is not to be had."""
        process = self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(name.encode() + b"\n")
            process.stdin.flush()
            head = process.stdout.readline().split()
            if len(head) != 3:
                raise self._tell_missing(name)
            size = int(head[2])
            data = process.stdout.read(min(size, limit))
            left = size - len(data) + 1
            if left > DRAINED:
                self.close()
                return data
            while left > 0 and (dropped := process.stdout.read(min(left, 2**20))):
                left -= len(dropped)
            if left:
                raise self._tell_missing(name)
        except BrokenPipeError:
            raise self._tell_missing(name) from None
        except BaseException:
            # What is left in the pipe would be taken for the next answer.
            self.close()
            raise
        return data

    def _start(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._owner != os.getpid():
            # A file cannot fill up as a pipe can, while nobody reads what git complains of.
            self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `close`)
            self._owner = os.getpid()
            self._process = start(
                self.repository.folder,
                self.repository.environment,
                "cat-file",
                "--batch",
                stderr=self._complaints.fileno(),
            )
        return self._process

    def _tell_missing(self, name: str) -> Trouble:
        complaint = ""
        if self._complaints is not None and self._process is not None:
            self._end()
            self._complaints.seek(0)
            complaint = self._complaints.read().decode("utf-8", "replace")
        self.close()
        if complaint.strip():
            return explain(complaint, self.repository.folder)
        return Trouble(f"object {name} is missing in this clone", "fetch it, or look with: git fsck")

    def _end(self) -> None:
        """End the process: it only reads, so it may be ended at any point."""
        process = self._process
        if process is not None and self._owner == os.getpid():
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                try:
                    if pipe is not None:
                        pipe.close()
                except BrokenPipeError:  # what was still to be written has no reader now
                    pass

    def close(self) -> None:
        """End the process, if there is one."""
        self._end()
        self._process = None
        if self._complaints is not None:
            self._complaints.close()
            self._complaints = None
