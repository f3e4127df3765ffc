"""Revisions: what a word like `main` or `v1.2~3` names in a repository, and why it names nothing."""

from __future__ import annotations

import os
import re

from modelspec.config import show_path
from modelspec.history.git import Repository, Trouble, find_repository
from modelspec.history.snapshot import Snapshot
from modelspec.refusal import find_near

__all__ = ["find_base", "open_revision", "split_revision"]

NAME_ONE = "name one commit: a branch, a tag, a hash, HEAD~1"
IN_CI = "with actions/checkout set fetch-depth: 0, in GitLab CI GIT_DEPTH: 0"
MAX_NAMES = 2000
"""Branches and tags among which a near one is sought."""


def open_revision(revision: str, folder: str) -> Snapshot:
    """The commit that a revision names in the repository around a folder. Raises Trouble if there is none."""
    repository = find_repository(folder)
    return Snapshot(repository, revision, _find_commit(repository, revision))


def find_base(revision: str, folder: str) -> Snapshot:
    """The commit from which HEAD and a revision went apart: git's best merge base. Raises Trouble if there is none.

    In a shallow clone the best one may be among what was not fetched: then nothing is guessed.
    """
    repository = find_repository(folder)
    commit = _find_commit(repository, revision)
    head = _find_commit(repository, "HEAD")
    answer = repository.try_to("merge-base", "--all", head, commit)
    if answer.status > 1:
        repository.ask("merge-base", "--all", head, commit)
    bases = answer.output.decode().split()
    # What one side is itself, no other common ancestor comes after.
    if commit not in bases and head not in bases:
        boundary = repository.read_boundary()
        if boundary:
            between = repository.ask("rev-list", head, commit, "--not", *bases, "--")
            if not boundary.isdisjoint(between.split()):
                raise _tell_shallow(repository, revision, bases)
    if not bases:
        raise Trouble(
            f"'{show_path(revision)}' and HEAD have no commit in common: their histories are unrelated",
            "compare with a branch that this one comes from",
        )
    return Snapshot(repository, revision, bases[0])


def split_revision(text: str) -> tuple[str, str] | None:
    """Split `REV:PATH`; None if this is a path of the disk. What is there by that very name is one.

    As with git, a colon in braces belongs to the revision: `HEAD@{2026-01-31 12:00}:specs/a.yaml`. Raises Trouble for
    a path of the index.
    """
    if "\0" in text or os.path.lexists(text) or re.match(r"[A-Za-z]:[\\/]", text):
        return None
    depth = 0
    for at, char in enumerate(text):
        depth += (char == "{") - (char == "}")
        if char == ":" and depth == 0:
            if at == 0:
                raise Trouble(
                    f"'{show_path(text)}' is in git's index, which is not read",
                    "name a revision before the colon (HEAD:specs/a.yaml), or the file itself",
                )
            return text[:at], text[at + 1 :]
    return None


def _find_commit(repository: Repository, revision: str) -> str:
    """The full hash of the commit that a revision names. Raises Trouble if it names none.

    A branch that only a remote has (as in a checkout of CI) is taken from there.
    """
    if revision.startswith(("-", "^")) or ".." in revision or not _is_writable(revision):
        raise Trouble(f"{revision!a} is no revision", NAME_ONE)
    commit = _ask_commit(repository, revision)
    if commit is None and (remote := _find_remote(repository, revision)):
        commit = _ask_commit(repository, remote)
    if commit is None:
        raise _tell_unknown(repository, revision)
    return commit


def _is_writable(revision: str) -> bool:
    """Whether this can be an argument of git, and in the name of a reference."""
    try:
        return bool(revision) and min(os.fsencode(revision)) >= ord(" ")
    except UnicodeEncodeError:
        return False


def _ask_commit(repository: Repository, revision: str) -> str | None:
    answer = repository.try_to("rev-parse", "--verify", revision + "^{commit}")
    if answer.status == 0:
        return answer.output.decode().strip()
    if "object ID" in answer.complaint and "is ambiguous" in answer.complaint:
        raise Trouble(f"'{show_path(revision)}' is the beginning of several hashes", "write more of its digits")
    return None


def _is_known(repository: Repository, name: str) -> bool:
    return repository.try_to("rev-parse", "--verify", name + "^{object}").status == 0


