"""A git repository of its own, for tests that need a real one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


class Repository:
    """A git repository in a folder of its own, with an author and without the user's configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))},
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.org",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "PRE_COMMIT_HOME": str(folder.parent / "pre-commit"),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
        folder.mkdir()
        self.run("git", "init", "--quiet")

    def run(self, *command: str) -> str:
        """Run a command that has to succeed; return what it prints."""
        done = self.attempt(*command)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def attempt(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )

    def commit(self, **files: str) -> subprocess.CompletedProcess[str]:
        """Write YAML files (`__` in a name is a folder), and try to commit all that is there."""
        for name, text in files.items():
            path = self.folder / f"{name.replace('__', '/')}.yaml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.run("git", "add", "--all")
        return self.attempt("git", "commit", "--message", "change")

    def count_commits(self) -> int:
        """The commits so far."""
        return int(self.run("git", "rev-list", "--count", "--all"))
