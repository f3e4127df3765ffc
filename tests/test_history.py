"""Earlier versions of files, read from real repositories: what is read, what is told where nothing can be."""

from __future__ import annotations

import gc
import os
import pickle
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from modelspec import history, road
from modelspec.history import (
    Snapshot,
    Trouble,
    find_base,
    find_left_out,
    find_renames,
    objects,
    open_revision,
    split_revision,
)
from modelspec.history import git as program
from modelspec.source import MAX_BYTES
from tests.repository import Repository

ROOT = Path(__file__).resolve().parent.parent
SPEC = "modelspec: 1\nname: m\ninput: [4]\nlayers: [{type: Linear, out_features: 3}]\n"
LINES = "".join(f"line {number}\n" for number in range(40))


@pytest.fixture(autouse=True)
def plain_git(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make(tmp_path / "repository")


def make(folder: Path, *options: str) -> Repository:
    """A repository whose branch is called main, with a commit on it."""
    made = Repository(folder)
    if options:
        shutil.rmtree(folder / ".git")
        made.run("git", "init", "--quiet", *options)
    made.run("git", "symbolic-ref", "HEAD", "refs/heads/main")
    save(made, {"a.yaml": "first\n", "specs/b.yaml": "first b\n"})
    return made


def clone(source: Repository, name: str, *options: str) -> Repository:
    made = Repository(source.folder.parent / name)
    shutil.rmtree(made.folder / ".git")
    made.run("git", "clone", "--quiet", *options, f"file://{source.folder}", ".")
    return made


def save(repository: Repository, files: dict[str, str | bytes] | None = None, message: str = "change") -> str:
    """Write files, commit all that is there, and give the commit's hash."""
    for name, text in (files or {}).items():
        path = repository.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    repository.run("git", "add", "--all")
    repository.run("git", "commit", "--quiet", "--allow-empty", "--message", message)
    return hash_of(repository, "HEAD")


def hash_of(repository: Repository, revision: str) -> str:
    return repository.run("git", "rev-parse", revision).strip()


def show(repository: Repository, revision: str, path: str) -> bytes:
    """What git shows of a file in a revision."""
    command = ["git", "show", b"%b:%b" % (revision.encode(), os.fsencode(path))]
    done = subprocess.run(command, cwd=repository.folder, env=repository.environment, capture_output=True, check=True)
    return done.stdout


def base(repository: Repository, revision: str, folder: Path | None = None) -> str:
    with find_base(revision, str(folder or repository.folder)) as snapshot:
        return snapshot.commit


def trouble(call: Callable[..., object], *arguments: object) -> tuple[str, str]:
    with pytest.raises(Trouble) as caught:
        call(*arguments)
    return caught.value.message, caught.value.hint


def look(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """All that is in a folder: modes, times of change, contents."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        data = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
        found[str(path)] = (status.st_mode, status.st_mtime_ns, data)
    return found


# What is read.

NAMES = ["plain.yaml", "with space.yaml", "new\nline.yaml", "tab\t.yaml", "-dash.yaml", "ünïcode.yaml", '"quoted".yaml']
NAMES += [
    "deep/er/still/x.yaml",
    "a:b.yaml",
    "back\\slash.yaml",
    "*.yaml",
    "run.sh",
    "empty",
    os.fsdecode(b"\xff\xfe.yaml"),
]


def test_what_is_read_is_what_git_shows(repository: Repository) -> None:
    texts: dict[str, str | bytes] = {name: f"text of {name!a}\n".encode() * 3 for name in NAMES}
    texts |= {"empty": b"", "run.sh": bytes(range(256)) * 700, "no end": b"modelspec: 1"}
    save(repository, texts)
    (repository.folder / "run.sh").chmod(0o755)
    save(repository, {"plain.yaml": "changed later\r\n"})
    save(repository, dict.fromkeys(texts, b"later still"))
    for revision in ("HEAD", "HEAD~1", "HEAD~2", "main"):
        listed = repository.run("git", "ls-tree", "-r", "-z", "--name-only", revision)
        with open_revision(revision, str(repository.folder)) as snapshot:
            names = list(snapshot.list_files())
            assert len(names) == listed.count("\0") == 2 + len(texts)
            for name in names:
                assert snapshot.read(name) == show(repository, revision, name), name


def test_a_thousand_files_take_one_process(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    save(repository, {f"folder{number % 30}/{number}.yaml": f"{number}\n" for number in range(1000)})
    with open_revision("HEAD", str(repository.folder)) as snapshot:
        started = []
        start = program.start
        monkeypatch.setattr(objects, "start", lambda *given, **named: started.append(given) or start(*given, **named))
        for number in range(1000):
            assert snapshot.read(f"folder{number % 30}/{number}.yaml") == f"{number}\n".encode()
        assert len(started) == 1


@pytest.mark.parametrize("drained", [objects.DRAINED, 10])
def test_no_more_than_the_bound_is_read(repository: Repository, monkeypatch: pytest.MonkeyPatch, drained: int) -> None:
    monkeypatch.setattr(objects, "DRAINED", drained)
    for size in (MAX_BYTES - 1, MAX_BYTES, MAX_BYTES + 1, MAX_BYTES + 500):
        save(repository, {f"{size}.yaml": b"x" * size})
    with open_revision("HEAD", str(repository.folder)) as snapshot:
        for size in (MAX_BYTES - 1, MAX_BYTES, MAX_BYTES + 1, MAX_BYTES + 500):
            assert snapshot.read(f"{size}.yaml") == b"x" * min(size, MAX_BYTES + 1)
            assert snapshot.read("a.yaml") == b"first\n"


def test_what_is_not_there_is_none(repository: Repository) -> None:
    with open_revision("HEAD", str(repository.folder)) as snapshot:
        for path in ("no.yaml", "specs", "", ".", "a.yaml/b.yaml", "../a.yaml", "specs/../../a.yaml", "A.yaml"):
            assert snapshot.read(path) is None, path
        assert snapshot.read("./specs/../a.yaml") == b"first\n"
        assert list(snapshot.list_files("no")) == list(snapshot.list_files("a.yaml")) == []
        assert list(snapshot.list_files("specs")) == list(snapshot.list_files("./specs/")) == ["specs/b.yaml"]


LINKS = {
    "file": "a.yaml",
    "chain": "file",
    "up": "specs/../specs/b.yaml",
    "folder": "specs",
    "round": "dnuor",
    "dnuor": "round",
    "self": "self",
    "gone": "nowhere",
    "out": "../outside.yaml",
    "absolute": "/a.yaml",
    "specs/over": "../a.yaml",
    "specs/top": "..",
}


def test_links_are_followed_inside_the_commit(repository: Repository) -> None:
    (repository.folder.parent / "outside.yaml").write_text("outside\n")
    for name, target in LINKS.items():
        (repository.folder / name).symlink_to(target)
    save(repository)
    paths = [
        *LINKS,
        "folder/b.yaml",
        "folder/over",
        "specs/top/a.yaml",
        "specs/top/specs/top/chain",
        "file/x",
        "round/x",
    ]
    seen = {}
    for path in paths:
        there = repository.folder / path
        real = Path(os.path.realpath(there))
        inside = there.is_file() and real.is_relative_to(repository.folder)
        seen[path] = (real.read_bytes(), str(real.relative_to(repository.folder))) if inside else None
    assert sum(found is not None for found in seen.values()) == 8
    for name in LINKS:
        (repository.folder / name).unlink()
    save(repository)
    with open_revision("HEAD~1", str(repository.folder)) as snapshot:
        for path, found in seen.items():
            assert snapshot.read(path) == (found and found[0]), path
            if found is not None:
                assert snapshot.real(path) == found[1]
        listed = set(snapshot.list_files())
        assert listed == {"a.yaml", "specs/b.yaml", *(name for name in LINKS if seen[name] is not None)}
        assert set(snapshot.list_files("folder")) == {"folder/b.yaml", "folder/over"}


def test_a_snapshot_that_nobody_closes_leaves_no_process(repository: Repository) -> None:
    snapshot = open_revision("HEAD", str(repository.folder))
    assert snapshot.read("a.yaml") == b"first\n"
    process = snapshot._objects._process
    assert process is not None
    assert process.poll() is None
    del snapshot
    gc.collect()
    assert process.poll() is not None


def test_a_snapshot_goes_to_another_process(repository: Repository) -> None:
    save(repository, {"long.yaml": LINES * 9000})
    with open_revision("HEAD", str(repository.folder)) as snapshot:
        assert snapshot.read("a.yaml") == b"first\n"
        with pickle.loads(pickle.dumps(snapshot)) as other:
            assert (other.revision, other.commit, other.root) == (snapshot.revision, snapshot.commit, snapshot.root)
            assert other.read("a.yaml") == b"first\n"
        child = os.fork()
        if child == 0:
            well = all(snapshot.read("specs/b.yaml") == b"first b\n" for _ in range(100))
            snapshot.close()
            os._exit(0 if well else 1)
        for _ in range(100):
            assert snapshot.read("long.yaml") == LINES.encode() * 9000
        assert os.waitpid(child, 0)[1] == 0
        assert snapshot.read("a.yaml") == b"first\n"
    assert snapshot.read("specs/b.yaml") == b"first b\n", "after it was closed, it starts anew"
    snapshot.close()


# Which commit.


def test_the_base_is_where_two_branches_went_apart(repository: Repository) -> None:
    first = hash_of(repository, "HEAD")
    repository.run("git", "checkout", "--quiet", "-b", "work")
    head = save(repository, {"a.yaml": "mine\n"})
    repository.run("git", "checkout", "--quiet", "main")
    save(repository, {"a.yaml": "theirs\n"})
    repository.run("git", "tag", "light")
    repository.run("git", "tag", "-a", "-m", "v", "v1.0")
    theirs = hash_of(repository, "main")
    repository.run("git", "checkout", "--quiet", "work")
    for revision in ("main", "light", "v1.0", theirs, theirs[:8], "HEAD~1", "HEAD^", "main~1", "@~", "work@{1}"):
        assert base(repository, revision) == first, revision
    for revision in ("refs/heads/main", "heads/main", "main^{commit}", "main@{0}", "v1.0^0"):
        assert base(repository, revision) == first, revision
    assert base(repository, "HEAD") == base(repository, "work") == head
    repository.run("git", "merge", "--quiet", "-s", "ours", "main")
    assert base(repository, "main") == theirs
    repository.run("git", "checkout", "--quiet", "main")
    assert base(repository, "work") == theirs, "what is ahead of HEAD is compared with HEAD itself"


def test_of_several_bases_the_first_is_taken(repository: Repository) -> None:
    repository.run("git", "checkout", "--quiet", "-b", "work")
    mine = save(repository, {"b.yaml": "mine\n"})
    repository.run("git", "checkout", "--quiet", "main")
    theirs = save(repository, {"c.yaml": "theirs\n"})
    repository.run("git", "merge", "--quiet", "-m", "m", mine)
    repository.run("git", "checkout", "--quiet", "work")
    repository.run("git", "merge", "--quiet", "-m", "m", theirs)
    bases = repository.run("git", "merge-base", "--all", "HEAD", "main").split()
    assert set(bases) == {mine, theirs}
    assert base(repository, "main") == repository.run("git", "merge-base", "HEAD", "main").strip()


def test_a_branch_of_the_remote_is_taken_where_there_is_none_here(repository: Repository) -> None:
    first = hash_of(repository, "HEAD")
    repository.run("git", "checkout", "--quiet", "-b", "work")
    save(repository, {"a.yaml": "mine\n"})
    repository.run("git", "branch", "topic/deep", "main")
    here = clone(repository, "clone", "--branch", "work")
    here.run("git", "checkout", "--quiet", "--detach")
    here.run("git", "branch", "--quiet", "-D", "work")
    for revision in ("main", "origin/main", "topic/deep", "main~0", "main^{commit}"):
        assert base(here, revision) == first, revision
    with open_revision("main", str(here.folder)) as snapshot:
        assert (snapshot.revision, snapshot.commit) == ("main", first)
    message, _ = trouble(find_base, "main~7", str(here.folder))
    assert message == "there is no revision 'main~7'"


def test_a_branch_of_the_remote_does_not_stand_in_for_a_shorter_one_here(repository: Repository) -> None:
    save(repository)
    here = clone(repository, "clone")
    here.run("git", "reset", "--quiet", "--hard", "main~1")
    with open_revision("origin/main~1", str(here.folder)) as snapshot:
        assert snapshot.commit == hash_of(here, "main")
    assert "'main' is, but what follows it leads nowhere" in trouble(open_revision, "main~1", str(here.folder))[0]


def test_several_remotes(repository: Repository) -> None:
    here = clone(repository, "clone")
    here.run("git", "checkout", "--quiet", "--detach")
    here.run("git", "branch", "--quiet", "-D", "main")
    save(repository, {"a.yaml": "second\n"})
    here.run("git", "remote", "add", "fork", str(repository.folder))
    here.run("git", "fetch", "--quiet", "fork")
    with open_revision("main", str(here.folder)) as snapshot:
        assert snapshot.commit == hash_of(here, "origin/main")
    here.run("git", "config", "checkout.defaultRemote", "fork")
    with open_revision("main", str(here.folder)) as snapshot:
        assert snapshot.commit == hash_of(here, "fork/main")
    here.run("git", "config", "--unset", "checkout.defaultRemote")
    here.run("git", "remote", "rename", "origin", "upstream")
    assert trouble(open_revision, "main", str(here.folder)) == (
        "several remotes have a branch 'main'",
        "write 'fork/main' or 'upstream/main'",
    )
    here.run("git", "remote", "remove", "fork")
    with open_revision("main~0", str(here.folder)) as snapshot:
        assert snapshot.commit == hash_of(here, "upstream/main")


def test_a_commit_that_is_not_there_is_told_with_what_to_do(repository: Repository) -> None:
    here = clone(repository, "clone")
    here.run("git", "tag", "release-1")
    for revision, message, hint in [
        ("relase-1", "there is no revision 'relase-1'", "did you mean 'release-1'?"),
        ("mian~2", "there is no revision 'mian~2'", "did you mean 'main~2'?"),
        ("develop", "there is no revision 'develop'", "git fetch origin develop:refs/remotes/origin/develop"),
        ("origin/dev", "there is no revision 'origin/dev'", "git fetch origin dev:refs/remotes/origin/dev"),
        ("ab" * 20, f"there is no revision '{'ab' * 20}'", f"git fetch origin {'ab' * 20}"),
        ("HEAD~5", "'HEAD~5' is not there: 'HEAD' is, but what follows it leads nowhere", "look with: git log HEAD"),
        ("main@{upstream}x", "'main@{upstream}x' is not there: 'main' is, but", ""),
        ("main:a.yaml", "'main:a.yaml' names no commit (it is a blob)", "name one commit"),
        ("main^{tree}", "'main^{tree}' names no commit (it is a tree)", "name one commit"),
        ("", "'' is no revision", "name one commit"),
        ("-x", "'-x' is no revision", "name one commit"),
        ("--help", "'--help' is no revision", "name one commit"),
        ("--output=x", "'--output=x' is no revision", "name one commit"),
        ("main..work", "'main..work' is no revision", "name one commit"),
        ("main...HEAD", "'main...HEAD' is no revision", "name one commit"),
        ("^main", "'^main' is no revision", "name one commit"),
        ("a\0b", "'a\\x00b' is no revision", "name one commit"),
        ("a\nb", "'a\\nb' is no revision", "name one commit"),
        ("\ud800", "'\\ud800' is no revision", "name one commit"),
        (":a.yaml", "':a.yaml' names no commit (it is a blob)", "name one commit"),
        ("no such", "there is no revision 'no such'", ""),
        ("*", "there is no revision '*'", ""),
        ("x" * 5000, "there is no revision 'xxxx", ""),
    ]:
        for call in (open_revision, find_base):
            told = trouble(call, revision, str(here.folder))
            assert message in told[0]
            assert hint in told[1]
            assert told[1]
    assert not list(here.folder.glob("x"))


def test_a_repository_without_a_remote_names_none(repository: Repository) -> None:
    assert trouble(find_base, "develop", str(repository.folder))[1] == "look with: git branch --all"


def test_the_beginning_of_several_hashes(repository: Repository) -> None:
    one = "commit refs/heads/many\ncommitter A <a@example.org> {number} +0000\ndata 0\n"
    stream = "".join(one.format(number=number) for number in range(1, 1500))
    command = ["git", "fast-import", "--quiet"]
    subprocess.run(command, cwd=repository.folder, input=stream.encode(), check=True)
    starts = [commit[:4] for commit in repository.run("git", "rev-list", "many").split()]
    twice = next(start for start in starts if starts.count(start) > 1)
    told = trouble(open_revision, twice, str(repository.folder))
    assert told == (f"'{twice}' is the beginning of several hashes", "write more of its digits")


def test_before_the_first_commit(tmp_path: Path) -> None:
    empty = Repository(tmp_path / "empty")
    for revision in ("HEAD", "@", "HEAD~1"):
        assert trouble(open_revision, revision, str(empty.folder))[0] == "there is no commit yet"
    assert trouble(find_base, "main", str(empty.folder))[0] == "there is no revision 'main'"
    other = make(tmp_path / "other")
    empty.run("git", "remote", "add", "origin", str(other.folder))
    empty.run("git", "fetch", "--quiet", "origin")
    empty.run("git", "remote", "set-head", "origin", "main")
    assert trouble(find_base, "main", str(empty.folder))[0] == "there is no commit yet"


def test_unrelated_histories(repository: Repository) -> None:
    repository.run("git", "checkout", "--quiet", "--orphan", "other")
    save(repository, message="another beginning")
    message, hint = trouble(find_base, "main", str(repository.folder))
    assert message == "'main' and HEAD have no commit in common: their histories are unrelated"
    assert "branch" in hint


# Shallow clones.


def grow(repository: Repository) -> str:
    """A branch `work` of three commits, while main goes on for three; give the commit where they went apart."""
    for number in range(3):
        save(repository, {"old.yaml": f"{number}\n"})
    apart = hash_of(repository, "HEAD")
    repository.run("git", "checkout", "--quiet", "-b", "work")
    for number in range(3):
        save(repository, {"work.yaml": f"{number}\n"})
    repository.run("git", "checkout", "--quiet", "main")
    for number in range(3):
        save(repository, {"main.yaml": f"{number}\n"})
    return apart


def read_commands(hint: str) -> list[list[str]]:
    """The git commands that a hint names."""
    return [part.split(" (")[0].split() for part in hint.replace("; ", ": ").split(": ") if part.startswith("git ")]


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("options", [[], ["--no-single-branch"]])
def test_a_shallow_clone_says_what_to_fetch_and_that_helps(
    repository: Repository, depth: int, options: list[str]
) -> None:
    apart = grow(repository)
    here = clone(repository, "clone", f"--depth={depth}", "--branch=work", *options)
    here.run("git", "checkout", "--quiet", "--detach")
    here.run("git", "branch", "--quiet", "-D", "work")
    message, hint = trouble(find_base, "main", str(here.folder))
    if options:
        assert message.startswith("where 'main' and HEAD went apart is not known in this shallow clone")
    else:
        assert message == "there is no revision 'main'"
    assert "fetch-depth: 0" in hint
    assert "git fetch --unshallow origin" in hint
    (command,) = read_commands(hint)
    here.run(*command)
    assert base(here, "main") == apart


def test_a_shallow_clone_that_reaches_far_enough_is_enough(repository: Repository) -> None:
    apart = grow(repository)
    here = clone(repository, "clone", "--depth=5", "--branch=work", "--no-single-branch")
    assert here.run("git", "rev-parse", "--is-shallow-repository").strip() == "true"
    assert base(here, "main") == apart
    assert trouble(open_revision, "HEAD~20", str(here.folder))[1].startswith("this clone is shallow: fetch more")


def test_a_base_that_only_a_shallow_clone_finds_is_not_taken(repository: Repository) -> None:
    """HEAD has merged an old commit of main, and comes from a later one that was not fetched."""
    early = hash_of(repository, "HEAD")
    apart = save(repository, {"main.yaml": "later\n"})
    repository.run("git", "checkout", "--quiet", "-b", "work")
    save(repository, {"work.yaml": "1\n"})
    save(repository, {"work.yaml": "2\n"})
    tree = hash_of(repository, "HEAD^{tree}")
    merged = repository.run("git", "commit-tree", tree, "-p", "HEAD", "-p", early, "-m", "old main once more").strip()
    repository.run("git", "reset", "--quiet", "--hard", merged)
    assert base(repository, "main") == apart
    here = clone(repository, "clone", "--no-single-branch")
    cut = hash_of(here, "HEAD^1")
    (here.folder / ".git" / "shallow").write_text(f"{cut}\n")
    assert here.run("git", "merge-base", "HEAD", "origin/main").strip() == early, "git alone finds the wrong one"
    message, hint = trouble(find_base, "main", str(here.folder))
    assert "is not known in this shallow clone" in message
    assert f"git finds {early[:10]}, which may be too old" in message
    assert "git fetch --unshallow origin" in hint


def test_the_merge_that_a_pull_request_is_checked_out_at_needs_no_more_than_its_parents(repository: Repository) -> None:
    grow(repository)
    repository.run("git", "checkout", "--quiet", "--detach", "main")
    repository.run("git", "merge", "--quiet", "-m", "merge", "work")
    repository.run("git", "update-ref", "refs/pull/7/merge", "HEAD")
    repository.run("git", "checkout", "--quiet", "main")
    here = clone(repository, "clone", "--depth=1", "--no-checkout")
    here.run("git", "fetch", "--quiet", "--depth=2", "origin", "+refs/pull/7/merge:refs/remotes/pull/7/merge")
    here.run("git", "checkout", "--quiet", "refs/remotes/pull/7/merge")
    for revision in ("HEAD^1", "main", "origin/main"):
        assert base(here, revision) == hash_of(repository, "main"), revision


def test_unrelated_histories_of_a_shallow_clone_are_told_once_they_are_whole(repository: Repository) -> None:
    repository.run("git", "checkout", "--quiet", "--orphan", "other")
    save(repository, message="another beginning")
    here = clone(repository, "clone", "--depth=1", "--no-single-branch")
    message, hint = trouble(find_base, "main", str(here.folder))
    assert "is not known in this shallow clone" in message
    here.run(*read_commands(hint)[0])
    assert "unrelated" in trouble(find_base, "main", str(here.folder))[0]


# Where it is called from.


def test_any_folder_inside_will_do(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    save(repository, {"specs/deep/c.yaml": "c\n"})
    link = repository.folder.parent / "link"
    link.symlink_to(repository.folder / "specs")
    (repository.folder / "inner").symlink_to("specs")
    for folder in (repository.folder, repository.folder / "specs" / "deep", link, link / "deep"):
        with find_base("main", str(folder)) as snapshot:
            assert snapshot.root == os.path.realpath(repository.folder)
            assert snapshot.read("specs/b.yaml") == b"first b\n"
        monkeypatch.chdir(folder)
        with find_base("main", ".") as snapshot:
            assert snapshot.read("specs/deep/c.yaml") == b"c\n"
            for path in (
                repository.folder / "specs" / "b.yaml",
                link / "b.yaml",
                link / "deep" / ".." / "b.yaml",
                repository.folder / "inner" / "b.yaml",
                os.path.relpath(os.path.realpath(repository.folder / "specs" / "b.yaml")),
            ):
                assert snapshot.locate(str(path)) == "specs/b.yaml", path
            assert snapshot.locate(str(repository.folder / "specs" / "new.yaml")) == "specs/new.yaml"
            assert snapshot.locate(str(link / "new.yaml")) == "specs/new.yaml"
            for path in (
                repository.folder,
                repository.folder / "specs" / "..",
                link / "..",
                link / "deep" / ".." / "..",
            ):
                assert snapshot.locate(str(path)) == "", path
            assert snapshot.locate(str(link / "deep" / "..")) == snapshot.locate(str(link)) == "specs"
            here = os.path.relpath(Path.cwd().resolve(), repository.folder).removeprefix(".")
            assert snapshot.locate(".") == snapshot.locate(str(folder)) == here
            assert snapshot.locate(str(repository.folder.parent)) is None
            assert snapshot.locate(str(repository.folder.parent / "other.yaml")) is None
            assert snapshot.locate(str(repository.folder) + "x/a.yaml") is None


def test_a_link_is_a_file_of_its_own(repository: Repository) -> None:
    (repository.folder / "current.yaml").symlink_to("a.yaml")
    save(repository)
    (repository.folder / "current.yaml").unlink()
    (repository.folder / "current.yaml").symlink_to("specs/b.yaml")
    with open_revision("HEAD", str(repository.folder)) as snapshot:
        path = snapshot.locate(str(repository.folder / "current.yaml"))
        assert path == "current.yaml"
        assert snapshot.read(path) == b"first\n"


def test_a_linked_worktree(repository: Repository) -> None:
    repository.run("git", "worktree", "add", "--quiet", "-b", "work", "../tree")
    tree = repository.folder.parent / "tree"
    (tree / "a.yaml").write_text("mine\n")
    repository.run("git", "-C", str(tree), "commit", "--quiet", "--all", "--message", "mine")
    with find_base("main", str(tree / "specs")) as snapshot:
        assert (snapshot.root, snapshot.commit) == (str(tree), hash_of(repository, "main"))
        assert snapshot.locate(str(tree / "a.yaml")) == "a.yaml"
        assert snapshot.locate(str(repository.folder / "a.yaml")) is None
    with open_revision("HEAD", str(tree)) as snapshot:
        assert snapshot.read("a.yaml") == b"mine\n"


def test_a_submodule_is_a_repository_of_its_own(repository: Repository) -> None:
    outer = make(repository.folder.parent / "outer")
    outer.run("git", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repository.folder), "sub")
    save(outer)
    with open_revision("HEAD", str(outer.folder / "sub" / "specs")) as snapshot:
        assert snapshot.root == str(outer.folder / "sub")
        assert snapshot.read("specs/b.yaml") == b"first b\n"
    with open_revision("HEAD", str(outer.folder)) as snapshot:
        assert snapshot.read("sub/a.yaml") is None
        assert snapshot.read("sub") is None
        assert set(snapshot.list_files()) == {".gitmodules", "a.yaml", "specs/b.yaml"}
        assert not snapshot.is_folder("sub")


def test_a_bare_repository_has_revisions_and_no_work_tree(repository: Repository) -> None:
    here = clone(repository, "bare", "--bare")
    for folder in (here.folder, repository.folder / ".git"):
        with open_revision("main", str(folder)) as snapshot:
            assert snapshot.root is None
            assert snapshot.read("specs/b.yaml") == b"first b\n"
            assert snapshot.find("specs/b.yaml") == snapshot.find("./specs/b.yaml") == "specs/b.yaml"
            assert snapshot.locate(str(repository.folder / "a.yaml")) is None
            assert find_renames(snapshot, ["c.yaml"]) == {}


ASKED = """
import os, sys
sys.path.insert(0, {root!r})
from modelspec.history import find_base, find_renames
with open({told!r}, "a") as told:
    for folder in {folders!r}:
        with find_base("main", folder) as snapshot:
            print([name for name in os.environ if name in ("GIT_DIR", "GIT_INDEX_FILE")], file=told)
            print(snapshot.root, snapshot.read("specs/b.yaml"), find_renames(snapshot, ["moved.yaml"]), file=told)
"""


@pytest.mark.parametrize("kind", ["plain", "linked", "submodule"])
def test_in_a_hook(repository: Repository, kind: str) -> None:
    folder = repository.folder
    if kind == "linked":
        folder = folder.parent / "tree"
        repository.run("git", "worktree", "add", "--quiet", "-b", "work", str(folder))
    elif kind == "submodule":
        outer = make(folder.parent / "outer")
        outer.run("git", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(folder), "sub")
        folder = outer.folder / "sub"
    hooks = repository.folder.parent / "hooks"
    hooks.mkdir()
    told = hooks / "told"
    script = ASKED.format(root=str(ROOT), told=str(told), folders=[".", "specs", str(folder), str(folder / "specs")])
    (hooks / "ask.py").write_text(script)
    (hooks / "pre-commit").write_text(f"#!/bin/sh\nexec {sys.executable} {hooks / 'ask.py'}\n")
    (hooks / "pre-commit").chmod(0o755)
    run = ["git", "-C", str(folder / "specs"), "-c", f"core.hooksPath={hooks}"]
    (folder / "long.yaml").write_text(LINES)
    repository.run(*run[:3], "add", "--all", "..")
    repository.run(*run[:3], "commit", "--quiet", "--message", "long")
    repository.run(*run[:3], "update-ref", "refs/heads/main", "HEAD")
    repository.run(*run[:3], "mv", "../long.yaml", "../moved.yaml")
    repository.run(*run, "commit", "--quiet", "--all", "--message", "moved")
    lines = told.read_text().splitlines()
    assert len(lines) == 8
    assert any("GIT_INDEX_FILE" in line for line in lines[::2])
    assert set(lines[1::2]) == {f"{folder} {b'first b' + bytes([10])} {{'moved.yaml': 'long.yaml'}}"}


@pytest.mark.parametrize("relative", [False, True])
def test_the_environment_names_the_repository(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, relative: bool
) -> None:
    """As people keep the files of their home folder, with the git directory elsewhere."""
    apart = repository.folder.parent / "apart"
    shutil.move(repository.folder / ".git", apart)
    monkeypatch.chdir(repository.folder.parent)
    assert "is in no git repository" in trouble(open_revision, "main", str(repository.folder))[0]
    monkeypatch.setenv("GIT_DIR", "apart" if relative else str(apart))
    monkeypatch.setenv("GIT_WORK_TREE", "repository" if relative else str(repository.folder))
    (repository.folder / "moved.yaml").write_text("first\n")
    (repository.folder / "a.yaml").unlink()
    for folder in (repository.folder, repository.folder / "specs", repository.folder.parent):
        with open_revision("main", str(folder)) as snapshot:
            monkeypatch.chdir(repository.folder)
            assert snapshot.root == str(repository.folder)
            assert snapshot.read("specs/b.yaml") == b"first b\n"
            assert find_renames(snapshot, ["moved.yaml"]) == {"moved.yaml": "a.yaml"}
            monkeypatch.chdir(repository.folder.parent)
    monkeypatch.delenv("GIT_WORK_TREE")
    monkeypatch.chdir(repository.folder)
    monkeypatch.setenv("GIT_DIR", "../apart" if relative else str(apart))
    with open_revision("main", "specs") as snapshot:
        assert snapshot.root == str(repository.folder)
    monkeypatch.setenv("GIT_DIR", "nowhere")
    message, hint = trouble(open_revision, "main", "specs")
    assert "GIT_DIR names none: 'nowhere'" in message
    assert "GIT_DIR" in hint


# What a user's set-up may be like.

ODD = [
    ("color.ui", "always"),
    ("color.diff", "always"),
    ("core.pager", "false"),
    ("core.quotePath", "true"),
    ("core.abbrev", "7"),
    ("core.splitIndex", "true"),
    ("core.untrackedCache", "true"),
    ("diff.renames", "false"),
    ("diff.renameLimit", "1"),
    ("diff.noprefix", "true"),
    ("diff.relative", "true"),
    ("diff.external", "false"),
    ("diff.upper.textconv", "tr a-z A-Z <"),
    ("diff.orderFile", "/dev/null"),
    ("log.showSignature", "true"),
    ("i18n.logOutputEncoding", "latin1"),
    ("advice.detachedHead", "true"),
    ("column.ui", "always"),
    ("index.sparse", "true"),
    ("feature.manyFiles", "true"),
    ("core.commitGraph", "false"),
    ("status.showUntrackedFiles", "no"),
    ("alias.rev-parse", "!false"),
]


def test_the_users_configuration_changes_nothing(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    save(repository, {".gitattributes": "*.yaml diff=upper\n", "ü.yaml": LINES, "other.yaml": LINES + "x\n" * 30})
    first = hash_of(repository, "HEAD")
    repository.run("git", "branch", "work")
    (repository.folder / "ü.yaml").rename(repository.folder / "specs" / "ü ü.yaml")
    (repository.folder / "other.yaml").rename(repository.folder / "specs" / "o.yaml")
    odd = [*ODD, ("core.fsmonitor", str(repository.folder.parent / "watch"))]
    for number, (name, value) in enumerate(odd):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", name)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(odd)))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    watch = repository.folder.parent / "watch"
    watch.write_text("#!/bin/sh\ntouch " + str(repository.folder / "watched") + "\n")
    watch.chmod(0o755)
    monkeypatch.setenv("GIT_PAGER", "false")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("LANGUAGE", "de")
    before = look(repository.folder)
    with find_base("work", str(repository.folder / "specs")) as snapshot:
        assert snapshot.commit == first
        assert snapshot.read("ü.yaml") == LINES.encode()
        renames = find_renames(snapshot, ["specs/ü ü.yaml", "specs/o.yaml"])
        assert renames == {"specs/ü ü.yaml": "ü.yaml", "specs/o.yaml": "other.yaml"}
    assert look(repository.folder) == before
    assert trouble(open_revision, "wrk", str(repository.folder))[1] == "did you mean 'work'?"
    assert "is in no git repository" in trouble(open_revision, "main", str(repository.folder.parent))[0]


def test_a_repository_that_git_refuses_to_read(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    message, hint = trouble(open_revision, "main", str(repository.folder))
    assert message.startswith("git refuses to read the repository")
    assert "another user" in message
    assert hint == f"if you trust it: git config --global --add safe.directory {repository.folder}"


def test_without_git(repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    message, hint = trouble(open_revision, "main", str(repository.folder))
    assert "'git' is not there" in message
    assert "install git" in hint
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "git").write_text("")
    assert "cannot be run: Permission denied" in trouble(open_revision, "main", str(repository.folder))[0]


def test_trouble_is_told_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(Trouble) as caught:
        open_revision("main", str(tmp_path))
    assert str(caught.value) == f"{caught.value.message}\n  hint: {caught.value.hint}"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_outside_of_any_repository(tmp_path: Path) -> None:
    for call in (open_revision, find_base):
        assert trouble(call, "main", str(tmp_path))[0] == f"'{tmp_path}' is in no git repository"
        gone = tmp_path / "gone"
        assert trouble(call, "main", str(gone)) == (f"there is no folder '{gone}'", "name one in a git repository")


def test_hashes_of_64_digits(tmp_path: Path) -> None:
    here = make(tmp_path / "long", "--object-format=sha256")
    save(here, {"deep/x.yaml": LINES})
    with find_base("main", str(here.folder)) as snapshot:
        assert len(snapshot.commit) == 64
        assert set(snapshot.list_files()) == {"a.yaml", "specs/b.yaml", "deep/x.yaml"}
        assert snapshot.read("deep/x.yaml") == LINES.encode()
        (here.folder / "deep" / "x.yaml").rename(here.folder / "y.yaml")
        assert find_renames(snapshot, ["y.yaml"]) == {"y.yaml": "deep/x.yaml"}


def test_a_partial_clone_fetches_or_says_that_it_cannot(repository: Repository) -> None:
    repository.run("git", "config", "uploadpack.allowFilter", "true")
    repository.run("git", "config", "uploadpack.allowAnySHA1InWant", "true")
    save(repository, {"a.yaml": "second\n"})
    here = clone(repository, "clone", "--filter=blob:none")
    with open_revision("HEAD~1", str(here.folder)) as snapshot:
        assert snapshot.read("a.yaml") == b"first\n"
    here = clone(repository, "other", "--filter=blob:none")
    here.run("git", "remote", "set-url", "origin", str(repository.folder.parent / "gone"))
    with open_revision("HEAD~1", str(here.folder)) as snapshot:
        message, hint = trouble(snapshot.read, "a.yaml")
        assert message.startswith("this is a partial clone, and git cannot fetch what is missing")
        assert "remote" in hint
        assert snapshot.read("specs/b.yaml") == b"first b\n", "what is there can be read afterwards"


def test_an_object_that_is_missing_is_told(repository: Repository) -> None:
    name = hash_of(repository, "HEAD:a.yaml")
    (repository.folder / ".git" / "objects" / name[:2] / name[2:]).unlink()
    with open_revision("HEAD", str(repository.folder)) as snapshot:
        assert trouble(snapshot.read, "a.yaml")[0] == f"object {name} is missing in this clone"
        assert snapshot.read("specs/b.yaml") == b"first b\n"


# `REV:PATH`.


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("main:a.yaml", ("main", "a.yaml")),
        ("HEAD~2:specs/a.yaml", ("HEAD~2", "specs/a.yaml")),
        ("feature/x:a:b.yaml", ("feature/x", "a:b.yaml")),
        ("main:", ("main", "")),
        ("main:./a.yaml", ("main", "./a.yaml")),
        ("HEAD@{2026-01-31 12:00:00}:a.yaml", ("HEAD@{2026-01-31 12:00:00}", "a.yaml")),
        ("HEAD^{/fix: it}:a.yaml", ("HEAD^{/fix: it}", "a.yaml")),
        ("main@{upstream}:a{b:c}.yaml", ("main@{upstream}", "a{b:c}.yaml")),
        ("HEAD@{0:a.yaml", None),
        ("a.yaml", None),
        ("there:is.yaml", None),
        ("specs", None),
        ("", None),
        ("-", None),
        ("C:\\specs\\a.yaml", None),
        ("c:/specs/a.yaml", None),
        ("C:a.yaml", ("C", "a.yaml")),
        ("a\0:b", None),
        ("\ud800:b", ("\ud800", "b")),
    ],
)
def test_a_revision_and_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, parts: tuple[str, str] | None
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there:is.yaml").touch()
    assert split_revision(text) == parts


@pytest.mark.parametrize("text", [":a.yaml", ":0:a.yaml", ":/fix", ":"])
def test_the_index_is_not_read(text: str) -> None:
    message, hint = trouble(split_revision, text)
    assert message == f"'{text}' is in git's index, which is not read"
    assert "HEAD:" in hint


def test_a_path_behind_a_colon(repository: Repository) -> None:
    save(repository, {"specs/deep/c.yaml": "c\n", "specs/a.yaml": "inner\n", "deep.yaml": "top\n"})
    with open_revision("main", str(repository.folder / "specs" / "deep")) as snapshot:
        for written, path in [
            ("a.yaml", "a.yaml"),
            ("specs/a.yaml", "specs/a.yaml"),
            ("specs//deep/../a.yaml", "specs/a.yaml"),
            ("./c.yaml", "specs/deep/c.yaml"),
            ("../a.yaml", "specs/a.yaml"),
            ("../../a.yaml", "a.yaml"),
            ("./", "specs/deep"),
            (".", "specs/deep"),
            ("..", "specs"),
            ("../..", ""),
            ("", ""),
            ("specs", "specs"),
            ("specs/", "specs"),
        ]:
            assert snapshot.find(written) == path, written
        for written, message, hint in [
            ("c.yaml", "'main:c.yaml' is not there", "'main:specs/deep/c.yaml', or with './'"),
            ("specs/b.yml", "'main:specs/b.yml' is not there", "did you mean 'main:specs/b.yaml'?"),
            ("spec", "'main:spec' is not there", "did you mean 'main:specs'?"),
            ("specs/zzzzzzz", "'main:specs/zzzzzzz' is not there", "it is relative to the top of the repository"),
            ("./no", "'main:./no' is not there", "relative"),
            ("../../../a.yaml", "'main:../../../a.yaml' is outside of the repository", str(repository.folder)),
            ("specs/../../a.yaml", "'main:specs/../../a.yaml' is outside of the repository", "top"),
            ("/etc/a.yaml", "'main:/etc/a.yaml' is outside of the repository", "top"),
            ("a\nb", "'main:a\\nb' is not there", "relative"),
            ("a\0b", "'main:a\\x00b' is not there", "relative"),
        ]:
            told = trouble(snapshot.find, written)
            assert told[0] == message
            assert hint in told[1]


# Renamed files.


def test_a_rename_is_what_git_calls_one(repository: Repository) -> None:
    changed = LINES.replace("line 7\n", "line seven\n").replace("line 20\n", "")
    other = "".join(f"{number} is another\n" for number in range(40))
    names = ["one.yaml", "with space.yaml", "new\nline.yaml", os.fsdecode(b"\xff.yaml"), "-dash.yaml", "specs"]
    texts = {name: "".join(f"{name!a} {number}\n" for number in range(30)) for name in names[:-1]}
    save(repository, {**texts, "edited.yaml": LINES, "rewritten.yaml": other, "kept.yaml": "kept\n" * 9})
    new = {f"moved/{name}": text for name, text in texts.items()}
    new |= {"moved/edited.yaml": changed, "moved/rewritten.yaml": "quite\nanother\ntext\n", "copy.yaml": "kept\n" * 9}
    for name in [*texts, "edited.yaml", "rewritten.yaml"]:
        (repository.folder / name).unlink()
    for name, text in new.items():
        (repository.folder / name).parent.mkdir(exist_ok=True)
        (repository.folder / name).write_text(text)
    expected = {f"moved/{name}": name for name in [*texts, "edited.yaml"]}
    for folder in (repository.folder, repository.folder / "specs"):
        with open_revision("HEAD", str(folder)) as snapshot:
            before = look(repository.folder)
            assert find_renames(snapshot, new) == expected
            assert find_renames(snapshot, ["copy.yaml", "kept.yaml", "no.yaml", "specs"]) == {}
            assert find_renames(snapshot, []) == {}
            assert look(repository.folder) == before
    repository.run("git", "add", "--all")
    with open_revision("HEAD", str(repository.folder)) as snapshot:
        assert find_renames(snapshot, new) == expected
    told = repository.run("git", "diff", "-z", "-M", "--name-status", "--diff-filter=R", "HEAD").split("\0")[:-1]
    assert expected == {told[at + 2]: told[at + 1] for at in range(0, len(told), 3)}
    save(repository)
    with open_revision("HEAD~1", str(repository.folder)) as snapshot:
        assert find_renames(snapshot, new) == expected, "committed"


def test_of_equal_texts_the_one_of_the_same_name_is_taken(repository: Repository) -> None:
    save(repository, {f"old/{name}.yaml": LINES for name in "xyz"})
    (repository.folder / "old").rename(repository.folder / "new")
    with open_revision("HEAD", str(repository.folder)) as snapshot:
        names = [f"new/{name}.yaml" for name in "zxy"]
        assert find_renames(snapshot, names) == {name: name.replace("new", "old") for name in names}


def test_a_file_becomes_a_folder_and_the_reverse(repository: Repository) -> None:
    save(repository, {"x": LINES, "y/in": LINES.replace("line", "row")})
    (repository.folder / "x").rename(repository.folder / "x.old")
    (repository.folder / "x").mkdir()
    (repository.folder / "x.old").rename(repository.folder / "x" / "x.yaml")
    (repository.folder / "y").rename(repository.folder / "y.old")
    (repository.folder / "y.old" / "in").rename(repository.folder / "y")
    with open_revision("HEAD", str(repository.folder)) as snapshot:
        assert find_left_out(snapshot) == set()
        assert find_renames(snapshot, ["x/x.yaml", "y"]) == {"x/x.yaml": "x", "y": "y/in"}


def test_what_a_sparse_checkout_leaves_out_is_not_gone(repository: Repository) -> None:
    save(repository, {"left/out.yaml": LINES, "specs/in.yaml": LINES.replace("line", "row")})
    repository.run("git", "sparse-checkout", "set", "specs")
    assert not (repository.folder / "left").exists()
    (repository.folder / "specs" / "new.yaml").write_text(LINES)
    with open_revision("HEAD", str(repository.folder / "specs")) as snapshot:
        assert find_left_out(snapshot) == {"left/out.yaml"}
        assert find_renames(snapshot, ["specs/new.yaml"]) == {}
        (repository.folder / "specs" / "in.yaml").rename(repository.folder / "specs" / "out.yaml")
        assert find_renames(snapshot, ["specs/out.yaml"]) == {"specs/out.yaml": "specs/in.yaml"}


# What an old spec imports.

LIBRARY = "modelspec: 1\nblocks: {body: {layers: [{type: Linear, out_features: WIDTH}]}}\n"
USER = "modelspec: 1\nimports: [../lib/body.yaml]\ninput: [4]\nlayers: [{block: body}]\n"


def follow(snapshot: Snapshot, path: str) -> road.Outcome:
    data = snapshot.read(path)
    assert data is not None
    return road.follow(data, snapshot.show(path), origin=snapshot)


def test_an_old_spec_imports_the_old_library(repository: Repository) -> None:
    save(repository, {"lib/body.yaml": LIBRARY.replace("WIDTH", "3"), "specs/user.yaml": USER})
    repository.run("git", "branch", "deep/branch")
    save(repository, {"lib/body.yaml": LIBRARY.replace("WIDTH", "5")})
    (repository.folder / "lib" / "body.yaml").write_text(LIBRARY.replace("WIDTH", "7"))
    for revision, width in (("HEAD", 5), ("HEAD~1", 3), ("deep/branch", 3)):
        with open_revision(revision, str(repository.folder / "specs")) as snapshot:
            outcome = follow(snapshot, "specs/user.yaml")
            assert outcome.findings == []
            report = road.write_report([outcome])
            assert report.models[0].path == f"{revision}:specs/user.yaml"
            assert report.models[0].totals.parameters == 5 * width
            assert sorted(outcome.documents)[1:] == [f"{revision}:lib/body.yaml"]
    shutil.rmtree(repository.folder / "lib")
    with open_revision("deep/branch", str(repository.folder)) as snapshot:
        assert follow(snapshot, "specs/user.yaml").ok


IMPORTS = [
    ("missing-thing.json", "there is no file 'main:specs/missing-thing.json'", "relative to the file that imports"),
    ("../lib/bodi.yaml", "there is no file 'main:lib/bodi.yaml'", "did you mean 'main:lib/body.yaml'?"),
    ("../lib", "'../lib' is a folder", "name a file"),
    ("../../out.yaml", "'../../out.yaml' leads out of the project", "copy it"),
    ("user.yaml", "'user.yaml' is this file itself", "leave it out"),
    ("./same.yaml", "'./same.yaml' is this file itself", "leave it out"),
    ("/lib/body.yaml", "'/lib/body.yaml' is an absolute path", "relative"),
    ("circle.yaml", "imports in a circle: main:specs/user.yaml → main:specs/circle.yaml → main:specs/user.yaml", ""),
    ("../part/inner.yaml", "'../lib/body.yaml' leads out of the project", "copy it"),
    ("new.yaml", "there is no file 'main:specs/new.yaml'", ""),
    ("linked.yaml", None, ""),
]


@pytest.mark.parametrize(("path", "message", "hint"), IMPORTS)
def test_what_an_old_spec_cannot_import(repository: Repository, path: str, message: str | None, hint: str) -> None:
    (repository.folder.parent / "out.yaml").write_text(LIBRARY.replace("WIDTH", "3"))
    (repository.folder / "specs" / "same.yaml").symlink_to("user.yaml")
    (repository.folder / "specs" / "linked.yaml").symlink_to("../lib/body.yaml")
    circle = LIBRARY.replace("WIDTH", "3") + "imports: [user.yaml]\n"
    inner = LIBRARY.replace("WIDTH", "3") + "imports: [../lib/body.yaml]\n"
    files: dict[str, str | bytes] = {"lib/body.yaml": LIBRARY.replace("WIDTH", "3"), "specs/circle.yaml": circle}
    files |= {
        "part/pyproject.toml": "",
        "part/inner.yaml": inner,
        "specs/user.yaml": USER.replace("../lib/body.yaml", path),
    }
    save(repository, files)
    (repository.folder / "specs" / "new.yaml").write_text(LIBRARY)
    (repository.folder / "specs" / "same.yaml").unlink()
    with open_revision("main", str(repository.folder)) as snapshot:
        outcome = follow(snapshot, "specs/user.yaml")
        told = [finding for finding in outcome.findings if finding.code == "MS411"]
        assert [finding.message for finding in told] == ([] if message is None else [message])
        assert all(hint in (finding.hint or "") for finding in told)
        report = road.write_report([outcome])
        assert all(found.path.startswith("main:") for found in report.diagnostics)


def test_a_name_that_cannot_be_printed_is_shown_and_found_again(repository: Repository) -> None:
    odd = "new\nline/user.yaml"
    save(repository, {"lib/body.yaml": LIBRARY.replace("WIDTH", "3"), odd: USER})
    with open_revision("main", str(repository.folder)) as snapshot:
        assert snapshot.show(odd) == "main:new\\nline/user.yaml"
        assert snapshot.enter(snapshot.show(odd)) == odd
        assert follow(snapshot, odd).findings == []


# Nothing is touched.


def test_nothing_in_the_repository_is_changed(repository: Repository) -> None:
    save(repository, {"lib/body.yaml": LIBRARY.replace("WIDTH", "3"), "specs/user.yaml": USER, "moved.yaml": LINES})
    here = clone(repository, "clone", "--filter=blob:limit=1m")
    (here.folder / "moved.yaml").rename(here.folder / "specs" / "moved.yaml")
    (here.folder / "specs" / "user.yaml").write_text(USER + "\n")
    (here.folder / "added.yaml").write_text(SPEC)
    here.run("git", "add", "added.yaml")
    here.run("git", "branch", "--quiet", "-m", "main", "work")
    before = look(here.folder.parent)
    for folder in (here.folder, here.folder / "specs"):
        for call in (open_revision, find_base):
            with call("main", str(folder)) as snapshot:
                for path in snapshot.list_files():
                    assert snapshot.read(path) is not None
                    assert snapshot.find(path) == snapshot.locate(str(here.folder / path))
                assert follow(snapshot, "specs/user.yaml").ok
                assert find_renames(snapshot, ["specs/moved.yaml", "added.yaml"]) == {"specs/moved.yaml": "moved.yaml"}
            trouble(call, "nothing", str(folder))
            trouble(call, "HEAD~99", str(folder))
    split_revision("main:a.yaml")
    assert look(here.folder.parent) == before


def test_what_is_public_is_there() -> None:
    assert {name for name in vars(history) if name in history.__all__} == set(history.__all__)
