"""Write the outputs into README.md and pages of docs/: what their examples print is what they really print.

A page is its own source. A fenced block under `<!-- file: NAME -->` is a file; in a block of `console` each line
`$ …` is run by the shell among these files, and in one of `pycon` each `>>> …`; what they print takes the place of what
stood below them. A block of `text` under `<!-- layers: NAME -->` is the table of layers in the report on that file,
and one under `<!-- part: PATH -->` the lines of a file of the project from its own first line to its own last.
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

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", *(ROOT / "docs" / f"{name}.md" for name in ("language", "gate", "advice", "fixing")))
BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>file|layers|part): (?P<name>\S+) -->\n+)?```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
PERSON = {"NAME": "Ada", "EMAIL": "ada@example.org", "DATE": "2026-01-01T00:00:00Z"}
ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),
    "PYTHONUTF8": "1",
    # Commits are the same in every run.
    **{f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in PERSON.items()},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "core.excludesFile",
    "GIT_CONFIG_VALUE_0": "../gitignore",
}
"""What the examples run with: `PATH` is added, and nothing else."""


def write() -> dict[Path, str]:
    """The pages with their outputs made anew, by their paths."""
    return {page: write_page(page.read_text(encoding="utf-8")) for page in PAGES}


def write_page(page: str) -> str:
    """A page with its outputs made anew. Its files lie in a folder of its own, beside `specs`."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "page"
        folder.mkdir()
        (folder / "specs").symlink_to(ROOT / "specs", target_is_directory=True)
        # The link holds the place of this checkout: a commit that had it would be another one in each.
        (Path(scratch) / "gitignore").write_text("/specs\n", encoding="utf-8")
        return BLOCK.sub(lambda block: _renew(block, folder), page)


def read_files(page: str) -> dict[str, str]:
    """The files that a page shows, by their names."""
    return {block["name"]: block["text"] for block in BLOCK.finditer(page) if block["mark"] == "file"}


def _renew(block: re.Match[str], folder: Path) -> str:
    if block["mark"] == "file":
        (folder / block["name"]).parent.mkdir(parents=True, exist_ok=True)
        (folder / block["name"]).write_text(block["text"], encoding="utf-8")
        return block[0]
    if block["mark"] == "layers":
        return block[0].replace(f"```text\n{block['text']}", f"```text\n{_list_layers(block['name'], folder)}")
    if block["mark"] == "part":
        return block[0].replace(block["text"], _cut(ROOT / block["name"], block["text"]))
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


def _cut(path: Path, text: str) -> str:
    """The lines of a file from the first one of a text to the last. Raises ValueError if it does not have these."""
    lines, shown = path.read_text(encoding="utf-8").splitlines(keepends=True), text.splitlines(keepends=True)
    if shown[0] not in lines or shown[-1] not in (rest := lines[lines.index(shown[0]) :]):
        raise ValueError(f"{path.name} has no part from {shown[0]!r} to {shown[-1]!r}")
    return "".join(rest[: rest.index(shown[-1]) + 1])


def _list_layers(name: str, folder: Path) -> str:
    """The table of layers in the report on a file: what stands between the header and the totals."""
    shown = _run_console(f"$ modelspec report {name}\n", folder)
    tables = re.findall(r"^(Layer \(type\).*?\n─+\n.*?)^─+\n", shown, re.MULTILINE | re.DOTALL)
    if len(tables) != 1:
        raise ValueError(f"the report on {name} shows {len(tables)} tables of layers: {shown}")
    return str(tables[0])


def _run_python(text: str, folder: Path) -> str:
    examples = doctest.DocTestParser().get_examples(text)
    # One session; what each line prints is told apart by a mark of its own.
    mark = "\x1e"
    session = "".join(f"exec(compile({example.source!r}, 'page', 'single')); print({mark!r})\n" for example in examples)
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
