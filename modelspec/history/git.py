"""The `git` program, run in one repository: what it is asked, in which environment, and why it refuses."""

from __future__ import annotations

import os
import re
import subprocess

from modelspec.config import show_path
from modelspec.record import NamedTuple

__all__ = ["Answer", "Repository", "Trouble", "find_repository", "start"]

COMMAND = (
    "git",
    "--no-pager",
    # None of these may start a daemon, or write beside the index that a question has for itself.
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.splitIndex=false"),
    *("-c", "core.untrackedCache=false"),
    *("-c", "index.sparse=false"),
)
PLACES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX")
"""What a hook's environment says of the repository it runs in."""


class Trouble(Exception):
    """What was asked cannot be had: why, and what to do about it; as text, both."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}"

    def __reduce__(self) -> tuple[type[Trouble], tuple[str, str]]:
        return Trouble, (self.message, self.hint)


class Answer(NamedTuple):
    """What git printed, what it complained of, and its exit status."""

    output: bytes
    complaint: str
    status: int


class Repository:
    """A repository: the (absolute) folder in which git runs, and its environment there.

    `root` is the top of the work tree as an absolute path without links; None in a bare repository, which has none.
    """

    __slots__ = ("environment", "folder", "is_shallow", "root")

    def __init__(self, folder: str, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.root: str | None = None
        self.is_shallow = False

    def try_to(self, *question: str, data: bytes = b"", index: str | None = None) -> Answer:
        """Ask git, whatever it says; `data` is its input, `index` the file to use for an index."""
        environment = self.environment if index is None else {**self.environment, "GIT_INDEX_FILE": index}
        process = start(self.folder, environment, *question, stderr=subprocess.PIPE)
        output, complaint = process.communicate(data)
        return Answer(output, complaint.decode("utf-8", "replace"), process.returncode)

    def ask(self, *question: str, data: bytes = b"", index: str | None = None) -> str:
        """Ask git; the answer as text, without its last line break. Raises Trouble if git refuses."""
        answer = self.try_to(*question, data=data, index=index)
        if answer.status:
            raise explain(answer.complaint, self.folder)
        return os.fsdecode(answer.output).removesuffix("\n")

    def ask_each(self, *question: str, index: str | None = None) -> list[str]:
        """Ask git for what it ends by NULs. Raises Trouble if git refuses."""
        return self.ask(*question, index=index).split("\0")[:-1]

    def read_boundary(self) -> set[str]:
        """The commits of a shallow clone whose parents it does not have."""
        if not self.is_shallow:
            return set()
        path = os.path.join(self.folder, self.ask("rev-parse", "--git-path", "shallow"))
        try:
            with open(path, encoding="ascii") as file:
                return set(file.read().split())
        except FileNotFoundError:
            return set()


def start(folder: str, environment: dict[str, str], *question: str, stderr: int) -> subprocess.Popen[bytes]:
    """Start git with pipes to and from it. Raises Trouble if it is not there."""
    try:
        return subprocess.Popen(
            [*COMMAND, *question],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
    except OSError as error:
        if not os.path.isdir(folder):
            raise Trouble(f"there is no folder '{show_path(folder)}'", "name one in a git repository") from None
        if isinstance(error, FileNotFoundError):
            raise Trouble(
                "the program 'git' is not there: earlier versions are read by it", "install git, or put it on the PATH"
            ) from None
        raise Trouble(f"the program 'git' cannot be run: {error.strerror or error}", "make it executable") from None


def find_repository(folder: str) -> Repository:
    """The repository that a folder is in. Raises Trouble if it is in none, or git refuses to read it.

    A hook is told its repository by the environment, with paths that hold for the folder where it was started; then
    the one around `folder` is the same, mostly. Where it is not, the environment is believed, as git does.
    """
    folder = os.path.abspath(folder)
    environment = {
        **os.environ,
        "LC_ALL": "C",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
    }
    environment.pop("GIT_INDEX_FILE", None)
    named = os.environ.get("GIT_DIR")
    plain = Repository(folder, {name: value for name, value in environment.items() if name not in PLACES})
    if os.environ.get("GIT_WORK_TREE") is None:
        try:
            directory = _describe(plain)
        except Trouble:
            if named is None:
                raise
        else:
            if named is None or directory == os.path.realpath(named):
                return plain
    told = Repository(os.getcwd(), environment)
    # From here on it holds for any folder.
    environment["GIT_DIR"] = _describe(told)
    if told.root is not None:
        environment["GIT_WORK_TREE"] = told.root
    return told


def _describe(repository: Repository) -> str:
    """Fill in what is to be known of a repository, and give its git directory without links."""
    shallow, directory = repository.ask("rev-parse", "--is-shallow-repository", "--absolute-git-dir").split("\n", 1)
    repository.is_shallow = shallow == "true"
    top = repository.try_to("rev-parse", "--show-toplevel")
    if top.status == 0:
        repository.root = os.path.realpath(os.fsdecode(top.output).removesuffix("\n"))
    return os.path.realpath(directory)


def explain(complaint: str, folder: str) -> Trouble:
    """Why git refuses, in our words where it is a case that we know."""
    folder = show_path(folder)
    if "safe.directory" in complaint:
        known = re.search(r"^\s*(git config --global --add safe\.directory .*)$", complaint, re.MULTILINE)
        return Trouble(
            f"git refuses to read the repository of '{folder}': it belongs to another user",
            f"if you trust it: {known[1] if known else 'git config --global --add safe.directory FOLDER'}",
        )
    if "not a git repository" in complaint:
        if named := os.environ.get("GIT_DIR"):
            return Trouble(
                f"'{folder}' is in no git repository, and GIT_DIR names none: '{show_path(named)}'",
                "run it inside of a clone, with GIT_DIR unset",
            )
        return Trouble(f"'{folder}' is in no git repository", "run it inside of a clone: versions are read from git")
    if "promisor" in complaint or "lazy" in complaint:
        return Trouble(
            f"this is a partial clone, and git cannot fetch what is missing: {_shorten(complaint)}",
            "make its remote reachable, or fetch everything: git fetch --refetch --no-filter",
        )
    return Trouble(f"git cannot answer: {_shorten(complaint)}", f"run git in '{folder}' to see more")


def _shorten(complaint: str) -> str:
    """What git says first of what went wrong."""
    lines = [line.strip() for line in complaint.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return show_path((fatal or lines or ["it says nothing"])[0])
