"""Progress: one line on a terminal, in its width, and nothing of it when all is done."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from modelspec.cli import progress
from modelspec.cli.progress import DELAY, Progress

pty = pytest.importorskip("pty")
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")

ROOT = Path(__file__).resolve().parent.parent


class Terminal:
    """A terminal that stands for standard error, and a clock that the test sets."""

    def __init__(self, columns: int, encoding: str = "utf-8") -> None:
        self.reader, writer = pty.openpty()
        os.set_blocking(self.reader, False)
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 25, columns, 0, 0))
        self.stream = os.fdopen(writer, "w", encoding=encoding)
        self.columns = columns
        self.now = 1_000.0
        self.line: list[str] = []
        self.at = 0
        self.written = ""

    def show(self) -> str:
        """The line that is on the screen now; anything that leaves the line is a failure."""
        try:
            fresh = os.read(self.reader, 1 << 16).decode()
        except BlockingIOError:
            fresh = ""
        self.written += fresh
        for char in fresh:
            if char == "\r":
                self.at = 0
            elif char == "\b":
                assert self.at > 0
                self.at -= 1
            else:
                assert char.isprintable()
                self.line[self.at : self.at + 1] = [char]
                self.at += 1
                assert self.at < self.columns, "the line is longer than the terminal is wide"
        return "".join(self.line).rstrip()


@pytest.fixture(params=[80])
def terminal(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    columns, encoding = request.param if isinstance(request.param, tuple) else (request.param, "utf-8")
    made = Terminal(columns, encoding)
    # pytest sets the real one anew between the fixture and the test.
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=made.stream))
    monkeypatch.setattr(progress, "monotonic", lambda: made.now)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    yield made
    made.stream.close()
    os.close(made.reader)


def test_a_line_is_shown_and_cleared(terminal: Terminal) -> None:
    with Progress(1_000) as shown:
        shown.advance(100)
        assert terminal.show() == "", "it is too early"
        terminal.now += DELAY
        shown.advance(212)
        assert terminal.show() == f"checking 312 of 1,000 specs {'━' * 12}{'─' * 28}"
        shown.advance()
        assert "312" in terminal.show(), "it has just been written"
        terminal.now += 1
        shown.advance(687)
        assert terminal.show() == f"checking 1,000 of 1,000 specs {'━' * 40}"
    assert terminal.show() == ""
    assert terminal.at == 0
    shown.close()
    terminal.now += DELAY
    shown.advance()
    assert terminal.show() == ""


def test_what_is_shorter_leaves_nothing_behind(terminal: Terminal) -> None:
    shown = Progress(10_000)
    terminal.now += DELAY
    shown.advance(9_999)
    terminal.show()
    shown.total, shown.done = 10, 1
    terminal.now += 1
    shown.advance()
    assert terminal.show() == f"checking 2 of 10 specs {'━' * 8}{'─' * 32}"
    shown.close()
    assert terminal.show() == ""


@pytest.mark.parametrize("terminal", [*range(1, 80, 3), (80, "ascii"), (80, "latin-1")], indirect=True)
def test_it_keeps_to_the_terminal(terminal: Terminal) -> None:
    """To its width, which `show` watches over, and to its letters."""
    with Progress(1_000) as shown:
        for _ in range(0, 1_000, 125):
            terminal.now += DELAY
            shown.advance(125)
            told = terminal.show()
            assert "checking 1".startswith(told[:10]) or told.startswith("checking ")
    assert terminal.show() == ""
    if terminal.stream.encoding != "utf-8":
        assert "specs ##########" in terminal.written


def test_an_interrupt_clears_the_line(terminal: Terminal) -> None:
    def work() -> None:
        with Progress(10) as shown:
            terminal.now += DELAY
            shown.advance(5)
            assert terminal.show() != ""
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert terminal.show() == ""


@pytest.mark.parametrize("done", [0, 1, 7])
def test_more_than_there_were_to_be_is_no_fault(terminal: Terminal, done: int) -> None:
    with Progress(0) as shown:
        terminal.now += DELAY
        shown.advance(done)
        assert terminal.show().startswith(f"checking {done} of {done} specs ━")


@pytest.mark.parametrize(
    ("variables", "welcome"),
    [
        ({}, True),
        ({"TERM": "dumb"}, False),
        ({"CI": "true"}, False),
        ({"CI": "1"}, False),
        ({"CI": "false"}, True),
        ({"CI": ""}, True),
        ({"NO_COLOR": "1"}, True),
    ],
)
def test_where_it_is_welcome(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], welcome: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for wanted in (True, False):
        with Progress(10, wanted) as shown:
            terminal.now += DELAY
            shown.advance(5)
            assert bool(terminal.show()) == (welcome and wanted)


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_nothing_is_shown_where_there_is_no_terminal(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, stream: io.StringIO | None
) -> None:
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))
    with Progress(10) as shown:
        terminal.now += DELAY
        shown.advance(5)
    assert stream is None or stream.getvalue() == ""


def test_a_terminal_that_is_gone_stops_nothing(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    shown = Progress(10)
    terminal.now += DELAY
    shown.advance()
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=closed))
    terminal.now += DELAY
    shown.advance()
    shown.close()
    with Progress(10) as other:
        terminal.now += DELAY
        other.advance()


def test_it_loads_nothing_heavy() -> None:
    code = "import sys, modelspec.cli.progress; print(*sorted(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not loaded & {"rich", "typer", "threading", "modelspec.report", "modelspec.road"}
