"""Write the outputs into README.md: what its examples print is what they really print.

The page is its own source. A fenced block under `<!-- file: NAME -->` is a file; in a block of `console` each line
`$ …` is run by the shell among these files, and in one of `pycon` each `>>> …`; what they print takes the place of what
stood below them.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCK = re.compile(
    r"^(?:<!-- file: (?P<file>\S+) -->\n+)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
ENVIRONMENT = {"PYTHONPATH": str(README.parent), "PYTHONUTF8": "1"}


def write() -> dict[Path, str]:
    """The README with its outputs made anew, by its path."""
    page = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        return {README: BLOCK.sub(lambda block: _renew(block, Path(folder)), page)}


def _renew(block: re.Match[str], folder: Path) -> str:
    if block["file"] is not None:
        (folder / block["file"]).write_text(block["text"], encoding="utf-8")
        return block[0]
    renew = {"console": _run_console, "pycon": _run_python}.get(block["language"])
    if renew is None:
        return block[0]
    head, _ = block[0].split("\n", 1)
    return f"{head}\n{renew(block['text'], folder)}```"


def _run_console(text: str, folder: Path) -> str:
    script = [f'modelspec() {{ {shlex.quote(sys.executable)} -m modelspec "$@"; }}', "exec 2>&1", "status=0"]
    for command in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
        # The command reads the status of the one before it, not of the echo.
        script += [f"printf '%s\\n' {shlex.quote(f'$ {command}')}", "(exit $status)", command, "status=$?"]
    run = subprocess.run(
        ["sh", "-c", "\n".join(script)],
        cwd=folder,
        env={**ENVIRONMENT, "PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return run.stdout


def _run_python(text: str, folder: Path) -> str:
    examples = doctest.DocTestParser().get_examples(text)
    # One session; what each line prints is told apart by a mark of its own.
    mark = "\x1e"
    session = "".join(
        f"exec(compile({example.source!r}, 'README', 'single')); print({mark!r})\n" for example in examples
    )
    run = subprocess.run(
        [sys.executable, "-c", session],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    outputs = run.stdout.split(f"{mark}\n")[:-1]
    lines = []
    for example, output in zip(examples, outputs, strict=True):
        first, *rest = example.source.splitlines()
        lines.append("".join([f">>> {first}\n", *(f"... {line}\n" for line in rest), output]))
    return "".join(lines)


if __name__ == "__main__":
    for path, page in write().items():
        path.write_text(page, encoding="utf-8")
