"""What the commands share: exit statuses, colour, formats, and writing the output whole or not at all."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelspec.report import Report

__all__ = [
    "DERIVED",
    "FOUND",
    "STOPPED",
    "USAGE",
    "WELL",
    "complain",
    "has_color",
    "has_screen",
    "is_interactive",
    "judge",
    "remark",
    "render",
    "show",
    "width",
    "write",
    "write_bytes",
]

WELL = 0
FOUND = 1
USAGE = 2
STOPPED = 130
"""As a shell has it for a command that was interrupted."""

DERIVED = ("html",)
"""The formats that show how each number comes about."""


def has_color(output: str | None) -> bool:
    """Whether to colour: only on a terminal, and not where NO_COLOR or a dumb terminal asks for none."""
    if output is not None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty()


def has_screen() -> bool:
    """Whether standard output is a terminal that can be cleared, and not a log that looks like one (CI)."""
    if os.environ.get("TERM") == "dumb" or os.environ.get("CI", "").lower() not in ("", "0", "false"):
        return False
    return sys.stdout.isatty()


def is_interactive() -> bool:
    """Whether somebody is there to be asked: both ways lead to a terminal."""
    try:
        return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
    except ValueError:  # closed
        return False


def width(output: str | None) -> int:
    """Columns to draw on: the terminal's, or 80."""
    if output is not None or not sys.stdout.isatty():
        return 80
    import shutil

    return max(60, shutil.get_terminal_size((80, 24)).columns)


def render(report: Report, format: str, output: str | None = None) -> str:
    """A report in one of the formats, each of which is a module of its name."""
    if format == "text":
        from modelspec.render import text

        return text.show_report(report, width=width(output), color=has_color(output))
    from importlib import import_module

    show: Callable[[Report], str] = import_module(f"modelspec.render.{format}").show_report
    return show(report)


def show(report: Report, format: str, output: str | None) -> bool:
    """Write a report in one of the formats. False if that failed, which is then told.

    In a step of a GitHub workflow the format `github` also adds to the step's summary, for the annotations are few.
    """
    written = write(render(report, format, output), output)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if format == "github" and summary:
        from modelspec.render.github import show_summary

        written = _append(show_summary(report), summary) and written
    return written


def _append(text: str, path: str) -> bool:
    try:
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        complain(f"cannot write the step's summary '{path}': {error.strerror}")
        return False
    return True


def judge(report: Report, fail_on: str = "error") -> int:
    """The exit status that a report means: with `warning` a warning is enough to fail."""
    if fail_on == "warning" and report.diagnostics:
        return FOUND
    return WELL if report.ok else FOUND


def complain(trouble: str) -> None:
    """Say on standard error what is wrong with the call."""
    print(f"modelspec: {trouble}", file=sys.stderr)  # noqa: T201


def remark(text: str) -> None:
    """Say on standard error what is being done."""
    print(text, file=sys.stderr)  # noqa: T201


def write(text: str, output: str | None) -> bool:
    """Write to standard output, or to a file: whole, or not at all. False if that failed, which is then told."""
    if output is None or output == "-":
        if getattr(sys.stdout, "buffer", None) is None:
            sys.stdout.write(text)
            return True
        # What a terminal cannot show must not stop the report.
        return write_bytes(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"), output)
    return write_bytes(text.encode("utf-8", "backslashreplace"), output)


def write_bytes(data: bytes, output: str | None) -> bool:
    """Write bytes as `write` does a text: what is not for people is the same whatever the terminal can show."""
    if output is None or output == "-":
        buffer = getattr(sys.stdout, "buffer", None)
        if buffer is None:
            sys.stdout.write(data.decode("utf-8", "replace"))
        else:
            try:
                sys.stdout.flush()
                buffer.write(data)
                buffer.flush()
            except BrokenPipeError:
                raise
            except OSError as error:
                complain(f"cannot write standard output: {error.strerror or error}")
                # What is left in the buffer is not tried again at the end.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                return False
        return True
    from modelspec.cli import output as files

    try:
        files.write_bytes(data, output)
    except BrokenPipeError:
        raise  # as of standard output
    except OSError as error:
        complain(f"cannot write '{output}': {error.strerror or error}")
        return False
    except ValueError as error:  # a NUL in the path
        complain(f"cannot write {output!a}: {error}")
        return False
    return True
