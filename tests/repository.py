"""Git repositories in folders of their own, for tests that drive real tools."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def plain_environment() -> dict[str, str]:
    """What a tool is run with: an author, and nothing of the user's configuration of git and pre-commit."""
    foreign = ("GIT_", "PRE_COMMIT", "GITHUB_", "RUNNER_", "CI")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.org",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }


def copy_project(folder: Path) -> None:
    """Copy the files of this checkout: what git has, or would take."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, encoding="utf-8", check=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


class Repository:
    """A git repository in a folder of its own, with an author and without the user's configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**plain_environment(), "PRE_COMMIT_HOME": str(folder.parent / "pre-commit")}
        folder.mkdir()
        self.run("git", "init", "--quiet", "--initial-branch=main")

    def run(self, *command: str | Path, given: str | None = None) -> str:
        """Run a command that has to succeed; return what it prints."""
        done = self.attempt(*command, given=given)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def attempt(self, *command: str | Path, given: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            input=given or "",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )

    def write(self, **files: str) -> None:
        """Write YAML files; `__` in a name is a folder."""
        for name, text in files.items():
            path = self.folder / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def commit(self, **files: str) -> subprocess.CompletedProcess[str]:
        """Write YAML files (`__` in a name is a folder), and try to commit all that is there."""
        self.write(**files)
        self.run("git", "add", "--all")
        return self.attempt("git", "commit", "--message", "change")

    def count_commits(self) -> int:
        """The commits so far."""
        return int(self.run("git", "rev-list", "--count", "--all"))
