"""Write docs/terminal.svg: what a terminal shows of the README's own files, in the colours that it shows.

The commands run on a pseudo-terminal, so that the picture is of the real thing. Its text can be selected.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from rich.console import Console
from rich.style import Style
from rich.text import Text
from write_docs import ENVIRONMENT, ROOT, read_files

PICTURE = ROOT / "docs" / "terminal.svg"
COMMANDS = ("modelspec check wrong.yaml", "modelspec report digits.yaml")
COLUMNS = 96
WIDTH, HEIGHT, MARGIN = 8.4, 19, 20
"""Pixels of a character and a line at 14 px, and around the text."""
COLOURS = {1: "#ff7b72", 2: "#7ee787", 3: "#e3b341", 4: "#79c0ff", 6: "#76e3ea"}
"""By the number of ANSI, on the background #0d1117: each has a contrast of 7 to 1 or more."""
FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def write() -> dict[Path, str]:
    """The picture by its path."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in read_files((ROOT / "README.md").read_text(encoding="utf-8")).items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        shown = "\n".join(f"\x1b[32m$\x1b[0m \x1b[1m{command}\x1b[0m\n{run(command, folder)}" for command in COMMANDS)
    return {PICTURE: draw(shown)}


def run(command: str, folder: str) -> str:
    """What a command prints on a terminal, with its escape codes."""
    reading, writing = pty.openpty()
    environment = {**ENVIRONMENT, "PATH": os.environ["PATH"], "COLUMNS": str(COLUMNS), "TERM": "xterm-256color"}
    with subprocess.Popen(
        [sys.executable, "-m", *command.split()],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
    ):
        os.close(writing)
        printed = b""
        # Linux tells the end of what a terminal prints by an error.
        try:
            while part := os.read(reading, 1 << 16):
                printed += part
        except OSError:
            pass
        os.close(reading)
    return printed.decode().replace("\r\n", "\n")


def draw(shown: str) -> str:
    """Text with escape codes as a picture of a terminal."""
    lines = Text.from_ansi(shown).split("\n")
    while lines and not lines[-1].plain.strip():
        lines.pop()
    width = max(len(line.plain) for line in lines) * WIDTH + 2 * MARGIN
    height = len(lines) * HEIGHT + 2 * MARGIN
    rows = [draw_line(line, MARGIN + (number + 1) * HEIGHT - 5) for number, line in enumerate(lines) if line.plain]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img">',
            f"<title>{escape('; '.join(COMMANDS))}</title>",
            '<rect width="100%" height="100%" rx="8" fill="#0d1117"/>',
            f'<g font-family="{FONT}" font-size="14" fill="#e6edf3">',
            *rows,
            "</g>",
            "</svg>",
            "",
        ]
    )


def draw_line(line: Text, y: int) -> str:
    """A line of text. Each run of words in one style is stretched to its columns, whatever font there is."""
    runs, column = [], 0
    for segment in line.render(Console()):
        for words in re.finditer(r"\S+(?: \S+)*", segment.text):
            x, length = MARGIN + (column + words.start()) * WIDTH, len(words[0]) * WIDTH
            runs.append(
                f'<tspan x="{x:.1f}" textLength="{length:.1f}" lengthAdjust="spacingAndGlyphs"'
                f"{show_style(segment.style)}>{escape(words[0])}</tspan>"
            )
        column += len(segment.text)
    return f'<text y="{y}">{"".join(runs)}</text>'


def show_style(style: Style | str | None) -> str:
    """What a style says of a run of text, as attributes."""
    if not isinstance(style, Style):
        return ""
    said = ""
    if style.color is not None and style.color.number is not None:
        said += f' fill="{COLOURS[style.color.number]}"'
    elif style.dim:
        said += ' fill="#9198a1"'
    return said + (' font-weight="bold"' if style.bold else "")


if __name__ == "__main__":
    for path, text in write().items():
        path.write_text(text, encoding="utf-8")