def _cut(revision: str) -> tuple[str, str]:
    """The name that a revision begins with, and what follows: `main`, `~3`."""
    match = re.match(r"([^~^@:]+(?:@(?!\{)[^~^@:]*)*|@)(.*)", revision)
    return (match[1], match[2]) if match is not None else ("", revision)


def _list_remotes(repository: Repository) -> list[str]:
    """The remotes' names, `origin` first."""
    return sorted(repository.ask("remote").split("\n"), key=lambda name: (name != "origin", name))


def _find_remote(repository: Repository, revision: str) -> str | None:
    """The same revision of a remote, if one has a branch of that name; None if none has. Raises Trouble if several
    have it, and none of them is `origin` or what git's own configuration prefers.
    """
    name, rest = _cut(revision)
    if name in ("", "HEAD", "@") or _is_known(repository, name):
        return None
    having = [
        remote
        for remote in _list_remotes(repository)
        if remote and _ask_commit(repository, f"refs/remotes/{remote}/{name}") is not None
    ]
    if not having:
        return None
    preferred = repository.try_to("config", "--get", "checkout.defaultRemote").output.decode().strip()
    remote = preferred if preferred in having else having[0]
    if len(having) > 1 and remote not in (preferred, "origin"):
        names = " or ".join(f"'{other}/{revision}'" for other in having)
        raise Trouble(f"several remotes have a branch '{show_path(name)}'", f"write {show_path(names)}")
    return f"refs/remotes/{remote}/{name}{rest}"


def _tell_shallow(repository: Repository, revision: str, bases: list[str]) -> Trouble:
    shown = show_path(revision)
    found = f": git finds {bases[0][:10]}, which may be too old" if bases else ""
    return Trouble(
        f"where '{shown}' and HEAD went apart is not known in this shallow clone, whose history is cut off{found}",
        f"{_tell_deepen(repository)}; {IN_CI}",
    )


def _tell_deepen(repository: Repository) -> str:
    remote = _list_remotes(repository)[0] or "REMOTE"
    return f"fetch more of it: git fetch --unshallow {remote} (or --deepen=100, until it is enough)"


def _tell_unknown(repository: Repository, revision: str) -> Trouble:
    """Why a revision names no commit."""
    name, rest = _cut(revision)
    shown = show_path(revision)
    known = name != "" and _is_known(repository, name)
    if name in ("HEAD", "@") and not known:
        return Trouble("there is no commit yet", "commit first: then there is something to compare with")
    what = repository.try_to("cat-file", "-t", revision).output.decode().strip()
    if what:
        return Trouble(f"'{shown}' names no commit (it is a {what})", NAME_ONE)
    if known and rest:
        message = f"'{shown}' is not there: '{show_path(name)}' is, but what follows it leads nowhere"
        if repository.is_shallow:
            hint = f"this clone is shallow: {_tell_deepen(repository)}; {IN_CI}"
            return Trouble(message, hint)
        return Trouble(message, f"look with: git log {show_path(name)}")
    names = repository.ask("for-each-ref", "--format=%(refname)", f"--count={MAX_NAMES}").split("\n")
    remote = _list_remotes(repository)[0]
    near = find_near(name, sorted({_shorten(each, remote) for each in names if each}))
    hints = [f"did you mean '{near}{rest}'?"] if near is not None else []
    if remote:
        hints.append(f"if it is at the remote: {_write_fetch(repository, remote, name)}")
        if repository.is_shallow:
            hints.append(IN_CI)
    return Trouble(f"there is no revision '{shown}'", "; ".join(hints) or "look with: git branch --all")


def _write_fetch(repository: Repository, remote: str, name: str) -> str:
    """What fetches a branch, in a clone that follows another branch only, too."""
    deep = "--unshallow " if repository.is_shallow else ""
    if re.fullmatch(r"[0-9a-f]{7,64}", name):
        return f"git fetch {deep}{remote} {name}"
    name = name.removeprefix("refs/heads/").removeprefix(f"{remote}/")
    name = show_path(name)
    return f"git fetch {deep}{remote} {name}:refs/remotes/{remote}/{name}"


def _shorten(ref: str, remote: str) -> str:
    """How a reference is called by people: a remote's branch without the remote, for it is found so."""
    for start in ("refs/heads/", "refs/tags/", f"refs/remotes/{remote}/", "refs/remotes/"):
        if ref.startswith(start):
            return ref.removeprefix(start)
    return ref
