"""The command as a user drives it: a process on a terminal (or with pipes), what it shows, and what is typed."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import pytest

from tests.pace import find_pace

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60
"""Seconds after which what is waited for does not come any more: nothing is meant to take a tenth of it."""
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Driven:
    """`modelspec` with these arguments, running in a folder. To be used in a `with`, at the end of which it is gone."""

    def __init__(self, folder: Path, *arguments: str, terminal: bool, **environment: str) -> None:
        self.raw = ""
        """All that it has shown, with the escapes of the terminal."""
        self._read_to = 0
        ours = {"PYTHONPATH": str(ROOT), "TERM": "xterm", "PYTHONUNBUFFERED": "1", **environment}
        known = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}
        command = [sys.executable, "-m", "modelspec", *arguments]
        self._input = -1
        if terminal:
            pty = pytest.importorskip("pty")
            self._output, inner = pty.openpty()
            self._input = self._output
            ends = {"stdin": inner, "stdout": inner, "stderr": inner}
        else:
            self._output, inner = os.pipe()
            ends = {"stdin": subprocess.DEVNULL, "stdout": inner, "stderr": inner}
        self.process = subprocess.Popen(command, cwd=folder, env={**known, **ours}, start_new_session=True, **ends)  # type: ignore[call-overload]
        os.close(inner)

    def __enter__(self) -> Driven:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._output)

    @property
    def shown(self) -> str:
        """All that it has shown, as plain text."""
        return _ESCAPES.sub("", self.raw).replace("\r\n", "\n")

    def wait_for(self, text: str) -> str:
        """Wait until this is shown, after what was waited for before; all that is new up to its end."""
        end = time.monotonic() + PATIENCE * find_pace()
        while (at := self.shown.find(text, self._read_to)) < 0:
            assert self._read(end), f"{text!r} does not come; since then:\n{self.shown[self._read_to :]}"
        before, self._read_to = self._read_to, at + len(text)
        return self.shown[before : self._read_to]

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._input, f"{text}\n".encode())

    def interrupt(self) -> None:
        """Press Ctrl-C until it ends: Python loses one that comes in the moment in which it begins to read a line."""
        for _ in range(PATIENCE):
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(find_pace())
                return
            except subprocess.TimeoutExpired:
                pass

    def leave(self) -> tuple[int, str]:
        """Wait for its end: the exit status, and all that was shown since what was waited for last."""
        end = time.monotonic() + PATIENCE * find_pace()
        while self._read(end):
            pass
        return self.process.wait(PATIENCE), self.shown[self._read_to :]

    def _read(self, end: float) -> bool:
        """Read more; False at the end of the output, or when it is too late."""
        ready, _, _ = select.select([self._output], [], [], max(0.0, end - time.monotonic()))
        try:
            fresh = os.read(self._output, 1 << 16) if ready else b""
        except OSError:  # what Linux says when a terminal's other end is closed
            fresh = b""
        self.raw += fresh.decode("utf-8", "replace")
        return bool(fresh)
