"""Earlier versions of files, read from real repositories: what is read, what is told where nothing can be."""

from __future__ import annotations

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
from modelspec.history import Snapshot, Trouble, find_base, find_renames, open_revision, split_revision
from modelspec.history import git as program
from modelspec.history import objects
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
    done = subprocess.run(
        command, cwd=repository.folder, env=repository.environment, capture_output=True, check=True
    )
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
NAMES += ["deep/er/still/x.yaml", "a:b.yaml", "back\\slash.yaml", "*.yaml", "run.sh", "empty", os.fsdecode(b"\xff\xfe.yaml")]


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
    "absolute": "/etc/hostname",
    "specs/over": "../a.yaml",
    "specs/top": "..",
}


def test_links_are_followed_inside_the_commit(repository: Repository) -> None:
    (repository.folder.parent / "outside.yaml").write_text("outside\n")
    for name, target in LINKS.items():
        (repository.folder / name).symlink_to(target)
    save(repository)
    paths = [*LINKS, "folder/b.yaml", "folder/over", "specs/top/a.yaml", "specs/top/specs/top/chain", "file/x", "round/x"]
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
    assert trouble(find_base, "main", str(empty.folder))[0] == "there is no commit yet"


def test_unrelated_histories(repository: Repository) -> None:
    repository.run("git", "checkout", "--quiet", "--orphan", "other")
    save(repository, message="another beginning")
    message, hint = trouble(find_base, "main", str(repository.folder))
    assert message == "'main' and HEAD have no commit in common: their histories are unrelated"
    assert "branch" in hint
